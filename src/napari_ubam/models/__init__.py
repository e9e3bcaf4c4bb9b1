"""Networks, losses as pure functions, and the files of weights."""
