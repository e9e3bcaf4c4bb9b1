"""Training of the presets tiny, small and base."""
