"""What a training step costs on one GPU: tokens per second and peak memory at full length.

    python benchmarks/training_on_a_gpu.py [--tokens 8192] [--labels 8000] [--steps 5]
    python benchmarks/training_on_a_gpu.py --device cpu --size tiny --tokens 512 --labels 50    # does it run?

Models have random weights. `clem-icd` and `clem-label-attention` are as large as ModernBERT-base and read
one note of so many tokens in one piece; `plm-ca` is as large as RoBERTa-base and reads as much of it as its
recipe does, in segments of 128. A step is forward, backward and AdamW on one note, in bf16. Each is measured
with PyTorch's attention, with the attention of this package and, if it is installed, with FlashAttention-2;
with and without gradient checkpointing. Times are medians.

The last lines try a batch of a long and a short note, which has padding: fine-tuning ModernBERT with
FlashAttention-2 once gave NaN there (huggingface/transformers#35988). Loss and gradients must be finite, and
the logits of the short note near those without padding.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import PreTrainedModel, RobertaConfig, RobertaModel
from transformers.utils import is_flash_attn_2_available, logging

from clem_icd.icd import Code, CodeSystem
from clem_icd.icd.packaged import packaged_titles
from clem_icd.modeling import Architecture, LabelSpace, build
from clem_icd.modeling.attention import BLOCK_LOCAL
from clem_icd.modeling.encoders.small import SmallEncoder
from clem_icd.modeling.machine import describe_environment

SIZES: dict[str, dict[str, int]] = {
    "base": {"hidden_size": 768, "intermediate_size": 1152, "layers": 22, "attention_heads": 12},
    "tiny": {"hidden_size": 32, "intermediate_size": 48, "layers": 4, "attention_heads": 2},
}
HEADS: dict[str, dict[str, Any]] = {
    "clem-icd": {"kind": "pooled", "pooling": "mean"},
    "clem-label-attention": {"kind": "label-attention", "keys": "linear"},
    "plm-ca": {"kind": "label-cross-attention", "output": "shared"},
}
SMALL_GPU = 24
"""GiB of a common GPU; 2 are left to the driver and to fragments."""

Batch = dict[str, torch.Tensor]


class Bench:
    """The device, the label space and the text of all measurements."""

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        titles = packaged_titles(CodeSystem.ICD10CM)
        codes = tuple(Code(value, CodeSystem.ICD10CM) for value in sorted(titles)[: arguments.labels])
        self.names = tuple(titles[code.value] for code in codes)
        self.labels = LabelSpace(codes, self.names, np.ones(len(codes), dtype=np.int64), len(codes))
        self.device = torch.device(arguments.device)
        self.size = SIZES[arguments.size]
        self.tokens: int = arguments.tokens
        self.steps: int = arguments.steps
        self.folder = folder
        # Every word is at least one token.
        self.text = " ".join(itertools.islice(itertools.cycle(" ".join(self.names).split()), self.tokens))

    def built(self, name: str, attention: str) -> tuple[PreTrainedModel, Architecture, Any]:
        """Return a model on the device, its architecture and its tokenizer."""
        architecture = Architecture.model_validate({"head": HEADS[name], **self._reads(name)})
        torch.manual_seed(0)
        model, tokenizer = build(architecture, self.labels, texts=self.names, attention=attention)
        return model.to(self.device).train(), architecture, tokenizer

    def batch(self, architecture: Architecture, tokenizer: Any, *texts: str) -> Batch:
        """Return notes as a model receives them; each has the first label."""
        collate = architecture.reading.collator(tokenizer.pad_token_id, len(self.names))
        items = [
            {"input_ids": note.ids, "labels": np.array([0])}
            for note in architecture.reading.read(tokenizer, texts)
        ]
        return {name: value.to(self.device) for name, value in collate(items).items()}

    def passed(self, model: PreTrainedModel, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the logits and the loss of a batch."""
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = model(**inputs).logits
        return logits, binary_cross_entropy_with_logits(logits.float(), batch["labels"].float())

    def _reads(self, name: str) -> dict[str, Any]:
        if name != "plm-ca":
            encoder = {"kind": "small", **self.size}
            return {"encoder": encoder, "reading": {"kind": "whole", "max_tokens": self.tokens}}
        kept = min(6_000, self.tokens) // 128 * 128
        reading = {"kind": "segments", "segment_tokens": 128, "max_tokens": kept}
        return {"encoder": {"kind": "pretrained", "name": str(self._roberta())}, "reading": reading}

    def _roberta(self) -> Path:
        folder = self.folder / "roberta"
        if not folder.exists():
            tokenizer = SmallEncoder(**self.size).open(positions=512, texts=self.names).tokenizer
            config = RobertaConfig(
                vocab_size=50_265,
                hidden_size=self.size["hidden_size"],
                num_hidden_layers=min(12, self.size["layers"]),
                num_attention_heads=self.size["attention_heads"],
                intermediate_size=4 * self.size["hidden_size"],
                max_position_embeddings=514,
                pad_token_id=tokenizer.pad_token_id,
            )
            RobertaModel(config).save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        return folder


def measure(bench: Bench, name: str, attention: str, *, checkpointing: bool) -> None:
    """Print what a step costs, or that it does not fit."""
    row = f"{name:<22} {attention:<18} checkpointing {'on' if checkpointing else 'off':<4}"
    try:
        print(row, _cost(bench, name, attention, checkpointing), flush=True)
    except torch.cuda.OutOfMemoryError:
        print(row, "does not fit", flush=True)
    if bench.device.type == "cuda":
        torch.cuda.empty_cache()


def _cost(bench: Bench, name: str, attention: str, checkpointing: bool) -> str:
    model, architecture, tokenizer = bench.built(name, attention)
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    batch = bench.batch(architecture, tokenizer, bench.text)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5)
    seconds: list[float] = []
    for step in range(bench.steps + 2):
        if step == 2 and bench.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        began = _now(bench.device)
        bench.passed(model, batch)[1].backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(_now(bench.device) - began)
    read = int(batch["attention_mask"].sum())
    rate = f"{read:>6,} tokens {read / statistics.median(seconds[2:]):>9,.0f} tokens/s"
    if bench.device.type != "cuda":
        return rate
    peak = torch.cuda.max_memory_allocated() / 2**30
    return (
        f"{rate} {peak:6.1f} GiB, {SMALL_GPU} GB {'is enough' if peak < SMALL_GPU - 2 else 'is too little'}"
    )


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def check_padding(bench: Bench, name: str, attention: str) -> None:
    """Print whether a batch with padding trains, and how far padding changes the logits of its short note."""
    model, architecture, tokenizer = bench.built(name, attention)
    short = " ".join(bench.text.split()[: bench.tokens // 16])
    padded = bench.batch(architecture, tokenizer, bench.text, short)
    with torch.no_grad():
        model.eval()
        alone = bench.passed(model, bench.batch(architecture, tokenizer, short))[0][0]
        beside = bench.passed(model, padded)[0][1]
    model.train()
    loss = bench.passed(model, padded)[1]
    loss.backward()
    gradients = [one.grad for one in model.parameters() if one.grad is not None]
    finite = bool(loss.isfinite()) and all(bool(one.isfinite().all()) for one in gradients)
    change = float((alone - beside).abs().max())
    print(
        f"{name:<22} {attention:<18} padded batch: loss and gradients "
        f"{'are finite' if finite else 'ARE NOT FINITE'}; padding changes a logit by at most {change:.2g}",
        flush=True,
    )


def main() -> None:
    """Measure, and print a line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--size", choices=SIZES, default="base")
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--labels", type=int, default=8000)
    parser.add_argument("--steps", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("no GPU was found; --device cpu --size tiny tries the script")
    kinds = ["sdpa", BLOCK_LOCAL]
    if arguments.device == "cuda" and is_flash_attn_2_available():
        kinds.append("flash_attention_2")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    print(describe_environment())
    if "flash_attention_2" not in kinds:
        print("FlashAttention-2 is not installed, or the device does not support it: left out")
    with TemporaryDirectory() as folder:
        bench = Bench(arguments, Path(folder))
        for name, attention, checkpointing in itertools.product(HEADS, kinds, (False, True)):
            measure(bench, name, attention, checkpointing=checkpointing)
        for name, attention in itertools.product(HEADS, kinds):
            check_padding(bench, name, attention)


if __name__ == "__main__":
    main()
