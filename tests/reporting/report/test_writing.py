from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clem_icd.errors import MissingExtraError, RunError
from clem_icd.reporting.names import distinct_names
from clem_icd.reporting.report import write_figures, write_learning_curves, write_report

MakeRun = Callable[..., Path]


def test_report_goes_to_the_run_folder_or_to_the_given_path(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    before = set(run.iterdir())
    assert write_report(run) == run / "report.html"
    assert set(run.iterdir()) - before == {run / "report.html"}
    asked = tmp_path / "new" / "page.html"
    assert write_report(run, out=asked) == asked
    assert asked.read_bytes() == (run / "report.html").read_bytes()


def test_every_figure_is_written_in_every_format_with_captions(make_run: MakeRun, tmp_path: Path) -> None:
    written = write_figures(make_run(), tmp_path / "figures", beside=[make_run("other", seed=1)])
    captions = tmp_path / "figures" / "captions.txt"
    assert sorted([*written, captions]) == sorted((tmp_path / "figures").iterdir())
    assert [line.split(":")[0] for line in captions.read_text().splitlines()][:2] == ["loss", "f1"]
    assert {path.suffix for path in written} == {".pdf", ".png", ".svg"}
    assert len({path.stem for path in written}) == 9


def test_folder_that_is_not_a_run_leaves_no_report(make_run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = make_run()
    with pytest.raises(RunError, match=r"(is no|not a) run folder"):
        write_report(run, beside=[tmp_path / "empty"])
    assert not (run / "report.html").exists()


def test_import_loads_neither_torch_nor_the_extra() -> None:
    rooms = ("scores.imports", "evaluation", "reporting.report", "reporting.comparison")
    imports = ", ".join(f"clem_icd.{room}" for room in rooms)
    heavy = {"torch", "transformers", "matplotlib", "jinja2"}
    code = f"import sys, {imports}; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_report_without_the_extra_names_the_command_to_install_it(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    run = make_run()
    monkeypatch.setitem(sys.modules, package, None)
    subject = "The report" if package == "jinja2" else "Drawing figures"
    with pytest.raises(MissingExtraError) as caught:
        write_report(run)
    assert str(caught.value) == (
        f"{subject} needs {package}, which is not installed. Install it with: pip install 'clem-icd[report]'."
    )
    assert not (run / "report.html").exists()


def test_figures_without_matplotlib_name_the_extra_and_leave_nothing(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="needs matplotlib"):
        write_figures(run, tmp_path / "figures")
    with pytest.raises(MissingExtraError, match="needs matplotlib"):
        write_learning_curves(run)
    assert not (tmp_path / "figures").exists()
    assert not (run / "learning-curves.png").exists()


def test_learning_curves_are_a_picture_in_the_run_folder_if_there_is_a_history(make_run: MakeRun) -> None:
    run = make_run()
    written = write_learning_curves(run)
    assert written == run / "learning-curves.png"
    assert written.read_bytes().startswith(b"\x89PNG")
    assert write_learning_curves(make_run("bare", history=[])) is None


def test_repeated_names_are_numbered_without_colliding() -> None:
    assert distinct_names(["run", "run", "other", "run"]) == ["run", "run (2)", "other", "run (3)"]
    assert distinct_names(["run", "run (2)", "run"]) == ["run", "run (2)", "run (3)"]
