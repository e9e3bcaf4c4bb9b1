"""Functions that scripts and the command line call."""
