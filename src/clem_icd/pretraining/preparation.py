"""From sources to the files that training reads: a tokenizer, and the tokens of the texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from clem_icd.errors import SourceError
from clem_icd.files import new_folder, read_json, write_json
from clem_icd.icd import Code
from clem_icd.modeling import SmallEncoder, learn_tokenizer
from clem_icd.pretraining.coded_texts import CodedNotes, CodedTexts
from clem_icd.pretraining.near_copies import NearCopies
from clem_icd.pretraining.recipe import PretrainingRecipe
from clem_icd.pretraining.steps import HeldOut, Masking, Steps
from clem_icd.pretraining.texts import Sources, is_held_out
from clem_icd.pretraining.tokens import TokenFile
from clem_icd.progress import Observer
from clem_icd.runs.points import Point, passing

# The shape of held-out batches does not depend on the phases, so losses of different runs are comparable.
_HELD_OUT_LENGTH = 128
_HELD_OUT_ROWS = 32


@dataclass(frozen=True, slots=True)
class Prepared:
    """The data that training reads.

    Attributes
    ----------
    tokenizer
        The tokenizer of the encoder.
    texts, held_out
        Tokens of the texts that are trained on, and of those that the loss is measured on.
    coded
        Notes with their codes; None if the recipe does not use them.
    counts
        The counts of each source, by its name, as in ``pretraining.json``.

    """

    tokenizer: PreTrainedTokenizerBase
    texts: TokenFile
    held_out: TokenFile
    coded: CodedNotes | None
    counts: dict[str, dict[str, int]]

    def steps(self, recipe: PretrainingRecipe) -> Steps:
        """Return the batches of every step."""
        coded = None
        if recipe.codes.names or recipe.codes.inserted or recipe.codes.notes:
            coded = CodedTexts(self.tokenizer, recipe.codes, self.texts, self.coded)
        masking = Masking(self.tokenizer, recipe.masked_share)
        return Steps(self.texts, recipe.training, masking, recipe.seed, coded)

    def held_out_rows(self, recipe: PretrainingRecipe) -> HeldOut:
        """Return the batches that the held-out loss is measured on."""
        length = _held_out_length(recipe)
        rows = min(_HELD_OUT_ROWS, self.held_out.size // length)
        return HeldOut(self.held_out, Masking(self.tokenizer, recipe.masked_share), length=length, rows=rows)


def prepare(
    recipe: PretrainingRecipe,
    sources: Sources,
    folder: Path,
    tokenizer: PreTrainedTokenizerBase | None,
    observer: Observer,
) -> Prepared:
    """Read all sources into ``folder``, or open what an earlier call wrote there.

    Parameters
    ----------
    recipe
        The recipe of the run.
    sources
        The texts to read.
    folder
        The folder for the tokenizer and the tokens.
    tokenizer
        The tokenizer of the encoder whose training continues; None to learn one from the texts.
    observer
        Receives the progress.

    Raises
    ------
    SourceError
        If a source is malformed, or too few texts remain.

    """
    if not (folder / "counts.json").is_file():
        with new_folder(folder, force=True) as fresh:
            _read_sources(recipe, sources, fresh, tokenizer, observer)
    counts = read_json(folder / "counts.json", SourceError)
    return Prepared(
        AutoTokenizer.from_pretrained(folder / "tokenizer", trust_remote_code=False),
        TokenFile(folder / "texts.bin"),
        TokenFile(folder / "held-out.bin"),
        _read_coded(sources, folder) if recipe.codes.notes else None,
        counts,
    )


def _read_sources(
    recipe: PretrainingRecipe,
    sources: Sources,
    folder: Path,
    tokenizer: PreTrainedTokenizerBase | None,
    observer: Observer,
) -> None:
    near_copies = sources.near_copies()
    if tokenizer is None:
        observer.begin("Learning a tokenizer", None)
        tokenizer = learn_tokenizer(
            (text for text, _ in _with_progress(sources, near_copies, recipe, observer)),
            vocabulary=(recipe.small or SmallEncoder()).vocabulary,
            max_tokens=recipe.positions,
        )
    tokenizer.save_pretrained(folder / "tokenizer")
    observer.begin("Reading texts", None)
    held_out_texts: list[str] = []
    training_texts = _split_held_out(_with_progress(sources, near_copies, recipe, observer), held_out_texts)
    texts = TokenFile.write(folder / "texts.bin", tokenizer, training_texts)
    held_out = TokenFile.write(folder / "held-out.bin", tokenizer, held_out_texts)
    passing(Point.TOKENS_CHECK)
    _require_enough(texts, held_out, recipe)
    if recipe.codes.notes:
        _write_coded(recipe, sources, near_copies, folder, tokenizer, observer)
    write_json(folder / "counts.json", {name: _as_json(one) for name, one in sources.counts.items()})


def _held_out_length(recipe: PretrainingRecipe) -> int:
    return min(_HELD_OUT_LENGTH, recipe.training.lengths[0])


def _with_progress(
    sources: Sources, near_copies: NearCopies, recipe: PretrainingRecipe, observer: Observer
) -> Iterator[tuple[str, bool]]:
    for one in sources.read(near_copies, held_out_share=recipe.held_out_share):
        observer.advance()
        yield one


def _split_held_out(texts: Iterator[tuple[str, bool]], held_out_texts: list[str]) -> Iterator[str]:
    """Yield the texts to train on, and append the held-out ones to a list."""
    for text, held_out in texts:
        if held_out:
            held_out_texts.append(text)
        else:
            yield text


def _require_enough(texts: TokenFile, held_out: TokenFile, recipe: PretrainingRecipe) -> None:
    longest = recipe.training.lengths[-1]
    if texts.size < 2 * longest:
        raise SourceError(
            f"the texts have {texts.size:,} tokens, but rows of {longest:,} need at least {2 * longest:,}",
            remedy="Name more texts, or set shorter training.lengths",
        )
    row = _held_out_length(recipe)
    if held_out.size < row:
        raise SourceError(
            f"the held-out texts have {held_out.size:,} tokens, but the loss is measured on rows of {row:,}",
            remedy="Name more texts, or set a larger held_out_share",
        )


def _write_coded(
    recipe: PretrainingRecipe,
    sources: Sources,
    near_copies: NearCopies,
    folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    observer: Observer,
) -> None:
    if not sources.coded:
        raise SourceError(
            "codes.notes needs notes with codes, but none are given", remedy="Name a corpus with --coded"
        )
    observer.begin(
        "Reading notes with codes", sum(sources.corpus(one).size("train") for one in sources.coded)
    )
    rows: list[tuple[int, int]] = []  # index of the corpus, and of the note in it

    def texts() -> Iterator[str]:
        for number, place in enumerate(sources.coded):
            counts = sources.new_counts(str(place), " (coded)")
            read_as_text = place in map(Path, sources.texts)
            for row, text in enumerate(sources.corpus(place).texts("train")):
                observer.advance()
                counts.read += 1
                if text in near_copies:
                    counts.near_copies += 1
                    continue
                # Held out as a text, so it is not trained on with its codes either.
                if read_as_text and is_held_out(text, recipe.held_out_share):
                    counts.held_out += 1
                    continue
                rows.append((number, row))
                yield text

    TokenFile.write(folder / "coded.bin", tokenizer, texts(), recipe.codes.note_tokens)
    if not rows:
        raise SourceError(
            "every note with codes is held out, or a near-copy of an excluded note",
            remedy="Name other corpora with --coded",
        )
    write_json(folder / "coded.json", {"rows": rows})


def _read_coded(sources: Sources, folder: Path) -> CodedNotes:
    corpora = [sources.corpus(place) for place in sources.coded]
    columns = [corpus.label_indices("train") for corpus in corpora]
    rows = read_json(folder / "coded.json", SourceError)["rows"]
    codes: list[list[Code]] = [
        [corpora[number].codes[column] for column in columns[number][row]] for number, row in rows
    ]
    return CodedNotes(TokenFile(folder / "coded.bin"), codes)


def _as_json(counts: Any) -> dict[str, int]:
    return {**asdict(counts), "kept": counts.kept}
