"""Runs in SGLang's environment: are these arguments what SGLang's own ServerArgs makes of them, without a warning?

stdin: {profile: [argument, …]}. The last line of stdout: {profile: [what is wrong, …]}. With `--flags`, nothing is read
and the last line is {flag: whether it is deprecated}.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys

from sglang.srt.server_args import ServerArgs


class Warnings(logging.Handler):
    """What SGLang warns about: a flag on its way out, a value it changes."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())

    def taken(self) -> list[str]:
        """Those since the last time."""
        said, self.said = self.said, []
        return said


WARNINGS = Warnings()


def problems(parser: argparse.ArgumentParser, arguments: list[str]) -> list[str]:
    """Names that only pass as the beginning of a longer one, and values that arrive as another value."""
    known = parser._option_string_actions
    found = [f"{one} is no flag" for one in arguments if one.startswith("--") and one not in known]
    if found:
        return found
    args = ServerArgs.from_cli_args(parser.parse_args(arguments))
    found += WARNINGS.taken()
    for at, name in enumerate(arguments):
        if not name.startswith("--"):
            continue
        rest = arguments[at + 1 : at + 2]
        wanted = rest[0] if rest and not rest[0].startswith("--") else "True"
        given = getattr(args, known[name].dest)
        if str(given) != wanted and not (isinstance(given, float) and given == float(wanted)):
            found.append(f"{name}: {wanted} became {given}")
    return found


def flags(parser: argparse.ArgumentParser) -> dict[str, bool]:
    """Every flag by its full name. SGLang has classes of its own for those on their way out."""
    known = parser._option_string_actions
    return {
        name: type(known[name]).__name__.startswith("Deprecated") for name in sorted(known) if name.startswith("--")
    }


def main() -> None:
    """See above."""
    logging.getLogger().addHandler(WARNINGS)
    parser = argparse.ArgumentParser()
    ServerArgs.add_cli_args(parser)
    if "--flags" in sys.argv:
        print(json.dumps(flags(parser)))
        return
    asked = json.load(sys.stdin)
    print(json.dumps({name: problems(parser, arguments) for name, arguments in asked.items()}))


if __name__ == "__main__":
    main()
