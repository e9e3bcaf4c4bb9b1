"""Families of models: each ties networks, learners and rendering together as one object."""
