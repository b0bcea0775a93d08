"""Presidio's answers for deidentify.py: JSON lines in, JSON strings out. Run by a Python that has it, not by ours."""

import json
import sys
from importlib.metadata import distributions

from presidio_analyzer import AnalyzerEngine, PatternRecognizer
from presidio_analyzer.nlp_engine import NlpEngineProvider

MODEL = next(
    each.metadata["Name"].replace("-", "_") for each in distributions() if "en_core_web" in each.metadata["Name"]
)
NLP = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": MODEL}]}


def masked(analyzer: AnalyzerEngine, said: dict) -> str:
    text, deny = said["text"], [word for words in said["known"].values() for word in words]
    more = [PatternRecognizer(supported_entity="KNOWN", deny_list=deny)] if said["record"] else None
    for each in analyzer.analyze(text=text, language="en", ad_hoc_recognizers=more):
        text = text[: each.start] + " " * (each.end - each.start) + text[each.end :]
    return text


def main() -> None:
    analyzer = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=NLP).create_engine())
    for line in sys.stdin:
        print(json.dumps(masked(analyzer, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
