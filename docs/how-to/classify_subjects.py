"""Tell the group of subjects that were not seen, and find out what else could be told."""

# --8<-- [start:imports]
from pathlib import Path

import napari_ubam as ubam

# --8<-- [end:imports]


def main() -> None:
    # --8<-- [start:embed]
    study = ubam.write_sample(Path("groups"), healthy=4, impaired=3, seconds=2)
    run = ubam.train(study, "run", preset="tiny", steps=8)
    run.embed(study)
    # --8<-- [end:embed]
    # --8<-- [start:classify]
    result = run.classify("group")
    print(result.tables["classify_subjects"])
    print(result.tables["classify_episodes"].head())
    # --8<-- [end:classify]
    # --8<-- [start:words]
    from napari_ubam.analysis.classify import conclusions, methods_text

    print("\n".join([*result.warnings, *conclusions(result)]))
    print(methods_text(result.facts))
    # --8<-- [end:words]
    # --8<-- [start:confounds]
    found = run.confounds("group")
    print(found.tables["confounds"])
    # --8<-- [end:confounds]


if __name__ == "__main__":
    main()
