"""What each network is taught, and on which batches; losses are in `napari_ubam.models.losses`."""
