"""Checks of the quality of a model after its training."""
