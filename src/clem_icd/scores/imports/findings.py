"""Findings of an import: counts, and warnings for anyone who evaluates the scores."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from clem_icd.tabular.sentences import counted


@dataclass(frozen=True, slots=True)
class Findings:
    """The content of an imported file, and how it was used.

    Attributes
    ----------
    file, sha256, format
        Name of the file, checksum of its content, and the format it was read as.
    by
        The key by which it names notes: ``note_id`` or ``admission_id``.
    logits
        Whether the sigmoid was applied.
    split, notes, labels
        The split, and its numbers of notes and labels.
    notes_in_file, notes_dropped, notes_without_scores
        Notes in the file; those of them that are not in the split; notes of the split missing from the file.
    codes_in_file, codes_dropped
        Codes in the file; those of them that are not labels of the corpus.
    labels_without_scores
        Labels of the corpus that the file never mentions.
    labels_unknown
        Labels of the corpus that the system cannot assign; None if the file does not show this.
    longest_list
        Largest number of scores of a note; None if every note has all scores.
    lowest, highest
        Range of the scores in the file.
    gold_compared, gold_different
        Notes whose gold codes the file repeats, and those that differ from the corpus; None if it repeats
        none.
    remarks
        Sentences on how the file was read.

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
    remarks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the findings by name."""
        return asdict(self)

    def warnings(self) -> list[str]:
        """Return sentences on whatever limits the value of the scores."""
        return [*self.remarks, *self._incomplete(), *self._scale(), *self._gold()]

    def _incomplete(self) -> list[str]:
        of_labels = f"of the {self.labels:,} labels"
        sentences = (
            (
                self.notes_without_scores,
                "note of the split is missing from the file and scores 0",
                "notes of the split are missing from the file and score 0",
            ),
            (
                self.notes_dropped,
                "note in the file is not in the split and was dropped",
                "notes in the file are not in the split and were dropped",
            ),
            (
                self.codes_dropped,
                "code in the file is not a label of the corpus and was dropped",
                "codes in the file are not labels of the corpus and were dropped",
            ),
            (
                self.labels_unknown,
                f"{of_labels} is unknown to the system and scores 0, which lowers recall",
                f"{of_labels} are unknown to the system and score 0, which lowers recall",
            ),
        )
        return [counted(count, one, many) for count, one, many in sentences if count]

    def _scale(self) -> list[str]:
        warnings = []
        if not self.logits and not 0 <= self.lowest <= self.highest <= 1:
            warnings.append(
                f"Scores range from {self.lowest:.4g} to {self.highest:.4g}, so they are not probabilities; "
                "thresholds must be on the same scale"
            )
        if self.longest_list is not None and self.lowest == self.highest:
            warnings.append(
                "The file does not rank its codes: ranking metrics and areas under curves mean little"
            )
        elif self.longest_list is not None:
            warnings.append(
                f"Notes have at most {self.longest_list:,} of {self.labels:,} scores, and the rest are 0: "
                "areas under curves and metrics of longer rankings depend on this cutoff"
            )
        return warnings

    def _gold(self) -> list[str]:
        if not self.gold_different:
            return []
        return [
            f"The gold codes in the file differ from the corpus in {self.gold_different:,} of "
            f"{self.gold_compared:,} notes, on shared labels: notes or codes may have been mixed up"
        ]
