"""What an import found out, as figures and as sentences for whoever judges the scores."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from clem_icd.tabular.sentences import counted


@dataclass(frozen=True, slots=True)
class Findings:
    """What was in a file, and what became of it.

    Attributes
    ----------
    file, sha256, format
        The file's name, its content, and what it was read as.
    by
        What it names notes by: ``note_id`` or ``admission_id``.
    logits
        Whether the sigmoid was applied.
    split, notes, labels
        What the scores are for.
    notes_in_file, notes_dropped, notes_without_scores
        Of the file; those of them that are not in the split; notes of the split that are not in the file.
    codes_in_file, codes_dropped
        Of the file; those of them that are no labels of the corpus.
    labels_without_scores
        Labels of the corpus that are nowhere in the file.
    labels_unknown
        Labels of the corpus that the system cannot give; None where the file does not tell.
    longest_list
        The highest number of scores of a note; None if every note has all.
    lowest, highest
        The range of the scores in the file.
    gold_compared, gold_different
        Notes whose gold codes the file repeats, and those where they are not the corpus's; None if it
        repeats none.

    """

    file: str
    sha256: str
    format: str
    by: str
    logits: bool
    split: str
    notes: int
    labels: int
    notes_in_file: int
    notes_dropped: int
    notes_without_scores: int
    codes_in_file: int
    codes_dropped: int
    labels_without_scores: int
    labels_unknown: int | None
    longest_list: int | None
    lowest: float
    highest: float
    gold_compared: int | None
    gold_different: int | None

    def as_json(self) -> dict[str, Any]:
        """Return the figures by name."""
        return asdict(self)

    def warnings(self) -> list[str]:
        """Return what lowers the scores' worth, in sentences."""
        return [*self._left_out(), *self._scale(), *self._gold()]

    def _left_out(self) -> list[str]:
        labels = f"of the {self.labels:,} labels"
        found = (
            (
                self.notes_without_scores,
                "note of the split",
                "notes of the split",
                "not in the file: scored 0",
            ),
            (self.notes_dropped, "note of the file", "notes of the file", "not in the split: left out"),
            (self.codes_dropped, "code of the file", "codes of the file", "no label of the corpus: left out"),
            (self.labels_unknown, labels, labels, "unknown to the system: scored 0, which lowers recall"),
        )
        return [
            counted(count, f"{one} is {what}", f"{many} are {what}")
            for count, one, many, what in found
            if count
        ]

    def _scale(self) -> list[str]:
        lines = []
        if not self.logits and not 0 <= self.lowest <= self.highest <= 1:
            lines.append(
                f"Scores go from {self.lowest:.4g} to {self.highest:.4g}: they are no probabilities, and a "
                "threshold has to be of their scale"
            )
        if self.longest_list is not None and self.lowest == self.highest:
            lines.append("The file lists codes without an order: metrics of rankings and areas mean little")
        elif self.longest_list is not None:
            lines.append(
                f"A note has at most {self.longest_list:,} scores of {self.labels:,}, the others are 0: "
                "areas, and metrics of longer rankings, are of these lists"
            )
        return lines

    def _gold(self) -> list[str]:
        if not self.gold_different:
            return []
        return [
            f"The file's own gold codes differ from the corpus in {self.gold_different:,} of "
            f"{self.gold_compared:,} notes, on the labels of both: notes or codes may be mixed up"
        ]
