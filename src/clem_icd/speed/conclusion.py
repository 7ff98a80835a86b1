"""The result of a measurement in one sentence."""

from __future__ import annotations

from typing import Any

from clem_icd.progress import minutes

_AT_LEAST_AS_FAST = 1.0


def conclusion(document: dict[str, Any]) -> str:
    """Return one sentence about the fastest way to read notes with the model.

    Parameters
    ----------
    document
        The result of `measure_speed`, without this sentence.

    """
    own = {one["system"] for one in document["systems"] if one["is_model"]}
    estimates = [one for one in document["estimate"]["systems"] if one["system"] in own]
    best = min(estimates, key=lambda one: float(one["seconds"]))
    rows = [row for row in document["rows"] if row["system"] == best["system"]]
    reads = {one["system"]: one["reads"] for one in document["systems"]}
    cost = "" if best["cost"] is None else f" and cost {best['cost']:,.2f}"
    how = f" in {best['system']}, the fastest of {len(own)} precisions" if len(own) > 1 else ""
    parts = [
        f"{document['estimate']['notes']:,} notes take {minutes(best['seconds'])}{cost} here{how}",
        *_stock(rows),
        *_plm_icd(rows, "plm-icd", "PLM-ICD's reading", reads),
        *_plm_icd(rows, "plm-icd-same-size", "that reading with an encoder of the same size", reads),
    ]
    return "; ".join(parts) + "."


def _stock(rows: list[dict[str, Any]]) -> list[str]:
    """Say how it compares with the stock pipeline, at the longest notes and at mixed ones."""
    compared = [row for row in rows if "stock" in row["faster_than"]]
    ratios = [f"{row['faster_than']['stock']:.1f} at {_name(row)}" for row in compared[-2:]]
    return [f"times as fast as the stock pipeline: {', '.join(ratios)}"] if ratios else []


def _plm_icd(rows: list[dict[str, Any]], system: str, name: str, reads: dict[str, int]) -> list[str]:
    """Say where it is slower per note than a way to read in segments."""
    compared = [row for row in rows if system in row["faster_than"]]
    slower = [row for row in compared if row["faster_than"][system] < _AT_LEAST_AS_FAST]
    if not compared:
        return []
    if not slower:
        return [f"not slower per note than {name} at any of the {len(compared)} lengths compared"]
    where = [
        f"{row['faster_than'][system]:.2f} times as fast at {_name(row)}"
        + (f", of which that reads {reads[system]:,}" if max(row["lengths"]) > reads[system] else "")
        for row in slower
    ]
    return [f"slower per note than {name} ({', '.join(where)})"]


def _name(row: dict[str, Any]) -> str:
    if row["workload"] == "mixed":
        return "mixed lengths"
    unit = "words" if row["words_per_second"] is not None else "tokens"
    return f"{int(row['workload']):,} {unit}"
