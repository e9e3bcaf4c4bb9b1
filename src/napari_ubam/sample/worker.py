"""The second process of `napari_ubam.sample.write_sample`: takes an order on its standard input."""

from __future__ import annotations

import json
import sys

from .videos import Order


def main() -> None:
    """Write the videos that are asked for, and print the number of frames as it grows."""
    asked = json.loads(sys.stdin.readline())
    order, done = Order(**asked["order"]), 0

    def told() -> None:
        nonlocal done
        done += 1
        if done % 8 == 0:
            # Without a reader this fails, and so nobody is left alone with an orphan.
            print(done, flush=True)

    for walker in order.herd():
        if walker.name in asked["names"]:
            order.write(walker, told)


if __name__ == "__main__":
    main()
