"""Keys of a viewer while a panel is open: episodes, playback, magnification factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari.utils.key_bindings import coerce_keybinding

from napari_ubam.plugin.state.left_out import leave_out

if TYPE_CHECKING:
    from .navigation import Navigation

NOT_HERE = "No episode at this frame; choose one in the list of the Deviation panel."


def go_to_episode(link: Navigation, step: int) -> None:
    """Show the first frame of another episode of the current recording.

    Parameters
    ----------
    link : Navigation
    step : int
        1 for the next episode, -1 for the previous one.
    """
    here, results = link.here(), link.session.results
    if here is None or results is None:
        return
    name, frame = here
    starts = sorted(results.episodes_of(name)["start"])
    others = [start for start in starts if (start > frame if step > 0 else start < frame)]
    if others:
        link.show(name, int(others[0] if step > 0 else others[-1]))


def leave_out_here(link: Navigation) -> None:
    """Leave the episode at the current frame out of the study.

    Parameters
    ----------
    link : Navigation
    """
    here, results = link.here(), link.session.results
    if here is None or results is None:
        link.session.say(NOT_HERE)
        return
    own = results.episodes_of(here[0])
    chosen = own[(own["start"] <= here[1]) & (here[1] < own["stop"])]
    link.session.say(leave_out(link.session, chosen) if len(chosen) else NOT_HERE)


def change_factor(link: Navigation, steps: int) -> None:
    """Change the magnification factor of the Magnify panel.

    Parameters
    ----------
    link : Navigation
    steps : int
        Number of steps, negative for a smaller factor.
    """
    if not len(link.factor_stepped):
        link.session.say("Open the Magnify panel to change the factor.")
    link.factor_stepped.emit(steps)


KEYS: dict[str, tuple[str, Callable[[Navigation], Any]]] = {
    "Shift-Right": ("next episode", lambda link: go_to_episode(link, 1)),
    "Shift-Left": ("previous episode", lambda link: go_to_episode(link, -1)),
    "Shift-Space": ("play, or stop", lambda link: link.toggle_play()),
    "Shift-PageUp": ("larger magnification factor", lambda link: change_factor(link, 1)),
    "Shift-PageDown": ("smaller magnification factor", lambda link: change_factor(link, -1)),
    "Shift-X": ("leave the episode at this frame out of the study", leave_out_here),
}
"""What each key does. napari has none of them; the picture must have the focus."""


def bind_keys(viewer: Any, link: Navigation) -> None:
    """Let the keys act in a viewer. A key that the user or another plugin has bound is left to them.

    Parameters
    ----------
    viewer : napari.Viewer
    link : Navigation
    """
    taken = {*viewer.keymap, *viewer.class_keymap}
    for key, (what, action) in KEYS.items():
        if coerce_keybinding(key) not in taken:
            viewer.bind_key(key, _Key(link, action, what))


def release_keys(viewer: Any) -> None:
    """Take the keys back.

    Parameters
    ----------
    viewer : napari.Viewer
    """
    for key, action in list(viewer.keymap.items()):
        if isinstance(action, _Key):
            viewer.bind_key(key, None)


class _Key:
    """What a key of the plugin does."""

    def __init__(self, link: Navigation, action: Callable[[Navigation], Any], what: str) -> None:
        self._link, self._action = link, action
        self.__name__ = what  # napari asks for it whenever a key is pressed

    def __call__(self, _: Any = None) -> None:
        self._action(self._link)
