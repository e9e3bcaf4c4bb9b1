"""The base of all refusals, and a sentence for an error of the operating system."""

from __future__ import annotations

import errno


class UbamError(ValueError):
    """An input that is refused; the message is one sentence: what is wrong, where, and what to do."""


def os_error_sentence(error: OSError) -> str:
    """Tell the user in one sentence which file cannot be used, and why.

    Parameters
    ----------
    error : OSError
        What the operating system answered.

    Returns
    -------
    str
    """
    if error.errno == errno.ENOSPC:
        return "The disk is full; free some space and start again ('train' with --resume)."
    reason = (error.strerror or str(error)).lower()
    return f"{error.filename or 'The file'} cannot be used ({reason}); choose another path."
