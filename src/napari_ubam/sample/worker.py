"""The second process of `napari_ubam.sample.write_sample`. It reads its job from the standard input."""

from __future__ import annotations

import json
import sys

from .videos import RenderJob


def main() -> None:
    """Write the requested videos, and print the number of finished frames."""
    request = json.loads(sys.stdin.readline())
    job, done = RenderJob(**request["job"]), 0

    def count_frame() -> None:
        nonlocal done
        done += 1
        if done % 8 == 0:
            # If the first process has ended, this fails and the second process ends too.
            print(done, flush=True)

    for walker in job.animals():
        if walker.name in request["names"]:
            job.write(walker, count_frame)


if __name__ == "__main__":
    main()
