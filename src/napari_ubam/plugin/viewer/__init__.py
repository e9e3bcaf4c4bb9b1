"""What ties the state to a viewer: the slider, layers, overlays, threads."""
