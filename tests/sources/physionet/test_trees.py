from __future__ import annotations

from pathlib import Path

import pytest

from clem_icd.sources.physionet import tree_roots


@pytest.mark.parametrize(
    ("raw", "root"),
    [
        ("a", "a"),
        ("a/physionet.org", "a"),
        ("a/physionet.org/files", "a"),
        ("a/physionet.org/files/mimiciii/1.4", "a"),
        ("a/files", "a"),
        ("a/files/mimiciii", "a/files/mimiciii"),
    ],
)
def test_tree_begins_above_the_folders_of_a_download(tmp_path: Path, raw: str, root: str) -> None:
    here = tmp_path.resolve()

    roots = tree_roots(tmp_path / raw)

    assert (roots[0], roots[-1]) == (here / raw, here / root)
