"""Where everything is in the folder of a run; each name stands here and nowhere else."""

from __future__ import annotations

POSTURE, BEHAVIOUR, MAGNIFIER = "posture.safetensors", "behaviour.safetensors", "magnifier.safetensors"
CONFIG = "config.json"
CHECKPOINTS, TRAINING = "checkpoints", "training.json"
MAGNIFIER_CHECKPOINTS = f"{CHECKPOINTS}/magnifier"
CROPS, EMBEDDINGS = "crops.zarr", "embeddings.zarr"
STUDY = "study.csv"
LOG, QUALITY = "log.jsonl", "quality.json"
FIGURES, REPORT = "figures", "report.html"
