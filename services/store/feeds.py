"""Feeds by sender: silence against the same stretch of earlier weeks, what was refused, what waits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from services.domain.feeds import Backlog, Feed
from services.store.rows import every, one

# Hours looked at, now and in each week before: who is silent for longer is silent.
HOURS = 6
ANSWER_MINUTES = 15
MOST = 200
"""Senders that are shown, and that have metrics of their own."""

# Shift 0 is now; whole weeks before it are what is usual, and yesterday while there is no week before. Each shift is a
# range of ix_message_received_at. A week counts where the site had messages before its stretch.
_FEEDS = text(
    """
    WITH shifts AS (
        SELECT days, now() - make_interval(days => days) AS until FROM unnest(ARRAY[0, 1, 7, 14, 21, 28]) days
    ), seen AS (
        SELECT shifts.days, shifts.until, message.site_id, message.received_at, message.state,
               concat_ws('^', nullif(application, ''), nullif(facility, '')) AS name, peer, door
        FROM shifts JOIN message ON message.received_at > shifts.until - make_interval(hours => :hours)
            AND message.received_at <= shifts.until
        WHERE message.part IS NULL AND (:site = '' OR message.site_id = :site)
    ), heard AS (
        SELECT site_id, CASE WHEN door = 'fhir' OR name = '' THEN peer ELSE name END AS sender, days, until,
               received_at, state FROM seen
    ), feeds AS (
        SELECT site_id, sender, coalesce(max(received_at) FILTER (WHERE days = 0),
                   now() - make_interval(hours => :hours)) AS last,
               count(*) FILTER (WHERE days = 0 AND received_at > now() - interval '1 hour') AS messages,
               count(*) FILTER (WHERE days = 0 AND received_at > now() - interval '1 hour' AND state = 'rejected')
                   AS rejected,
               count(*) FILTER (WHERE days = 0 AND received_at > now() - interval '1 hour' AND state = 'quarantined')
                   AS quarantined
        FROM heard GROUP BY 1, 2
    ), began AS (
        SELECT min(received_at) AS at FROM message
    ), usual AS (
        SELECT feeds.site_id, feeds.sender, shifts.days, count(heard.received_at) AS messages
        FROM feeds CROSS JOIN shifts CROSS JOIN began
            LEFT JOIN heard ON heard.site_id = feeds.site_id AND heard.sender = feeds.sender
                AND heard.days = shifts.days AND heard.received_at > shifts.until - (now() - feeds.last)
        WHERE shifts.days > 0 AND began.at < shifts.until - make_interval(hours => :hours)
        GROUP BY 1, 2, 3
    ), answered AS (
        SELECT site_id, sender, array_agg(count ORDER BY at) AS counts FROM (
            SELECT site_id, sender, at, sum(count)::int AS count
            FROM answer_time, unnest(counts) WITH ORDINALITY AS counted (count, at)
            WHERE minute > now() - make_interval(mins => :minutes) AND (:site = '' OR site_id = :site) GROUP BY 1, 2, 3
        ) by_bound GROUP BY 1, 2
    )
    SELECT feeds.*, extract(epoch FROM now() - feeds.last)::float AS silence,
           coalesce(answered.counts, '{}') AS answers,
           coalesce((SELECT min(messages) FROM usual WHERE usual.site_id = feeds.site_id
                   AND usual.sender = feeds.sender AND usual.days >= 7),
               (SELECT messages FROM usual WHERE usual.site_id = feeds.site_id
                   AND usual.sender = feeds.sender AND usual.days = 1)) AS usual
    FROM feeds LEFT JOIN answered USING (site_id, sender) ORDER BY feeds.messages DESC, feeds.sender LIMIT :most
    """
)
_BACKLOG = text(
    """
    SELECT count(*) FILTER (WHERE kind = 'intake') AS intake, count(*) FILTER (WHERE kind = 'analysis') AS readings,
           coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE kind = 'intake')), 0)::float AS intake_age,
           coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE kind = 'analysis')), 0)::float
               AS readings_age,
           (SELECT count(*) FROM delivery WHERE state = 'pending' AND site_id = :site) AS deliveries,
           (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float FROM delivery
               WHERE state = 'pending' AND site_id = :site) AS deliveries_age
    FROM job WHERE state IN ('ready', 'waiting') AND site_id = :site
    """
)


def of_site(connection: Connection, site: str = "") -> Sequence[Feed]:
    """Senders heard lately, or in the same hours of earlier weeks; of every site where none is named."""
    values = {"site": site, "hours": HOURS, "minutes": ANSWER_MINUTES, "most": MOST}
    return every(Feed, connection.execute(_FEEDS, values))


def backlog(connection: Connection, site: str) -> Backlog:
    """What waits to be taken in, to be read, to be delivered."""
    return one(Backlog, connection.execute(_BACKLOG, {"site": site}))
