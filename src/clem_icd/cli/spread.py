"""How the metrics of several seeds look on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from clem_icd.cli.tabulation import new_table


def show_spread(console: Console, document: dict[str, Any], where: str) -> None:
    """Print the metrics that a report begins with, over all seeds."""
    from clem_icd.evaluation.headlines import HEADLINES
    from clem_icd.reporting.formatting import mean_and_deviation

    corpus, best = document["corpus"], document["best_on_validation"]
    kind = ", synthetic" if corpus.get("synthetic") else ""
    title = f"{document['system']} on {corpus['name']}{kind}, {document['split']}: percent, over seeds"
    table = new_table("metric", "mean \N{PLUS-MINUS SIGN} sd", title=title)
    for name in HEADLINES:
        table.add_row(document["definitions"][name]["title"], mean_and_deviation(document["metrics"][name]))
    console.print(table)
    console.print(
        f"{document['notes']:,} notes, {document['labels']:,} labels, {document['runs']} seeds. Best on "
        f"validation: {best['run']}. All metrics with their definitions: {where}",
        markup=False,
    )
    for line in document["warnings"]:
        console.print(f"Warning: {line}", markup=False)
