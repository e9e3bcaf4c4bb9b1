"""How a run's model is trained: the loop, the checks of what was learned, and the pipelines that use both."""
