"""Where everything is in the folder of a run; each name stands here and nowhere else."""

from __future__ import annotations

POSTURE, BEHAVIOUR, MAGNIFIER = "posture.safetensors", "behaviour.safetensors", "magnifier.safetensors"
CONFIG = "config.json"
CHECKPOINTS, TRAINING = "checkpoints", "training.json"
TRAINING_LOCK, TRAINING_PROCESS = "training.lock", "training-process.json"
MAGNIFIER_CHECKPOINTS = f"{CHECKPOINTS}/magnifier"
CROPS, EMBEDDINGS = "crops.zarr", "embeddings.zarr"
BACKBONE_FEATURES = "features"  # of crops, beside them
STUDY = "study.csv"
REGIONS, TRAINING_REGIONS = "regions.json", "regions-training.json"  # regions that were found
LOG, QUALITY = "log.jsonl", "quality.json"
FIGURES, REPORT = "figures", "report.html"
SCORES, MAP_RESULT = "scores", "map"  # names of results; see `tables`
TIMELINES, EPISODES = f"{FIGURES}/timelines", f"{FIGURES}/episodes"


def backbone_file(weights: str) -> str:
    """Name of the file with the weights of a backbone in the folder of a run.

    Parameters
    ----------
    weights : str
        Hash of the weights.

    Returns
    -------
    str
    """
    return f"backbone-{weights}.safetensors"


def figure_file(name: str) -> str:
    """Name of a figure's file in the folder of a run.

    Parameters
    ----------
    name : str
        Name of the figure, such as ``"subjects"``.

    Returns
    -------
    str
    """
    return f"{FIGURES}/{name}.png"


def timeline_file(recording: str) -> str:
    """Name of the file of a recording's timeline in the folder of a run.

    Parameters
    ----------
    recording : str
        Name of the recording. Characters that a file name cannot have are replaced.

    Returns
    -------
    str
    """
    safe = "".join(letter if letter.isalnum() or letter in "-_ ." else "_" for letter in recording)
    return f"{TIMELINES}/{safe}.png"
