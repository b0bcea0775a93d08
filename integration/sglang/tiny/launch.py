"""Starts SGLang's own server on a CPU: `python -m integration.sglang.tiny.launch FLAGS…`.

Two choices SGLang makes by device have no entry for the CPU; they are added here before the model loads. SGLang's
child processes import this module again, so that they know them as well.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module


def name_attention_method() -> None:
    """Latent attention, computed by PyTorch alone."""
    methods = import_module(
        "sglang.srt.models.deepseek_common.attention_forward_methods.forward_methods"
    ).AttnForwardMethod
    registry = import_module("sglang.srt.models.deepseek_common.attention_backend_handler").AttentionBackendRegistry
    registry.register("torch_native", lambda attn, forward_batch: methods.MLA)


def name_mask_function() -> None:
    """Under --enable-strict-thinking the vocabulary mask is applied by device; on a CPU by xgrammar itself."""
    backend = import_module("sglang.srt.constrained.xgrammar_backend").XGrammarGrammarBackend
    apply = import_module("xgrammar").apply_token_bitmask_inplace
    backend.apply_vocab_mask = staticmethod(lambda logits, vocab_mask: apply(logits, vocab_mask))


name_attention_method()
name_mask_function()

if __name__ == "__main__":
    os.environ.setdefault("SGLANG_USE_CPU_ENGINE", "1")
    arguments = import_module("sglang.srt.server_args").prepare_server_args(sys.argv[1:])
    try:
        import_module("sglang.launch_server").run_server(arguments)
    finally:
        import_module("sglang.srt.utils").kill_process_tree(os.getpid(), include_parent=False)
