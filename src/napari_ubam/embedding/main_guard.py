"""Tell whether a script may start processes that import it again."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import FrameType


def lacks_main_guard() -> bool:
    """Check whether the call comes from a line of a script that is not below ``if __name__ == "__main__":``.

    A process of `multiprocessing` that does not fork imports the script. Such a line would run in it again.

    Returns
    -------
    bool
        False also if there is no script: in a notebook, a console or a thread, or with ``python -m``.
    """
    main = sys.modules.get("__main__")
    path = getattr(main, "__file__", None)
    spec = getattr(main, "__spec__", None)
    if main is None or path is None or getattr(spec, "name", "").endswith("__main__"):
        return False
    line = _line_of(sys._getframe(), main.__dict__)
    if line is None:
        return False
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False
    return not any(
        isinstance(part, ast.If) and _names_main(part.test) and part.lineno <= line <= (part.end_lineno or 0)
        for part in tree.body
    )


def _line_of(frame: FrameType | None, script: dict[str, object]) -> int | None:
    """Line of the script that is being executed, None if the script is not below this call."""
    line = None
    while frame is not None:
        if frame.f_globals is script and frame.f_code.co_name == "<module>":
            line = frame.f_lineno
        frame = frame.f_back
    return line


def _names_main(test: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(test))
