"""The encoders of the runs: which folder belongs to which, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from clem_icd.errors import InputError, ModelError
from clem_icd.modeling import Architecture, PretrainedEncoder, SmallEncoder
from clem_icd.modeling.sizing import require_encoder
from clem_icd.reproducing.targets import EncoderFacts, known_targets

__all__ = ["facts_of", "folders_of", "is_here", "require_run_encoder", "with_encoder"]


def folders_of(given: Sequence[str], shipped: Mapping[str, Architecture]) -> dict[str, Path]:
    """Return the encoder folder of each run that gets one.

    Parameters
    ----------
    given
        ``RUN=FOLDER`` for one run; ``FOLDER`` for every run whose encoder is not on the Hub, or for all runs
        if each of their encoders is.
    shipped
        The architecture of each run, without anything given.

    Raises
    ------
    InputError
        If a folder is for a run that is not among them.
    ModelError
        If there is no such folder.

    """
    common: dict[str, Path] = {}
    own: dict[str, Path] = {}
    for one in given:
        run, separator, folder = one.partition("=")
        # A folder may have an equals sign in its name.
        if not separator or "/" in run:
            common = dict.fromkeys(_in_need(shipped), _existing(one))
        elif run in shipped:
            own[run] = _existing(folder)
        else:
            raise InputError(
                f"an encoder was named for {run!r}, which is not one of the runs",
                remedy=f"Name a folder, or RUN=FOLDER for one of {', '.join(shipped)}",
            )
    return common | own


def with_encoder(architecture: Architecture, folder: Path) -> PretrainedEncoder:
    """Return the pretrained encoder of an architecture, read from a folder."""
    # Not by a setting, whose value would be read as YAML.
    return cast(PretrainedEncoder, architecture.encoder).model_copy(update={"name": str(folder)})


def facts_of(architecture: Architecture) -> EncoderFacts | None:
    """Return what is known of an encoder by its name; None for any that no publication used."""
    encoder = architecture.encoder
    return known_targets().encoders.get(encoder.name) if isinstance(encoder, PretrainedEncoder) else None


def is_here(architecture: Architecture) -> bool:
    """Return whether an encoder can be opened without a network."""
    encoder = architecture.encoder
    return isinstance(encoder, SmallEncoder) or encoder.local_folder() is not None


def require_run_encoder(run: str, architecture: Architecture, *, ask_hub: bool = True) -> None:
    """Refuse an encoder that is missing, or reads fewer tokens than the reading asks for.

    Parameters
    ----------
    run
        The name of the run.
    architecture
        Its architecture.
    ask_hub
        Whether to look for an encoder on the Hub, if it is not on this machine.

    Raises
    ------
    ModelError
        If it is so.

    """
    facts = facts_of(architecture)
    if facts is not None and facts.archive is not None and not is_here(architecture):
        raise ModelError(
            f"{run} starts from an encoder that is not on the Hub, and no folder of it was named",
            remedy=f"Download {facts.archive}, convert it with `clem convert-encoder`, and pass the folder "
            "as --encoder",
        )
    if ask_hub or is_here(architecture):
        require_encoder(architecture)


def _in_need(shipped: Mapping[str, Architecture]) -> list[str]:
    """Return the runs whose encoder is not on the Hub; all runs if each of them is."""
    known = {run: facts_of(architecture) for run, architecture in shipped.items()}
    return [run for run, facts in known.items() if facts is not None and facts.archive] or list(shipped)


def _existing(folder: str) -> Path:
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise ModelError("there is no such encoder folder", path=path, remedy="Check the path")
    return path
