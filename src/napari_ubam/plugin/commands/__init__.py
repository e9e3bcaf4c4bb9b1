"""What scripts and the command line call, and the commands that panels run."""
