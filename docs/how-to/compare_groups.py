"""Compare the groups of a small rendered study, with the animal as the unit."""

# --8<-- [start:imports]
from pathlib import Path

import napari_ubam as ubam

# --8<-- [end:imports]


def main() -> None:
    # --8<-- [start:score]
    study = ubam.write_sample(Path("groups"), healthy=4, impaired=3, seconds=2)
    run = ubam.train(study, "run", preset="tiny", steps=8)
    run.embed(study)
    run.score(study, reference="group=healthy", figures=False)
    # --8<-- [end:score]
    # --8<-- [start:compare]
    result = run.compare("group")
    columns = ["measure", "second", "first", "difference", "low", "high", "delta", "p", "p_adjusted"]
    print(result.tables["compare"][columns])
    print(result.tables["compare_subjects"][["subject", "level", "episodic", "constant"]])
    print("\n".join(result.warnings))
    # --8<-- [end:compare]
    # --8<-- [start:words]
    from napari_ubam.analysis.groups import conclusions, methods_text

    print("\n".join(conclusions(result)))
    print(methods_text(result.facts))
    # --8<-- [end:words]
    # --8<-- [start:figure]
    from napari_ubam.report import DARK_LOOK, groups_figure, save

    save(groups_figure(result), "groups-light.png")
    save(groups_figure(result, DARK_LOOK), "groups-dark.png")
    # --8<-- [end:figure]
    # --8<-- [start:more]
    everything = run.compare("group", measures=("all",), adjust="bh")
    print(everything.tables["compare"][["measure", "p", "p_adjusted"]])
    # --8<-- [end:more]


if __name__ == "__main__":
    main()
