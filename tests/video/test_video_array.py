"""The public array: indexing, times, brightness, fingerprints."""

from __future__ import annotations

import pickle
import unicodedata
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_ubam.video import VideoError, open_video
from numbered_videos import FRAMES, number_in, remux

DATA = np.random.default_rng(0).integers(0, 255, (12, 6, 8, 3), dtype=np.uint8)


@given(index=hnp.basic_indices(DATA.shape, allow_newaxis=False))
def test_basic_indexing_is_that_of_numpy(index) -> None:
    np.testing.assert_array_equal(open_video(DATA, fps=10)[index], DATA[index])


@given(frames=st.lists(st.integers(-12, 11), max_size=20))
def test_lists_of_frames_keep_their_order(frames: list[int]) -> None:
    np.testing.assert_array_equal(open_video(DATA, fps=10)[frames], DATA[np.array(frames, int)])


def test_masks_select_frames() -> None:
    mask = np.arange(12) % 3 == 0
    np.testing.assert_array_equal(open_video(DATA, fps=10)[mask], DATA[mask])


@pytest.mark.parametrize("index", [12, -13, (0, 0, 0, 0, 0), "a", 1.5, [[1, 2]], None, [0, 99]])
def test_wrong_indices_are_refused(index) -> None:
    with pytest.raises(IndexError):
        open_video(DATA, fps=10)[index]


def test_properties_of_a_video(clip) -> None:
    video = open_video(clip("h264 GOP 12"))
    assert video.shape == (FRAMES, 96, 128, 3)
    assert (video.ndim, video.size, video.nbytes) == (4, FRAMES * 96 * 128 * 3, FRAMES * 96 * 128 * 3)
    assert (len(video), video.dtype, video.fps) == (FRAMES, np.uint8, 25.0)
    assert video.axes == ("t", "y", "x", "c")
    assert video.times.shape == (FRAMES,)
    np.testing.assert_allclose(video.times, np.arange(FRAMES) / 25)
    assert "t=100" in repr(video)
    assert np.asarray(video).shape == video.shape
    assert video.notes == ()


@pytest.mark.parametrize("start", ["h264 offset start", "h264 mts"])
def test_times_begin_at_zero(start: str, clip) -> None:
    np.testing.assert_allclose(open_video(clip(start)).times, np.arange(FRAMES) / 25, atol=1e-3)


def test_times_of_a_variable_rate(clip) -> None:
    video = open_video(clip("h264 variable rate"))
    numbers = np.arange(FRAMES)
    stamps = 2 * numbers + numbers // 7 * 3 + numbers % 2
    np.testing.assert_allclose(video.times, stamps / 25)
    assert video.fps == pytest.approx((FRAMES - 1) / (stamps[-1] / 25))
    assert any("varies" in note for note in video.notes)


def test_the_given_frame_rate_replaces_that_of_the_file(clip) -> None:
    """High-speed recordings are often stored for slow playback."""
    video = open_video(clip("h264 GOP 12"), fps=250)
    assert video.fps == 250
    np.testing.assert_allclose(video.times, np.arange(FRAMES) / 250)
    assert pickle.loads(pickle.dumps(video)).fps == 250


def test_a_given_rate_is_no_longer_assumed(clip) -> None:
    assert any("assumed" in note for note in open_video(clip("h264 raw"), warn=False).notes)
    assert open_video(clip("h264 raw"), fps=90).notes == ()


@pytest.mark.parametrize("fps", [0, -3, float("nan"), float("inf")])
def test_invalid_frame_rates_are_refused(fps: float, clip) -> None:
    with pytest.raises(VideoError, match="frame rate"):
        open_video(clip("h264 GOP 12"), fps=fps)


@pytest.mark.parametrize(
    ("name", "dtype", "white"),
    [("h264 GOP 12", np.uint8, 230), ("h264 10 bit", np.uint16, 920), ("ffv1 grey 10 bit", np.uint16, 920)],
)
def test_luma_is_the_stored_plane(name: str, dtype, white: int, clip) -> None:
    luma = open_video(clip(name)).luma()
    assert luma.shape == (FRAMES, 96, 128)
    assert luma.dtype == dtype
    assert luma.axes == ("t", "y", "x")
    # Encoding goes through the limited range, decoding of the plane does not convert back.
    stored = white if "grey" in name else 16 * white / 230 + white * 219 / 255
    assert np.median(luma[FRAMES - 1][4:12, 2:6]) == pytest.approx(stored, rel=0.02)
    assert [number_in(image) for image in luma[::9]] == list(range(0, FRAMES, 9))


def test_luma_shares_decoded_frames(clip) -> None:
    video = open_video(clip("h264 GOP 12"))
    assert number_in(video.luma()[17]) == number_in(video[17]) == 17


def test_grey_videos_have_one_channel(clip) -> None:
    video = open_video(clip("ffv1 mkv"))
    assert video.shape[-1] == 1
    np.testing.assert_array_equal(video[5][..., 0], video.luma()[5])


def test_results_can_be_modified(clip) -> None:
    video = open_video(clip("ffv1 mkv"))
    video[5][:] = 0
    assert number_in(video[5]) == 5
    data = DATA.copy()
    open_video(data, fps=1)[3][:] = 0
    np.testing.assert_array_equal(data, DATA)


def test_fingerprints_depend_on_content_not_names(clip, tmp_path: Path) -> None:
    one, other = clip("h264 GOP 12"), clip("h264 mkv")
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(one.read_bytes())
    assert open_video(one).fingerprint == open_video(copy).fingerprint
    assert open_video(one).fingerprint != open_video(other).fingerprint
    changed = DATA.copy()
    changed[-1, 0, 0] += 1
    assert open_video(DATA, fps=1).fingerprint == open_video(DATA.copy(), fps=2).fingerprint
    assert open_video(DATA, fps=1).fingerprint != open_video(changed, fps=1).fingerprint


def test_rotation_and_mirroring_are_applied(clip, tmp_path: Path) -> None:
    """The rotation tag of phones, set while copying packets."""
    import av

    upright = open_video(clip("h264 GOP 12"))[10]
    for degrees in (90, 180, 270):
        turned = tmp_path / f"{degrees}.mp4"
        with av.open(str(clip("h264 GOP 12"))) as old, av.open(str(turned), "w") as new:
            copy = new.add_stream_from_template(old.streams.video[0])
            copy.set_display_rotation(degrees)
            for packet in old.demux(video=0):
                if packet.dts is not None:
                    packet.stream = copy
                    new.mux(packet)
        video = open_video(turned)
        expected = np.rot90(upright, degrees // 90)
        assert video.shape[1:] == expected.shape
        np.testing.assert_array_equal(video[10], expected)
        assert video.luma()[10].shape == expected.shape[:2]


def test_colours_survive(tmp_path: Path) -> None:
    from napari_ubam.video import write_video

    bars = np.zeros((64, 96, 3), np.uint8)
    for place, colour in enumerate([(200, 30, 30), (30, 200, 30), (30, 30, 200), (128, 128, 128)]):
        bars[:, place * 24 : (place + 1) * 24] = colour
    for suffix in (".mp4", ".avi", ".mkv"):
        read = open_video(write_video(tmp_path / f"bars{suffix}", [bars] * 5))[2]
        for place in range(4):
            middle = (32, place * 24 + 12)
            assert np.abs(read[middle].astype(int) - bars[middle]).max() <= 6, (suffix, place)


def test_opening_an_open_video_returns_it(clip) -> None:
    video = open_video(clip("h264 GOP 12"))
    assert open_video(video) is video
    assert (
        open_video(remux(clip("h264 GOP 12"), clip("h264 GOP 12").with_name("again.mkv"))).shape
        == video.shape
    )


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_in_another_unicode_form_are_found(forms: tuple[str, str], tmp_path: Path) -> None:
    """Some systems store an umlaut as one character, others as a letter and two dots."""
    stored, asked = (
        unicodedata.normalize(form, "M\N{LATIN SMALL LETTER A WITH DIAERESIS}use") for form in forms
    )
    folder = tmp_path / stored
    folder.mkdir()
    iio.imwrite(folder / f"{stored}.tif", np.zeros((12, 24, 32), np.uint8))
    assert open_video(tmp_path / asked / f"{asked}.tif", fps=25).shape == (12, 24, 32, 1)
    with pytest.raises(VideoError, match="there is no such file or folder"):
        open_video(tmp_path / asked / f"{asked}2.tif")
