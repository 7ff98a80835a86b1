"""The container file and the systemd unit against the code: nothing here can build or start them."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from clem_icd.serving.envelope import HEALTH
from clem_icd.serving.running import DRAIN_SECONDS, check_exposure
from clem_icd.serving.security.hosts import is_loopback
from serving.browser.serving import reviewing
from support import ROOT
from test_docs import check_command_line

UNIT = ROOT / "examples" / "clem-serve.service"


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the container file, with their arguments on one line."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def all_of(name: str) -> list[str]:
    return [rest.strip() for found, rest in instructions() if found == name]


def only(name: str) -> str:
    [found] = all_of(name)
    return found


def default_of(argument: str) -> str:
    """Return the default of an argument of the build."""
    [default] = [one.partition("=")[2] for one in all_of("ARG") if one.startswith(f"{argument}=")]
    return default


def copied() -> Iterator[str]:
    """Yield what is copied from the folder of the container file."""
    for words in map(shlex.split, all_of("COPY")):
        if not words[0].startswith("--from"):
            yield from words[:-1]


def reaches_the_builder(name: str) -> bool:
    """Apply the patterns of the ignore file in their order."""
    sent = True
    for line in (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#") and fnmatch(name, line.removeprefix("!")):
            sent = line.startswith("!")
    return sent


def command() -> list[str]:
    words: list[str] = [*json.loads(only("ENTRYPOINT")), *json.loads(only("CMD"))]
    return words


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def test_all_that_is_copied_exists_and_reaches_the_builder() -> None:
    names = list(copied())
    assert {"src", "pyproject.toml", "requirements.lock"} <= set(names)
    for name in names:
        assert (ROOT / name).exists(), name
        assert reaches_the_builder(name), name


@pytest.mark.parametrize("name", ["runs", "review.db", "tokens.json", ".git", "tests"])
def test_nothing_else_reaches_the_builder(name: str) -> None:
    assert not reaches_the_builder(name)


def test_what_the_build_backend_reads_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {project["readme"], *project["license-files"]} <= set(copied())


def test_packages_are_those_of_the_lock_file() -> None:
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installs = [one for one in all_of("RUN") if "pip install" in one]
    assert len(installs) == 2
    for words in map(shlex.split, installs):
        assert option(words, "--constraint") == "requirements.lock"
        wanted = words[-1]
        if wanted == ".[${EXTRAS}]":
            chosen = set(default_of("EXTRAS").split(","))
            # A lexicon is served as well, and its library of trees is an extra.
            assert {"serve", "lexicon"} <= chosen <= set(extras["optional-dependencies"])
        else:
            assert wanted in locked


def test_the_image_has_the_system_library_of_the_lexicon() -> None:
    last = instructions()[max(at for at, (name, _) in enumerate(instructions()) if name == "FROM") :]
    [install] = [rest for name, rest in last if name == "RUN" and "apt-get install" in rest]
    assert {"libgomp1", "--no-install-recommends", "/var/lib/apt/lists/*"} <= set(install.split())


def test_the_base_has_a_version_that_the_package_runs_on() -> None:
    assert re.fullmatch(r"3\.1[1-9]\.\d+-slim-\w+", default_of("PYTHON"))
    assert [one.split()[0] for one in all_of("FROM")] == ["python:${PYTHON}"] * 2


def test_the_command_line_of_the_container_is_one_that_clem_has() -> None:
    program, *words = command()
    assert program == "clem"
    check_command_line(words)
    assert option(words, "--port") == only("EXPOSE")


def test_the_container_admits_nobody_without_a_token() -> None:
    words = command()
    assert not is_loopback(option(words, "--host"))
    check_exposure(option(words, "--host"), has_tokens="--tokens" in words, forwarded=False)


def test_the_container_writes_only_to_its_volume_and_not_as_root() -> None:
    volumes = json.loads(only("VOLUME"))
    words = command()
    for path in (words[2], option(words, "--store"), option(words, "--tokens")):
        assert any(Path(path).is_relative_to(volume) for volume in volumes), path
    user = only("USER").partition(":")[0]
    assert int(user) > 0
    assert f"--uid {user}" in next(one for one in all_of("RUN") if "useradd" in one)
    assert "PYTHONDONTWRITEBYTECODE=1" in only("ENV")


def health_check() -> list[str]:
    words: list[str] = json.loads(only("HEALTHCHECK").partition("CMD ")[2])
    return words


def test_the_health_check_asks_a_path_that_needs_no_token_at_the_port_of_the_service() -> None:
    [url] = re.findall(r"http://[^']+", health_check()[-1])
    host, _, path = url.removeprefix("http://").partition("/")
    assert f"/{path}" in HEALTH
    assert host == f"127.0.0.1:{only('EXPOSE')}"


def test_the_health_check_succeeds_while_the_service_lives_and_fails_afterwards(tmp_path: Path) -> None:
    from clem_icd.serving.store.database import open_store

    program, flag, code = health_check()
    assert (program, flag) == ("python", "-c")
    with reviewing(open_store(tmp_path / "review.db")) as url:
        code = code.replace(f"http://127.0.0.1:{only('EXPOSE')}", url)
        exec(code, {})  # noqa: S102 - our own file
    with pytest.raises(OSError, match="refused"):
        exec(code, {})  # noqa: S102


# --- systemd -----------------------------------------------------------------------------------------------


def settings() -> dict[str, list[str]]:
    """Return the settings of the unit."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_command_line_of_the_unit_is_one_that_clem_has_and_needs_a_token() -> None:
    [line] = settings()["ExecStart"]
    program, *words = shlex.split(line)
    assert program.endswith("/bin/clem")
    check_command_line(words)
    check_exposure("127.0.0.1", has_tokens="--tokens" in words, forwarded="--allowed-host" in words)


def test_the_unit_writes_only_to_its_own_folder_and_gives_requests_time_to_end() -> None:
    found: dict[str, Any] = {name: values[0] for name, values in settings().items()}
    words = shlex.split(found["ExecStart"])
    folder = f"/var/lib/{found['StateDirectory']}"
    assert found["ProtectSystem"] == "strict"
    assert {str(Path(option(words, name)).parent) for name in ("--store", "--tokens")} == {folder}
    assert found["User"] != "root"
    assert int(found["TimeoutStopSec"]) > DRAIN_SECONDS
    assert found["RestartPreventExitStatus"] == "2"
