"""What the fidelity benchmark measures on the codes of a method, against the truth that was rendered."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from _fidelity_data import Herd, RenderedRecording
from _fidelity_methods import Encoded
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_ubam.analysis import STATISTICS, Codes, DeviationResult, Scores, deviation, subject_table
from napari_ubam.sample import JOINTS, KINDS

INSIDE, OUTSIDE = 0.5, 0.05  # envelope over which a frame deviates, and under which it does not
LINE = 95.0  # percentile
EDGE = 8  # frames at each end that do not count: the windows of any method fit, so all are judged on the same
PENALTIES = np.logspace(-1, 5, 13)
WIDEST, FITTED = 512, 4000  # numbers that regressions are fitted to, and frames that bring codes down to them
FOLDS = 4  # of animals, to choose the penalty
RELIT = ", other light"
LEVELS = {"frame": "posture", "window": "behaviour"}
VALUES = {"frame": "posture_deviation", "window": "behaviour_deviation", "episodic": "episodic"}

Numbers = dict[str, Any]


def measure(herd: Herd, encoded: Sequence[Encoded]) -> Numbers:
    """Measure the codes of one method.

    Parameters
    ----------
    herd : Herd
        The recordings and the truth.
    encoded : sequence of Encoded
        Codes of ``herd.all``.

    Returns
    -------
    dict
        Numbers by name; NaN where a measure is not defined, as for a kind of deviation that does not occur.
    """
    trained = len(herd.training)
    held = slice(trained, trained + len(herd.held_out))
    posture = narrowed([codes.posture for codes in encoded], trained)
    result = deviation(
        [*_reference(herd, encoded), *map(_codes, herd.held_out, encoded[held]), *_relit(herd, encoded)],
        [film.name for film in herd.training if film.healthy],
    )
    return {
        **joint_angles(posture[:trained], herd.training, posture[held], herd.held_out),
        "subject_named": subject_named(posture[held]),
        "chance": 1 / len(herd.held_out),
        **detection(herd.held_out, result),
        **controls(herd, result),
        "ranking": {name: ranking(herd.held_out, result, name) for name in STATISTICS},
    }


def narrowed(codes: Sequence[np.ndarray], known: int) -> Sequence[np.ndarray]:
    """Bring codes of thousands of numbers down to principal components, for what is fitted to them.

    The components are those of the first ``known`` recordings; narrower codes stay as they are.
    """
    if codes[0].shape[1] <= WIDEST:
        return codes
    learned = np.concatenate(codes[:known])
    step = -(-len(learned) // FITTED)
    count = min(WIDEST, len(learned[::step]))
    analysis = PCA(count, svd_solver="randomized", random_state=0).fit(learned[::step])
    return [analysis.transform(part) for part in codes]


def joint_angles(
    known: Sequence[np.ndarray],
    known_films: Sequence[RenderedRecording],
    asked: Sequence[np.ndarray],
    asked_films: Sequence[RenderedRecording],
) -> Numbers:
    """Part of the joint angles' variance that ridge regression from the codes explains in other animals.

    The penalty is chosen by cross-validation over animals. ``r2`` weighs joints by their variance.
    """
    groups = np.repeat(np.arange(len(known)), [len(codes) for codes in known])
    folds = list(GroupKFold(min(FOLDS, len(known))).split(groups, groups=groups))
    angles = StandardScaler().fit(np.concatenate([film.angles for film in known_films]))
    regression = make_pipeline(StandardScaler(), RidgeCV(PENALTIES, cv=folds))
    regression.fit(
        np.concatenate(known), angles.transform(np.concatenate([film.angles for film in known_films]))
    )
    drawn = angles.inverse_transform(regression.predict(np.concatenate(asked)))
    true = np.concatenate([film.angles for film in asked_films])
    each = r2_score(true, drawn, multioutput="raw_values")
    return {
        "r2": float(r2_score(true, drawn, multioutput="variance_weighted")),
        "r2_joints": float(each.mean()),
        "r2_by_joint": dict(zip(JOINTS, map(float, each), strict=True)),
    }


def subject_named(codes: Sequence[np.ndarray]) -> float:
    """Accuracy of naming the animal from a frame's code, learned on the first part of each recording.

    A tenth of the recording lies between the part that is learned from and the part that is named.
    """
    first = [part[: int(0.45 * len(part)) : 2] for part in codes]
    last = [part[-int(0.45 * len(part)) :: 2] for part in codes]
    names = [np.repeat(np.arange(len(parts)), [len(part) for part in parts]) for parts in (first, last)]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(np.concatenate(first), names[0])
    return float(model.score(np.concatenate(last), names[1]))


def detection(films: Sequence[RenderedRecording], result: DeviationResult) -> Numbers:
    """Area under the ROC curve of deviant frames against others.

    Mean over the impaired recordings, pooled over all recordings, and the mean for each kind of deviation.
    """
    found: Numbers = {"kinds": {kind: {} for kind in KINDS}}
    for level, name in VALUES.items():
        values = [getattr(result[film.name], name) for film in films]
        apart = [_labels(film, score) for film, score in zip(films, values, strict=True)]
        each = [_area(*pair) for film, pair in zip(films, apart, strict=True) if not film.healthy]
        found[f"auroc_{level}"] = _mean(each)
        found[f"auroc_{level}_pooled"] = _area(*(np.concatenate(part) for part in zip(*apart, strict=True)))
        for kind in KINDS:
            with_kind = [
                _area(*_labels(film, score, kind)) for film, score in zip(films, values, strict=True)
            ]
            found["kinds"][kind][level] = _mean(with_kind)
    return found


def controls(herd: Herd, result: DeviationResult) -> Numbers:
    """How the healthy animals that were held out look, as filmed and under another light."""
    found: Numbers = {}
    healthy = [film.name for film in herd.held_out if film.healthy]
    found["over95_episodic"] = _over([result[name] for name in healthy], "episodic")
    for code in LEVELS.values():
        plain, relit = ([result[name + end] for name in healthy] for end in ("", RELIT))
        found[f"over95_{code}"] = _over(plain, code)
        found[f"light_over95_{code}"] = _over(relit, code)
        before, after = (_mean([_mean(_of(one, code)) for one in part]) for part in (plain, relit))
        found[f"light_change_{code}"] = after / before - 1
    return found


def ranking(films: Sequence[RenderedRecording], result: DeviationResult, statistic: str) -> Numbers:
    """Whether impaired animals that were held out deviate more than healthy ones, as whole subjects."""
    table = subject_table(result, STATISTICS[statistic]).set_index("subject")["deviation"]
    healthy, impaired = (
        np.array([table[film.name] for film in films if film.healthy is wanted]) for wanted in (True, False)
    )
    return {
        "gap": float(impaired.min() - healthy.max()),
        "pairs": int((impaired[:, None] > healthy).sum()),
        "of_pairs": impaired.size * healthy.size,
        "healthy": healthy.tolist(),
        "impaired": impaired.tolist(),
        "reference": float(table[list(result.reference_subjects)].mean()),
    }


def _reference(herd: Herd, encoded: Sequence[Encoded]) -> list[Codes]:
    pairs = zip(herd.training, encoded, strict=False)
    return [_codes(film, codes) for film, codes in pairs if film.healthy]


def _relit(herd: Herd, encoded: Sequence[Encoded]) -> list[Codes]:
    """Codes under the other light, as if of other animals, so that nothing is pooled."""
    rest = encoded[len(encoded) - len(herd.relit) :]
    return [_codes(film, codes, RELIT) for film, codes in zip(herd.relit, rest, strict=True)]


def _codes(film: RenderedRecording, codes: Encoded, end: str = "") -> Codes:
    numbers = np.arange(len(codes.posture))
    name = film.name + end
    valid = codes.valid & (numbers >= EDGE) & (numbers < len(numbers) - EDGE)
    return Codes(
        name,
        name,
        film.group,
        "",
        codes.posture,
        codes.behaviour,
        numbers / film.fps,
        numbers,
        valid,
        np.ones(len(numbers), bool),
        codes.window,
    )


def _labels(
    film: RenderedRecording, score: np.ndarray, kind: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Which frames deviate, and their scores; frames on the way into a bout or out of it are left out."""
    deviant = film.envelope > INSIDE
    if kind is not None:
        deviant &= film.kind == kind
    counted = (deviant | (film.envelope < OUTSIDE)) & np.isfinite(score)
    return deviant[counted], score[counted]


def _area(deviant: np.ndarray, score: np.ndarray) -> float:
    if deviant.all() or not deviant.any():
        return float("nan")
    return float(roc_auc_score(deviant, score))


def _of(scores: Scores, code: str, what: str = "deviation") -> np.ndarray:
    values: np.ndarray = getattr(scores, f"{code}_{what}")
    known: np.ndarray = values[np.isfinite(values)]
    return known


def _over(recordings: Sequence[Scores], code: str) -> float:
    return _mean([float((_of(one, code, "percentile") > LINE).mean()) for one in recordings])


def _mean(values: Sequence[float] | np.ndarray) -> float:
    """Mean of what is a number; NaN where nothing is."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else float("nan")
