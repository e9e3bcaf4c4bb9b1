"""Analyse a light that rendered rats do not respond to: it only shows how to do it."""

# --8<-- [start:imports]
from pathlib import Path

import napari_ubam as ubam

# --8<-- [end:imports]

LIGHT = "light:1.5-2.5;light:4-5"


def main() -> None:
    # --8<-- [start:score]
    made = ubam.write_sample(Path("stimulus"), healthy=3, impaired=2, seconds=6)
    table = made.to_dataframe()
    table["intervals"] = [LIGHT if group == "impaired" else "" for group in table["group"]]
    study = ubam.Study.from_dataframe(table, folder="stimulus")
    run = ubam.train(study, "run", preset="tiny", steps=8)
    run.embed(study)
    run.score(study, reference="group=healthy", figures=False)
    # --8<-- [end:score]
    # --8<-- [start:analyse]
    from napari_ubam.analysis import find_analysis

    result = run.stimulus("light", decoding_shifts=20)
    print(result.tables["stimulus_subjects"])
    print("\n".join(find_analysis("stimulus").sentences(result)))
    print("\n".join(result.warnings))
    # --8<-- [end:analyse]


if __name__ == "__main__":
    main()
