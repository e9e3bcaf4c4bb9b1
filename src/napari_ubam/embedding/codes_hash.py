"""A hash that tells whether a recording was embedded differently."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray


def hash_of_codes(posture: NDArray[np.float32], behaviour: NDArray[np.float32]) -> str:
    """Compute a hash of the codes of a recording.

    Parameters
    ----------
    posture : (t, d) float32 array
        Posture codes.
    behaviour : (t, e) float32 array
        Behaviour codes.

    Returns
    -------
    str
        16 hexadecimal digits. Equal codes give the same hash on every machine.
    """
    digest = hashlib.blake2b(digest_size=8)
    for values in (posture, behaviour):
        digest.update(str(values.shape).encode())
        digest.update(np.ascontiguousarray(values, "<f4").data)
    return digest.hexdigest()
