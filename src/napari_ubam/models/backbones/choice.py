"""What a user chooses: a file with a pretrained network, and how it is used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BackboneChoice:
    """A backbone that a user chose for a training.

    Parameters
    ----------
    path : Path
        File or folder, as `napari_ubam.models.backbones.files.read_backbone_file` takes it.
    name : str, optional
        Architecture, if the file does not say it.
    tuned : bool
        True to train it with the rest of the posture encoder.
    """

    path: Path
    name: str | None = None
    tuned: bool = False
