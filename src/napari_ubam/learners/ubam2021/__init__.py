"""Training of the networks that were published in 2021, for the preset paper."""
