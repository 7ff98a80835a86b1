"""The precision in which a neural system scores notes: a choice when it is loaded, never when it is stored.

In reduced precision, the linear layers of the encoder multiply bf16 or int8, and attention follows them. What
decides small differences stays in single precision: embeddings, norms, what is added to the residual stream,
the sums in a softmax, pooling, and the head.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple, get_args

import torch
from transformers import PreTrainedModel

from clem_icd.errors import InputError, ModelError
from clem_icd.modeling.machine import hardware
from clem_icd.modeling.precision_record import PrecisionRecord
from clem_icd.modeling.reduced_linears import (
    Bf16Linear,
    Int8Linear,
    ReducedLinear,
    can_multiply_int8,
    replace_linears,
)

Reduced = Literal["bf16", "int8"]

REDUCED: tuple[Reduced, ...] = get_args(Reduced)
"""The reduced precisions."""

PRECISIONS = ("fp32", *REDUCED, "auto")
"""What can be asked for; ``auto`` is the fastest one that was measured to leave F1 as it is."""

SMALL_CHANGE = 0.001
"""The most by which ``auto`` lets a precision change any F1: 0.1 point."""

# Enough rows for a product to be as fast as it gets, and few enough for the trial to take a moment.
_TRIAL_TOKENS = 512
_TRIALS = 5

_FEWEST_NOTES = 100
"""A change of 0.1 point does not show on fewer notes."""

_MEASURE = "`clem precision MODEL --corpus CORPUS` measures it"


class Precision(NamedTuple):
    """The precision of a system.

    Attributes
    ----------
    name
        ``fp32``, ``bf16`` or ``int8``.
    reason
        Why ``auto`` chose it, as a sentence without its full stop; None if it was asked for.

    """

    name: str
    reason: str | None = None


def check_precision(precision: str, system: str) -> None:
    """Refuse the name of an unknown precision, and a reduced one for a system without an encoder.

    Raises
    ------
    InputError
        If it is refused.

    """
    if precision not in PRECISIONS:
        raise InputError(f"unknown precision {precision!r}", remedy=f"Choose one of {', '.join(PRECISIONS)}")
    if system != "neural" and precision in REDUCED:
        raise InputError(
            f"precision {precision} is for neural systems, and this one is {system}",
            remedy="Leave it out, or choose fp32",
        )


def objection(precision: str, device: torch.device) -> str | None:
    """Return why a device cannot score in a precision, as a sentence without its full stop, or None."""
    if precision not in REDUCED:
        return None
    if device.type == "cpu":
        if precision == "int8":
            return None if can_multiply_int8() else "int8 needs oneDNN's products of integers, on an x86 CPU"
        return None if multiplies_bf16() else "this CPU does not multiply bf16 (avx512_bf16 or amx_bf16)"
    if precision == "int8":
        return "int8 is for CPUs: a GPU multiplies bf16 at a similar speed, with smaller changes"
    fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return None if fast else "this GPU does not multiply bf16"


def multiplies_bf16() -> bool:
    """Return whether the CPU has instructions for bf16 that PyTorch may use."""
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(hardware(torch.device("cpu")).split())


def require_precision(precision: str, device: torch.device) -> None:
    """Refuse a precision that a device cannot score in.

    Raises
    ------
    ModelError
        If it cannot.

    """
    if (found := objection(precision, device)) is not None:
        raise ModelError(found, remedy="Choose another precision: auto, or fp32, which always works")


def reduce_precision(model: PreTrainedModel, precision: str) -> None:
    """Let the encoder of a model multiply in a precision; ``fp32`` leaves it as it is.

    The head stays in single precision. The model has no gradients afterwards, and cannot be saved.

    Parameters
    ----------
    model
        A model in evaluation mode, in single precision.
    precision
        One that its device supports.

    """
    if precision in REDUCED:
        replace_linears(model.base_model, _layer(precision))


def choose_precision(model: PreTrainedModel, records: Sequence[PrecisionRecord], rule: object) -> Precision:
    """Return the fastest precision that changes no F1 by more than `SMALL_CHANGE`.

    It was measured on a device of this kind, faster than ``fp32`` there, and a layer is tried to see that it
    is faster here.

    Parameters
    ----------
    model
        A model in single precision.
    records
        What was measured of it.
    rule
        The decision rule of the model, as JSON. What was measured with another one does not count.

    """
    kind = hardware(model.device)
    record = next((one for one in records if one.hardware == kind and one.rule == rule), None)
    if record is None:
        return Precision(
            "fp32", f"the effect of others was not measured on this kind of hardware; {_MEASURE}"
        )
    if record.split == "train" or record.notes < _FEWEST_NOTES:
        found = f"{record.notes:,} notes of {record.split}"
        needed = f"at least {_FEWEST_NOTES} that the model was not trained on are needed"
        return Precision("fp32", f"the effect of others was measured on {found}; {needed}")
    refused = []
    for name, effect in sorted(record.effects.items(), key=lambda item: -item[1].speed):
        if effect.largest_change_of_f1 > SMALL_CHANGE:
            refused.append(f"{name} changes F1 by {100 * effect.largest_change_of_f1:.2f} points")
        elif effect.speed <= 1 or not _is_faster_here(model, name):
            refused.append(f"{name} is not faster")
        else:
            change = 100 * effect.largest_change_of_f1
            reason = f"{effect.speed:.1f} times as fast as fp32, and F1 changes by {change:.2f} points"
            return Precision(name, f"{reason}, as measured on {record.notes:,} notes of {record.split}")
    return Precision("fp32", ", ".join(refused) or "no other precision was measured")


def _layer(precision: str) -> Callable[[torch.nn.Linear], ReducedLinear]:
    if precision == "bf16":
        return Bf16Linear
    return partial(Int8Linear, dtype=torch.bfloat16 if multiplies_bf16() else torch.float32)


@torch.inference_mode()
def _is_faster_here(model: PreTrainedModel, precision: str) -> bool:
    """Return whether the largest linear layer of the encoder is faster in a precision than in fp32."""
    if objection(precision, model.device) is not None:
        return False
    modules = model.base_model.modules()
    linears = [module for module in modules if isinstance(module, torch.nn.Linear)]
    if not linears:
        return False
    largest = max(linears, key=lambda linear: linear.weight.numel())
    reduced = _layer(precision)(largest)
    inputs = torch.ones(_TRIAL_TOKENS, largest.in_features, device=model.device)
    seconds: dict[torch.nn.Module, list[float]] = {largest: [], reduced: []}
    for _ in range(1 + _TRIALS):
        for layer, taken in seconds.items():
            begin = time.perf_counter()
            layer(inputs).sum().item()  # waits for a GPU as well
            taken.append(time.perf_counter() - begin)
    # The first one prepares kernels.
    return min(seconds[reduced][1:]) < min(seconds[largest][1:])
