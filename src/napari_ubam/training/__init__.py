"""Training of the models of a run: the loop, the quality checks, and the pipelines that use both."""
