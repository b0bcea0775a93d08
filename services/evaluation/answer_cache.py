"""Answers kept on disk: an evaluation that was stopped asks only what is missing."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import IO

from pydantic import ValidationError

from integration.canonical import sha256
from services.evaluation.answers import Answered
from services.evaluation.contestants import Versions
from services.evaluation.errors import EvaluationError
from services.reading.reader import Question

FILE = "answers.jsonl"


class KeptError(EvaluationError):
    """The folder cannot be used; says why."""


def key(versions: Versions, question: Question, repeat: int = 0) -> str:
    """Names one answer by everything it depends on: the report, its candidates as the catalogue has them, versions.

    `repeat`: how often it was asked before; what was asked once is kept under the name it always had.
    """
    again = (str(repeat),) if repeat else ()
    return sha256(versions.fingerprint, question.model_dump_json(), *again)


class Kept:
    """The answers of a folder; safe to share between threads, closed to a second process.

    A line is written with each answer: what a kill cuts off is one line, and that report is asked again.
    """

    def __init__(self, folder: Path | None) -> None:
        self._answers: dict[str, Answered] = {}
        self._lock = threading.Lock()
        self._file: IO[str] | None = None
        if folder is not None:
            self._open(folder / FILE)

    def __enter__(self) -> Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, name: str) -> Answered | None:
        """The answer of that key."""
        return self._answers.get(name)

    def put(self, name: str, answer: Answered) -> None:
        """Keep an answer."""
        line = json.dumps({"key": name, "answer": answer.model_dump(mode="json", exclude_defaults=True)})
        with self._lock:
            self._answers[name] = answer
            if self._file:
                self._file.write(line + "\n")
                self._file.flush()

    def _open(self, path: Path) -> None:
        try:
            # The quotes in it are a patient's text wherever the reports are.
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(handle, "a+", encoding="utf-8")
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KeptError(f"{path.parent}: another evaluation is writing there") from None
        except OSError as error:
            raise KeptError(f"{path}: {error.strerror}") from None
        self._read(self._file)

    def _read(self, file: IO[str]) -> None:
        file.seek(0)
        whole = True
        for line in file:
            whole = line.endswith("\n")
            try:
                kept = json.loads(line)
                self._answers[kept["key"]] = Answered.model_validate(kept["answer"])
            except (ValueError, ValidationError, KeyError, TypeError):
                continue
        if not whole:
            file.write("\n")
