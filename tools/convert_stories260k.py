#!/usr/bin/env python3
"""Converts a llama2.c model (format v0) and its tokenizer.bin to one GGUF file, all tensors in F32.

usage: convert_stories260k.py stories260K.bin tok512.bin OUT.gguf

Needs the packages gguf and numpy. llama2.c rotates neighbouring pairs of q and k, as GGUF's architecture "llama" does,
so the rows of wq and wk stay as they are.
"""
import struct
import sys

import gguf
import numpy as np


def read_tokenizer(path, vocab_size):
    """Tokens, scores and types; llama2.c writes a space where SentencePiece has U+2581, and line breaks around <s>."""
    data = open(path, "rb").read()
    offset, tokens, scores, types = 4, [], [], []
    for _ in range(vocab_size):
        score, length = struct.unpack_from("<fi", data, offset)
        token = data[offset + 8 : offset + 8 + length]
        offset += 8 + length
        if token.strip() in (b"<unk>", b"<s>", b"</s>"):
            token = token.strip()
            kind = gguf.TokenType.UNKNOWN if token == b"<unk>" else gguf.TokenType.CONTROL
        elif token.startswith(b"<0x") and len(token) == 6:
            kind = gguf.TokenType.BYTE
        else:
            token = token.replace(b" ", "\u2581".encode())
            kind = gguf.TokenType.NORMAL
        tokens.append(token)
        scores.append(score)
        types.append(kind)
    if offset != len(data):
        sys.exit(f"{path}: {len(data) - offset} bytes are left behind {vocab_size} tokens")
    return tokens, scores, types


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    model_path, tokenizer_path, out = sys.argv[1:]
    raw = open(model_path, "rb").read()
    dim, hidden, layers, heads, kv_heads, vocab, context = struct.unpack_from("<7i", raw)
    tied, vocab = vocab > 0, abs(vocab)
    head_dim = dim // heads
    weights = np.frombuffer(raw, dtype="<f4", offset=28)
    position = 0

    def take(*shape):
        nonlocal position
        size = int(np.prod(shape))
        block = weights[position : position + size].reshape(shape)
        position += size
        return block

    embedding = take(vocab, dim)
    per_layer = {
        "attn_norm": take(layers, dim),
        "attn_q": take(layers, heads * head_dim, dim),
        "attn_k": take(layers, kv_heads * head_dim, dim),
        "attn_v": take(layers, kv_heads * head_dim, dim),
        "attn_output": take(layers, dim, heads * head_dim),
        "ffn_norm": take(layers, dim),
        "ffn_gate": take(layers, hidden, dim),
        "ffn_down": take(layers, dim, hidden),
        "ffn_up": take(layers, hidden, dim),
    }
    output_norm = take(dim)
    take(2, context, head_dim // 2)  # cosines and sines, which follow from the positions
    output = None if tied else take(vocab, dim)
    if position != len(weights):
        sys.exit(f"{model_path}: {len(weights) - position} numbers are left over")

    writer = gguf.GGUFWriter(out, "llama")
    writer.add_name("stories260K")
    writer.add_license("MIT")
    writer.add_context_length(context)
    writer.add_embedding_length(dim)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(head_dim)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(vocab)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    tokens, scores, types = read_tokenizer(tokenizer_path, vocab)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(True)
    writer.add_tensor("token_embd.weight", embedding)
    for layer in range(layers):
        for name, block in per_layer.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ascontiguousarray(block[layer]))
    writer.add_tensor("output_norm.weight", output_norm)
    if output is not None:
        writer.add_tensor("output.weight", output)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
