#!/usr/bin/env python3
"""PyTorch's scaled-dot-product attention at the sizes of `cargo bench -p astro --bench attention`, one thread, f32.

    python3 scripts/attention_anchor.py && cargo bench -p astro --bench attention

Bidirectional, a batch of one. `small`: four heads of 8 dimensions, nanoseconds per token and head. Otherwise one head
of 64 dimensions, milliseconds per sequence. Medians; nothing but PyTorch is needed.
"""

import statistics
import time

import torch

# Heads, dimensions of a head, lengths of sequences, unit of the table.
SMALL = (4, 8, [49, 512, 4096], "ns per token and head")
LARGE = (1, 64, [128, 512, 2048, 16384], "ms per sequence")


def seconds(heads: int, dim: int, tokens: int) -> float:
    """Median time of one sequence, of at least five and about a second of them."""
    q, k, v = (torch.randn(1, heads, tokens, dim) for _ in range(3))
    times, begun = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() < begun + 1.0:
        start = time.perf_counter()
        torch.nn.functional.scaled_dot_product_attention(q, k, v)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(1)
    print(f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, one thread")
    with torch.inference_mode():
        for heads, dim, lengths, unit in (SMALL, LARGE):
            print(f"{heads} x {dim}, {unit}")
            for tokens in lengths:
                spent = seconds(heads, dim, tokens)
                shown = spent * 1e9 / tokens / heads if unit.startswith("ns") else spent * 1e3
                print(f"{tokens:6} {shown:10.3g}")


if __name__ == "__main__":
    main()
