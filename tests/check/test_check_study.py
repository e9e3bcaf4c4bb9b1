"""The check of real files: reading, errors and output."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_ubam.check import CheckReport, check_study
from napari_ubam.check import probe as probe_module
from napari_ubam.check.render import render_text
from napari_ubam.study import Recording, Roi, Study, StudyError, Track
from napari_ubam.video import FrameError, write_video

HEADER = "video,subject,group,session"
SHAPE = (48, 64)


def swing(
    path: Path, frames: int = 160, period: float = 16.0, light: float = 60.0, fps: float = 20.0
) -> Path:
    """Write a video of a bright spot that swings in the right half with a period in frames."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    floor = light + 10 * ((x // 8 + y // 8) % 2)
    centres = 46 + 8 * np.sin(2 * np.pi * np.arange(frames) / period)
    pictures = (
        np.clip(floor + 120 * np.exp(-((x - c) ** 2 + (y - 24) ** 2) / 20), 0, 255).astype(np.uint8)
        for c in centres
    )
    return write_video(path, pictures, fps=fps)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos, one darker than the other."""
    folder = tmp_path_factory.mktemp("study")
    swing(folder / "light.mp4")
    swing(folder / "dark.mp4", light=30.0)
    return folder


def checked(folder: Path, rows: str, **options: bool) -> CheckReport:
    table = folder / "study.csv"
    table.write_text(rows)
    return check_study(table, **options)


def test_facts_of_recordings(folder: Path) -> None:
    report = checked(
        folder,
        f"{HEADER},name,x,y,width,height,start,stop\n"
        "light.mp4,m1,a,0,,,,,,,\n"
        "light.mp4,m1,a,0,part,28,4,36,40,30,150\n"
        "dark.mp4,m2,b,0,,,,,,,\n",
    )
    assert report.ok
    whole, part, dark = report.recordings
    assert (whole.frames, whole.seconds, whole.fps, whole.height, whole.width) == (160, 8.0, 20.0, *SHAPE)
    assert (whole.crop_height, whole.crop_width, whole.row) == (48, 64, 2)
    assert (part.frames, part.seconds, part.crop_height, part.crop_width) == (120, 6.0, 40, 36)
    assert part.video_frames == 160
    assert part.video_seconds == pytest.approx(8.0)
    # The region does not include the still half, so the spot has more weight.
    assert part.brightness > whole.brightness > dark.brightness + 20
    assert [facts.period for facts in report.recordings] == pytest.approx([0.8] * 3, rel=0.05)
    assert report.proposal is not None
    assert report.proposal.window_ms == pytest.approx(800, abs=20)
    assert any("confounded with brightness" in str(problem) for problem in report.warnings)


def test_the_frame_rate_of_the_camera_sets_durations_periods_and_intervals(folder: Path) -> None:
    """The file has 20 frames per second, but the camera recorded 200."""
    report = checked(
        folder, f"{HEADER},fps,intervals\nlight.mp4,m1,a,0,200,on:0.1-0.7\ndark.mp4,m2,a,0,200,on:0.1-3\n"
    )
    facts = report.recordings[0]
    assert (facts.fps, facts.frames) == (200.0, 160)
    assert any("states 200 frames per second, the file 20:" in note for note in facts.notes)
    assert (facts.seconds, facts.video_seconds) == pytest.approx((0.8, 0.8))
    assert facts.period == pytest.approx(0.08, rel=0.05)
    late = [problem.row for problem in report.warnings if "continues after" in problem.text]
    assert late == [3]


def test_a_track_is_followed(folder: Path) -> None:
    # The box moves with the spot, so the background moves in the crop.
    centres = 46 + 8 * np.sin(2 * np.pi * np.arange(100) / 16)
    boxes = np.stack([centres - 6, np.full(100, 18), np.full(100, 12), np.full(100, 12)], axis=1)
    frames = np.delete(np.arange(100), [50, 51])
    track = Track(frames=frames, boxes=np.delete(boxes, [50, 51], axis=0))
    light = Recording(video=folder / "light.mp4", subject="m", group="g", session="0", track=track)
    (facts,) = check_study(Study([light])).recordings
    assert (facts.frames, facts.crop_height, facts.crop_width) == (98, 12, 12)
    assert facts.brightness > 100
    assert not facts.bad_frames


def test_all_problems_of_all_files_are_listed(folder: Path) -> None:
    (folder / "text.mp4").write_text("no video at all")
    report = checked(
        folder,
        f"{HEADER},x,y,width,height,start,stop,intervals\n"
        "text.mp4,m1,a,0,,,,,,,\n"
        "light.mp4,m2,a,0,60,0,5,5,,,light:7-9\n"
        "dark.mp4,m3,a,0,,,,,200,,\n",
    )
    assert not report.ok
    assert [(problem.row, problem.recording) for problem in report.errors] == [
        (2, "text"),
        (3, "light"),
        (4, "dark"),
    ]
    assert [facts.name for facts in report.recordings] == ["light", "dark"]
    assert report.recordings[1].brightness is None
    assert any("light:7-9" in problem.text for problem in report.warnings)
    assert all(str(problem).count("\n") == 0 for problem in report.problems)


def test_a_truncated_video_is_read(folder: Path) -> None:
    whole = swing(folder / "long.avi", frames=200).read_bytes()
    (folder / "cut.avi").write_bytes(whole[: len(whole) // 2])
    report = checked(folder, f"{HEADER}\ncut.avi,m1,a,0\n")
    (facts,) = report.recordings
    assert 0 < facts.frames < 200


def test_full_reads_every_frame_and_lists_the_damaged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = probe_module.open_video

    class Damaged:
        """A video in which frames 5 and 77 cannot be decoded."""

        def __init__(self, video):
            self.video = video

        def __getattr__(self, name):
            return getattr(self.video, name)

        def __len__(self):
            return len(self.video)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.video.close()

        def luma(self):
            return Damaged(self.video.luma())

        def __getitem__(self, number):
            if number in (5, 77):
                raise FrameError("light.mp4", number)
            return self.video[number]

    monkeypatch.setattr(probe_module, "open_video", lambda path, **options: Damaged(real(path, **options)))
    rows = f"{HEADER},start,stop\nlight.mp4,m1,a,0,0,70\n"
    assert checked(folder, rows).recordings[0].bad_frames == (5,)  # one of the 18 tested frames
    (facts,) = checked(folder, rows.replace("70", "160"), full=True).recordings
    assert facts.bad_frames == (5, 77)
    assert facts.read == 160
    text = str(checked(folder, rows.replace("70", "160"), full=True))
    assert "2 of 160 tested frames of light.mp4 cannot be decoded: frames 5 and 77" in text


def test_readers_are_closed_and_progress_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, opened, open_now = probe_module.open_video, [], []

    def counted(path, **options):
        video = real(path, **options)
        opened.append(path)
        assert not open_now
        open_now.append(path)
        close = video.close
        monkeypatch.setattr(video, "close", lambda: (open_now.clear(), close()))
        return video

    monkeypatch.setattr(probe_module, "open_video", counted)
    steps: list[tuple[float, str]] = []
    table = folder / "study.csv"
    table.write_text(f"{HEADER}\nlight.mp4,m1,a,0\ndark.mp4,m2,a,0\n")
    check_study(str(table), progress=lambda share, name: steps.append((share, name)))
    assert len(opened) == 2
    assert not open_now
    shares = [share for share, _ in steps]
    assert shares == sorted(shares)
    assert steps[0] == (0.0, "light")
    assert steps[-1] == (1.0, "regions")


def test_faults_of_the_table_are_raised(folder: Path) -> None:
    with pytest.raises(StudyError, match="row 2, column video"):
        checked(folder, f"{HEADER}\nnowhere.mp4,m1,a,0\n")


@pytest.mark.parametrize("grey_level", [512, 2048, 32768])
def test_stacks_of_10_12_and_16_bits_have_the_same_scale(tmp_path: Path, grey_level: int) -> None:
    import tifffile

    grey = np.full((40, 20, 30), grey_level, np.uint16)
    tifffile.imwrite(tmp_path / "stack.tif", grey)
    recording = Recording(video=tmp_path / "stack.tif", subject="m", group="g", session="0")
    (facts,) = check_study(Study([recording])).recordings
    assert facts.brightness == pytest.approx(127.5, abs=0.5)
    assert facts.period is None


# --- text


@pytest.fixture(scope="module")
def report(folder: Path) -> CheckReport:
    roi = Roi(x=60, y=0, width=9, height=9)
    light = Recording(video=folder / "light.mp4", subject="1", group="[red]light[/]", session="0")
    dark = Recording(video=folder / "dark.mp4", subject="2", group="dark", session="0", roi=roi)
    return check_study(Study([light, dark]))


def test_text_for_a_file_keeps_each_sentence_on_one_line(report: CheckReport) -> None:
    lines = str(report).splitlines()
    assert lines[0] == "study: 2 recordings, 2 subjects, 2 groups, 16 s of video"
    for problem in report.problems:
        assert sum(str(problem) in line for line in lines) == 1
    assert "[red]light[/]" in str(report)
    assert lines[-1] == "study has 1 error; correct it and check again."


def test_text_for_a_terminal_fits_its_width(report: CheckReport) -> None:
    lines = render_text(report, 80).splitlines()
    assert max(map(len, lines)) <= 80
    # Wrapped cells change the order of the letters and lose none.
    assert sorted("".join("".join(lines).split())) == sorted("".join(str(report).split()))


def test_the_report_can_be_converted_to_json(report: CheckReport) -> None:
    data = json.loads(report.model_dump_json())
    assert data["ok"] is False
    assert data["recordings"][0]["frames"] == 160
    assert CheckReport.model_validate({key: data[key] for key in data if key != "ok"}) == report
