"""Every metric, named `countersign_*`; labels are states, kinds and codes, never a patient's data."""

from prometheus_client import Counter, Gauge, Histogram

from services.domain.feeds import ANSWER_BOUNDS

FRAMES = Counter("countersign_frames_total", "Frames and resources taken in.", ["door", "outcome"])
MESSAGES = Counter("countersign_messages_total", "Messages and resources read by a worker.", ["outcome"])
NOTIFICATIONS = Counter("countersign_fhir_notifications_total", "Notifications of FHIR servers.", ["outcome"])
CONNECTIONS = Gauge("countersign_mllp_connections", "Open MLLP connections.")
COMMIT_SECONDS = Histogram("countersign_inbox_commit_seconds", "Time to commit one group of frames.")
ACK_SECONDS = Histogram(
    "countersign_ack_seconds",
    "From the last byte of a frame to its answer.",
    buckets=ANSWER_BOUNDS,
)
COMMIT_FRAMES = Histogram("countersign_inbox_commit_frames", "Frames in one group.", buckets=(1, 2, 4, 8, 16, 32, 64))
JOBS = Gauge("countersign_jobs", "Jobs that are not over, by state and priority.", ["state", "priority"])
OLDEST_JOB = Gauge("countersign_oldest_job_age_seconds", "Age of the oldest job not yet claimed.", ["priority"])
SLOTS = Gauge("countersign_worker_slots", "Slots of the workers seen lately.")
CIRCUIT_OPEN = Gauge("countersign_circuit_open", "1 while an engine's server is away.", ["engine"])
ATTEMPTS = Counter("countersign_job_attempts_total", "Ends of attempts at jobs.", ["kind", "outcome"])
LEASES_LOST = Counter("countersign_leases_lost_total", "Leases that ran out and went back.")
CHILDREN = Counter("countersign_children_replaced_total", "Children that met a limit, by limit.", ["limit"])
DEAD_LETTERS = Counter("countersign_dead_letters_total", "Jobs and deliveries given up.", ["kind"])
READING_SECONDS = Histogram(
    "countersign_reading_seconds",
    "Time of one reading.",
    ["engine"],
    buckets=(0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 20, 40, 80, 160, 320),
)
TOKENS = Counter("countersign_tokens_total", "Tokens of readings.", ["engine", "kind"])
DELIVERIES = Gauge("countersign_deliveries", "Deliveries that were not sent, by state.", ["state"])
OLDEST_DELIVERY = Gauge("countersign_oldest_delivery_age_seconds", "Age of the oldest pending delivery.")
WRITE_SECONDS = Histogram("countersign_fhir_write_seconds", "Time of one delivery to FHIR.", ["kind"])
REVIEWS = Gauge("countersign_reviews", "Reviews not yet signed, by state.", ["state"])
OLDEST_REVIEW = Gauge("countersign_oldest_review_age_seconds", "Age of the oldest review not signed.", ["priority"])
DRIFT_ALARM = Gauge(
    "countersign_drift_alarm", "1 where a rate has drifted.", ["site", "rate", "engine", "model", "finding"]
)
DRIFT_SHARE = Gauge(
    "countersign_drift_share", "Rates of an engine's suggestions.", ["site", "rate", "engine", "model", "window"]
)
FEED_SILENCE = Gauge("countersign_feed_silence_seconds", "Since a sender's last message.", ["site", "sender"])
FEED_USUAL = Gauge(
    "countersign_feed_usual_messages", "Fewest in the same stretch of the weeks before.", ["site", "sender"]
)
FEED_MESSAGES = Gauge("countersign_feed_messages", "A sender's messages of the last hour.", ["site", "sender"])
FEED_ANSWER = Gauge(
    "countersign_feed_answer_seconds",
    "Within what 95 in 100 of a sender's answers left, of ten or more of the last quarter of an hour.",
    ["site", "sender"],
)
FEED_REFUSED = Gauge(
    "countersign_feed_refused_share", "Share of the last hour rejected or quarantined.", ["site", "sender"]
)
