"""Why things stop, in words operators read. No reason ever holds text of a message."""

SUPERSEDED = "a newer version of the report is being re-read"
WITHDRAWN = "withdrawn: a newer version of the report was read"
RETRACTED = "the source took the report back"
CRITICAL_AFTER_SIGN = "a reading that came after the signature asserts a critical finding that was not signed"
OTHER_PATIENT = "this order is known with another patient: a person must decide which is right"
JOINED = "what was said here is of the patient's other report of this order, since their numbers were merged"
CANCELLED_AFTER_FINAL = "the order was cancelled after a final report: a person must decide"
DELETED_ELSEWHERE = "deleted on a FHIR server; another source still has the report as final"
NO_LONGER_READABLE = (
    "the FHIR server does not show this report any more (404): if it was deleted, decide what is to stand"
)
SIGNATURE_OVERTAKEN = "the report changed before the signature could stand: it is to be signed again"
NO_KEY = "no patient identifier, or no accession and no filler order number"
