"""Published splits: found wherever a user may keep them, otherwise downloaded once."""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from clem_icd.errors import SourceError
from clem_icd.files import CACHE_VARIABLE
from clem_icd.sources.published import splits as published_splits
from clem_icd.sources.published.splits import find_split

PUBLISHED = published_splits._published()
EV = ("train", "val", "test")


def write(path: Path, *admissions: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{admission}\n" for admission in admissions))
    return path


def write_ev(folder: Path) -> Path:
    for number, split in enumerate(EV):
        write(folder / f"MDace-ev-{split}.csv", 10 * number, 10 * number + 1)
    return folder


def write_feather(path: Path) -> Path:
    pl.DataFrame({"_id": [1, 2, 3], "split": ["train", "val", "test"]}).write_ipc(path)
    return path


READ = {"0": "train", "1": "train", "10": "validation", "11": "validation", "20": "test", "21": "test"}


@pytest.mark.parametrize(
    ("below", "named"),
    [
        ("mdace/inpatient", ""),
        ("mdace/inpatient", "mdace"),
        ("mdace/inpatient", "mdace/inpatient"),
        ("splits/Inpatient", ""),
        ("splits/Inpatient", "splits"),
        ("", ""),
    ],
)
def test_files_are_found_flat_or_in_repository_folders(tmp_path: Path, below: str, named: str) -> None:
    write_ev(tmp_path / below)
    write(tmp_path / "mdace/profee/MDace-ev-train.csv", 7)

    assert find_split("mdace-inpatient-icd9", splits=tmp_path / named).read() == READ
    assert find_split("mdace-inpatient-icd10", also=[tmp_path / "no", tmp_path / named]).read() == READ


def test_own_file_is_accepted_with_a_notice(tmp_path: Path) -> None:
    own = write_feather(tmp_path / "own.feather")

    for source in ("mimic4-icd9", "mdace-inpatient-icd9-code"):
        found = find_split(source, splits=own)
        assert found.paths == (own,)
        assert found.notices == (
            "The split file own.feather differs from the published split of this source",
        )
        assert found.read() == {"1": "train", "2": "validation", "3": "test"}


def test_several_files_make_one_notice(tmp_path: Path) -> None:
    [notice] = find_split("mdace-inpatient-icd9", splits=write_ev(tmp_path)).notices

    assert notice == (
        "The split files MDace-ev-train.csv, MDace-ev-val.csv, MDace-ev-test.csv differ from the "
        "published split of this source"
    )


def test_caml_uses_its_own_files_or_those_of_edin(tmp_path: Path) -> None:
    feather = write_feather(tmp_path / "mimiciii_full_splits.feather")
    fallback = find_split("mimic3-full", "caml", tmp_path)
    assert fallback.paths == (feather,)
    assert "the folder has no split files of caml" in fallback.notices[0]

    for number, split in enumerate(("train", "dev", "test")):
        write(tmp_path / f"{split}_full_hadm_ids.csv", number)
    assert find_split("mimic3-full", "caml", tmp_path).read() == {
        "0": "train",
        "1": "validation",
        "2": "test",
    }
    assert find_split("mimic3-full", "edin2023", tmp_path).paths == (feather,)


def test_folder_without_a_split_file_is_refused(tmp_path: Path, refused: Any) -> None:
    (write_ev(tmp_path) / "MDace-ev-val.csv").unlink()
    with refused(
        SourceError, str(tmp_path), "does not contain mdace/inpatient/MDace-ev-val.csv.", "--splits"
    ):
        find_split("mdace-inpatient-icd9", splits=tmp_path)
    with refused(SourceError, "nowhere", "no such file or folder"):
        find_split("mimic3-50", splits=tmp_path / "nowhere")


@pytest.mark.parametrize(("source", "compat"), [("mimic3-clean", "caml"), ("table", "edin2024")])
def test_unpublished_split_is_refused(refused: Any, source: str, compat: str) -> None:
    with refused(SourceError, f"{compat} has no published split of {source}"):
        find_split(source, compat)


# --- downloads ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Repository:
    """Split files on a local server, and the requests it received."""

    folder: Path
    cache: Path
    asked: list[str]


class Handler(SimpleHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path.lstrip("/"))
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing to standard error."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    served = write_ev(tmp_path / "served" / "mdace" / "inpatient").parents[1]
    feather = write_feather(served / "mimiciii_50_splits.feather")
    files = [feather, *sorted((served / "mdace").rglob("*.csv"))]
    made = Repository(served, tmp_path / "cache", [])
    handler = type("Recording", (Handler,), {"asked": made.asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=served))
    server.daemon_threads = True
    names = [path.relative_to(served).as_posix() for path in files]
    local = replace(
        PUBLISHED,
        urls={name: f"http://127.0.0.1:{server.server_port}/{name}" for name in names},
        hashes={name: sha256((served / name).read_bytes()).hexdigest() for name in names},
    )
    monkeypatch.setattr(published_splits, "_published", lambda: local)
    monkeypatch.setenv(CACHE_VARIABLE, str(made.cache))
    for variable in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def stored(cache: Path) -> list[str]:
    return sorted(path.relative_to(cache).as_posix() for path in cache.rglob("*") if path.is_file())


def test_a_download_happens_once(repository: Repository) -> None:
    first = find_split("mdace-inpatient-icd9")
    assert first.read() == READ
    assert first.notices == ()
    assert stored(repository.cache) == sorted(f"splits/{name}" for name in repository.asked)
    assert len(repository.asked) == 3

    assert find_split("mdace-inpatient-icd9") == first
    assert len(repository.asked) == 3


def test_damaged_cached_file_is_downloaded_again(repository: Repository) -> None:
    [path] = find_split("mimic3-50").paths
    path.write_bytes(path.read_bytes()[:-1])

    assert len(find_split("mimic3-50").read()) == 3
    assert repository.asked == ["mimiciii_50_splits.feather"] * 2


def test_a_damaged_download_leaves_nothing(repository: Repository, refused: Any) -> None:
    served = repository.folder / "mimiciii_50_splits.feather"
    served.write_bytes(served.read_bytes() + b"!")

    with refused(
        SourceError, "mimiciii_50_splits.feather", "the download differs from the published file", "--splits"
    ):
        find_split("mimic3-50")
    assert stored(repository.cache) == []


def test_unreachable_file_is_named_with_its_address(repository: Repository, refused: Any) -> None:
    gone = repository.folder / "mdace/inpatient/MDace-ev-test.csv"
    gone.unlink()
    address = published_splits._published().urls["mdace/inpatient/MDace-ev-test.csv"]
    with refused(SourceError, "mdace/inpatient/MDace-ev-test.csv", "(HTTPError)", address, "--splits"):
        find_split("mdace-inpatient-icd9")


def test_local_files_are_not_downloaded(repository: Repository, tmp_path: Path) -> None:
    clone = write_ev(tmp_path / "MDACE" / "splits" / "Inpatient").parents[1]
    assert find_split("mdace-inpatient-icd9", also=[clone]).notices == ()
    assert repository.asked == []

    # A clone that lacks a file is not used at all.
    (clone / "splits/Inpatient/MDace-ev-val.csv").unlink()
    assert find_split("mdace-inpatient-icd9", also=[clone]).read() == READ
    assert len(repository.asked) == 3


def test_published_file_of_another_source_is_recognized(repository: Repository) -> None:
    [notice] = find_split("mimic3-50", splits=repository.folder / "mdace/inpatient/MDace-ev-val.csv").notices
    assert notice.endswith("of this source (it is mdace/inpatient/MDace-ev-val.csv)")


def test_download_without_a_network_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refused: Any
) -> None:
    # Port 9 discards its input, if anything listens there at all.
    urls = {name: f"http://127.0.0.1:9/{name}" for name in PUBLISHED.urls}
    monkeypatch.setattr(published_splits, "_published", lambda: replace(PUBLISHED, urls=urls))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    for name in ("train_50_hadm_ids.csv", "dev_50_hadm_ids.csv", "test_50_hadm_ids.csv"):
        with refused(SourceError, name, "(ConnectionError)", urls[name], "--splits"):
            find_split("mimic3-50", "caml")


def test_every_split_file_has_an_address_and_a_hash() -> None:
    for by_compat in PUBLISHED.splits.values():
        for split in by_compat.values():
            names = [split] if isinstance(split, str) else list(split.values())
            assert isinstance(split, str) or set(split) == {"train", "validation", "test"}
            assert [name for name in names if name not in PUBLISHED.hashes] == []
    for name, url in PUBLISHED.urls.items():
        assert url.startswith("https://raw.githubusercontent.com/")
        assert url.endswith(f"/{name}")
        assert len(PUBLISHED.hashes[name]) == 64


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("source", "train", "validation", "test"),
    [
        ("mimic3-full", 47_719, 1_631, 3_372),
        ("mimic3-50", 8_066, 1_573, 1_729),
        ("mimic3-clean", 38_401, 5_577, 8_734),
        ("mimic4-icd9", 154_542, 21_980, 32_804),
        ("mimic4-icd10", 89_099, 13_378, 19_802),
        ("mdace-inpatient-icd9", 181, 60, 61),
        ("mdace-inpatient-icd9-code", 47_900, 1_691, 3_131),
        ("mdace-profee-icd10", 31, 10, 11),
    ],
)
def test_real_split_files_are_recognized_as_published(
    shared_data: Path, source: str, train: int, validation: int, test: int
) -> None:
    found = find_split(source, splits=shared_data / "splits")

    assert found.notices == ()
    assert Counter(found.read().values()) == {"train": train, "validation": validation, "test": test}
