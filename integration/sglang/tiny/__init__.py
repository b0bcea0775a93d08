"""A real SGLang server without a GPU: a tiny random model of DeepSeek-V3's architecture, and its launcher.

It speaks nonsense inside valid JSON. That proves the client, never the reading. The modules here run in
SGLang's own environment and import nothing else of ours.
"""
