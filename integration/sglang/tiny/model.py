"""Writes a tiny model that SGLang takes for DeepSeek-V3: MLA, a mixture of experts, R1's chat template.

Weights are random from a fixed seed, except one: the first hidden channel is constant and the output layer
reads from it how likely each token is. So thoughts and strings end after some tokens instead of thousands,
and a call takes seconds on a CPU.

Run in SGLang's environment: `python -m integration.sglang.tiny.model FOLDER`.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

HIDDEN = 256
LAYERS = 2
HEADS = 4
Q_RANK, KV_RANK = 128, 64
NOPE, ROPE, VALUE = 32, 16, 32
EXPERTS, EXPERTS_USED, EXPERT_WIDTH = 8, 2, 64
DENSE_WIDTH = 512
VOCABULARY = 1024
CONTEXT = 32768
SEED = 20260101
LOUD = 16.0
"""The constant channel's value; the others are below 1, so that normalisation keeps it near sqrt(HIDDEN)."""

BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"
SPECIAL = (BOS, EOS, "<｜User｜>", "<｜Assistant｜>")
THINK = ("<think>", "</think>")
"""Tokens of their own and, as in R1's tokenizer, not special: the server's reasoning parser reads them."""

ODDS = {"</think>": 10.0, '"': 21.0, "]": 30.0, EOS: 0.001}
"""How much likelier than others these are (an end in mid-thought: hardly ever), before temperature divides."""

# DeepSeek-R1's, less tools: https://huggingface.co/deepseek-ai/DeepSeek-R1-0528, tokenizer_config.json.
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'] }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '<｜User｜>' + message['content'] }}{% endif %}"
    "{% if message['role'] == 'assistant' %}"
    "{{ '<｜Assistant｜>' + message['content'].split('</think>')[-1] + '<｜end▁of▁sentence｜>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\\n' }}{% endif %}"
)


def write_model(folder: Path) -> None:
    """Configuration, tokenizer and weights, as `from_pretrained` expects them; an existing folder is reused."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(folder / "tokenizer_config.json", _tokenizer_config())
    _write_json(folder / "config.json", _config(tokenizer))
    _write_json(folder / "generation_config.json", {"eos_token_id": tokenizer.token_to_id(EOS)})
    weights = _weights(tokenizer)
    import_module("safetensors.torch").save_file(weights, str(folder / "model.safetensors"))


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")


def _tokenizer() -> Any:
    """Byte-level BPE, trained on this file: any text has tokens, common letter pairs have one."""
    tokenizers = import_module("tokenizers")
    level = import_module("tokenizers.pre_tokenizers").ByteLevel
    tokenizer = tokenizers.Tokenizer(import_module("tokenizers.models").BPE())
    tokenizer.pre_tokenizer = level(add_prefix_space=False)
    tokenizer.decoder = import_module("tokenizers.decoders").ByteLevel()
    trainer = import_module("tokenizers.trainers").BpeTrainer(
        vocab_size=VOCABULARY - len(THINK),
        special_tokens=list(SPECIAL),
        initial_alphabet=level.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([Path(__file__).read_text(encoding="utf-8")], trainer)
    tokenizer.add_tokens([tokenizers.AddedToken(one, normalized=False, special=False) for one in THINK])
    return tokenizer


def _tokenizer_config() -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": EOS,
        "pad_token": EOS,
        "model_max_length": CONTEXT,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }


def _config(tokenizer: Any) -> dict[str, Any]:
    """DeepSeek-V3's own keys. `rope_scaling` (YaRN) is required by SGLang's CPU path."""
    return {
        "architectures": ["DeepseekV3ForCausalLM"],
        "model_type": "deepseek_v3",
        "bos_token_id": tokenizer.token_to_id(BOS),
        "eos_token_id": tokenizer.token_to_id(EOS),
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "intermediate_size": DENSE_WIDTH,
        "moe_intermediate_size": EXPERT_WIDTH,
        "num_hidden_layers": LAYERS,
        "first_k_dense_replace": 1,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
        "q_lora_rank": Q_RANK,
        "kv_lora_rank": KV_RANK,
        "qk_nope_head_dim": NOPE,
        "qk_rope_head_dim": ROPE,
        "v_head_dim": VALUE,
        "n_routed_experts": EXPERTS,
        "n_shared_experts": 1,
        "num_experts_per_tok": EXPERTS_USED,
        "n_group": 2,
        "topk_group": 1,
        "topk_method": "noaux_tc",
        "scoring_func": "sigmoid",
        "norm_topk_prob": True,
        "routed_scaling_factor": 2.5,
        "moe_layer_freq": 1,
        "num_nextn_predict_layers": 0,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-6,
        "max_position_embeddings": CONTEXT,
        "rope_theta": 10000,
        "rope_scaling": {
            "type": "yarn",
            "factor": 8,
            "original_max_position_embeddings": CONTEXT // 8,
            "beta_fast": 32,
            "beta_slow": 1,
            "mscale": 1.0,
            "mscale_all_dim": 1.0,
        },
        "attention_bias": False,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    }


def _shapes() -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight matrix and norm of the checkpoint."""
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (VOCABULARY, HIDDEN),
        "model.norm.weight": (HIDDEN,),
        "lm_head.weight": (VOCABULARY, HIDDEN),
    }
    for layer in range(LAYERS):
        place = f"model.layers.{layer}."
        shapes |= {place + name: shape for name, shape in _attention().items()}
        mlp = _mlp("mlp.", DENSE_WIDTH) if layer == 0 else _experts()
        shapes |= {place + name: shape for name, shape in mlp.items()}
    return shapes


def _attention() -> dict[str, tuple[int, ...]]:
    return {
        "input_layernorm.weight": (HIDDEN,),
        "post_attention_layernorm.weight": (HIDDEN,),
        "self_attn.q_a_proj.weight": (Q_RANK, HIDDEN),
        "self_attn.q_a_layernorm.weight": (Q_RANK,),
        "self_attn.q_b_proj.weight": (HEADS * (NOPE + ROPE), Q_RANK),
        "self_attn.kv_a_proj_with_mqa.weight": (KV_RANK + ROPE, HIDDEN),
        "self_attn.kv_a_layernorm.weight": (KV_RANK,),
        "self_attn.kv_b_proj.weight": (HEADS * (NOPE + VALUE), KV_RANK),
        "self_attn.o_proj.weight": (HIDDEN, HEADS * VALUE),
    }


def _mlp(place: str, width: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{place}gate_proj.weight": (width, HIDDEN),
        f"{place}up_proj.weight": (width, HIDDEN),
        f"{place}down_proj.weight": (HIDDEN, width),
    }


def _experts() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "mlp.gate.weight": (EXPERTS, HIDDEN),
        "mlp.gate.e_score_correction_bias": (EXPERTS,),
        **_mlp("mlp.shared_experts.", EXPERT_WIDTH),
    }
    for expert in range(EXPERTS):
        shapes |= _mlp(f"mlp.experts.{expert}.", EXPERT_WIDTH)
    return shapes


def _weights(tokenizer: Any) -> dict[str, Any]:
    torch = import_module("torch")
    random = torch.Generator().manual_seed(SEED)
    weights = {name: _weight(torch, random, name, shape) for name, shape in _shapes().items()}
    weights["model.embed_tokens.weight"][:, 0] = LOUD
    weights["lm_head.weight"][:, 0] = 0.0
    for token, odds in ODDS.items():
        loudness = HIDDEN**0.5
        weights["lm_head.weight"][tokenizer.token_to_id(token), 0] = torch.log(torch.tensor(odds)) / loudness
    return weights


def _weight(torch: Any, random: Any, name: str, shape: tuple[int, ...]) -> Any:
    if name.endswith("norm.weight"):
        return torch.ones(shape, dtype=torch.bfloat16)
    if name.endswith("correction_bias"):
        return torch.zeros(shape, dtype=torch.float32)
    return (torch.randn(shape, generator=random) * 0.02).to(torch.bfloat16)


if __name__ == "__main__":
    write_model(Path(sys.argv[1]))
