"""A year of a busy hospital in PostgreSQL: some reports as a reading leaves them, copied with people and times.

Patients are made of syllables, three reports each. Everything a signature leaves behind is there: drafts, openings,
audit rows. The database is always one made for it: nothing here connects to one that exists.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from integration.canonical import Priority, Side
from services.store import people
from tests import seeding
from tests.seeding import Exam, Said

REVIEWERS = 20

_SAID = {
    "pneumonia": Said("pneumonia", "consolidation consistent with pneumonia", side=Side.RIGHT, rationale="Impression."),
    "effusion": Said("pleural_effusion", "small right pleural effusion", side=Side.RIGHT, rationale="Impression."),
    "heart": Said("cardiomegaly", "heart is moderately enlarged", rationale="Findings."),
    "edema": Said("pulmonary_edema", "mild interstitial edema", "uncertain", rationale="Hedged.", conflict=True),
    "atelectasis": Said("atelectasis", "bibasilar atelectasis", side=Side.BILATERAL, rationale="Findings."),
    "nodule": Said("lung_nodule", "6 mm nodule in the left upper lobe", side=Side.LEFT, rationale="Findings."),
    "pneumothorax": Said("pneumothorax", "small left apical pneumothorax", side=Side.LEFT, rationale="Findings."),
    "tube": Said("endotracheal_tube", "endotracheal tube ends 4 cm above the carina", rationale="Findings."),
    "catheter": Said("central_venous_catheter", "right internal jugular catheter", side=Side.RIGHT, rationale="Ends."),
    "fracture": Said("rib_fracture", "healing fracture of the left sixth rib", side=Side.LEFT, rationale="Findings."),
    "mass": Said("lung_mass", "", unsupported=True),
}
# Five suggestions each on the average.
_EXAMS = (
    ("pneumonia", "effusion", "heart", "atelectasis"),
    ("edema", "effusion", "heart", "catheter", "tube"),
    ("pneumothorax", "fracture", "effusion", "atelectasis", "tube", "catheter"),
    ("nodule", "heart", "atelectasis", "fracture", "mass"),
    ("pneumonia", "effusion", "nodule", "heart", "fracture"),
)
_WORDS = """EXAM: Chest, single view.

INDICATION: Shortness of breath.

COMPARISON: The day before.

FINDINGS: {findings}
The mediastinal contours are normal. The upper abdomen is unremarkable. The soft tissues are unremarkable.

IMPRESSION: As above, compared with the prior study of the day before.
"""


def templates(connection: Connection) -> int:
    """Stores one report of each kind through the application's own functions; how many."""
    priorities = (Priority.ROUTINE, Priority.ROUTINE, Priority.STAT, Priority.URGENT, Priority.ROUTINE)
    for names, priority in zip(_EXAMS, priorities, strict=True):
        said = tuple(_SAID[name] for name in names)
        words = " ".join(f"There is {each.quote}." for each in said if each.quote)
        seeding.put(connection, Exam(text=_WORDS.format(findings=words), says=said, priority=priority))
    return len(_EXAMS)


def reviewers(connection: Connection) -> list[str]:
    """Twenty signers, each with a session; their cookies."""
    cookies = []
    for number in range(REVIEWERS):
        row = people.put_account(
            connection, site="default", issuer="urn:benchmark", subject=f"reviewer-{number}", name=f"Reviewer {number}",
            roles=("reviewer", "signer"), practitioner=f"Practitioner/{number}",
        )  # fmt: skip
        cookies.append(people.start_session(connection, row.id)[0])
    return cookies


_NAME = (
    "initcap((ARRAY['ba','den','ka','lor','mi','nes','ro','sa','tul','va','wen','zo','fi','gar','hel','ju'])"
    "[1 + {n} % 16] || (ARRAY['ra','lin','mo','ste','vik','nor','da','pel','tor','sha','bu','cai'])[1 + {n} / 16 % 12]"
    " || (ARRAY['n','ski','ta','sen','lo','ris','mann','do'])[1 + {n} / 192 % 8])"
)
# `n` is 0 to count - 1; those below `waiting` wait, arrived within three days, the rest were signed in a year.
_COPIES = (
    """
    CREATE TEMPORARY TABLE copy AS
    SELECT n, :first + n AS id, 1 + n % :kinds AS template, n >= :waiting AS signed,
        CASE WHEN n < :waiting THEN now() - interval '3 days' * n / greatest(1, :waiting)
            ELSE now() - interval '3 days' - interval '362 days' * (n - :waiting) / :count END AS at
    FROM generate_series(0, :count - 1) AS n
    """,
    f"""
    INSERT INTO report (id, site_id, key, patient_id, patient_name, accession, procedure, modality, body_site,
        priority, observed_at, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT copy.id, 'default', md5(n::text), 'P' || lpad((n / 3)::text, 7, '0'),
        {_NAME.format(n="(n / 3)")} || ' ' || {_NAME.format(n="(n / 5)")},
        'B' || lpad(n::text, 8, '0'), procedure, (ARRAY['DX', 'CR', 'CT', 'MR'])[1 + n % 4], body_site,
        priority, at - interval '40 minutes', at
    FROM copy JOIN report ON report.id = template
    """,
    """
    INSERT INTO report_version (id, site_id, report_id, content_hash, state, status, text, record, reading_state,
        issued_at, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT copy.id, 'default', copy.id, md5('v' || n), 'current', 'final', text || 'Accession ' || n,
        record, CASE WHEN n % 100 = 3 THEN 'unread' WHEN n % 100 = 7 THEN 'failed' WHEN n % 100 = 9 THEN 'pending'
            ELSE 'read' END, at, at
    FROM copy JOIN report_version ON report_version.id = template
    """,
    """
    INSERT INTO analysis (id, site_id, version_id, engine, verdicts, advisories, flagged, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT copy.id, 'default', copy.id, engine, verdicts, advisories, flagged, at
    FROM copy JOIN analysis ON analysis.id = template
    """,
    """
    INSERT INTO suggestion (site_id, report_id, version_id, analysis_id, identifier, finding_id, finding, side, status,
        quotes, rationale, rules_status, readers, critical, conflict, unsupported, position, state, reason, decided_at,
        decided_by, created_at)
    SELECT 'default', copy.id, copy.id, copy.id, md5(copy.id || finding_id), finding_id, finding, side, status, quotes,
        rationale, rules_status, CASE WHEN n % 200 = 5 THEN
            jsonb_build_object('rules', 'present', 'r1', 'not_mentioned') ELSE '{}' END,
        critical, conflict, unsupported, position,
        CASE WHEN NOT signed THEN 'proposed' WHEN (n + position) % 10 = 0 THEN 'rejected' ELSE 'approved' END,
        CASE WHEN signed AND (n + position) % 10 = 0 THEN 'hedged' ELSE '' END,
        CASE WHEN signed THEN at + interval '20 minutes' END, CASE WHEN signed THEN 'Practitioner/1' ELSE '' END, at
    FROM copy JOIN suggestion ON suggestion.report_id = template
    """,
    """
    INSERT INTO review (id, site_id, report_id, version_id, state, revision, priority, suggestions, critical, conflicts,
        unsupported, opened_at, first_action_at, signed_at, signed_by, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT copy.id, 'default', copy.id, copy.id, CASE WHEN signed THEN 'signed' ELSE 'open' END, 0, priority,
        suggestions, critical, conflicts, unsupported, CASE WHEN signed THEN at + interval '19 minutes' END,
        CASE WHEN signed THEN at + interval '19 minutes 4 seconds' END,
        CASE WHEN signed THEN at + interval '20 minutes' END, CASE WHEN signed THEN 1 + n % :people END, at
    FROM copy JOIN review ON review.report_id = template
    """,
    """
    INSERT INTO opening (site_id, review_id, suggestion_id, account_id, opened_at)
    SELECT 'default', report_id, suggestion.id, 1 + n % :people, at FROM copy JOIN suggestion ON report_id = copy.id
    WHERE signed
    """,
    """
    INSERT INTO draft (site_id, review_id, suggestion_id, account_id, action, reason_code, opened_at, decided_at)
    SELECT 'default', report_id, suggestion.id, 1 + n % :people,
        CASE state WHEN 'rejected' THEN 'reject' ELSE 'approve' END, reason, at, at
    FROM copy JOIN suggestion ON report_id = copy.id WHERE signed
    """,
    """
    INSERT INTO audit (site_id, at, actor, action, entity, report_id)
    SELECT 'default', at, 'account/' || 1 + n % :people, action, 'review/' || copy.id, copy.id
    FROM copy CROSS JOIN unnest(ARRAY['review.claim', 'review.view', 'review.sign']) AS action WHERE signed
    """,
)
_TABLES = ("report", "report_version", "analysis", "review")


def seed(engine: Engine, reports: int, waiting: int) -> list[str]:
    """Fills an empty, migrated database: `reports` reports, five suggestions each; the reviewers' cookies."""
    with engine.begin() as connection:
        kinds = templates(connection)
        cookies = reviewers(connection)
        values = {"count": reports - kinds, "waiting": waiting, "kinds": kinds, "people": REVIEWERS, "first": 1000}
        for statement in _COPIES:
            connection.execute(text(statement), values)
        for table in _TABLES:
            connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {1000 + reports}"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return cookies
