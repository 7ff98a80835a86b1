"""Preparing CodiEsp: Spanish clinical cases, or their machine translation, coded in ICD-10."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

from clem_icd.corpus import Corpus, Note, corpus_writer
from clem_icd.errors import SourceError
from clem_icd.icd import Code, default_codebook
from clem_icd.sources.codiesp.release import SYSTEMS, Spans, read_codes, read_document, read_spans
from clem_icd.sources.raw_files import check_choice, check_out, check_raw, input_file
from clem_icd.tabular.sentences import count_sentences

Language = Literal["es", "en"]
CodeSet = Literal["D", "P", "DP"]

# The folders of the release, and the names of the splits in a corpus.
FOLDERS = {"train": "train", "dev": "validation", "test": "test"}

_TEXTS = {"es": "text_files", "en": "text_files_en"}
_RELEASE = "final_dataset_v4_to_publish"

_ODDITIES = {
    "no text": (
        "document with codes has no text and was left out",
        "documents with codes have no text and were left out",
    ),
    "no codes": (
        "document has no codes of this kind and was kept without any",
        "documents have no codes of this kind and were kept without any",
    ),
    "other code": (
        "span supports a code that its document does not have and was left out",
        "spans support codes that their documents do not have and were left out",
    ),
    "repeated": ("duplicate span was left out", "duplicate spans were left out"),
    "empty": ("span is empty and was left out", "spans are empty and were left out"),
    "differs": (
        "evidence entry differs from its reference text",
        "evidence entries differ from their reference texts",
    ),
}


def prepare_codiesp(
    raw: Path, out: Path, *, language: Language = "es", codes: CodeSet = "D", force: bool = False
) -> Corpus:
    """Make a corpus of CodiEsp (Miranda-Escalada et al., 2020), version 4.

    Coders marked mentions, including negated ones. Many procedure codes are truncated in the release, and
    stay so here. The English texts have no evidence.

    Parameters
    ----------
    raw
        The unpacked release: any of ``train``, ``dev`` and ``test``, each with ``text_files``,
        ``text_files_en`` and ``trainD.tsv``, ``trainP.tsv``, ``trainX.tsv``.
    out
        The corpus folder.
    language
        Spanish (``es``) or English (``en``).
    codes
        Diagnoses (``D``, ICD-10-CM), procedures (``P``, ICD-10-PCS), or both (``DP``).
    force
        Replace the contents of ``out``.

    Raises
    ------
    SourceError
        If a raw file is missing or malformed, or there is no split.
    OutputError
        If ``out`` is occupied and ``force`` is false, or the disk is full.

    """
    check_raw(raw)
    check_out(out, raw, force=force)
    check_choice("language", language, get_args(Language))
    check_choice("codes", codes, get_args(CodeSet))
    base = raw / _RELEASE if (raw / _RELEASE).is_dir() else raw
    folders = [base / name for name in FOLDERS if (base / name).is_dir()]
    if not folders:
        raise SourceError(
            f"has no folder {', '.join(FOLDERS)}",
            path=base,
            remedy="Name the folder that CodiEsp was unpacked to",
        )
    splits = [_Split(folder, language, codes) for folder in folders]
    notices = [
        f"There is no {split} split: the folder {name} is missing from the release"
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
    """One folder of the release, read into memory: it has at most a few hundred short cases."""

    def __init__(self, folder: Path, language: Language, codes: CodeSet) -> None:
        self.name = folder.name
        self.notices: list[str] = []
        self._systems = {SYSTEMS[letter] for letter in codes}
        self._tables = {SYSTEMS[letter]: folder / f"{self.name}{letter}.tsv" for letter in codes}
        self._texts = _text_files(folder / _TEXTS[language])
        self._evidence = folder / f"{self.name}X.tsv" if language == "es" else None
        if self._evidence and not self._evidence.exists():
            self.notices.append(f"{self.name} has no evidence: {self._evidence.name} is missing")
            self._evidence = None

    def files(self) -> list[Path]:
        """Return every file that it reads."""
        return [*self._tables.values(), *([self._evidence] if self._evidence else []), *self._texts]

    def notes(self) -> Iterator[Note]:
        """Yield its notes in the order of their ids; afterwards, `notices` counts what was odd about them."""
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
        self.notices += [f"{self.name}: {sentence}" for sentence in count_sentences(odd, _ODDITIES)]

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
