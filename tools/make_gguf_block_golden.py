#!/usr/bin/env python3
"""Makes testdata/gguf_blocks.bin: random blocks of each GGUF type with the values that the `gguf` package gives them.

usage: tools/make_gguf_block_golden.py testdata/gguf_blocks.bin      (needs: pip install gguf numpy)

The file is a sequence of records: type name, 8 bytes, zero-padded | u32 rows | u32 elements per row |
rows of blocks as in a GGUF file | rows * elements float32. Little-endian.
"""
import struct
import sys

import gguf
import numpy as np
from gguf.quants import dequantize

ROWS, ELEMENTS = 3, 256
TYPES = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"]
# Byte offsets of fp16 numbers in a block: random bytes there would make NaN and infinities.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def random_rows(name, rng):
    block_elements, block_bytes = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    blocks = ROWS * ELEMENTS // block_elements
    if name == "F32":
        return rng.standard_normal((ROWS, ELEMENTS)).astype(np.float32).view(np.uint8)
    if name == "F16":
        return rng.standard_normal((ROWS, ELEMENTS)).astype(np.float16).view(np.uint8)
    if name == "BF16":
        wide = rng.standard_normal((ROWS, ELEMENTS)).astype(np.float32)
        return (wide.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
    data = rng.integers(0, 256, (blocks, block_bytes), dtype=np.uint8)
    for offset in HALVES[name]:
        half = (rng.standard_normal(blocks) * 0.02).astype(np.float16)
        data[:, offset:offset + 2] = half.view(np.uint8).reshape(blocks, 2)
    return data.reshape(ROWS, -1)


def main():
    rng = np.random.default_rng(20261121)
    with open(sys.argv[1], "wb") as out:
        for name in TYPES:
            rows = np.ascontiguousarray(random_rows(name, rng))
            values = dequantize(rows, gguf.GGMLQuantizationType[name]).astype(np.float32)
            assert values.shape == (ROWS, ELEMENTS) and np.isfinite(values).all()
            out.write(struct.pack("<8sII", name.encode(), ROWS, ELEMENTS) + rows.tobytes() + values.tobytes())


if __name__ == "__main__":
    main()
