"""A result as one HTML page: everything it needs stands in it, and nothing is fetched from anywhere."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.evaluation.deciding import decisions
from services.evaluation.report import plots, tables
from services.evaluation.report.model_table import models
from services.evaluation.result import Result


def page(result: Result) -> str:
    """The page. Names of engines, findings and tags are escaped."""
    environment = Environment(
        loader=PackageLoader("services.evaluation.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        result=result,
        decisions=decisions(result),
        models=models(result),
        tables=tables,
        plots=plots,
        heads=[_head(result, place) for place in range(len(result.engines))],
    )


def _head(result: Result, place: int) -> dict[str, str]:
    """What the page says of an engine first."""
    engine = result.engines[place]
    own = engine.figures
    return {
        "name": engine.name,
        "f1": f"{own.macro_f1.value:.3f}",
        "interval": f"{own.macro_f1.low:.3f}–{own.macro_f1.high:.3f}",
        "flips": f"{own.polarity_flips}",
        "failed": f"{sum(engine.costs.failures.values())}",
        "median": tables.seconds(engine.costs.latency[50]),
        "money": tables.money(engine),
    }
