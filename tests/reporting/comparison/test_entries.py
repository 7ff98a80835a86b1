from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clem_icd.errors import RunError
from clem_icd.reporting.comparison import Entry, Value, read_entry
from clem_icd.reporting.published import Reported

MakeEntry = Callable[..., Entry]
MakeDocument = Callable[..., dict[str, Any]]


def test_a_metrics_file_is_read_in_percent_with_its_intervals(
    entry: MakeEntry, document: MakeDocument
) -> None:
    found, written = entry(), document()
    assert (found.name, found.system, found.source, found.seeds) == ("mine", "neural", "mimic3-full", 0)
    assert (found.split, found.notes, found.labels) == ("test", 20, 8)
    assert found.values.keys() == written["metrics"].keys()
    value, interval = found.values["micro_f1"], written["intervals"]["metrics"]["micro_f1"]
    assert value.percent == pytest.approx(100 * written["metrics"]["micro_f1"])
    assert (value.low, value.high) == pytest.approx((100 * interval["low"], 100 * interval["high"]))
    assert value.text == f"{value.percent:.1f}"
    assert value.spread == f"[{value.low:.1f}, {value.high:.1f}]"
    assert "95 % intervals by the bootstrap over notes, 20 resamples" in found.uncertainty


def test_several_seeds_are_a_mean_and_a_deviation(seeds: Entry, document: MakeDocument) -> None:
    values = [100 * document(seed=seed)["metrics"]["map"] for seed in range(3)]
    found = seeds.values["map"]
    assert seeds.seeds == 3
    assert found.percent == pytest.approx(statistics.fmean(values))
    assert found.sd == pytest.approx(statistics.stdev(values))
    assert found.spread == f"± {statistics.stdev(values):.1f}"


def test_a_file_of_an_earlier_release_has_no_checksums_and_no_intervals(entry: MakeEntry) -> None:
    found = entry(identity=None, intervals=None)
    assert (found.identity, found.uncertainty, found.values["map"].spread) == (None, "", "")


def test_what_a_reader_has_to_know_goes_with_the_entry(entry: MakeEntry) -> None:
    assert entry().remarks == ()
    given = entry(threshold_source="given", warnings=["Seen before."]).remarks
    assert given == ("Its threshold was given by hand; where it is from is not known.", "Seen before.")


def test_a_run_that_was_not_evaluated_is_refused(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("system: linear\n", encoding="utf-8")
    with pytest.raises(RunError, match="has not been evaluated"):
        read_entry(tmp_path)


@pytest.mark.parametrize(
    ("text", "shown", "spread"),
    [("60.0", "60.0", ""), ("60.7 ± 0.1", "60.7", "± 0.1"), ("64.6 or 64.9", "64.6 or 64.9", "")],
)
def test_a_published_value_is_shown_as_published(text: str, shown: str, spread: str) -> None:
    value = Value.of_published(Reported.parse(text))
    assert (value.text, value.spread) == (shown, spread)


def test_entries_are_of_the_same_only_with_equal_checksums(entry: MakeEntry) -> None:
    same = entry("one").evaluated
    assert entry("two", seed=5).evaluated == same
    for key in ("notes", "labels", "codes"):
        identity = {"notes": "a" * 64, "labels": "b" * 64, "codes": "c" * 64} | {key: "d" * 64}
        assert entry("two", identity=identity).evaluated != same
    # A profile left a note out.
    assert entry("two", notes=19).evaluated != same
    assert entry("two", split="validation").evaluated != same


def test_without_checksums_names_and_sizes_tell_and_never_match_one_with_them(entry: MakeEntry) -> None:
    same = entry("one", identity=None).evaluated
    assert entry("two", identity=None).evaluated == same
    assert entry("two").evaluated != same
    assert entry("two", "mimic3-clean", identity=None).evaluated != same
    assert entry("two", identity=None, labels=9).evaluated != same
