#!/usr/bin/env python3
"""Writes the tiny random models of testdata/tiny_* and their goldens, computed by Hugging Face transformers in float32.

usage: make_goldens.py [NAME...]     (all of MODELS when none is named)

Run by hand, results committed; a virtual environment with `pip install torch transformers tokenizers safetensors` will
do (CPU is enough; made with the versions that each golden.json names).

Every setting of a model differs from its default, so that one which is not read shows in the logits: epsilon, rotary
bases, head size, query scale, window. Norm weights and biases are random. testdata/tiny_NAME holds a model as
save_pretrained() writes it, a byte-level BPE tokenizer, and golden.json:
  ids                 random token ids
  tokens, logits      the logits of a few tokens after every position, logits[position][i] that of tokens[i]
  logsumexp           of all logits, after every position
  last_logits         of every token, after the last position
  f16_cache           the last four again with K and V rounded to float16 on their way into the cache, as Weft keeps them
  prompt, output_ids  greedy continuation, with the margin (top-1 minus top-2 logit) of each token
"""
import json
import pathlib
import sys

import tokenizers
import torch
import transformers

NUM_IDS, NUM_PROMPT, NUM_OUTPUT, NUM_TOKENS = 56, 12, 32, 8
MIN_MARGIN = 0.02  # a smaller one somewhere: take another seed

COMMON = {
    "vocab_size": 320,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-3,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": None,
}
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 3000.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


def rope(theta):
    return {"rope_type": "default", "rope_theta": theta}


MODELS = {
    "llama": {
        "config": lambda: transformers.LlamaConfig(
            **COMMON, num_hidden_layers=3, rope_parameters=rope(700.0), tie_word_embeddings=False),
        "dtype": torch.float32,
    },
    "llama_scaled": {
        "config": lambda: transformers.LlamaConfig(
            **COMMON, num_hidden_layers=3, head_dim=24, rope_parameters=LLAMA3_ROPE, tie_word_embeddings=True),
        "dtype": torch.bfloat16,
    },
    "qwen2": {
        "config": lambda: transformers.Qwen2Config(
            **COMMON, num_hidden_layers=3, rope_parameters=rope(900.0), tie_word_embeddings=True),
        "dtype": torch.float32,
    },
    "qwen2_untied": {
        "config": lambda: transformers.Qwen2Config(
            **COMMON, num_hidden_layers=3, rope_parameters=rope(900.0), tie_word_embeddings=False),
        "dtype": torch.bfloat16,
    },
    "gemma3": {
        "config": lambda: transformers.Gemma3TextConfig(
            **COMMON, num_hidden_layers=7, head_dim=32, sliding_window=8, query_pre_attn_scalar=24,
            rope_parameters={"full_attention": rope(5000.0), "sliding_attention": rope(300.0)},
            tie_word_embeddings=True),
        "dtype": torch.bfloat16,
        "embedding": 0.12,  # times sqrt(hidden size): a larger one drowns what the layers add, and a tied head repeats its input
    },
}

TEXT = """In the house of the river there was a small engine. It read a word, and then another word, and after that it
wrote the word that it thought would come next. The river ran on; the engine wrote: water, water, under the stones, and
over the stones, all the way to the sea. Nobody had told it how. 1 2 3 10 20 300, said the counter. Größe, naïve, 水。\n"""


class HalfCache(transformers.DynamicCache):
    """Keeps K and V in float16."""

    def update(self, key_states, value_states, *args, **kwargs):
        return super().update(key_states.half().float(), value_states.half().float(), *args, **kwargs)


def random_model(config, dtype, embedding, seed):
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("norm.weight"):
                weight.normal_(0.0 if "Gemma" in type(model).__name__ else 1.0, 0.25)
            elif weight.dim() == 1:
                weight.normal_(0.0, 0.5)
            elif "embed_tokens" in name or "lm_head" in name:
                weight.normal_(0.0, embedding)
            else:
                weight.normal_(0.0, 1.3 * weight.shape[1] ** -0.5)
            weight.copy_(weight.to(dtype).float())
    return model


def teacher_forced(model, ids, tokens, cache):
    with torch.no_grad():
        logits = model(torch.tensor([ids]), past_key_values=cache, use_cache=True).logits[0]
    rounded = lambda values: [round(float(v), 5) for v in values]
    return {
        "logits": [rounded(row[tokens]) for row in logits],
        "logsumexp": rounded(torch.logsumexp(logits, -1)),
        "last_logits": rounded(logits[-1]),
    }


def greedy(model, prompt):
    ids, margins = list(prompt), []
    with torch.no_grad():
        for _ in range(NUM_OUTPUT):
            top = torch.topk(model(torch.tensor([ids]), use_cache=False).logits[0, -1], 2)
            margins.append(round(float(top.values[0] - top.values[1]), 5))
            ids.append(int(top.indices[0]))
    return ids[len(prompt):], margins


def make_tokenizer(folder):
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=COMMON["vocab_size"], special_tokens=["<s>", "</s>"], show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator([TEXT] * 4, trainer)
    assert tokenizer.get_vocab_size() == COMMON["vocab_size"]
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": "<s>", "eos_token": "</s>"}) + "\n")


def make(name, root):
    spec = MODELS[name]
    for seed in range(1, 200):
        model = random_model(spec["config"](), spec["dtype"], spec.get("embedding", 0.3), seed)
        ids = torch.randint(2, COMMON["vocab_size"], (NUM_IDS,)).tolist()
        tokens = sorted(torch.randperm(COMMON["vocab_size"])[:NUM_TOKENS].tolist())
        output_ids, margin = greedy(model, ids[:NUM_PROMPT])
        if min(margin) > MIN_MARGIN and len(set(output_ids)) > 12:
            break
    else:
        sys.exit(f"no seed gives tiny_{name} clear margins")
    golden = {
        "made_by": f"tools/make_goldens.py, transformers {transformers.__version__}, torch {torch.__version__}, seed {seed}",
        "ids": ids,
        "tokens": tokens,
        **teacher_forced(model, ids, tokens, transformers.DynamicCache(config=model.config)),
        "f16_cache": teacher_forced(model, ids, tokens, HalfCache(config=model.config)),
        "prompt": ids[:NUM_PROMPT],
        "output_ids": output_ids,
        "margin": margin,
    }
    folder = root / f"tiny_{name}"
    folder.mkdir(parents=True, exist_ok=True)
    model.to(spec["dtype"]).save_pretrained(folder)
    make_tokenizer(folder)
    (folder / "golden.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    for file in folder.iterdir():
        file.chmod(0o644)
    size = sum(file.stat().st_size for file in folder.iterdir())
    assert size <= 2 << 20, size
    print(f"{folder.name}: seed {seed}, smallest margin {min(margin)}, {size >> 10} KiB")


def main():
    torch.set_num_threads(1)
    root = pathlib.Path(__file__).resolve().parent.parent / "testdata"
    for name in sys.argv[1:] or MODELS:
        make(name, root)


if __name__ == "__main__":
    main()
