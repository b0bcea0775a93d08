"""Starts SGLang's own server on a CPU: `python -m integration.sglang.tiny.launch FLAGS…`.

SGLang chooses how to compute MLA by attention backend and knows no choice for `torch_native`; it is named here
before the model loads. SGLang's child processes import this module again, so that they know it as well.
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


name_attention_method()

if __name__ == "__main__":
    os.environ.setdefault("SGLANG_USE_CPU_ENGINE", "1")
    arguments = import_module("sglang.srt.server_args").prepare_server_args(sys.argv[1:])
    try:
        import_module("sglang.launch_server").run_server(arguments)
    finally:
        import_module("sglang.srt.utils").kill_process_tree(os.getpid(), include_parent=False)
