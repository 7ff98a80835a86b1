from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clem_icd.evaluation.report import figures
from clem_icd.evaluation.report.run import read_run
from clem_icd.evaluation.report.svg import Key, Panel

MakeRun = Callable[..., Path]
Drawn = dict[str, Axes]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Keep the axes of every chart by its name, for a look at what was put on them."""
    axes: Drawn = {}

    def keep(name: str, caption: str, paint: Callable[[Axes], None], legend: Sequence[Key] = ()) -> Panel:
        axes[name] = Figure().subplots()
        paint(axes[name])
        return Panel(caption, Markup(), legend)

    monkeypatch.setattr(figures, "draw", keep)
    return axes


def points(axes: Axes, line: int) -> list[tuple[float, float]]:
    x, y = (np.asarray(values, dtype=float).tolist() for values in axes.lines[line].get_data())
    return list(zip(x, y, strict=True))


HISTORY: list[dict[str, Any]] = [
    {"epoch": 0.5, "step": 1, "loss": 0.4},
    {"epoch": 1.0, "step": 2, "loss": 0.2},
    {"epoch": 1.0, "step": 2, "eval_loss": 0.3, "eval_micro_f1": 0.25, "eval_macro_f1_all_labels": 0.125},
    {"epoch": 2.0, "step": 4, "loss": float("nan"), "train_runtime": 9.0},
]


def test_learning_curves_show_the_history(drawn: Drawn) -> None:
    loss, f1 = figures.learning_panels(HISTORY)
    assert [key.name for key in loss.legend] == ["Training", "Validation"]
    assert [key.name for key in f1.legend] == ["Micro-F1", "Macro-F1 (all labels)"]
    assert points(drawn["loss"], 0) == [(0.5, 0.4), (1.0, 0.2)]  # a diverged loss has no place on the curve
    assert points(drawn["loss"], 1) == [(1.0, 0.3)]
    assert points(drawn["f1"], 0) == [(1.0, 25.0)]
    assert points(drawn["f1"], 1) == [(1.0, 12.5)]
    assert drawn["loss"].get_ylim()[0] == 0


def test_a_loss_that_falls_far_is_drawn_logarithmically(drawn: Drawn) -> None:
    figures.learning_panels([{"epoch": 1, "loss": 0.7}, {"epoch": 2, "loss": 0.01}])
    assert drawn["loss"].get_yscale() == "log"


def test_nothing_to_draw_is_no_chart(drawn: Drawn) -> None:
    assert figures.learning_panels([]) == []
    assert figures.learning_panels([{"epoch": 1, "train_runtime": 3.0}]) == []
    assert figures.bucket_panels([]) == []
    assert figures.threshold_panel({}, 0.5) is None
    assert figures.length_panel({}) is None
    assert figures.label_panel({"label_counts": [0, 0]}) is None
    assert drawn == {}


def test_buckets_of_all_runs_share_one_axis(drawn: Drawn, make_run: MakeRun) -> None:
    first, second = read_run(make_run("first")), read_run(make_run("second", seed=3))
    assert first.test is not None
    assert second.test is not None
    second.test["buckets"][:] = second.test["buckets"][2:]  # a run whose label space has no rare labels
    micro, _ = figures.bucket_panels([first, second])
    assert [key.name for key in micro.legend] == ["first", "second"]
    spans = [label.get_text() for label in drawn["bucket-macro_f1"].get_xticklabels()]
    assert spans == [span.replace("-", "\N{EN DASH}") for span in ("0", "1-5", "6-10", "11-50", "51-500")] + [
        "over 500"
    ]
    for place, run in enumerate((first.test, second.test)):
        heights = [100 * bucket["macro_f1"] for bucket in run["buckets"]]
        expected = list(zip(range(6 - len(heights), 6), heights, strict=True))
        assert points(drawn["bucket-macro_f1"], place) == expected


def test_a_run_keeps_its_colour_where_another_has_no_buckets(drawn: Drawn, make_run: MakeRun) -> None:
    bare, full = read_run(make_run("bare", metrics=None)), read_run(make_run("full"))
    alone, beside = figures.bucket_panels([full])[0], figures.bucket_panels([bare, full])[0]
    assert [key.name for key in beside.legend] == ["full"]
    assert beside.legend[0].colour != alone.legend[0].colour


def test_the_threshold_stands_on_the_curve(drawn: Drawn) -> None:
    validation = {"threshold_curve": {"threshold": [0.25, 0.5], "micro_f1": [0.5, 0.25]}}
    panel = figures.threshold_panel(validation, 0.3)
    assert panel is not None
    assert panel.legend[1].name == "Threshold of this run, 0.3"
    assert points(drawn["threshold"], 0) == [(0.25, 50.0), (0.5, 25.0)]
    assert [x for x, _ in points(drawn["threshold"], 1)] == [0.3, 0.3]


def test_lengths_are_shares_of_each_split(drawn: Drawn) -> None:
    histogram = {"edges": [0, 10, 20, 900], "counts": {"train": [2, 1, 1], "test": [0, 0, 0]}}
    panel = figures.length_panel({"word_histogram": histogram})
    assert panel is not None
    assert [key.name for key in panel.legend] == ["train", "test"]
    train, test = (np.asarray(patch.get_data().values) for patch in drawn["length"].patches)  # type: ignore[attr-defined]
    assert (train.tolist(), test.tolist()) == ([50.0, 25.0], [0.0, 0.0])
    assert "more than 20 words are not drawn" in panel.caption


def test_labels_that_never_occur_are_counted_not_drawn(drawn: Drawn) -> None:
    panel = figures.label_panel({"label_counts": [900, 30, 1] + [0] * 1200})
    assert panel is not None
    assert "1,200 labels never do" in panel.caption
    assert points(drawn["labels"], 0) == [(1.0, 900.0), (2.0, 30.0), (3.0, 1.0)]
    assert (drawn["labels"].get_xscale(), drawn["labels"].get_yscale()) == ("log", "log")


def test_every_axis_has_a_name_and_a_unit(drawn: Drawn, make_run: MakeRun) -> None:
    run = read_run(make_run())
    assert run.history is not None
    assert run.description is not None
    figures.learning_panels(run.history)
    figures.bucket_panels([run])
    figures.threshold_panel(run.validation or {}, 0.5)
    figures.length_panel(run.description)
    figures.label_panel(run.description)
    assert len(drawn) == 7
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in drawn.values())
