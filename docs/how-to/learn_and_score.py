"""Learn from a small rendered study without labels, score it, and list what deviates."""

# --8<-- [start:imports]
from pathlib import Path

import napari_ubam as ubam

# --8<-- [end:imports]


def main() -> None:
    # --8<-- [start:study]
    study = ubam.write_sample(Path("sample"), healthy=4, impaired=1, seconds=3)
    # --8<-- [end:study]
    # --8<-- [start:train]
    run = ubam.train(study, "run", preset="tiny", steps=8, progress=show)
    print("\n".join(run.quality.summary()))
    # --8<-- [end:train]
    # --8<-- [start:score]
    run.embed(study)
    scores = run.score(study, reference="group=healthy")
    print(scores.subjects[["subject", "episodic", "episodic_p", "constant", "constant_p", "smallest_p"]])
    print(scores.episodes[["recording", "start", "stop", "peak"]])
    print("\n".join(scores.warnings))
    deviant = scores[scores["episodic_percentile"] > 95]
    print(deviant.groupby("recording")["frame"].count())
    # --8<-- [end:score]


def show(event: ubam.Progress) -> None:
    """Print each message, and a line at the end of each stage."""
    if event.message or (event.of and event.step == event.of):
        print(event.stage, event.message or "done", dict(event.losses))


if __name__ == "__main__":
    main()
