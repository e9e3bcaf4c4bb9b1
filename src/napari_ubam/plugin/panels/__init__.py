"""The dock widgets. Each gets the viewer from napari; they share only the session."""
