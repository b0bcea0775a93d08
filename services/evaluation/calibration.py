"""Curves from vote shares to agreement, fitted on blind second readings; scikit-learn does the fitting.

A curve is kept only where it predicts better than the vote share itself does, by cross-validated Brier score.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from sqlalchemy import Connection

from integration.canonical import Record
from services.domain.audit_actions import AuditAction
from services.domain.people import Person
from services.reading.agreement import Curve
from services.store import audit, calibrations

FEWEST_PAIRS, FEWEST_OF_EACH, FOLDS, BINS = 50, 10, 5, 10
GRID = tuple(step / 20 for step in range(21))
Pairs = Sequence[tuple[float, bool]]
Points = tuple[tuple[float, float], ...]


class CalibrationError(Exception):
    """Nothing can be fitted; the message says why and what to do."""


class Fitted(Record):
    """One curve to store. `brier`: cross-validated scores by method, "vote share" being none at all."""

    engine: str
    model: str
    finding_id: str
    method: str
    points: Points
    bins: tuple[dict[str, float], ...]
    pairs: int
    brier: dict[str, float]


class Left(Record):
    """What got no curve, and why."""

    engine: str
    model: str
    finding_id: str
    reason: str


def fit(connection: Connection, site: str, days: int) -> tuple[list[Fitted], list[Left]]:
    """Curves from the second readings of the last `days`: one a finding, and one ("") over all of an engine's.

    Raises CalibrationError without scikit-learn.
    """
    groups: dict[tuple[str, str, str], list[tuple[float, bool]]] = defaultdict(list)
    for row in calibrations.samples(connection, site, days):
        for finding in ("", row.finding_id):
            groups[row.engine, row.model, finding].append((row.confidence, row.agreed))
    fitted: list[Fitted] = []
    left: list[Left] = []
    for (engine, model, finding), pairs in sorted(groups.items()):
        found = best(pairs)
        if isinstance(found, str):
            left.append(Left(engine=engine, model=model, finding_id=finding, reason=found))
        else:
            fitted.append(Fitted(engine=engine, model=model, finding_id=finding, **found))
    return fitted, left


def adopt(connection: Connection, person: Person, curves: Sequence[Fitted], days: int) -> int:
    """Puts fitted curves to use at the person's site, for suggestions made from now on; their version."""
    rows = [{**curve.model_dump(mode="json"), "created_by": person.actor} for curve in curves]
    version = calibrations.put(connection, person.site, rows)
    _note(connection, person, AuditAction.CALIBRATION_FIT, version=version, curves=len(rows), days=days)
    return version


def retire(connection: Connection, person: Person, engine: str, model: str) -> int:
    """Takes an engine's curves out of use at the person's site; how many."""
    count = calibrations.retire(connection, person.site, engine, model)
    _note(connection, person, AuditAction.CALIBRATION_RETIRE, engine=engine, model=model, curves=count)
    return count


def _note(connection: Connection, person: Person, action: AuditAction, **detail: object) -> None:
    audit.append(connection, site=person.site, actor=person.actor, action=action, detail=detail)


def best(pairs: Pairs) -> dict[str, Any] | str:
    """The curve that predicts unseen pairs best, as fields of Fitted; or why there is none."""
    agreed = sum(each for _, each in pairs)
    if len(pairs) < FEWEST_PAIRS or min(agreed, len(pairs) - agreed) < FEWEST_OF_EACH:
        return f"{len(pairs)} pairs, {agreed} agreed: needed are {FEWEST_PAIRS}, with {FEWEST_OF_EACH} of each"
    methods = {"isotonic": isotonic, "platt": platt}
    brier = {name: _cross_validated(pairs, method) for name, method in methods.items()}
    brier["vote share"] = _brier(pairs, lambda share: share)
    method = min(methods, key=lambda name: brier[name])
    if brier[method] >= brier["vote share"]:
        return "the vote share itself predicts agreement as well"
    points = methods[method](pairs)
    return {"method": method, "points": points, "bins": bins(pairs), "pairs": len(pairs), "brier": brier}


def isotonic(pairs: Pairs) -> Points:
    """The rising steps that fit best (pool adjacent violators), drawn in by one pair at both ends."""
    regression = _sklearn("isotonic").IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    regression.fit([share for share, _ in pairs], [float(agreed) for _, agreed in pairs])
    least, most = 1 / (len(pairs) + 2), (len(pairs) + 1) / (len(pairs) + 2)
    found = zip(regression.X_thresholds_, regression.y_thresholds_, strict=True)
    return tuple((float(x), min(most, max(least, float(y)))) for x, y in found)


def platt(pairs: Pairs) -> Points:
    """A logistic curve over the vote share (Platt 1999), at steps of a twentieth; never falling."""
    agreed = [each for _, each in pairs]
    regression = _sklearn("linear_model").LogisticRegression()
    regression.fit([[share] for share, _ in pairs], agreed)
    if regression.coef_[0][0] < 0:
        mean = sum(agreed) / len(agreed)
        return ((0.0, mean), (1.0, mean))
    return tuple((x, float(y)) for x, (_, y) in zip(GRID, regression.predict_proba([[x] for x in GRID]), strict=True))


def _sklearn(part: str) -> Any:
    try:
        return import_module(f"sklearn.{part}")
    except ImportError:
        raise CalibrationError("fitting needs scikit-learn: pip install 'countersign[calibration]'") from None


def _cross_validated(pairs: Pairs, method: Callable[[Pairs], Points]) -> float:
    """The mean squared error on pairs the curve was not fitted on; the same folds each time."""
    order = list(pairs)
    random.Random(1).shuffle(order)  # noqa: S311
    errors = []
    for fold in range(FOLDS):
        kept = [pair for at, pair in enumerate(order) if at % FOLDS != fold]
        if len({agreed for _, agreed in kept}) < 2:
            continue
        curve = Curve(id=0, points=method(kept))
        errors += [(curve.at(share) - agreed) ** 2 for share, agreed in order[fold::FOLDS]]
    return sum(errors) / len(errors) if errors else 1.0


def _brier(pairs: Pairs, predict: Callable[[float], float]) -> float:
    return sum((predict(share) - agreed) ** 2 for share, agreed in pairs) / len(pairs)


def bins(pairs: Pairs) -> tuple[dict[str, float], ...]:
    """The pairs by tenth of vote share: mean share, agreed, count."""
    tenths: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for share, agreed in pairs:
        tenths[min(int(share * BINS), BINS - 1)].append((share, agreed))
    return tuple(
        {
            "share": sum(share for share, _ in each) / len(each),
            "agreed": sum(agreed for _, agreed in each),
            "count": len(each),
        }
        for _, each in sorted(tenths.items())
    )
