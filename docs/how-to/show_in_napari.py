"""Show the results of a run in napari from a script, find neighbours of a frame, and compute a map."""

# --8<-- [start:imports]
from pathlib import Path

import napari

import napari_ubam as ubam
from napari_ubam.plugin import session_of, show_magnified, show_recording, show_scores

# --8<-- [end:imports]


def main() -> None:
    if not Path("run").exists():
        import magnify_a_deviation

        magnify_a_deviation.main()  # trains the run that is shown here
    study, run = ubam.Study.from_csv("sample/study.csv"), ubam.Run.open("run")
    # --8<-- [start:layers]
    viewer = napari.Viewer(show=False)  # show=True opens a window
    image = show_recording(viewer, run, "impaired1")
    show_scores(viewer, run, "impaired1")
    layers = show_magnified(viewer, run, "impaired1", "group=healthy", 2.5, frames=slice(50, 60))
    print(image.data.shape, [layer.name for layer in layers])
    # --8<-- [end:layers]
    # --8<-- [start:panels]
    _, panel = viewer.window.add_plugin_dock_widget("napari-ubam", "3 Deviation")
    session = session_of(viewer)
    session.results_changed.connect(lambda: print("scored"))
    session.set_study(study)
    print(session.study.names, panel.reference.text)
    # --8<-- [end:panels]
    viewer.close()
    # --8<-- [start:explore]
    explorer = run.explorer()
    print(explorer.neighbours("impaired1", 60, kind="posture", count=4))
    table = explorer.map(method="pca")  # "umap" needs the extra: napari-ubam[map]
    print(table.groupby("group")[["x", "y"]].mean())
    # --8<-- [end:explore]


if __name__ == "__main__":
    main()
