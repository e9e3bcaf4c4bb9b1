"""Settings that hold for all tests: nothing of the user's own is read or written, and results repeat."""

from __future__ import annotations

import os
import shutil
import tempfile

# Several test processes share the cores: threads that wait for each other would only slow them down.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from napari_ubam.jobs import priority
from napari_ubam.run import Run, train
from napari_ubam.sample import write_sample
from napari_ubam.study import Study
from numbered_videos import RECIPES, encode
from shared_runs import made_once, register_mini

# Set before napari or the cache of frame indices is first asked for, hence here and not in a fixture.
_home = Path(tempfile.mkdtemp(prefix="napari-ubam-tests-"))
os.environ.setdefault("NAPARI_CONFIG", str(_home / "napari-settings.yaml"))
os.environ["XDG_CACHE_HOME"] = str(_home / "cache")
os.environ["NAPARI_UBAM_CACHE"] = str(_home / "index")

# No deadline: a loaded machine is not a bug. In continuous integration the same examples each time.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

register_mini()
priority.NICER = 0  # a job that gives way to other test processes would come to its end too late

Clip = Callable[[str], Path]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Give the path of the test video of a recipe."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            recipe = RECIPES[name]
            made[name] = encode(folder / f"{len(made):02}{recipe.suffix}", recipe)
        return made[name]

    return make


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Give a small sample study: four healthy animals and an impaired one."""

    def make(folder: Path) -> None:
        write_sample(folder, healthy=4, impaired=1, seconds=3.0)

    return Study.from_csv(made_once(tmp_path_factory, "sample", make) / "study.csv")


@pytest.fixture(scope="session")
def trained(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a run of the small study, trained for a moment and embedded; copy it before you change it."""

    def make(folder: Path) -> None:
        run = train(study, folder / "run", preset="tiny", device="cpu", steps=4, window_ms=400)
        assert run.embed(study, device="cpu").failed == ()

    return _with_own_videos(made_once(tmp_path_factory, "trained", make) / "run", study)


@pytest.fixture(scope="session")
def magnifying(trained: Run, study: Study, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give the run with scores and a magnifier; copy it before you change it."""

    def make(folder: Path) -> None:
        shutil.copytree(trained.folder, folder / "run")
        run = Run.open(folder / "run")
        run.score(study, "group=healthy", figures=False)
        run.train_magnifier(study, device="cpu", steps=12)

    return _with_own_videos(made_once(tmp_path_factory, "magnifying", make) / "run", study)


def _with_own_videos(folder: Path, study: Study) -> Run:
    """Open a copied run with this process' copy of the videos."""
    study.to_csv(folder / "study.csv")
    return Run.open(folder)


def pytest_configure(config: pytest.Config) -> None:
    """Keep the order below: xdist would begin with the files of most tests, and end with long scenes."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests, so that no test process works alone at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, "integration" not in item.path.parts))
