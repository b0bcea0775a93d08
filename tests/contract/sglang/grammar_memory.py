"""Runs in SGLang's environment: what compiled grammars cost with a vocabulary of DeepSeek's size.

stdin: [schema, …]. The last line of stdout: [{"mb": memory the process grew by, "seconds": processor time}, …]. SGLang
keeps each of them for as long as it runs, in every rank.
"""

from __future__ import annotations

import gc
import json
import random
import string
import sys
import time
from pathlib import Path

import xgrammar

VOCABULARY = 150_000


def main() -> None:
    """See above. The first schema is compiled once beforehand: what the compiler itself needs is not counted."""
    schemas = json.load(sys.stdin)
    compiler = xgrammar.GrammarCompiler(xgrammar.TokenizerInfo(vocabulary()), max_threads=1, cache_enabled=False)
    kept = [compiled(compiler, schemas[0])]
    costs = []
    for schema in schemas:
        gc.collect()
        before, started = resident(), time.process_time()
        kept.append(compiled(compiler, schema))
        costs.append({"mb": resident() - before, "seconds": time.process_time() - started})
    print(json.dumps(costs))


def compiled(compiler: xgrammar.GrammarCompiler, schema: dict[str, object]) -> xgrammar.CompiledGrammar:
    """As SGLang compiles it with --constrained-json-disable-any-whitespace."""
    return compiler.compile_json_schema(json.dumps(schema), any_whitespace=False)


def vocabulary() -> list[str]:
    """All single characters, then words of letters, digits and JSON's own signs, as a byte-level tokenizer has them."""
    chance = random.Random(1)
    signs = string.ascii_letters * 4 + string.digits + ' ":,{}[]_.-\\n'
    words = {chr(code) for code in range(32, 127)} | {"\n", "\t"}
    while len(words) < VOCABULARY:
        words.add("".join(chance.choices(signs, k=chance.randint(2, 9))))
    return sorted(words)


def resident() -> float:
    """MB of RAM this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


if __name__ == "__main__":
    main()
