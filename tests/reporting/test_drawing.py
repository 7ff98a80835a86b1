from __future__ import annotations

import sys
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.image import imread

from clem_icd.errors import MissingExtraError
from clem_icd.reporting.figures.chart import Chart, line_style
from clem_icd.reporting.figures.drawing import draw, inches, write_figure, write_picture


def line(axes: Axes) -> None:
    axes.plot([1, 2, 3], [3, 1, 2], marker="o")
    axes.set_xlabel("epoch")


def test_drawing_is_inline_svg_in_the_text_colour_of_the_page() -> None:
    svg = draw(Chart("a", "Up & down.", line)).svg
    assert svg.startswith('<svg viewBox="0 0 374.4 223.2" role="img" aria-label="Up &amp; down.">')
    assert svg.endswith("</svg>")
    assert "currentColor" in svg
    assert "#010203" not in svg
    for foreign in ("<?xml", "<!DOCTYPE", "xmlns", "http", "<metadata"):
        assert foreign not in svg


def test_drawing_is_reproducible_and_its_ids_carry_the_name_of_the_chart() -> None:
    first, second, again = (str(draw(Chart(name, "", line)).svg) for name in "aba")
    assert first == again
    assert second != first
    assert second.replace('"b-', '"a-').replace("#b-", "#a-") == first


def test_text_stays_text_in_svg() -> None:
    assert ">epoch</text>" in draw(Chart("a", "", line)).svg


def test_series_differ_in_colour_and_dashes() -> None:
    styles = [line_style("", place) for place in range(5)]
    assert len({style.colour for style in styles}) == 5
    assert len({style.dashes for style in styles}) == 5
    pairs = [(style.colour, style.dashes) for style in (line_style("", place) for place in range(30))]
    assert len(set(pairs)) == 30


def test_picture_shows_charts_side_by_side_reproducibly(tmp_path: Path) -> None:
    charts = [Chart(name, "Loss.", line, [line_style("Training", 0)]) for name in "ab"]
    write_picture(charts, tmp_path / "curves.png")
    height, width, _ = imread(tmp_path / "curves.png").shape
    assert width > 2 * height
    again = tmp_path / "again.png"
    write_picture(charts, again)
    assert again.read_bytes() == (tmp_path / "curves.png").read_bytes()


def test_chart_below_shares_the_x_axis_and_adds_height() -> None:
    alone, both = Chart("a", "", line), Chart("a", "", line, below=line)
    assert inches(both)[1] > inches(alone)[1]
    svg = draw(both).svg
    assert svg.count(">epoch</text>") == 2
    assert f'viewBox="0 0 {72 * inches(both)[0]:g} {72 * inches(both)[1]:g}"' in svg


@pytest.mark.parametrize(("kind", "begins"), [("pdf", b"%PDF"), ("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_figure_for_paper_has_the_format_of_its_suffix_and_is_reproducible(
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


def test_drawing_without_matplotlib_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    expected = r"needs matplotlib, which is not installed\. Install it with: pip install 'clem-icd\[report\]'"
    with pytest.raises(MissingExtraError, match=expected):
        draw(Chart("a", "", line))
    with pytest.raises(MissingExtraError, match=expected):
        write_picture([Chart("a", "", line)], tmp_path / "curves.png")
    with pytest.raises(MissingExtraError, match=expected):
        write_figure(Chart("a", "", line), tmp_path / "a.pdf", width=3.4)
    assert list(tmp_path.iterdir()) == []
