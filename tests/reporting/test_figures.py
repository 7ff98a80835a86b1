from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from clem_icd.reporting import figures
from clem_icd.reporting.figures.calibration import calibration_chart
from clem_icd.reporting.figures.chart import Chart
from clem_icd.reporting.figures.corpus import label_chart, length_chart
from clem_icd.reporting.figures.decisions import precision_recall_chart, threshold_chart
from clem_icd.reporting.figures.drawing import put_on
from clem_icd.reporting.figures.frequency import bucket_charts
from clem_icd.reporting.figures.learning import learning_charts
from clem_icd.runs.results import RunResults, read_run

MakeRun = Callable[..., Path]


def painted(chart: Chart | None) -> Axes:
    """Paint the main part of a chart, and return its axes."""
    assert chart is not None
    axes: Axes = Figure().subplots()
    chart.paint(axes)
    return axes


def run_of(**parts: Any) -> RunResults:
    """Return a run with only the given parts."""
    nothing = dict.fromkeys(
        ("recipe", "environment", "history", "test", "validation", "description", "threshold")
    )
    return RunResults(**{"name": "run", "corpus": {}, **nothing, **parts})


def points(axes: Axes, line: int) -> Any:
    x, y = (np.asarray(values, dtype=float).tolist() for values in axes.lines[line].get_data())
    return list(zip(x, y, strict=True))


HISTORY: list[dict[str, Any]] = [
    {"epoch": 0.5, "step": 1, "loss": 0.4},
    {"epoch": 1.0, "step": 2, "loss": 0.2},
    {"epoch": 1.0, "step": 2, "eval_loss": 0.3, "eval_micro_f1": 0.25, "eval_macro_f1_all_labels": 0.125},
    {"epoch": 2.0, "step": 4, "loss": float("nan"), "train_runtime": 9.0},
]


def test_learning_curves_follow_the_history() -> None:
    loss, f1 = learning_charts(run_of(history=HISTORY))
    assert [key.name for key in loss.legend] == ["Training", "Validation"]
    assert [key.name for key in f1.legend] == ["Micro-F1", "Macro-F1 (all labels)"]
    axes = painted(loss)
    assert points(axes, 0) == [(0.5, 0.4), (1.0, 0.2)]  # a diverged loss is left out
    assert points(axes, 1) == [(1.0, 0.3)]
    assert axes.get_ylim()[0] == 0
    assert [points(painted(f1), line) for line in (0, 1)] == [[(1.0, 25.0)], [(1.0, 12.5)]]


def test_loss_of_wide_range_has_a_logarithmic_axis() -> None:
    [loss] = learning_charts(run_of(history=[{"epoch": 1, "loss": 0.7}, {"epoch": 2, "loss": 0.01}]))
    assert painted(loss).get_yscale() == "log"


def test_seeds_are_thin_lines_and_their_mean_covers_the_shared_epochs() -> None:
    histories = [
        [{"epoch": 1, "eval_loss": 0.5}, {"epoch": 2, "eval_loss": 0.3}],
        [{"epoch": 1, "eval_loss": 0.7}],
    ]
    [loss] = learning_charts(run_of(seeds=[run_of(history=history) for history in histories]))
    assert len(loss.legend) == 1
    assert "each of 2 seeds" in loss.caption
    axes = painted(loss)
    assert points(axes, 0) == [(1.0, 0.5), (2.0, 0.3)]
    assert points(axes, 1) == [(1.0, 0.7)]
    assert points(axes, 2) == [(1.0, pytest.approx(0.6))]
    thin, _, mean = axes.lines
    assert thin.get_linewidth() < mean.get_linewidth()


def test_missing_data_gives_no_chart() -> None:
    for history in ([], [{"epoch": 1, "train_runtime": 3.0}], None):
        assert learning_charts(run_of(history=history)) == []
    bare = [run_of(), run_of(test={"buckets": [], "calibration": {"bins": []}, "metrics": {}}, validation={})]
    assert figures.all_charts(bare) == []
    assert length_chart({}) is None
    assert label_chart({"label_counts": [0, 0]}) is None


def test_flat_curves_have_headroom() -> None:
    history = [
        {"epoch": float(epoch), "step": epoch, "eval_loss": 0.46 - epoch / 1000} for epoch in range(1, 4)
    ]
    axes = painted(learning_charts(run_of(history=history))[0])
    bottom, top = axes.get_ylim()
    assert bottom == 0
    assert top == pytest.approx(1.05 * 0.459)


def test_bucket_axes_name_the_labels_averaged_over(make_run: MakeRun) -> None:
    micro, macro = bucket_charts([read_run(make_run("first"))])
    assert painted(micro).get_ylabel() == "Micro-F1 over all labels (percent)"
    assert painted(macro).get_ylabel() == "Macro-F1 over all labels (percent)"


def test_runs_share_the_axes_of_their_buckets(make_run: MakeRun) -> None:
    first, second = read_run(make_run("first")), read_run(make_run("second", seed=3))
    assert first.test is not None
    assert second.test is not None
    second.test["buckets"][:] = second.test["buckets"][2:]  # as for a label space without rare labels
    micro, macro = bucket_charts([first, second])
    assert [key.name for key in micro.legend] == ["first", "second"]
    axes = painted(macro)
    spans = [label.get_text() for label in axes.get_xticklabels()]
    assert spans == [span.replace("-", "\N{EN DASH}") for span in ("0", "1-5", "6-10", "11-50", "51-500")] + [
        "over 500"
    ]
    lines = [container.lines[0] for container in axes.containers]  # type: ignore[attr-defined]
    for run, line in zip((first.test, second.test), lines, strict=True):
        heights = [100 * bucket["macro_f1"] for bucket in run["buckets"]]
        assert list(line.get_ydata()) == pytest.approx(heights)
        # The runs are offset, each nearest to the tick of its bucket.
        assert [round(float(x)) for x in line.get_xdata()] == list(range(6 - len(heights), 6))
    assert lines[0].get_xdata()[-1] < lines[1].get_xdata()[-1]


BUCKET = {"name": "over_500", "low": 501, "high": None, "labels": 2, "positives": 9}


def bars(axes: Axes) -> list[list[float]]:
    """Return the ends of the first bucket's error bar for each run."""
    return [
        container.lines[2][0].get_segments()[0][:, 1].tolist()  # type: ignore[attr-defined]
        for container in axes.containers
    ]


def test_error_bars_show_the_deviation_over_seeds_or_the_interval_of_a_run() -> None:
    values = {"micro_f1": 0.5, "macro_f1": 0.4}
    summaries = {name: {"mean": value, "sd": 0.1} for name, value in values.items()}
    several = {"buckets": [BUCKET | values | {"spread": summaries}], "spread": {}}
    interval = {"micro_f1_train_count_over_500": {"low": 0.4, "high": 0.8}}
    one = {"buckets": [BUCKET | values], "intervals": {"metrics": interval}}
    unknown = {"buckets": [BUCKET | values]}
    micro, _ = bucket_charts([run_of(test=test) for test in (several, one, unknown)])
    assert [pytest.approx(ends) for ends in ([40, 60], [40, 80], [50, 50])] == bars(painted(micro))
    assert "one standard deviation over seeds" in micro.caption
    assert "95 % interval of a single run" in micro.caption
    assert "Error bars" not in bucket_charts([run_of(test=unknown)])[0].caption
    once = several["buckets"][0] | {"spread": {name: {"sd": None} for name in values}}  # type: ignore[index]
    assert bars(painted(bucket_charts([run_of(test=several | {"buckets": [once]})])[0])) == [[50, 50]]


def test_run_keeps_its_colour_next_to_one_without_buckets(make_run: MakeRun) -> None:
    bare, full = read_run(make_run("bare", metrics=None)), read_run(make_run("full"))
    alone, beside = bucket_charts([full])[0], bucket_charts([bare, full])[0]
    assert [key.name for key in beside.legend] == ["full"]
    assert beside.legend[0].colour != alone.legend[0].colour


def validation(*heights: float) -> dict[str, Any]:
    return {"threshold_curve": {"threshold": [0.25, 0.5], "micro_f1": list(heights)}}


def test_threshold_is_marked_on_the_curve() -> None:
    axes = painted(threshold_chart([run_of(validation=validation(0.5, 0.25), threshold=0.3)]))
    assert points(axes, 0) == [(0.25, 50.0), (0.5, 25.0)]
    assert points(axes, 1) == [(0.3, pytest.approx(45))]


def test_rule_without_a_single_threshold_is_not_marked() -> None:
    assert len(painted(threshold_chart([run_of(validation=validation(0.5, 0.25))])).lines) == 1


def test_each_seed_has_its_own_curve_and_threshold() -> None:
    seeds = [
        run_of(validation=validation(0.5, 0.2), threshold=0.25),
        run_of(validation=validation(0.3, 0.4), threshold=0.5),
    ]
    axes = painted(threshold_chart([run_of(seeds=seeds)]))
    assert points(axes, 2) == [(0.25, pytest.approx(40)), (0.5, pytest.approx(30))]
    assert [points(axes, line) for line in (3, 4)] == [[(0.25, 50.0)], [(0.5, 40.0)]]


def test_decisions_are_marked_among_lines_of_equal_f1() -> None:
    curve = {"recall": [0.1, 0.5, 1.0], "precision": [1.0, 0.8, 0.2]}
    test = {"precision_recall_curve": curve, "metrics": {"micro_recall": 0.5, "micro_precision": 0.8}}
    axes = painted(precision_recall_chart([run_of(test=test)]))
    *equal, drawn, mark = range(len(axes.lines))
    assert points(axes, drawn) == [(10, 100), (50, 80), (100, 20)]
    assert points(axes, mark) == [(50, 80)]
    for line, f1 in zip(equal, (20, 40, 60, 80), strict=True):
        for recall, precision in points(axes, line):
            assert 2 * recall * precision / (recall + precision) == pytest.approx(f1)


def bin_of(low: float, count: int, mean: float, share: float) -> dict[str, float]:
    return {"low": low, "high": low + 0.5, "count": count, "mean_score": mean, "share_positive": share}


def test_calibration_pools_the_bins_of_seeds() -> None:
    calibrations = [
        {"bins": [bin_of(0.0, 30, 0.1, 0.2), bin_of(0.5, 10, 0.8, 0.5)], "ece": 0.1},
        {"bins": [bin_of(0.0, 10, 0.3, 0.0)], "ece": 0.2},
    ]
    chart = calibration_chart([run_of(seeds=[run_of(test={"calibration": each}) for each in calibrations])])
    assert points(painted(chart), 1) == [
        (pytest.approx(15), pytest.approx(15)),
        (pytest.approx(80), pytest.approx(50)),
    ]
    assert chart is not None
    assert chart.below is not None
    assert "error in percent: run 15.00." in chart.caption
    lower = Figure().subplots()
    chart.below(lower)
    counts = lower.patches[0].get_data()  # type: ignore[attr-defined]
    assert (counts.values.tolist(), counts.edges.tolist()) == ([20, 5], [0, 50, 100])
    assert lower.get_yscale() == "log"


def test_calibration_bin_without_pairs_is_a_gap() -> None:
    calibration = {"bins": [{**bin_of(0.0, 3, 0.1, 0.2), "high": 0.1}, bin_of(0.5, 1, 0.8, 1.0)], "ece": 0.1}
    chart = calibration_chart([run_of(test={"calibration": calibration})])
    assert chart is not None
    assert chart.below is not None
    lower = Figure().subplots()
    chart.below(lower)
    counts = lower.patches[0].get_data()  # type: ignore[attr-defined]
    assert counts.edges.tolist() == [0, 10, 50, 100]
    assert np.isnan(counts.values).tolist() == [False, True, False]


def test_note_lengths_are_shares_of_each_split() -> None:
    histogram = {"edges": [0, 10, 20, 900], "counts": {"train": [2, 1, 1], "test": [0, 0, 0]}}
    chart = length_chart({"word_histogram": histogram})
    assert chart is not None
    assert [key.name for key in chart.legend] == ["train", "test"]
    train, test = (np.asarray(patch.get_data().values) for patch in painted(chart).patches)  # type: ignore[attr-defined]
    assert (train.tolist(), test.tolist()) == ([50.0, 25.0], [0.0, 0.0])
    assert "more than 20 words are not drawn" in chart.caption


def test_labels_without_training_notes_are_counted_but_not_drawn() -> None:
    chart = label_chart({"label_counts": [900, 30, 1] + [0] * 1200})
    assert chart is not None
    assert "1,200 labels have none" in chart.caption
    axes = painted(chart)
    assert points(axes, 0) == [(1.0, 900.0), (2.0, 30.0), (3.0, 1.0)]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


@pytest.mark.parametrize("kind", ["run", "seeds"])
def test_every_axis_is_labelled(make_run: MakeRun, make_seeds: Callable[..., Path], kind: str) -> None:
    run = read_run(make_run() if kind == "run" else make_seeds())
    charts = figures.all_charts([run])
    assert len({chart.name for chart in charts}) == len(charts) == (9 if kind == "run" else 8)
    for chart in charts:
        figure = Figure()
        put_on(chart, figure)
        assert figure.axes[-1].get_xlabel()
        assert all(axes.get_ylabel() for axes in figure.axes)
