"""A user in a real window, who clicks and types. For the scenes in ``tests/integration``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.utils.notifications import Notification, NotificationSeverity, notification_manager
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget, QMenu, QPushButton, QWidget

from napari_ubam.plugin.panels.panel import Panel

SCREENSHOTS = os.environ.get("UBAM_SCREENSHOTS")  # folder to keep the pictures in


class Window:
    """A user of napari, who clicks and types.

    Parameters
    ----------
    viewer : napari.Viewer
    pictures : Path
        Folder for screenshots.
    """

    def __init__(self, viewer: Any, pictures: Path) -> None:
        self.viewer, self.pictures = viewer, pictures
        self.pictures.mkdir(parents=True, exist_ok=True)
        viewer.window.resize(1400, 900)
        self.errors: list[str] = []
        notification_manager.notification_ready.connect(self._note)

    def _note(self, notification: Notification) -> None:
        if notification.severity >= NotificationSeverity.ERROR:
            self.errors.append(str(notification.message))

    def open(self, name: str) -> Any:
        """Open a panel from the Plugins menu, or bring it up."""
        before = set(self.panels())
        if not any(shown.startswith(name) for shown in before):
            self.choose(self.viewer.window.plugins_menu, "uBAM", name)
        self.wait(lambda: any(shown.startswith(name) for shown in self.panels()), 20)
        panel = next(one for shown, one in self.panels().items() if shown.startswith(name))
        dock: Any = panel
        while not isinstance(dock, QDockWidget):
            dock = dock.parent()
        self.wait(lambda: panel.height() > 300, 10)  # the panels share a place
        dock.raise_()
        QTest.qWait(100)
        return panel

    def panels(self) -> dict[str, Any]:
        return {
            name: found[0] if (found := one.findChildren(Panel)) else one
            for name, one in self.viewer.window.dock_widgets.items()
            if isinstance(one, Panel) or one.findChildren(Panel)
        }

    def choose(self, menu: QMenu, *titles: str) -> None:
        """Click through a menu, its submenus included."""
        for number, title in enumerate(titles):
            (action,) = [one for one in menu.actions() if one.text().replace("&", "").startswith(title)]
            menu.popup(QPoint(200, 100))
            QTest.qWait(100)
            place = menu.actionGeometry(action).center()
            if number == len(titles) - 1:
                QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=place)
                QTest.qWait(100)
                return
            following = action.menu()
            assert following is not None, title
            menu.hide()
            menu = following

    def click(self, panel: QWidget, text: str) -> None:
        (button,) = [one for one in panel.findChildren(QPushButton) if one.text() == text]
        assert button.isEnabled(), text
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def tick(self, box: QWidget) -> None:
        """Click a check box on its mark."""
        QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))

    def delete(self, *names: str) -> None:
        """Select layers in the layer list and press Delete there."""
        layers, view = self.viewer.layers, self.viewer.window._qt_viewer.layers
        layers.selection = {layers[name] for name in names}
        view.setFocus()
        QTest.keyClick(view, Qt.Key.Key_Delete)
        self.wait(lambda: not any(name in layers for name in names), 10)
        QTest.qWait(100)  # the panels hear of it once napari is done

    def wait(self, condition: Callable[[], object], seconds: float = 60) -> None:
        for _ in range(round(seconds / 0.05)):
            if condition():
                return
            QTest.qWait(50)
        raise AssertionError("the condition was not met in time")

    def shoot(self, name: str) -> None:
        QTest.qWait(300)
        path = self.pictures / f"{name}.png"
        self.viewer.screenshot(str(path), canvas_only=False, flash=False)
        assert path.stat().st_size > 20_000
