"""Checks after a training whether the model means anything."""
