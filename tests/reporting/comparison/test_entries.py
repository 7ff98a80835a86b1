from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import RunError
from clem_icd.files import write_json
from clem_icd.reporting.comparison import Entry, Value, read_entry
from clem_icd.reporting.published import Reported

MakeEntry = Callable[..., Entry]
MakeDocument = Callable[..., dict[str, Any]]


def test_metrics_file_is_read_in_percent_with_its_intervals(entry: MakeEntry, document: MakeDocument) -> None:
    found, written = entry(), document()
    assert (found.name, found.system, found.source, found.seeds) == ("mine", "neural", "mimic3-full", 0)
    assert (found.split, found.notes, found.labels) == ("test", 20, 8)
    assert found.values.keys() == written["metrics"].keys()
    value, interval = found.values["micro_f1"], written["intervals"]["metrics"]["micro_f1"]
    assert value.percent == pytest.approx(100 * written["metrics"]["micro_f1"])
    assert (value.low, value.high) == pytest.approx((100 * interval["low"], 100 * interval["high"]))
    assert value.text == f"{value.percent:.1f}"
    assert value.spread == f"[{value.low:.1f}, {value.high:.1f}]"
    assert "95 % intervals from the bootstrap over notes, 20 resamples" in found.uncertainty


def test_several_seeds_give_a_mean_and_a_standard_deviation(seeds: Entry, document: MakeDocument) -> None:
    values = [100 * document(seed=seed)["metrics"]["map"] for seed in range(3)]
    found = seeds.values["map"]
    assert seeds.seeds == 3
    assert found.percent == pytest.approx(statistics.fmean(values))
    assert found.sd == pytest.approx(statistics.stdev(values))
    assert found.spread == f"± {statistics.stdev(values):.1f}"


def test_file_of_an_earlier_release_lacks_checksums_and_intervals(entry: MakeEntry) -> None:
    found = entry(identity=None, intervals=None)
    assert (found.identity, found.uncertainty, found.values["map"].spread) == (None, "", "")


def test_given_threshold_and_warnings_become_remarks(entry: MakeEntry) -> None:
    assert entry().remarks == ()
    given = entry(threshold_source="given", warnings=["Seen before."]).remarks
    assert given == ("Its threshold was set by hand; how it was chosen is not known.", "Seen before.")


def test_the_head_of_a_neural_run_is_part_of_its_system(tmp_path: Path, document: MakeDocument) -> None:
    write_json(tmp_path / "metrics.json", document())
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("system: neural\nhead: {kind: label-attention}\n", encoding="utf-8")
    assert read_entry(tmp_path).system == "neural, label-attention"
    recipe.write_text("head: [", encoding="utf-8")
    with pytest.raises(RunError, match=r"recipe\.yaml: is not valid YAML"):
        read_entry(tmp_path)


def test_run_without_evaluation_is_refused(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("system: linear\n", encoding="utf-8")
    with pytest.raises(RunError, match=r"has not been evaluated: metrics\.json is missing\. Resume the run"):
        read_entry(tmp_path)


@pytest.mark.parametrize(
    ("text", "shown", "spread"),
    [("60.0", "60.0", ""), ("60.7 ± 0.1", "60.7", "± 0.1"), ("64.6 or 64.9", "64.6 or 64.9", "")],
)
def test_published_value_keeps_its_digits(text: str, shown: str, spread: str) -> None:
    value = Value.of_published(Reported.parse(text))
    assert (value.text, value.spread) == (shown, spread)


def test_entries_share_a_table_only_with_equal_checksums_sizes_and_split(entry: MakeEntry) -> None:
    same = entry("one").evaluated
    assert entry("two", seed=5).evaluated == same
    for key in ("notes", "labels", "codes"):
        identity = {"notes": "a" * 64, "labels": "b" * 64, "codes": "c" * 64} | {key: "d" * 64}
        assert entry("two", identity=identity).evaluated != same
    # As if a profile had left a note out.
    assert entry("two", notes=19).evaluated != same
    assert entry("two", split="validation").evaluated != same


def test_entries_without_checksums_match_by_name_and_size_and_never_match_checksums(entry: MakeEntry) -> None:
    same = entry("one", identity=None).evaluated
    assert entry("two", identity=None).evaluated == same
    assert entry("two").evaluated != same
    assert entry("two", "mimic3-clean", identity=None).evaluated != same
    assert entry("two", identity=None, labels=9).evaluated != same
