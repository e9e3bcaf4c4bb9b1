"""What the panels share, without Qt or napari: study, run, job, and the steps of the work."""
