"""The dock widgets; each is handed the viewer, and shares nothing with the others but the session."""
