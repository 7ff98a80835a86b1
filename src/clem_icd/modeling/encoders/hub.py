"""Encoders on the Hugging Face Hub, or in its cache: which commit is meant, and why one cannot be loaded."""

from __future__ import annotations

import re
from pathlib import Path

from huggingface_hub import is_offline_mode
from huggingface_hub.errors import LocalEntryNotFoundError
from transformers.utils.hub import cached_file, has_file

from clem_icd.errors import ModelError
from clem_icd.modeling.damage import PICKLED_INDEX, PICKLED_WEIGHTS, WEIGHTS, Part

_COMMIT = re.compile(r"[0-9a-f]{40}")


def commit_of(repository: str, revision: str | None) -> str | None:
    """Return the commit that a revision of a repository stands for; None if the cache does not tell.

    Parameters
    ----------
    repository
        A Hub id.
    revision
        A branch, a tag or a commit; None for the main branch.

    Raises
    ------
    OSError
        If there is no such repository or revision, or it can neither be reached nor found in the cache.

    """
    file = cached_file(repository, "config.json", revision=revision)
    # The cache has a folder per commit, named after it.
    name = "" if file is None else Path(file).parent.name
    return name if _COMMIT.fullmatch(name) else None


def hub_error(name: str, place: str, revision: str | None, part: Part, problem: Exception) -> ModelError:
    """Return the error for an encoder on the Hub that cannot be loaded.

    Parameters
    ----------
    name, place, revision
        The name of the encoder, its Hub id and its revision.
    part
        What was loaded.
    problem
        What was raised.

    """
    encoder = (
        f"the encoder {name!r}" if revision is None else f"revision {revision!r} of the encoder {name!r}"
    )
    if part is WEIGHTS and _has_only_pickled_weights(place, revision):
        option = "" if revision is None else f" --revision {revision}"
        return ModelError(
            f"{encoder} has its weights only as a pickle, {PICKLED_WEIGHTS}, which could run code",
            remedy=f"Download it with `hf download {place}{option} --local-dir FOLDER`, convert it with "
            "`clem convert-encoder FOLDER --out NEW_FOLDER`, then name NEW_FOLDER",
        )
    if is_offline_mode() and isinstance(problem, OSError):
        return ModelError(
            f"{encoder} is not in the Hub cache, or only parts of it are, and HF_HUB_OFFLINE is set",
            remedy="Unset HF_HUB_OFFLINE to download it, or name a folder with config.json, "
            "model.safetensors and a tokenizer",
        )
    if (failure := _failed_request(problem)) is not None:
        return ModelError(
            f"{encoder} is not on this machine and cannot be fetched from the Hugging Face Hub ({failure})",
            remedy="Download it on another machine and name its folder, or copy the Hub cache from there and "
            "set HF_HUB_OFFLINE=1; see docs/how-to/use-an-encoder-offline.md",
        )
    return ModelError(
        f"{encoder} cannot be loaded ({type(problem).__name__})",
        remedy="Name a folder with config.json, model.safetensors and a tokenizer, "
        "a Hub id where the Hub can be reached, or 'small'",
    )


def _failed_request(problem: BaseException | None) -> str | None:
    """Return why the Hub did not give a file, in a few words; None if that is not the problem."""
    while problem is not None and not isinstance(problem, LocalEntryNotFoundError):
        problem = problem.__cause__
    cause = None if problem is None else problem.__cause__
    if cause is None:
        return None
    return next(iter(str(cause).splitlines()), type(cause).__name__)


def _has_only_pickled_weights(place: str, revision: str | None) -> bool:
    def has(*names: str) -> bool:
        return any(has_file(place, name, revision=revision) for name in names)

    try:
        return has(PICKLED_WEIGHTS, PICKLED_INDEX) and not has(*WEIGHTS.files, "model.safetensors.index.json")
    except OSError:
        return False
