"""What the plugin does in napari's viewer and window: navigation, overlay, preview, threads and theme."""
