"""KEDA asks PostgreSQL a question the schema can answer."""

from __future__ import annotations

from sqlalchemy import Engine, text

from tests.chart.conftest import Rendered, find, of_kind


def query(rendered: Rendered) -> str:
    (scaled,) = of_kind(rendered["8xh200"], "ScaledObject")
    return str(scaled["spec"]["triggers"][0]["metadata"]["query"])


def test_it_counts_the_jobs_that_want_or_have_a_worker(rendered: Rendered, engine: Engine) -> None:
    states = ("ready", "ready", "leased", "waiting", "done", "dead", "cancelled")
    with engine.begin() as connection:
        for state in states:
            connection.execute(
                text("INSERT INTO job (site_id, kind, state) VALUES ('default', 'analysis', :state)"), {"state": state}
            )
        assert connection.scalar(text(query(rendered))) == 3


def test_the_target_is_what_one_worker_reads_at_once(rendered: Rendered) -> None:
    (scaled,) = of_kind(rendered["8xh200"], "ScaledObject")
    settings = find(rendered["8xh200"], "ConfigMap", "settings")["data"]
    target = scaled["spec"]["triggers"][0]["metadata"]["targetQueryValue"]
    assert target == settings["COUNTERSIGN_QUEUE__CONCURRENCY"]
