"""Comparing the counts of a corpus with the published ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from clem_icd.corpus import SPLITS
from clem_icd.tabular.sentences import counted

_SYNTHETIC = "The notes are synthetic, so their counts cannot be compared with the published ones"
_DRAWN = "The split was drawn here, so its counts cannot be compared with those of the published split"
_OTHER_OPTIONS = "This corpus was prepared with other options than the published one"

# The sources accept other values as well; the published sets have only these.
_PUBLISHED_OPTIONS = {"min_count": 10, "codes": "DP"}

_IDS_SHOWN = 2


@dataclass(frozen=True, slots=True)
class ComparedCount:
    """A count in a corpus and the published one.

    Attributes
    ----------
    what
        ``notes``, ``labels``, ``median codes per note`` or ``median words per note``.
    split
        The split; None for a count of the whole corpus.
    here, published
        The two counts; medians may be halves.
    origin
        Where the published count comes from.
    comparable
        Whether both count the same thing: words do so only in texts that were cleaned like the published.

    """

    what: str
    split: str | None
    here: float
    published: float
    origin: str
    comparable: bool = True

    @property
    def name(self) -> str:
        """What is counted, and in which split."""
        return self.what if self.split is None else f"{self.what} in {self.split}"

    @property
    def difference(self) -> float:
        """The count here minus the published one."""
        return self.here - self.published


@dataclass(frozen=True, slots=True)
class PublishedComparison:
    """The counts of a corpus next to the published ones.

    Attributes
    ----------
    counts
        Every published count.
    warnings
        One sentence per difference; empty where there is a remark.
    remark
        Why the counts cannot be compared, or None.

    """

    counts: tuple[ComparedCount, ...]
    warnings: tuple[str, ...]
    remark: str | None


def compare_with_published(
    about: Mapping[str, Any], description: Mapping[str, Any]
) -> PublishedComparison | None:
    """Compare the counts of a corpus with the published ones.

    Parameters
    ----------
    about
        The contents of ``corpus.json``.
    description
        What `clem_icd.corpus.describe` returns for the same corpus.

    Returns
    -------
    PublishedComparison
        None where no counts of such a corpus are published.

    """
    options = about["options"]
    compat = options.get("compat", "edin2024")
    counts = _counts_of(about["source"], compat, options.get("per", "note"))
    if counts is None:
        return None
    compared = tuple(_compared(counts, description, cleaned=compat == "edin2023"))
    remark = _remark(about)
    warnings = () if remark else tuple(_warnings(compared, about.get("absent") or {}))
    return PublishedComparison(compared, warnings, remark)


@dataclass(frozen=True, slots=True)
class PublishedCounts:
    """The published counts of a corpus.

    Attributes
    ----------
    notes
        By split.
    labels, words_per_note
        The number of labels and the median number of words; None where none is published.
    origins
        Where each of them comes from, by its name here.

    """

    notes: Mapping[str, int]
    labels: int | None
    words_per_note: int | None
    origins: Mapping[str, str]


def published_counts(source: str, compat: str = "edin2024", per: str = "note") -> PublishedCounts | None:
    """Return the published counts of a source; None where there are none.

    Parameters
    ----------
    source, compat
        A source such as ``mimic3-full``, and the pipeline.
    per
        The unit of the notes of MDACE; ignored for other sources.

    """
    counts = _counts_of(source, compat, per)
    if counts is None:
        return None
    origins = _published()["origins"]
    return PublishedCounts(
        notes={split: counts["notes"][split] for split in SPLITS},
        labels=counts.get("labels", {}).get("count"),
        words_per_note=counts.get("words_per_note", {}).get("median"),
        origins={
            name: origins[counts[name]["origin"]]
            for name in ("notes", "labels", "words_per_note")
            if name in counts
        },
    )


def _counts_of(source: str, compat: str, per: str) -> Mapping[str, Mapping[str, Any]] | None:
    of_source: Mapping[str, Any] = _published()["counts"].get(source, {})
    return of_source.get(compat) or of_source.get(f"{compat} per {per}")


@cache
def _published() -> dict[str, Any]:
    text = files(__package__).joinpath("counts.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def _remark(about: Mapping[str, Any]) -> str | None:
    options = about["options"]
    if about["synthetic"]:
        return _SYNTHETIC
    if any(options.get(option, usual) != usual for option, usual in _PUBLISHED_OPTIONS.items()):
        return _OTHER_OPTIONS
    return None if options.get("splits") else _DRAWN


def _compared(
    published: Mapping[str, Mapping[str, Any]], description: Mapping[str, Any], *, cleaned: bool
) -> Iterator[ComparedCount]:
    origins = _published()["origins"]
    for what, row in published.items():
        origin = origins[row["origin"]]
        if what == "notes":
            for split in SPLITS:
                here = description["splits"].get(split, {"notes": 0})["notes"]
                yield ComparedCount(what, split, here, row[split], origin)
        elif what == "labels":
            yield ComparedCount(what, None, description["labels"], row["count"], origin)
        else:
            name, here = f"median {what.replace('_', ' ')}", description["medians"][what]
            comparable = cleaned or what != "words_per_note"
            yield ComparedCount(name, None, here, row["median"], origin, comparable)


def _warnings(counts: Iterable[ComparedCount], absent: Mapping[str, Any]) -> Iterator[str]:
    for count in counts:
        if count.split is not None:
            yield from _of_split(count, count.split, absent.get(count.split, {}))
        elif count.what == "labels" and count.difference:
            than = "more" if count.difference > 0 else "fewer"
            yield (
                f"labels: {count.here:,}, {abs(count.difference):,} {than} than the published "
                f"{count.published:,}"
            )
        # A published median is a whole number; one computed here may be a half.
        elif count.comparable and abs(count.difference) > 0.5:
            yield f"{count.what}: {count.here:,g}, published {count.published:,}"


def _of_split(count: ComparedCount, split: str, absent: Mapping[str, Any]) -> Iterator[str]:
    missing = int(absent.get("count", 0))
    if not count.difference and not missing:
        return
    if count.difference:
        words = ("fewer note", "fewer notes") if count.difference < 0 else ("more note", "more notes")
        size = f"{counted(int(abs(count.difference)), *words)} than"
    else:
        size = "as many notes as"
    reason = f": {_missing(missing, absent.get('admissions', []))}" if missing else ""
    yield f"{split} has {size} published{reason}"


def _missing(count: int, admissions: list[str]) -> str:
    shown = [*admissions[:_IDS_SHOWN], *(["…"] if count > _IDS_SHOWN else [])]
    words = "admission in the split file has", "admissions in the split file have"
    return f"{counted(count, *words)} no note here ({', '.join(shown)})"
