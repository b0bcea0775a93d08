"""Where other people's documents are opened and the rules read: processes beside the worker that may be lost.

A pattern or a parser that does not come to an end holds the interpreter of its process, its lease renewal and its
probes with it. Here it holds a child, which the kernel ends at its limit and the nursery replaces.
"""
