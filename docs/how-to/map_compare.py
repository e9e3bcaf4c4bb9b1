"""Compare the groups of a small rendered study on the map: where they are, and for how long."""

# --8<-- [start:imports]
from pathlib import Path

import napari_ubam as ubam

# --8<-- [end:imports]


def main() -> None:
    # --8<-- [start:embed]
    study = ubam.write_sample(Path("groups"), healthy=4, impaired=4, seconds=2)
    run = ubam.train(study, "run", preset="tiny", steps=8)
    run.embed(study)
    # --8<-- [end:embed]
    # --8<-- [start:compare]
    result = run.map_compare("group", method="pca", clusters=4, permutations=200)
    print(result.tables["map_compare"][["cluster", "first", "second", "difference", "p", "p_adjusted"]])
    print(result.tables["map_compare_areas"])
    print("\n".join(result.warnings))
    # --8<-- [end:compare]
    # --8<-- [start:clusters]
    print(result.tables["map_compare_clusters"][["cluster", "recording", "frame", "subjects"]])
    for clip in run.cluster_clips("clips", seconds=1):
        print(clip.name, f"{clip.stat().st_size / 1000:.0f} kB")
    # --8<-- [end:clusters]
    # --8<-- [start:words]
    from napari_ubam.analysis.map_compare import conclusions, methods_text

    print("\n".join(conclusions(result)))
    print(methods_text(result.facts))
    # --8<-- [end:words]


if __name__ == "__main__":
    main()
