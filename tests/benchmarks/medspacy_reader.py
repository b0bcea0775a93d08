"""medspaCy over the reports given on standard input; run by the Python it is installed in, without this project.

In: {"families": {name: {"phrases": {finding: [...]}, "normal": {finding: [...]}, "texts": [...]}}}. Out: for each
text the status of each finding it names, seconds of CPU of a second pass, and peak memory in KiB. Targets are matched
word for word; negation, hedges, history and family are medspaCy's own ConText rules, sections its own too.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from importlib.metadata import version
from typing import Any

import medspacy
from medspacy.ner import TargetRule

RANK = ("present", "uncertain", "absent", "not_mentioned")
PIPES = ("medspacy_pyrush", "medspacy_target_matcher", "medspacy_context", "medspacy_sectionizer")
SET_ASIDE = {"history_of_present_illness", "past_medical_history", "reason_for_examination", "family_history"}


def pipeline(family: dict[str, Any]) -> Any:
    """A pipeline that knows the phrases of one exam family."""
    nlp = medspacy.load(medspacy_enable=["medspacy_pyrush"])
    nlp.add_pipe("medspacy_target_matcher", config={"result_type": "group"})
    nlp.add_pipe("medspacy_context", config={"input_span_type": "group"})
    nlp.add_pipe("medspacy_sectionizer", config={"input_span_type": "group"})
    rules = [TargetRule(phrase, finding) for finding, said in family["phrases"].items() for phrase in said]
    rules += [TargetRule(phrase, f"normal:{finding}") for finding, said in family["normal"].items() for phrase in said]
    nlp.get_pipe("medspacy_target_matcher").add(rules)
    return nlp


def statuses(document: Any) -> dict[str, str]:
    """Finding → the strongest status one of its mentions has."""
    found: dict[str, str] = {}
    for span in document.spans.get("medspacy_spans", ()):
        normal, _, finding = span.label_.rpartition(":")
        status = "absent" if normal else status_of(span)
        found[finding] = min(found.get(finding, "not_mentioned"), status, key=RANK.index)
    return found


def status_of(span: Any) -> str:
    """What ConText and the section say of a mention."""
    said = span._
    if said.is_historical or said.is_hypothetical or said.is_family or said.section_category in SET_ASIDE:
        return "not_mentioned"
    return "absent" if said.is_negated else "uncertain" if said.is_uncertain else "present"


def main() -> None:
    answers: dict[str, list[dict[str, str]]] = {}
    seconds = 0.0
    with contextlib.redirect_stdout(sys.stderr):
        for name, family in json.load(sys.stdin)["families"].items():
            nlp = pipeline(family)
            for text in family["texts"][:2]:
                nlp(text)
            began = time.process_time()
            answers[name] = [statuses(nlp(text)) for text in family["texts"]]
            seconds += time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    json.dump({"answers": answers, "seconds": seconds, "peak_kib": peak, "version": version("medspacy")}, sys.stdout)


if __name__ == "__main__":
    main()
