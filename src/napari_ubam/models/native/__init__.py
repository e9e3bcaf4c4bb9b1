"""The networks of the presets tiny, small and base."""
