"""Form of an analysis: a widget for each parameter, made by magicgui."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, get_args

from magicgui.widgets import Container, LineEdit, create_widget
from pydantic.fields import FieldInfo
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_ubam.analysis import Analysis

LIMIT = 1e9  # of a number without a limit of its own


class AnalysisForm(QWidget):
    """Shows the parameters of an analysis with their defaults.

    Parameters
    ----------
    analysis : Analysis
    """

    def __init__(self, analysis: Analysis) -> None:
        super().__init__()
        self._analysis = analysis
        fields = analysis.parameters.model_fields
        self.container: Any = Container(widgets=[_widget(*one) for one in fields.items()], labels=True)
        self._defaults = self._values()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.container.native)
        if not fields:
            self.hide()

    def showEvent(self, event: Any) -> None:
        """Align the labels; magicgui does so before napari's style sheet changes their font."""
        super().showEvent(event)
        labels = self.container.native.findChildren(QLabel)
        for label in labels:
            label.setMinimumWidth(max(one.sizeHint().width() for one in labels))

    def values(self) -> dict[str, Any]:
        """Give the parameters that the user has changed.

        Returns
        -------
        dict of str to object
            Values by name. Those that `Analysis.parse` does not take are refused there.
        """
        return {name: value for name, value in self._values().items() if value != self._defaults[name]}

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Show the parameters that a result was computed with.

        Parameters
        ----------
        values : mapping of str to object
            Values by name. Those that the form does not have, or that do not fit, are left as they are.
        """
        for name, value in values.items():
            if name not in self._defaults:
                continue
            widget = self.container[name]
            is_text = isinstance(widget, LineEdit)
            with suppress(TypeError, ValueError):
                widget.value = _text(value) if is_text and not isinstance(value, str) else value

    def _values(self) -> dict[str, Any]:
        return dict(self.container.asdict())


def _widget(name: str, field: FieldInfo) -> Any:
    """Make the widget of a parameter; a line of text for a type that magicgui does not know."""
    default = field.get_default(call_default_factory=True)
    shared: dict[str, Any] = {"name": name, "label": name.replace("_", " ")}
    tip = field.description or ""
    if type(None) not in get_args(field.annotation):
        options = {"tooltip": tip, **_limits(field, default)}
        try:
            return create_widget(value=default, annotation=field.annotation, options=options, **shared)
        except (TypeError, ValueError):
            pass
    return LineEdit(value=_text(default), tooltip=tip, **shared)


def _text(value: Any) -> str:
    """Write a value as JSON; nothing for None."""
    return "" if value is None else json.dumps(value, default=str)


def _limits(field: FieldInfo, default: Any) -> dict[str, float]:
    """Limits and step of a number."""
    if isinstance(default, bool) or not isinstance(default, int | float):
        return {}
    found = ((key, getattr(one, key, None)) for one in field.metadata for key in ("ge", "gt", "le", "lt"))
    bounds = {key: value for key, value in found if value is not None}
    whole = isinstance(default, int)
    step = 1 if whole else 10.0 ** (math.floor(math.log10(abs(default))) - 1) if default else 0.01
    limits = {
        "min": bounds.get("ge", bounds["gt"] + step if "gt" in bounds else -LIMIT),
        "max": bounds.get("le", bounds["lt"] - step if "lt" in bounds else LIMIT),
        "step": step,
    }
    return {key: int(value) if whole else float(value) for key, value in limits.items()}
