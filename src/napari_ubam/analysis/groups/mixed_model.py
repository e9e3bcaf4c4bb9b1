"""Levels compared with covariates and repeated sessions: a mixed model with the subject as random effect."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

from napari_ubam.analysis.analysis import AnalysisError

Floats = npt.NDArray[np.float64]

COLUMNS = ["measure", "model", "term", "estimate", "low", "high", "statistic", "dof", "p"]
MIXED, LINEAR = "mixed model", "linear model"


@dataclass(frozen=True)
class _Term:
    """Columns of the design that belong together."""

    name: str
    columns: tuple[str, ...]
    within: bool  # whether it changes within a subject


def mixed_model(
    values: pd.DataFrame,
    levels: Sequence[str],
    measure: str,
    *,
    by: str = "level",
    covariates: Sequence[str] = (),
) -> pd.DataFrame:
    """Fit a measure by level, session and covariates, with a random intercept for each subject.

    Sessions are a factor, and with two or more of them the interaction of level and session is tested, too:
    whether the levels change differently over the sessions. With a single row for each subject, the model is
    an ordinary linear one. Degrees of freedom count subjects for what differs between subjects, and rows for
    what changes within them, so that many sessions of few subjects are not taken for many subjects.

    Parameters
    ----------
    values : DataFrame
        One row for each subject, level and session: ``subject, level, session``, the measure and the
        covariates. A covariate of numbers is centred; another one is a factor.
    levels : sequence of str
        Levels to compare; the first one is what the others are compared with.
    measure : str
        Column to explain.
    by : str
        Name of the level in the table, such as ``"group"``.
    covariates : sequence of str
        Columns.

    Returns
    -------
    DataFrame
        Columns ``measure, model, term, estimate, low, high`` (95% interval), ``statistic`` (t for a term with
        an estimate, else F), ``dof, p``.

    Raises
    ------
    AnalysisError
        If no subject of a level has a value, or a covariate is missing for a subject or cannot be told apart
        from the levels.
    """
    rows = values[values["level"].isin(levels) & values[measure].notna()].reset_index(drop=True)
    for level in levels:
        if not (rows["level"] == level).any():
            raise AnalysisError(
                f"{measure}: no subject with {by} = {level} has a value, so no model can be fitted; leave "
                "this measure out."
            )
    _check_covariates(rows, covariates)
    design, terms = _design(rows, levels, by, covariates)
    fitted = _Fit.of(rows, design, measure)
    table = [_row(fitted, term, measure, rows, terms) for term in terms]
    crossed = _crossed(rows, design, terms, by)
    if crossed is not None:
        design, interaction = crossed
        fitted = _Fit.of(rows, design, measure)
        table.append(_row(fitted, interaction, measure, rows, [*terms, interaction]))
    return pd.DataFrame(table, columns=COLUMNS)


def without_estimate(levels: Sequence[str], measure: str, by: str) -> pd.DataFrame:
    """Give the rows of a model that cannot be fitted.

    Parameters
    ----------
    levels : sequence of str
    measure, by : str
        As for `mixed_model`.

    Returns
    -------
    DataFrame
        A row for each level after the first one, with its term and without numbers.
    """
    rows = [{"measure": measure, "model": "", "term": f"{by}: {level} - {levels[0]}"} for level in levels[1:]]
    numbers = dict.fromkeys(COLUMNS[3:], float)
    return pd.DataFrame(rows, columns=COLUMNS).astype(numbers)


def _check_covariates(rows: pd.DataFrame, covariates: Sequence[str]) -> None:
    for name in covariates:
        missing = rows[rows[name].isna() | (rows[name].astype(str) == "")]
        if len(missing):
            raise AnalysisError(
                f"{missing['subject'].iloc[0]} has no {name}; fill in this column of the study, or leave the "
                "covariate out."
            )


def _design(
    rows: pd.DataFrame, levels: Sequence[str], by: str, covariates: Sequence[str]
) -> tuple[pd.DataFrame, list[_Term]]:
    """Columns of the model, and which belong together."""
    design = pd.DataFrame({"": np.ones(len(rows))}, index=rows.index)
    names: list[tuple[str, list[str]]] = []
    for level in levels[1:]:
        column = f"{by}: {level} - {levels[0]}"
        design[column] = (rows["level"] == level).astype(float)
        names.append((column, [column]))
    if by != "session":
        columns = _deviations_from_mean(rows["session"], "session")
        design = design.join(columns)
        if len(columns.columns):
            names.append(("session", list(map(str, columns))))
    for name in covariates:
        columns = _covariate(rows[name], name)
        if not len(columns.columns):
            raise AnalysisError(f"All subjects have the same {name}; leave this covariate out.")
        design = design.join(columns)
        names.append((name, list(map(str, columns))))
    if np.linalg.matrix_rank(design) < len(design.columns):
        raise AnalysisError(
            f"The covariates {', '.join(covariates) or 'and sessions'} cannot be told apart from {by}, so no "
            "model can separate them; leave one out."
        )
    varies = {name: bool(rows.groupby("subject").apply(_varies, design[name]).any()) for name in design}
    return design, [_Term(name, tuple(own), any(varies[one] for one in own)) for name, own in names]


def _varies(part: pd.DataFrame, column: pd.Series) -> bool:
    return bool(column[part.index].nunique() > 1)


def _covariate(column: pd.Series, name: str) -> pd.DataFrame:
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().all():
        centred = numbers - numbers.mean()
        return pd.DataFrame({name: centred} if numbers.nunique() > 1 else {}, index=column.index)
    return _deviations_from_mean(column, name)


def _deviations_from_mean(column: pd.Series, name: str) -> pd.DataFrame:
    """Code a factor so that the other terms are those at the mean of its values."""
    kinds = sorted(column.astype(str).unique())
    last = (column.astype(str) == kinds[-1]).astype(float)
    return pd.DataFrame(
        {f"{name}: {kind}": (column.astype(str) == kind).astype(float) - last for kind in kinds[:-1]},
        index=column.index,
    )


def _crossed(
    rows: pd.DataFrame, design: pd.DataFrame, terms: Sequence[_Term], by: str
) -> tuple[pd.DataFrame, _Term] | None:
    """Add the interaction of level and session; None if there is none, or some levels lack a session."""
    session = next((one.columns for one in terms if one.name == "session"), ())
    levels = [one.name for one in terms if one.name.startswith(f"{by}: ")]
    products = {f"{a} × {b}": design[a] * design[b] for a in levels for b in session}
    full = design.join(pd.DataFrame(products, index=rows.index))
    spare = rows["subject"].nunique() < len(rows) - len(products)
    if not products or not spare or np.linalg.matrix_rank(full) < len(full.columns):
        return None
    return full, _Term(f"{by} × session", tuple(products), True)


@dataclass(frozen=True)
class _Fit:
    """Estimates and their covariance."""

    model: str
    estimates: pd.Series
    covariance: pd.DataFrame

    @classmethod
    def of(cls, rows: pd.DataFrame, design: pd.DataFrame, measure: str) -> _Fit:
        import statsmodels.api as sm  # it takes a second to load

        spread = float(rows[measure].std()) or 1.0  # small numbers would end the search too early
        outcome, matrix = rows[measure].to_numpy(float) / spread, design.to_numpy(float)
        count = len(design.columns)
        if not rows["subject"].duplicated().any():
            found, model = sm.OLS(outcome, matrix).fit(), LINEAR
        else:
            model = MIXED
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # subjects that do not differ make it warn; the result is right
                model_of = sm.MixedLM(outcome, matrix, groups=rows["subject"].to_numpy())
                found = model_of.fit(reml=True, method="powell")  # one unknown; needs no gradient
        estimates = np.asarray(found.params, float)[:count] * spread
        covariance = np.asarray(found.cov_params(), float)[:count, :count] * spread**2
        names = list(design.columns)
        return cls(model, pd.Series(estimates, names), pd.DataFrame(covariance, names, names))


def _row(
    fit: _Fit, term: _Term, measure: str, rows: pd.DataFrame, terms: Sequence[_Term]
) -> Mapping[str, Any]:
    """Test one term by t, or several columns at once by F."""
    dof = _dof(term, rows, terms)
    own = list(term.columns)
    estimate = fit.estimates[own].to_numpy(float)
    covariance = fit.covariance.loc[own, own].to_numpy(float)
    row: dict[str, Any] = {"measure": measure, "model": fit.model, "term": term.name, "dof": dof}
    if dof < 1:
        return row
    if len(own) > 1 or "×" in term.name or term.name == "session":
        statistic = float(estimate @ np.linalg.solve(covariance, estimate)) / len(own)
        return {**row, "statistic": statistic, "p": float(f_distribution.sf(statistic, len(own), dof))}
    error = float(np.sqrt(covariance[0, 0]))
    half = error * float(t_distribution.ppf(0.975, dof))
    statistic = float(estimate[0]) / error
    return {
        **row,
        "estimate": float(estimate[0]),
        "low": float(estimate[0]) - half,
        "high": float(estimate[0]) + half,
        "statistic": statistic,
        "p": 2 * float(t_distribution.sf(abs(statistic), dof)),
    }


def _dof(term: _Term, rows: pd.DataFrame, terms: Sequence[_Term]) -> int:
    """Degrees of freedom: of subjects for a term between them, of rows for a term within them."""
    subjects = rows["subject"].nunique()
    between = 1 + sum(len(one.columns) for one in terms if not one.within)
    within = sum(len(one.columns) for one in terms if one.within)
    return len(rows) - subjects - within if term.within else subjects - between
