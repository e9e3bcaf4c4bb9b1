"""The report: one file that holds all, with what was typed by users escaped."""

from __future__ import annotations

import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr
from PIL import Image
from typer.testing import CliRunner

import napari_ubam
from napari_ubam.cli import app
from napari_ubam.embedding.codes import codes_hash
from napari_ubam.report.page import Page, Part, Table, to_html
from napari_ubam.run import Run, RunError
from napari_ubam.runfolder.recordings import set_recordings
from napari_ubam.study import Study


@pytest.fixture(scope="module")
def scored(trained: Run, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("reported") / "run"
    shutil.copytree(trained.folder, folder)
    run = Run.open(folder)
    run.score(study, "group=healthy")
    return run


def test_the_report_holds_subjects_episodes_and_figures(scored: Run, study: Study) -> None:
    path = scored.report()
    text = path.read_text("utf-8")
    assert path == scored.folder / "report.html"
    for name in study.subjects:
        assert f">{name}<" in text
    assert "Deviation from group=healthy" in text
    assert "1 subject, compared with 4 reference subjects. The constant deviation of a subject" in text
    for column in ("episodic", "episodic p", "episodic q", "constant", "constant p", "constant q"):
        assert f'<th class="number">{column}</th>' in text
    assert '<th class="number">deviation</th>' not in text
    assert text.count("<img ") >= 3 + len(study)  # subjects, losses, neighbours, a timeline of each
    assert scored.encoder("cpu").hashes["posture"] in text
    assert not re.search(r'(src|srcset|href)="(?!data:|#)', text)


def test_the_report_says_what_was_scored(scored: Run, study: Study) -> None:
    text = scored.report(clips=0).read_text("utf-8")
    assert "computed from 5 recordings, 4 of them in the reference" in text
    for one in scored.results["scores"].facts["recordings"]:
        assert f"<td>{one['codes']}</td>" in text
    assert "has changed since" not in text


def test_the_report_says_how_the_study_changed_since(scored: Run, study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(scored.folder, folder)
    run, (first, second, third, *_) = Run.open(folder), study
    kept = [one.model_copy(update={"group": "other"}) if one is second else one for one in study]
    shutil.copy(third.video, tmp_path / "again.mp4")
    again = third.model_copy(update={"name": "again", "video": tmp_path / "again.mp4"})
    set_recordings(folder, Study([*kept[1:], again]))
    stored = zarr.open_group(str(folder / "embeddings.zarr" / third.name))
    stored["posture"][50] = -stored["posture"][50]
    stored.attrs["codes"] = codes_hash(run.embeddings(third.name))  # as if it had been embedded again
    text = run.report(clips=0).read_text("utf-8")
    changes = (
        f"again was added, {first.name} was removed, {second.name} was given other labels, {third.name} was "
        "embedded again"
    )
    assert f"The study of this run has changed since then: {changes}; score the study again." in text


def test_a_run_of_an_earlier_version_is_reported(scored: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(scored.folder, folder)
    facts = json.loads((folder / "scores.json").read_text("utf-8"))
    for name in ("recordings", "tables", "text_columns"):
        facts.pop(name)
    (folder / "scores.json").write_text(json.dumps(facts), "utf-8")
    text = Run.open(folder).report(clips=0).read_text("utf-8")
    assert "Reference recordings: healthy1, healthy2, healthy3, healthy4." in text
    assert ">impaired1<" in text


def test_figures_of_another_scoring_are_not_shown(scored: Run, study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(scored.folder, folder)
    run = Run.open(folder)
    (folder / "figures" / "sweep.png").write_bytes(b"old")
    run.score(study, "group=healthy", figures=False)
    text = run.report(clips=0).read_text("utf-8")
    assert 'id="recordings"' not in text
    assert 'id="magnified"' not in text


def test_late_times_keep_their_decimals() -> None:
    table = Table(pd.DataFrame({"from (s)": [12345.67], "p": [0.01234]}))
    assert list(table.texts()) == [[("from (s)", "12345.67"), ("p", "0.01234")]]


def test_what_users_typed_cannot_break_the_page() -> None:
    table = Table(pd.DataFrame({"subject": ["<b>rat & co</b>"], "p": [0.25], "reference": [True]}))
    part = Part("<i>Subjects", ["x > y"], [table], methods=[('"quoted"', "<u>n</u>")])
    text = to_html(Page("<script>", "lead", ["a < b"], [part], {"<i>Subjects": "<s>"}))
    assert text.count("<script>") == 1  # the page's own
    assert not any(one in text for one in ("<i>", "<u>", "<s>", 'id="methods-"'))
    assert "&lt;b&gt;rat &amp; co&lt;/b&gt;" in text
    assert '<td class="number">0.25</td>' in text
    assert "<td>yes</td>" in text
    HTMLParser().feed(text)


def test_a_run_without_scores_is_refused(trained: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    (folder / "scores.json").unlink(missing_ok=True)
    with pytest.raises(RunError, match="has no scores"):
        Run.open(folder).report()


def test_the_command(scored: Run) -> None:
    done = CliRunner().invoke(app, ["report", "--run", str(scored.folder), "--clips", "0"])
    assert done.exit_code == 0
    assert "report.html" in done.stdout


def test_scores_of_an_earlier_model_are_said_to_be_old(scored: Run, tmp_path: Path) -> None:
    shutil.copytree(scored.folder, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    assert "trained again" not in run.report(clips=0).read_text(encoding="utf-8")
    path = run.folder / "scores.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["model"]["posture"] = "0123456789abcdef"
    path.write_text(json.dumps(facts), encoding="utf-8")
    assert "The model was trained again since then" in run.report(clips=0).read_text(encoding="utf-8")


def test_a_map_that_holds_a_removed_recording_is_said_to_be_old(scored: Run, tmp_path: Path) -> None:
    shutil.copytree(scored.folder, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    run.explorer().map(method="pca")
    assert "no longer in the study" not in run.report(clips=0).read_text(encoding="utf-8")
    run.remove(["healthy2"])
    assert "healthy2 is no longer in the study of this run" in run.report(clips=0).read_text(encoding="utf-8")


def paragraph(text: str, name: str) -> str:
    """Read a paragraph of the methods."""
    found = re.search(f'<p id="text-{name}">(.*?)</p>', text, re.DOTALL)
    assert found
    return html.unescape(found[1])


def test_methods_can_be_pasted(scored: Run) -> None:
    text = scored.report(clips=0).read_text("utf-8")
    model, scores = paragraph(text, "model"), paragraph(text, "scores")
    assert scored.encoder("cpu").hashes["posture"] in model
    assert "posture encoder: 2 steps, seed 0" in model or "seed 0, hash" in model
    assert "the reference group=healthy (n = 4 subjects)" in scores
    assert "10 nearest windows of the reference, at most 2 of one subject" in scores
    assert "so it is at least 0.2" in scores
    assert f"Computed with napari-ubam {napari_ubam.__version__}, torch " in scores
    assert "{" not in model + scores


def test_a_large_study_stays_a_small_page(
    scored: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(scored.folder, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    timelines = run.folder / "figures" / "timelines"
    shutil.rmtree(timelines)
    timelines.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    for name in (*(f"other{number}" for number in range(60)), "impaired1"):
        Image.fromarray(noise).save(timelines / f"{name}.png")
    text = run.report(clips=0).read_text("utf-8")
    assert "it shows 40 of 61 recordings" in text
    assert "<summary>impaired1</summary>" in text  # the strongest episodes come first
    monkeypatch.setattr("napari_ubam.run.report_sections.RECORDING_BYTES", 20_000)
    text = run.report(clips=0).read_text("utf-8")
    shown = text.count('<details class="figures"')
    assert 1 < shown < 12
    assert f"it shows {shown} of 61 recordings" in text


def test_the_map_is_in_the_report(scored: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(scored.folder, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    count = len(run.explorer().map(method="pca"))
    monkeypatch.setattr("napari_ubam.run.report_sections.DOTS", 20)
    text = run.report(clips=0).read_text("utf-8")
    assert f"Each point is one of {count} frames; 20 of them are drawn." in text
    assert all(f'download="map-{name}.svg"' in text for name in ("group", "subject"))
    assert "map-session" not in text  # there is one session
    assert "the first two principal components" in paragraph(text, "map")
