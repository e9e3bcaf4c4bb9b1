"""From codes to magnified frames: the change towards the reference, rendering, files."""
