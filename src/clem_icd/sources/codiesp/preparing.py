"""CodiEsp: Spanish clinical cases, also in machine-translated English, coded in ICD-10."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

from clem_icd.corpus import Corpus, Note, corpus_writer
from clem_icd.errors import SourceError
from clem_icd.icd import Code, default_codebook
from clem_icd.sources.codiesp.release import SYSTEMS, Spans, read_codes, read_document, read_spans
from clem_icd.sources.inputs import check_out, check_raw, input_file
from clem_icd.tabular.sentences import tell

Language = Literal["es", "en"]
CodeSet = Literal["D", "P", "DP"]

# Its folders, and our names of the splits.
FOLDERS = {"train": "train", "dev": "validation", "test": "test"}

_TEXTS = {"es": "text_files", "en": "text_files_en"}
_RELEASE = "final_dataset_v4_to_publish"

_ODDITIES = {
    "no text": (
        "document with codes has no text and was left out",
        "documents with codes have no text and were left out",
    ),
    "no codes": (
        "document has no such codes and is kept without any",
        "documents have no such codes and are kept without any",
    ),
    "other code": (
        "span is for a code that its document does not have and was left out",
        "spans are for codes that their documents do not have and were left out",
    ),
    "repeated": ("span repeats another one and was left out", "spans repeat another one and were left out"),
    "empty": ("span is empty and was left out", "spans are empty and were left out"),
    "differs": (
        "entry of evidence does not read as its reference text",
        "entries of evidence do not read as their reference texts",
    ),
}


def prepare_codiesp(
    raw: Path, out: Path, *, language: Language = "es", codes: CodeSet = "D", force: bool = False
) -> Corpus:
    """Make a corpus of CodiEsp (Miranda-Escalada et al., 2020), version 4.

    Coders marked mentions, negated ones too. Many procedure codes are cut to their first characters,
    and are kept so. The English texts have no evidence of their own.

    Parameters
    ----------
    raw
        The unpacked release: ``train``, ``dev`` and ``test``, whichever are there, each with
        ``text_files``, ``text_files_en`` and ``trainD.tsv``, ``trainP.tsv``, ``trainX.tsv``.
    out
        The corpus folder to make.
    language
        Spanish (``es``) or English (``en``).
    codes
        Diagnoses (``D``, ICD-10-CM), procedures (``P``, ICD-10-PCS), or both.
    force
        Replace what lies at ``out``.

    Raises
    ------
    SourceError
        If a raw file is missing or malformed, or no split is there.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    check_raw(raw)
    check_out(out, raw, force=force)
    _check_choice("language", language, get_args(Language))
    _check_choice("codes", codes, get_args(CodeSet))
    base = raw / _RELEASE if (raw / _RELEASE).is_dir() else raw
    folders = [base / name for name in FOLDERS if (base / name).is_dir()]
    if not folders:
        raise SourceError(f"has none of {', '.join(FOLDERS)}", path=base, remedy="Unpack CodiEsp there")
    splits = [_Split(folder, language, codes) for folder in folders]
    notices = [
        f"The split {split} is not there: the release was unpacked without its folder {name}"
        for name, split in FOLDERS.items()
        if not (base / name).is_dir()
    ]
    with corpus_writer(
        out,
        name=f"codiesp-{codes.lower()}-{language}",
        source="codiesp",
        options={"language": language, "codes": codes},
        inputs=[input_file(path, raw) for split in splits for path in split.files()],
        codebook=default_codebook(),
        notices=notices,
        force=force,
    ) as writer:
        for split in splits:
            writer.write(FOLDERS[split.name], split.notes())
            notices += split.notices
    return Corpus.open(out)


class _Split:
    """One folder of the release, read whole: it has at most a few hundred short cases."""

    def __init__(self, folder: Path, language: Language, codes: CodeSet) -> None:
        self.name = folder.name
        self.notices: list[str] = []
        self._systems = {SYSTEMS[letter] for letter in codes}
        self._tables = {SYSTEMS[letter]: folder / f"{self.name}{letter}.tsv" for letter in codes}
        self._texts = _text_files(folder / _TEXTS[language])
        self._evidence = folder / f"{self.name}X.tsv" if language == "es" else None
        if self._evidence and not self._evidence.exists():
            self.notices.append(f"{self.name} has no {self._evidence.name}, and so no evidence")
            self._evidence = None

    def files(self) -> list[Path]:
        """Return every file that is read."""
        return [*self._tables.values(), *([self._evidence] if self._evidence else []), *self._texts]

    def notes(self) -> Iterator[Note]:
        """Yield its notes in the order of their ids, and then know what was odd about them."""
        texts = {path.stem: read_document(path) for path in self._texts}
        codes = self._codes()
        spans = read_spans(self._evidence, texts, self._systems) if self._evidence else Spans()
        odd = spans.oddities
        odd["no text"] = len(codes.keys() - texts.keys())
        odd["no codes"] = len(texts.keys() - codes.keys())
        for document, text in texts.items():
            own = codes.get(document, ())
            supporting = [span for span in spans.by_document[document] if span.code in own]
            evidence = tuple(dict.fromkeys(supporting))
            odd["other code"] += len(spans.by_document[document]) - len(supporting)
            odd["repeated"] += len(supporting) - len(evidence)
            yield Note(document, text, codes=tuple(own), evidence=evidence)
        self.notices += [f"{self.name}: {sentence}" for sentence in tell(odd, _ODDITIES)]

    def _codes(self) -> dict[str, Sequence[Code]]:
        codes: dict[str, Sequence[Code]] = {}
        for system, path in self._tables.items():
            for document, own in read_codes(path, system).items():
                codes[document] = [*codes.get(document, ()), *own]
        return codes


def _text_files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise SourceError("has no text files", path=folder, remedy="Unpack the release again")
    return files


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise SourceError(f"{name} is {value!r}, expected one of {', '.join(choices)}")
