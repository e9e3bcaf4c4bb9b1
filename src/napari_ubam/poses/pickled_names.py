"""Names of columns in files of pandas, read without running them.

pandas stores the names as a pickle, which can run any program when it is loaded. Here its steps are only
looked at: lists, tuples and texts are put together, and everything else is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import Any

_MARK = object()
_TEXTS = {"UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
_NUMBERS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1"}
_PUT = {"PUT", "BINPUT", "LONG_BINPUT"}
_GET = {"GET", "BINGET", "LONG_BINGET"}
_NOTHING = {"PROTO", "FRAME", "STOP"}
_MOST = 1_000_000  # steps, for a file that is damaged


def texts_of(pickled: bytes) -> Any:
    """Read lists, tuples, texts and whole numbers out of a pickle without loading it.

    Parameters
    ----------
    pickled : bytes

    Returns
    -------
    object
        The outermost list or tuple.

    Raises
    ------
    ValueError
        If it holds anything else, such as a class or a function.
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for count, (code, argument, _) in enumerate(pickletools.genops(pickled)):
        if count > _MOST:
            raise ValueError("too long")
        _step(code.name, argument, stack, memo)
    if len(stack) != 1:
        raise ValueError("not one object")
    return stack[0]


def _step(name: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    if name in _TEXTS or name in _NUMBERS:
        stack.append(argument)
    elif name in _PUT:
        memo[argument] = stack[-1]
    elif name == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif name in _GET:
        stack.append(memo[argument])
    elif name in _MADE:
        _MADE[name](stack)
    elif name not in _NOTHING:
        raise ValueError(f"the step {name} is not allowed")


def _since_mark(stack: list[Any]) -> list[Any]:
    at = max(n for n, one in enumerate(stack) if one is _MARK)
    found = stack[at + 1 :]
    del stack[at:]
    return found


def _last(stack: list[Any], count: int) -> tuple[Any, ...]:
    if len(stack) < count:
        raise ValueError("an object is missing")
    found = tuple(stack[-count:])
    del stack[-count:]
    return found


def _append(stack: list[Any]) -> None:
    (one,) = _last(stack, 1)
    _list_of(stack).append(one)


def _extend(stack: list[Any]) -> None:
    several = _since_mark(stack)
    _list_of(stack).extend(several)


def _list_of(stack: list[Any]) -> list[Any]:
    if not stack or not isinstance(stack[-1], list):
        raise ValueError("not a list")
    return stack[-1]


_MADE: dict[str, Callable[[list[Any]], None]] = {
    "MARK": lambda stack: stack.append(_MARK),
    "NONE": lambda stack: stack.append(None),
    "EMPTY_LIST": lambda stack: stack.append([]),
    "EMPTY_TUPLE": lambda stack: stack.append(()),
    "LIST": lambda stack: stack.append(_since_mark(stack)),
    "TUPLE": lambda stack: stack.append(tuple(_since_mark(stack))),
    "TUPLE1": lambda stack: stack.append(_last(stack, 1)),
    "TUPLE2": lambda stack: stack.append(_last(stack, 2)),
    "TUPLE3": lambda stack: stack.append(_last(stack, 3)),
    "APPEND": _append,
    "APPENDS": _extend,
}
