"""From a study to weights in a run's folder: encoders, then the magnifier."""
