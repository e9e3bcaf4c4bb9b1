"""From a study to weights in the folder of a run: encoders, then the magnifier."""
