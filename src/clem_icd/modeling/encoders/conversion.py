"""An encoder with pickled weights, as the RoBERTa-PM models are published, becomes one with safetensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedConfig, PreTrainedTokenizerBase

from clem_icd.errors import ModelError, OutputError
from clem_icd.files import check_free, new_folder, sha256_of, write_text
from clem_icd.modeling.damage import (
    CONFIG,
    has_safetensors,
    naming_damage,
    require_padding,
    require_vocabulary,
)
from clem_icd.modeling.encoders.fitting import fit_to_config
from clem_icd.modeling.encoders.pickled import COPY_AGAIN, pickled_files, read_pickled
from clem_icd.modeling.encoders.pretrained import PretrainedEncoder

_COPY_TOKENIZER = (
    "Copy the tokenizer's files into it: vocab.json and merges.txt, vocab.txt, or tokenizer.json"
)
# Of a config and a tokenizer.
_SUFFIXES = {".json", ".txt", ".model"}


@dataclass(frozen=True)
class Conversion:
    """What `convert_encoder` read and wrote.

    Attributes
    ----------
    source
        The name of the folder that was read.
    model
        The class of the model in `transformers`.
    parameters
        The number of its parameters.
    tokens
        The size of its vocabulary.
    dtypes
        The data types of the pickled weights. The result is in single precision.
    left_out
        Tensors that the model has no place for, such as buffers and other heads.
    inputs
        The SHA-256 of each file of weights, config and tokenizer, by name.

    """

    source: str
    model: str
    parameters: int
    tokens: int
    dtypes: tuple[str, ...]
    left_out: tuple[str, ...]
    inputs: dict[str, str]

    @property
    def precision(self) -> str:
        """The data type of the result, and that of the pickled weights if it was another."""
        others = [dtype for dtype in self.dtypes if dtype != "float32"]
        return f"float32 ({', '.join(others)} in the pickle)" if others else "float32"


def convert_encoder(folder: Path, out: Path, *, force: bool = False) -> Conversion:
    """Write an encoder with pickled weights as safetensors, with a fast tokenizer and a card.

    No code from the folder is run. The encoder has to be complete, and as its config describes it. What the
    file has of its pretraining head is kept.

    Parameters
    ----------
    folder
        A folder with config.json, pytorch_model.bin (or its parts and their index) and a tokenizer.
    out
        The folder to write.
    force
        Replace ``out``.

    Raises
    ------
    ModelError
        If ``folder`` is something else, a file is missing or damaged or asks for code, or config, weights and
        tokenizer disagree.
    OutputError
        If ``out`` is occupied and ``force`` is false, or contains ``folder``.

    """
    check_free(out, force=force)
    if folder.resolve().is_relative_to(out.resolve()):
        raise OutputError("contains the encoder to convert", path=out, remedy="Choose another folder")
    _require_convertible(folder)
    files = pickled_files(folder)
    with naming_damage(folder, CONFIG, COPY_AGAIN):
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    tokenizer = _fast_tokenizer(folder, config)
    tensors = read_pickled(files)
    fitted = fit_to_config(tensors, config, files[0], COPY_AGAIN)
    others = [path for path in folder.iterdir() if path.suffix in _SUFFIXES]
    conversion = Conversion(
        source=folder.resolve().name,
        model=type(fitted.model).__name__,
        parameters=fitted.parameters,
        tokens=len(tokenizer),
        dtypes=fitted.dtypes,
        left_out=fitted.left_out,
        inputs={path.name: sha256_of(path) for path in sorted({*files, *others})},
    )
    with new_folder(out, force=force) as temporary:
        fitted.model.save_pretrained(temporary, state_dict=fitted.weights)
        tokenizer.save_pretrained(temporary)
        write_text(temporary / "README.md", _card(conversion))
        # Opened as training will open it.
        PretrainedEncoder(name=str(temporary)).open(positions=1).load(AutoModel)
    return conversion


def _require_convertible(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelError(
            "not a folder", path=folder, remedy="Unpack the archive, and name the folder from it"
        )
    if has_safetensors(folder):
        raise ModelError(
            "already has its weights as safetensors", path=folder, remedy=f"Use it with encoder={folder}"
        )
    inner = sorted(folder.glob("*/config.json"))
    if inner and not (folder / "config.json").exists():
        raise ModelError(
            "has no config.json, but a folder in it has", path=folder, remedy=f"Name {inner[0].parent}"
        )
    if (folder / "model.pt").exists() and not (folder / "config.json").exists():
        raise ModelError(
            "holds a fairseq checkpoint, expected config.json and pytorch_model.bin",
            path=folder,
            remedy="Get the encoder in the format of transformers, from a RoBERTa-PM archive ending in -hf",
        )


def _fast_tokenizer(folder: Path, config: PreTrainedConfig) -> PreTrainedTokenizerBase:
    tokenizer: PreTrainedTokenizerBase
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    # tokenizers raises bare exceptions.
    except Exception as problem:
        raise ModelError(
            f"has no tokenizer that can be loaded ({type(problem).__name__})",
            path=folder,
            remedy=_COPY_TOKENIZER,
        ) from problem
    require_vocabulary(tokenizer, folder, _COPY_TOKENIZER)
    require_padding(tokenizer, folder, _COPY_TOKENIZER)
    if not tokenizer.is_fast:
        raise ModelError(
            f"has a {type(tokenizer).__name__}, which has no fast form",
            path=folder,
            remedy="Choose another encoder",
        )
    last, vocabulary = max(tokenizer.get_vocab().values()), getattr(config, "vocab_size", 0)
    # RoBERTa counts positions from the id of the padding.
    if last >= vocabulary or config.pad_token_id not in (None, tokenizer.pad_token_id):
        raise ModelError(
            f"has a tokenizer with ids up to {last} and padding {tokenizer.pad_token_id}, but config.json "
            f"describes {vocabulary} tokens and padding {config.pad_token_id}",
            path=folder,
            remedy=_COPY_TOKENIZER,
        )
    return tokenizer


def _card(conversion: Conversion) -> str:
    """Return the card as Markdown with a Hugging Face header."""
    left_out = ", ".join(f"`{name}`" for name in conversion.left_out) or "none"
    lines = [
        "---",
        "library_name: transformers",
        "---",
        "",
        f"# {conversion.source}, with safetensors",
        "",
        f"- `{conversion.model}`, {conversion.parameters:,} parameters in {conversion.precision}, "
        f"{conversion.tokens:,} tokens.",
        "- Converted from pickled weights with `clem convert-encoder`.",
        f"- Tensors left out: {left_out}.",
        "- The licence and the terms of the original apply.",
        "",
        "## Files that were converted",
        "",
        "| file | SHA-256 |",
        "|---|---|",
        *(f"| `{name}` | `{digest}` |" for name, digest in conversion.inputs.items()),
    ]
    return "\n".join(lines) + "\n"
