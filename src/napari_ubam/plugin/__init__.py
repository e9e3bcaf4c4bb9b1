"""The napari side: the only room that knows napari, magicgui and Qt."""
