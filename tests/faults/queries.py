"""What the rig asks the database, and the triggers it keeps there."""

from sqlalchemy import text

STORED = text("""
    SELECT report.accession,
        (SELECT count(*) FROM job WHERE job.kind = 'intake' AND job.message_id IN
            (SELECT message_id FROM report_source WHERE report_source.report_id = report.id)) AS jobs,
        greatest(
            (SELECT count(*) FROM job WHERE job.state = 'dead' AND job.version_id IN
                (SELECT id FROM report_version WHERE report_version.report_id = report.id)),
            (SELECT count(*) FROM report_version
                WHERE report_version.report_id = report.id AND reading_state = 'failed')) AS dead,
        suggestion.identifier
    FROM report LEFT JOIN suggestion ON suggestion.report_id = report.id
""")
STANDING = text("""
    SELECT count(*) FILTER (WHERE state IN ('ready', 'leased', 'waiting')) AS jobs,
        (SELECT count(*) FROM delivery WHERE state = 'pending') AS deliveries,
        coalesce(sum(lost), 0) AS lost, coalesce(sum(failed), 0) AS failed,
        count(*) FILTER (WHERE state = 'dead') AS dead, count(*) FILTER (WHERE state = 'done') AS done
    FROM job
""")
# Kept beside our tables by triggers of the test: how long work lay where nobody did it, {lease} s being one lease. Jobs
# on their last chance wait for each other and are left out, as are deliveries that were lost before.
RECOVERIES = """
    CREATE TABLE recovery (id bigserial, what text, seconds float);
    CREATE FUNCTION note_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF OLD.state = 'leased' AND NEW.lost > OLD.lost THEN
            INSERT INTO recovery (what, seconds)
                VALUES ('lease', extract(epoch FROM clock_timestamp() - OLD.lease_until) + {lease});
        ELSIF NEW.lost < 2 AND OLD.published_at IS NOT NULL
            AND (OLD.published_at < NEW.published_at OR NEW.state = 'leased') THEN
            INSERT INTO recovery (what, seconds)
                VALUES ('wake-up', extract(epoch FROM clock_timestamp() - OLD.published_at));
        END IF;
        RETURN NEW;
    END $$;
    CREATE FUNCTION note_delivery() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF OLD.lost = 0 AND OLD.lease_until IS NOT NULL AND NEW.lease_epoch > OLD.lease_epoch THEN
            INSERT INTO recovery (what, seconds)
                VALUES ('delivery', extract(epoch FROM clock_timestamp() - OLD.lease_until) + {lease});
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER note AFTER UPDATE ON job FOR EACH ROW EXECUTE FUNCTION note_job();
    CREATE TRIGGER note AFTER UPDATE ON delivery FOR EACH ROW EXECUTE FUNCTION note_delivery();
"""
