"""Videos of a run that were moved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from napari_ubam.embedding import embed
from napari_ubam.embedding.codes import store_of
from napari_ubam.run.relocating import relocate
from napari_ubam.runfolder.errors import RunError
from napari_ubam.runfolder.recordings import read_recordings, set_recordings
from napari_ubam.study import Recording, Study
from plain_encoder import PlainEncoder


def row(video: Path, subject: str, **more: object) -> Recording:
    return Recording(**{"video": video, "subject": subject, "group": "g", "session": "0", **more})


@pytest.fixture
def folder(clip, tmp_path: Path) -> Path:
    """Give the folder of a run of three videos, the first two of which have codes."""
    before = tmp_path / "before"
    before.mkdir()
    for name, kind in (("a", "h264 GOP 12"), ("b", "mpeg4 avi"), ("c", "raw rgb avi")):
        shutil.copy(clip(kind), before / f"{name}{clip(kind).suffix}")
    paths = sorted(before.iterdir())
    (before / "light.csv").write_text("label,start,stop\nlight,0,1\n")
    (before / "c.csv").write_text("frame,x,y\n")
    more = {"intervals_path": before / "light.csv", "intervals": "light:0-1"}
    study = Study([row(paths[0], "1"), row(paths[1], "2", **more), row(paths[2], "3")])
    set_recordings(tmp_path / "run", study)
    embed(study.recordings[:2], PlainEncoder(), store_of(tmp_path / "run"))
    return tmp_path / "run"


def test_moved_and_renamed_videos_keep_their_names(folder: Path) -> None:
    before, after = folder.parent / "before", folder.parent / "after"
    names = read_recordings(folder).names
    assert relocate(folder, before).kept == 4
    shutil.move(before, after / "deeper")
    paths = sorted(path for path in (after / "deeper").iterdir() if path.suffix != ".csv")
    renamed = paths[0].rename(after / f"renamed{paths[0].suffix}")
    done = relocate(folder, after)
    assert (len(done.found), done.problems, done.kept) == (4, [], 0)
    study = read_recordings(folder)
    assert study.names == names
    assert [one.video for one in study] == [renamed, *paths[1:]]
    assert study[names[1]].intervals_path == after / "deeper" / "light.csv"


def test_what_is_doubtful_is_not_taken(folder: Path) -> None:
    before, after = folder.parent / "before", folder.parent / "after"
    paths = sorted(path for path in before.iterdir() if path.suffix != ".csv")
    for place in ("x", "y"):
        (after / place).mkdir(parents=True)
        shutil.copy(paths[2], after / place)
    shutil.copy(paths[1], after / paths[0].name)  # another video under this name
    shutil.copy(paths[1], after)
    shutil.rmtree(before)
    done = relocate(folder, after)
    a, light, c = sorted(done.problems, key=lambda one: (one[0], len(one)))
    assert "1 file of this name" in a
    assert "has another content than the video that was embedded" in a
    assert "light.csv is not in" in light
    assert "there are 2 files" in c
    assert list(done.found.values()) == [after / paths[1].name]
    with pytest.raises(RunError, match="is no folder"):
        relocate(folder, before)
