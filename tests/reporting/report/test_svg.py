from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.image import imread

from clem_icd.reporting.report.svg import Chart, draw, line_style, write_figure, write_picture


def line(axes: Axes) -> None:
    axes.plot([1, 2, 3], [3, 1, 2], marker="o")
    axes.set_xlabel("epoch")


def test_a_chart_is_inline_and_takes_the_ink_of_the_page() -> None:
    svg = draw(Chart("a", "Up & down.", line)).svg
    assert svg.startswith('<svg viewBox="0 0 374.4 223.2" role="img" aria-label="Up &amp; down.">')
    assert svg.endswith("</svg>")
    assert "currentColor" in svg
    assert "#010203" not in svg
    for foreign in ("<?xml", "<!DOCTYPE", "xmlns", "http", "<metadata"):
        assert foreign not in svg


def test_two_charts_of_the_same_share_no_id_and_a_chart_is_always_the_same() -> None:
    first, second, again = (str(draw(Chart(name, "", line)).svg) for name in "aba")
    assert first == again
    assert second != first
    assert second.replace('"b-', '"a-').replace("#b-", "#a-") == first


def test_words_stay_words() -> None:
    assert ">epoch</text>" in draw(Chart("a", "", line)).svg


def test_series_differ_in_colour_and_in_dashes() -> None:
    styles = [line_style("", place) for place in range(5)]
    assert len({style.colour for style in styles}) == 5
    assert len({style.dashes for style in styles}) == 5
    pairs = [(style.colour, style.dashes) for style in (line_style("", place) for place in range(30))]
    assert len(set(pairs)) == 30


def test_a_picture_shows_charts_side_by_side(tmp_path: Path) -> None:
    charts = [Chart(name, "Loss.", line, [line_style("Training", 0)]) for name in "ab"]
    write_picture(charts, tmp_path / "curves.png")
    height, width, _ = imread(tmp_path / "curves.png").shape
    assert width > 2 * height
    again = tmp_path / "again.png"
    write_picture(charts, again)
    assert again.read_bytes() == (tmp_path / "curves.png").read_bytes()


def test_a_chart_below_shares_the_abscissa_and_makes_it_higher() -> None:
    alone, both = Chart("a", "", line), Chart("a", "", line, below=line)
    assert both.inches[1] > alone.inches[1]
    svg = draw(both).svg
    assert svg.count(">epoch</text>") == 2
    assert f'viewBox="0 0 {72 * both.inches[0]:g} {72 * both.inches[1]:g}"' in svg


@pytest.mark.parametrize(("kind", "begins"), [("pdf", b"%PDF"), ("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_a_figure_for_paper_is_what_its_name_says_and_always_the_same(
    tmp_path: Path, kind: str, begins: bytes
) -> None:
    chart = Chart("a", "Loss.", line, [line_style("a $1 drug", 0), line_style("Other_name", 1)], below=line)
    for name in ("one", "again"):
        write_figure(chart, tmp_path / f"{name}.{kind}", width=3.4)
    content = (tmp_path / f"one.{kind}").read_bytes()
    assert content.startswith(begins)
    assert content == (tmp_path / f"again.{kind}").read_bytes()
    if kind == "svg":
        assert b">epoch</text>" in content
        assert b"#010203" not in content
    if kind == "png":
        assert imread(tmp_path / "one.png").shape[1] == 300 * 3.4
    if kind == "pdf":
        assert b"/FontFile2" in content  # embedded as TrueType
