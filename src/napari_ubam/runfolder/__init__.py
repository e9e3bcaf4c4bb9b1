"""The folder of a run: names of files, recordings, tables and log; it does not know what fills it."""
