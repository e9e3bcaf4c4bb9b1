"""Networks, losses as pure functions, and the only place that reads or writes weights."""
