"""How often each engine is overridden, contradicted, unsupported, unsure or unusable: lately, and before that."""

from __future__ import annotations

from sqlalchemy import Connection, text

from services.domain.figures import RateCount

# `recent`: within the last `current` days; the others are of the `reference` days before.
_SUGGESTED = text("""
    SELECT analysis.engine ->> 'name' AS engine, coalesce(analysis.engine ->> 'model', '') AS model,
        suggestion.finding_id, max(suggestion.finding ->> 'name') AS name,
        suggestion.created_at >= now() - make_interval(days => :current) AS recent,
        count(*) AS count,
        count(*) FILTER (WHERE suggestion.rules_status IN ('present', 'absent')
            AND coalesce(suggestion.suggested_status, suggestion.status) IN ('present', 'absent')
            AND suggestion.rules_status <> coalesce(suggestion.suggested_status, suggestion.status)) AS disagreement,
        count(*) FILTER (WHERE suggestion.unsupported) AS unsupported,
        count(*) FILTER (WHERE coalesce(suggestion.suggested_status, suggestion.status) = 'uncertain') AS uncertain
    FROM suggestion JOIN analysis ON analysis.id = suggestion.analysis_id
    WHERE suggestion.site_id = :site AND suggestion.origin = 'ai'
        AND suggestion.created_at >= now() - make_interval(days => :current + :reference)
    GROUP BY 1, 2, 3, 5
""")
_DECIDED = text("""
    SELECT analysis.engine ->> 'name' AS engine, coalesce(analysis.engine ->> 'model', '') AS model,
        suggestion.finding_id, max(suggestion.finding ->> 'name') AS name,
        suggestion.decided_at >= now() - make_interval(days => :current) AS recent,
        count(*) AS count, count(*) FILTER (WHERE suggestion.state <> 'approved') AS override
    FROM suggestion JOIN analysis ON analysis.id = suggestion.analysis_id
    WHERE suggestion.site_id = :site AND suggestion.origin = 'ai'
        AND suggestion.state IN ('approved', 'edited', 'rejected')
        AND suggestion.decided_at >= now() - make_interval(days => :current + :reference)
    GROUP BY 1, 2, 3, 5
""")
# Every answer an engine gave: those kept, and those that could not be used, of readings that went on or were given up.
_ANSWERED = text("""
    SELECT engine, '' AS model, '' AS finding_id, 'all findings' AS name, recent,
        sum(kept + failed)::bigint AS count, sum(failed)::bigint AS unusable
    FROM (
        SELECT engine ->> 'name' AS engine, created_at >= now() - make_interval(days => :current) AS recent,
            1 AS kept, failed
        FROM analysis WHERE site_id = :site AND NOT shadow
            AND created_at >= now() - make_interval(days => :current + :reference)
        UNION ALL
        SELECT engine, finished_at >= now() - make_interval(days => :current), 0, failed
        FROM job WHERE site_id = :site AND kind = 'analysis' AND state = 'dead' AND NOT shadow
            AND finished_at >= now() - make_interval(days => :current + :reference)
    ) AS answers
    GROUP BY engine, recent HAVING sum(kept + failed) > 0
""")
_OF = ("engine", "model", "finding_id", "name", "recent", "count")
RATES = {
    "override": _DECIDED,
    "disagreement": _SUGGESTED,
    "unsupported": _SUGGESTED,
    "uncertain": _SUGGESTED,
    "unusable": _ANSWERED,
}


def counts(connection: Connection, site: str, current: int, reference: int) -> dict[str, list[RateCount]]:
    """By rate, how often it was hit, and of how many; the rules are not compared with themselves."""
    values = {"site": site, "current": current, "reference": reference}
    asked = {query: connection.execute(query, values).mappings().all() for query in dict.fromkeys(RATES.values())}
    return {
        rate: [
            RateCount(**{name: row[name] for name in _OF}, hits=row[rate])
            for row in asked[query]
            if (rate, row["engine"]) != ("disagreement", "rules")
        ]
        for rate, query in RATES.items()
    }


def sites(connection: Connection) -> list[str]:
    """Sites with readings."""
    return list(connection.execute(text("SELECT DISTINCT site_id FROM review ORDER BY 1")).scalars())
