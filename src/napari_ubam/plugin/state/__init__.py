"""What a viewer works on; neither Qt nor napari."""
