"""What napari calls to read and write, and the conversion of recordings and results to layers."""
