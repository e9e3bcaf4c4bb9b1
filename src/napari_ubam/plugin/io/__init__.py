"""Into napari and out of it: readers, writers, sample study, settings, and layers as data."""
