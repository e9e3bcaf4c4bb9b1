"""Follow the animals of a small rendered study over sessions, from a baseline on."""

# --8<-- [start:imports]
from pathlib import Path

import napari_ubam as ubam

# --8<-- [end:imports]


def main() -> None:
    # --8<-- [start:study]
    filmed = ubam.write_sample(Path("rats"), healthy=4, impaired=1, seconds=12)
    study = ubam.Study(
        [
            one.model_copy(
                update={
                    "name": f"{one.name}-{day}",
                    "session": day,
                    "start": 90 * part,
                    "stop": 90 * part + 90,
                }
            )
            for one in filmed
            for part, day in enumerate(("-1", "0", "1", "7"))
        ]
    )
    run = ubam.train(study, "run", preset="tiny", steps=8)
    run.embed(study)
    # --8<-- [end:study]
    # --8<-- [start:recovery]
    result = run.recovery(baseline=["-1", "0"])
    print(result.tables["recovery"])
    print(result.tables["recovery_subjects"][["subject", "session", "change", "overlap", "state"]])
    print("\n".join(result.warnings))
    # --8<-- [end:recovery]
    # --8<-- [start:words]
    from napari_ubam.analysis.recovery import conclusions, methods_text

    print("\n".join(conclusions(result)))
    print(methods_text(result.facts))
    # --8<-- [end:words]
    # --8<-- [start:margin]
    stated = run.recovery(baseline=["-1", "0"], margin=0.02)
    print(stated.tables["recovery"][["group", "session", "n", "change", "low", "high", "state"]])
    # --8<-- [end:margin]


if __name__ == "__main__":
    main()
