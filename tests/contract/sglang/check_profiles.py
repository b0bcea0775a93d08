"""Runs in SGLang's environment: are these arguments what SGLang's own ServerArgs makes of them?

stdin: {profile: [argument, …]}. The last line of stdout: {profile: [what is wrong, …]}.
"""

from __future__ import annotations

import argparse
import json
import sys

from sglang.srt.server_args import ServerArgs


def problems(parser: argparse.ArgumentParser, arguments: list[str]) -> list[str]:
    """Names that only pass as the beginning of a longer one, and values that arrive as another value."""
    known = parser._option_string_actions
    found = [f"{one} is no flag" for one in arguments if one.startswith("--") and one not in known]
    if found:
        return found
    args = ServerArgs.from_cli_args(parser.parse_args(arguments))
    for at, name in enumerate(arguments):
        if not name.startswith("--"):
            continue
        rest = arguments[at + 1 : at + 2]
        wanted = rest[0] if rest and not rest[0].startswith("--") else "True"
        given = getattr(args, known[name].dest)
        if str(given) != wanted and not (isinstance(given, float) and given == float(wanted)):
            found.append(f"{name}: {wanted} became {given}")
    return found


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser()
    ServerArgs.add_cli_args(parser)
    asked = json.load(sys.stdin)
    print(json.dumps({name: problems(parser, arguments) for name, arguments in asked.items()}))


if __name__ == "__main__":
    main()
