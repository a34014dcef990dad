#!/usr/bin/env python3
"""Writes a GGUF model as a Hugging Face directory: model.safetensors in F32, the JSON files and tokenizer.json.

usage: gguf_to_safetensors.py MODEL.gguf OUT_DIRECTORY [--tokenizer-only]

For tests that GGUF and safetensors give the same results. Architectures: llama, qwen2, gemma3. Needs the packages gguf
and numpy. Weights are dequantised; llama's q and k go back from neighbouring pairs to halves; Gemma's norms lose the 1
that GGUF adds to them.
"""
import json
import pathlib
import struct
import sys

import gguf
import numpy as np
from gguf.quants import dequantize

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# tokenizer.ggml.pre: (normalizer, split patterns)
SPLITS = {
    "gpt-2": (None, [GPT2]),
    "smollm": (None, [r"\p{N}", GPT2]),
    "llama-bpe": (None, [WORDS + r"\p{N}{1,3}" + REST]),
    "qwen2": ("NFC", [WORDS + r"\p{N}" + REST]),
}
NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
GEMMA_NAMES = {
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
CLASSES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "gemma3": "Gemma3ForCausalLM"}
MODEL_TYPES = {"llama": "llama", "qwen2": "qwen2", "gemma3": "gemma3_text"}


class Model:
    def __init__(self, path):
        self.reader = gguf.GGUFReader(path)
        self.contents = {}  # GGUFReader decodes an array anew at each call, in seconds
        self.arch = self.get("general.architecture")
        if self.arch not in CLASSES:
            sys.exit(f"the architecture {self.arch} is not written; {', '.join(CLASSES)} are")

    def get(self, key, fallback=None):
        if key not in self.contents:
            field = self.reader.fields.get(key)
            self.contents[key] = None if field is None else field.contents()
        return fallback if self.contents[key] is None else self.contents[key]

    def own(self, key, fallback=None):
        return self.get(f"{self.arch}.{key}", fallback)


def hf_name(model, name):
    names = NAMES | (GEMMA_NAMES if model.arch == "gemma3" else {})
    parts = name.split(".")
    layer = f"model.layers.{parts[1]}." if parts[0] == "blk" else ""
    stem = parts[-2]
    if stem not in names or parts[-1] not in ("weight", "bias"):
        sys.exit(f"the tensor {name} has no counterpart in safetensors")
    return f"{layer}{names[stem]}.{parts[-1]}"


def halves(block, heads):
    """Rows of q or k from neighbouring pairs to halves of a head."""
    shape = block.shape
    return block.reshape(heads, shape[0] // heads // 2, 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def tensor_data(model, tensor):
    block = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
    block = block.reshape([int(n) for n in reversed(tensor.shape)])
    if model.arch == "llama" and ".attn_q." in tensor.name:
        block = halves(block, model.own("attention.head_count"))
    if model.arch == "llama" and ".attn_k." in tensor.name:
        block = halves(block, model.own("attention.head_count_kv", model.own("attention.head_count")))
    if model.arch == "gemma3" and tensor.name.endswith("norm.weight"):
        block = block - np.float32(1)
    return np.ascontiguousarray(block)


def write_weights(model, path):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for tensor in model.reader.tensors:
        shape = [int(n) for n in reversed(tensor.shape)]
        size = int(np.prod(shape)) * 4
        header[hf_name(model, tensor.name)] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for tensor in model.reader.tensors:
            out.write(tensor_data(model, tensor).tobytes())


def config(model):
    heads = model.own("attention.head_count")
    dim = model.own("embedding_length")
    tied = not any(tensor.name == "output.weight" for tensor in model.reader.tensors)
    out = {
        "architectures": [CLASSES[model.arch]],
        "model_type": MODEL_TYPES[model.arch],
        "hidden_size": dim,
        "intermediate_size": model.own("feed_forward_length"),
        "num_hidden_layers": model.own("block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": model.own("attention.head_count_kv", heads),
        "head_dim": model.own("attention.key_length", dim // heads),
        "max_position_embeddings": model.own("context_length"),
        "rms_norm_eps": float(model.own("attention.layer_norm_rms_epsilon")),
        "rope_theta": float(model.own("rope.freq_base", 10000.0)),
        "vocab_size": len(model.get("tokenizer.ggml.tokens")),
        "tie_word_embeddings": tied,
        "bos_token_id": model.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": model.get("tokenizer.ggml.eos_token_id"),
        "hidden_act": "silu",
        "torch_dtype": "float32",
    }
    if model.own("rope.scaling.type", "none") != "none" or any(
        tensor.name == "rope_freqs.weight" for tensor in model.reader.tensors
    ):
        sys.exit("scaled rotary positions are not written")
    if model.arch == "gemma3":
        out |= {
            "hidden_activation": "gelu_pytorch_tanh",
            "hidden_act": "gelu_pytorch_tanh",
            "query_pre_attn_scalar": out["head_dim"],
            "sliding_window": model.own("attention.sliding_window"),
            "sliding_window_pattern": 6,
            "rope_local_base_freq": 10000.0,
        }
    if model.arch == "qwen2":
        out["use_sliding_window"] = False
    return out


def added_tokens(tokens, types):
    kinds = {gguf.TokenType.UNKNOWN: True, gguf.TokenType.CONTROL: True, gguf.TokenType.USER_DEFINED: False}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return [
        {"id": i, "content": tokens[i], **flags, "special": kinds[kind]} for i, kind in enumerate(types) if kind in kinds
    ]


def byte_level(model, tokens):
    name = model.get("tokenizer.ggml.pre", "default")
    if name not in SPLITS:
        sys.exit(f"the pre-tokenizer {name} is not written; {', '.join(SPLITS)} are")
    normalizer, patterns = SPLITS[name]
    plain = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    splits = [{"type": "Split", "pattern": {"Regex": p}, "behavior": "Isolated", "invert": False} for p in patterns]
    return {
        "normalizer": normalizer and {"type": normalizer},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*splits, plain]},
        "decoder": plain,
        "model": {
            "type": "BPE",
            "ignore_merges": name == "llama-bpe",
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": model.get("tokenizer.ggml.merges"),
        },
    }


def merges_by_score(tokens, scores, types):
    """Every way to make a token of two others, best score first: what SentencePiece's BPE would merge."""
    usable = (gguf.TokenType.NORMAL, gguf.TokenType.USER_DEFINED, gguf.TokenType.UNUSED)
    ids = {token: i for i, token in enumerate(tokens) if types[i] in usable}
    merges = []
    for token, i in ids.items():
        pairs = [(token[:n], token[n:]) for n in range(1, len(token)) if token[:n] in ids and token[n:] in ids]
        merges += [(-scores[i], ids[left], ids[right], [left, right]) for left, right in pairs]
    return [pair for *_, pair in sorted(merges, key=lambda merge: merge[:3])]


def sentencepiece(model, tokens, types):
    prefix = model.get("tokenizer.ggml.add_space_prefix", True)
    space = {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}
    back = {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}
    decoders = [back, {"type": "ByteFallback"}, {"type": "Fuse"}]
    if prefix:
        decoders.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    unknown = model.get("tokenizer.ggml.unknown_token_id")
    return {
        "normalizer": {
            "type": "Sequence",
            "normalizers": ([{"type": "Prepend", "prepend": "\u2581"}] if prefix else []) + [space],
        },
        "pre_tokenizer": None,
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": {
            "type": "BPE",
            "unk_token": None if unknown is None else tokens[unknown],
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": {token: i for i, token in enumerate(tokens)},
            "merges": merges_by_score(tokens, model.get("tokenizer.ggml.scores"), types),
        },
    }


def tokenizer(model):
    tokens = model.get("tokenizer.ggml.tokens")
    types = model.get("tokenizer.ggml.token_type")
    kind = model.get("tokenizer.ggml.model")
    if kind not in ("gpt2", "llama"):
        sys.exit(f"the tokenizer kind {kind} is not written; gpt2 and llama are")
    out = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added_tokens(tokens, types)}
    out |= byte_level(model, tokens) if kind == "gpt2" else sentencepiece(model, tokens, types)
    bos = model.get("tokenizer.ggml.bos_token_id")
    out["post_processor"] = None
    if model.get("tokenizer.ggml.add_bos_token", kind == "llama") and bos is not None:
        name = tokens[bos]
        single = [{"SpecialToken": {"id": name, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
        out["post_processor"] = {
            "type": "TemplateProcessing",
            "single": single,
            "pair": single,
            "special_tokens": {name: {"id": name, "ids": [bos], "tokens": [name]}},
        }
    return out


def main():
    arguments = [a for a in sys.argv[1:] if a != "--tokenizer-only"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    model = Model(arguments[0])
    out = pathlib.Path(arguments[1])
    out.mkdir(parents=True, exist_ok=True)

    def write(name, value):
        (out / name).write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")

    tokens = model.get("tokenizer.ggml.tokens")
    ids = {k: model.get(f"tokenizer.ggml.{k}_token_id") for k in ("bos", "eos")}
    names = {f"{k}_token": tokens[i] for k, i in ids.items() if i is not None}
    template = model.get("tokenizer.chat_template")
    write("tokenizer.json", tokenizer(model))
    write("tokenizer_config.json", names | ({"chat_template": template} if template else {}))
    if "--tokenizer-only" in sys.argv:
        return
    write("config.json", {k: v for k, v in config(model).items() if v is not None})
    write("generation_config.json", {f"{k}_token_id": i for k, i in ids.items() if i is not None})
    write_weights(model, out / "model.safetensors")


if __name__ == "__main__":
    main()
