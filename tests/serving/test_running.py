"""`clem serve` as a process, and how it refuses to start."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from clem_icd.corpus import Corpus
from clem_icd.modeling import load_model, save_model
from clem_icd.modeling.model_files import fingerprint_of_folder
from clem_icd.serving import ServedModel, create_token
from serving.conftest import CANARY, served
from support import ROOT, info_of, new_system, tiny

COMMAND = [sys.executable, "-m", "clem_icd.cli"]


@pytest.fixture(scope="module")
def model(little_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder."""
    folder = tmp_path_factory.mktemp("serving") / "run" / "model"
    folder.parent.mkdir()
    save_model(new_system(little_corpus, tiny(64)), info_of(little_corpus, tiny(64)), folder)
    return folder


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Any]:
    """Start `clem serve`, and return the process, its first line and its log; kill what is left."""
    started: list[subprocess.Popen[str]] = []
    log = tmp_path / "log"

    def start(*arguments: object) -> tuple[subprocess.Popen[str], dict[str, Any], Path]:
        command = [*COMMAND, "serve", *map(str, arguments), "--port", "0", "--json"]
        with log.open("w") as stderr:
            one = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=tmp_path)
        started.append(one)
        assert one.stdout is not None
        line = one.stdout.readline()
        assert line, log.read_text()
        return one, json.loads(line), log

    yield start
    for one in started:
        one.kill()
        one.wait()
        assert one.stdout is not None
        one.stdout.close()


def test_a_service_says_where_it_is_codes_notes_and_stops_orderly(process: Any, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    headers = {"Authorization": f"Bearer {create_token(tokens, 'interface', ['predict'])}"}
    server, said, log = process("icd9pcs", "--tokens", tokens, "--no-review")
    assert said["url"].startswith("http://127.0.0.1:")
    assert said["model"] == "icd9pcs"
    answers: list[httpx2.Response] = []
    notes = {"notes": [{"text": f"Coronary bypass. {CANARY} {number} " * 300} for number in range(64)]}

    def ask() -> None:
        answers.append(httpx2.post(f"{said['url']}/v1/code", json=notes, headers=headers, timeout=60))

    with httpx2.Client(base_url=said["url"], headers=headers) as client:
        assert client.get("/readyz").status_code == 200
        asking = threading.Thread(target=ask)
        asking.start()
        # Two requests in progress: the notes, and this one.
        while "clem_requests_in_progress 2.0" not in client.get("/metrics").text:
            assert asking.is_alive()
        server.send_signal(signal.SIGTERM)
    asking.join(60)
    assert server.wait(35) == 0
    [answer] = answers
    assert answer.status_code == 200
    assert [len(note["suggestions"]) > 0 for note in answer.json()["notes"]] == [True] * 64
    assert answer.json()["notes"][0]["suggestions"][0]["probability"] is None
    lines = log.read_text().splitlines()
    assert lines[-1] == "Stopped; all requests were answered."
    assert {json.loads(line)["event"] for line in lines[:-1]} == {"request"}
    assert json.loads(lines[-2])["token"] == "interface"  # noqa: S105 - its name
    assert CANARY not in log.read_text()


def test_the_screen_is_open_without_any_setup(process: Any, tmp_path: Path) -> None:
    server, said, log = process("icd9pcs")
    assert said["review"] is True
    with httpx2.Client(base_url=said["url"], follow_redirects=True) as client:
        assert "Sign in" in client.get("/").text
        listed = client.post("/review/login", data={"name": "Ann"}, headers={"Origin": said["url"]})
        assert listed.status_code == 200
        assert listed.url.path == "/review"
        assert "icd9pcs" in client.get("/review/about").text
    server.send_signal(signal.SIGTERM)
    assert server.wait(35) == 0
    assert (tmp_path / "review.db").is_file()
    assert log.read_text().splitlines()[-1] == "Stopped; all requests were answered."


def test_scores_over_http_are_those_of_the_command_line(clem: Any, model: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Admitted with pneumonia. Known hypertension.", encoding="utf-8")
    [expected] = clem("code", model, note, "--json", "--evidence").json["notes"]

    opened = ServedModel.open(str(model), partial(load_model, model))
    assert (opened.name, opened.sha256) == ("run/model", fingerprint_of_folder(model))
    with served(opened.coder.system, opened.coder.info) as subject:
        [found] = subject.code(note.read_text(encoding="utf-8"), evidence=True).json()["notes"]

    assert len(found["suggestions"]) == 6
    for one, other in zip(found["suggestions"], expected["suggestions"], strict=True):
        assert (one["code"], one["decided"]) == (other["code"], other["decided"])
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-5)
        spans = [(span["begin"], span["end"]) for span in one["evidence"]]
        assert spans == [(span["begin"], span["end"]) for span in other["evidence"]]


def test_the_fingerprint_is_that_of_sha256sum(model: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "install-offline.md").read_text(encoding="utf-8")
    [command] = [line for line in page.splitlines() if line.startswith("find ")]
    changed = tmp_path / "changed"
    shutil.copytree(model, changed)
    (changed / "a file.txt").write_text("with a space in its name")
    (changed / "link").symlink_to(changed / "a file.txt")
    for folder in (model, changed):
        done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
        assert done.stdout.split()[0] == fingerprint_of_folder(folder)
    for name in ("a file.txt", "link"):
        (changed / name).unlink()
    (changed / "README.md").write_text("another card")
    assert fingerprint_of_folder(changed) == fingerprint_of_folder(model)
    (changed / "config.json").write_text("{}")
    assert fingerprint_of_folder(changed) != fingerprint_of_folder(model)


# --- refusals ----------------------------------------------------------------------------------------------


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


EVERYWHERE = "0.0.0.0"  # noqa: S104

DAMAGES: dict[str, Any] = {
    "no folder": (lambda folder: shutil.rmtree(folder), "clem.json is missing"),
    "no clem.json": (lambda folder: (folder / "clem.json").unlink(), "clem.json is missing"),
    "half of clem.json": (lambda folder: truncate(folder / "clem.json"), "not readable as json"),
    "half of the weights": (lambda folder: truncate(folder / "model.safetensors"), "model.safetensors"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_missing_or_damaged_model_ends_the_start_in_one_line(
    clem: Any, model: Path, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    change, says = DAMAGES[damage]
    change(folder)
    started = time.monotonic()
    found = clem("serve", folder, "--port", "0", "--store", tmp_path / "review.db")
    assert time.monotonic() - started < 10
    assert (found.code, found.out) == (2, "")
    [line] = found.err.splitlines()
    assert line.startswith("clem: ")
    assert says in line


def test_an_occupied_port_ends_the_start_in_one_line(clem: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = clem("serve", "icd9pcs", "--port", port, "--no-review")
    assert (found.code, found.out) == (2, "")
    assert found.err == (
        f"clem: port {port} of 127.0.0.1 is in use by another program. Stop that program, or pass another "
        "--port; 0 takes any that is free.\n"
    )


REFUSED = {
    "other machines without tokens": (["--host", EVERYWHERE], "no token is required"),
    "a proxy without tokens": (["--allowed-host", "coding.hospital"], "no token is required"),
    "no file of tokens": (["--tokens", "{tmp}/none.json"], "there is no such file"),
    "a malformed file of tokens": (["--tokens", "{tmp}/bad.json"], "format"),
    "an unknown address": (["--host", "192.0.2.1", "--tokens", "{tmp}/tokens.json"], "cannot be bound"),
    "no address": (["--host", "no address", "--tokens", "{tmp}/tokens.json"], "not an address"),
    "a proxy without its header": (["--trusted-proxy", "10.0.0.5"], "--user-header NAME"),
    "a proxy that is not an address": (["--trusted-proxy", "it", "--user-header", "X-User"], "as 10.0.0.5"),
    "options of a screen that is left out": (["--no-review", "--idle-minutes", "5"], "--idle-minutes is for"),
    "a database in a folder that is missing": (["--store", "{tmp}/none/review.db"], "cannot be used"),
    "a database that is none": (["--store", "{tmp}/bad.json"], "refuses a statement"),
    "a language of a search that is none": (["--language", "en"], "--language is for a search"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_start_that_cannot_succeed_is_refused(clem: Any, model: Path, tmp_path: Path, case: str) -> None:
    (tmp_path / "bad.json").write_text("{}")
    create_token(tmp_path / "tokens.json", "test", ["predict"])
    options, says = REFUSED[case]
    if not {"--no-review", "--store"}.intersection(options):
        options = [*options, "--store", "{tmp}/review.db"]
    found = clem("serve", model, "--port", "0", *(option.format(tmp=tmp_path) for option in options))
    assert (found.code, found.out) == (2, "")
    [line] = found.err.splitlines()
    assert says in line


def test_tokens_are_made_listed_and_revoked_on_the_command_line(clem: Any, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    made = clem("token", "create", "ehr", "--tokens", tokens, "--scope", "admin", "--scope", "predict")
    assert made.code == 0
    assert made.out.startswith("clem_")
    assert made.out.strip() not in tokens.read_text()
    assert clem("token", "create", "coder", "--tokens", tokens, "--json").json["scopes"] == ["predict"]
    listed = clem("token", "list", "--tokens", tokens, "--json").json["tokens"]
    assert [(one["name"], one["scopes"]) for one in listed] == [
        ("ehr", ["predict", "admin"]),
        ("coder", ["predict"]),
    ]
    assert "ehr" in clem("token", "list", "--tokens", tokens).out
    assert clem("token", "revoke", "ehr", "--tokens", tokens).out == "Revoked ehr.\n"
    again = clem("token", "revoke", "ehr", "--tokens", tokens)
    assert (again.code, again.err) == (
        2,
        f"clem: {tokens}: there is no token 'ehr'. The tokens are: coder.\n",
    )


def test_a_crowd_of_clients_gets_answers_and_leaves_nothing_open() -> None:
    """The benchmark of the service, for a second; test_batching has what happens under overload."""
    short = ["--clients", "4", "--seconds", "1", "--overload-seconds", "0", "--connections", "50"]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "serving.py", "icd9pcs", *short, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["broken"] == []
    assert found["load"]["statuses"]["200"] >= 4
    assert found["handles"]["connections"] == 50
