"""Learners: the batches and training steps of each network. Losses are in `napari_ubam.models.losses`."""
