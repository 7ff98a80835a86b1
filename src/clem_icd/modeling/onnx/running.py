"""Running an exported model with onnxruntime."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from clem_icd.errors import ModelError
from clem_icd.extras import optional, require_installed
from clem_icd.modeling.model_files import COPY_AGAIN
from clem_icd.modeling.onnx.description import GRAPH, TOKENIZER, Description
from clem_icd.modeling.system import NoteScores

_PURPOSE = "An exported model"


class ExportedModel:
    """A folder that `export` wrote, ready to score notes one at a time.

    Parameters
    ----------
    session
        The graph in onnxruntime.
    tokenizer
        The tokenizer, of the library `tokenizers`.
    description
        The contents of ``coding.json``.

    """

    def __init__(self, session: Any, tokenizer: Any, description: Description) -> None:
        self.session = session
        self.tokenizer = tokenizer
        self.description = description

    @classmethod
    def open(cls, folder: Path, *, threads: int = 0) -> ExportedModel:
        """Open a folder.

        Parameters
        ----------
        threads
            The threads that compute a note; 0 for one per core.

        Raises
        ------
        ModelError
            If a file is missing or damaged.
        MissingExtraError
            If onnxruntime is not installed.

        """
        description = Description.read(folder)
        require_installed("onnxruntime", _PURPOSE)
        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            session = open_session(folder / GRAPH, threads=threads)
        # Neither library has a narrower class of errors.
        except Exception as problem:
            raise ModelError(
                f"{GRAPH} or {TOKENIZER} cannot be read ({type(problem).__name__})",
                path=folder,
                remedy=COPY_AGAIN,
            ) from problem
        return cls(session, tokenizer, description)

    def score(self, texts: Iterable[str]) -> Iterator[NoteScores]:
        """Yield the scores of every text, in order."""
        for text in texts:
            ids = self.tokenizer.encode(text).ids
            yield NoteScores(self.probabilities([ids])[0], None, len(ids))

    def probabilities(self, notes: Sequence[Sequence[int]]) -> npt.NDArray[np.float32]:
        """Return the probabilities of several notes in one batch, padded to the longest [notes, labels].

        Parameters
        ----------
        notes
            The token ids of each note, special tokens included.

        """
        longest = max(len(ids) for ids in notes)
        padded = np.full((len(notes), longest), self.description.pad_id, dtype=np.int64)
        mask = np.zeros((len(notes), longest), dtype=np.int64)
        for row, ids in enumerate(notes):
            padded[row, : len(ids)] = ids
            mask[row, : len(ids)] = 1
        [found] = self.session.run(None, {"input_ids": padded, "attention_mask": mask})
        probabilities: npt.NDArray[np.float32] = found
        return probabilities


def open_session(graph: Path, *, threads: int = 0) -> Any:
    """Open a graph in onnxruntime, on the CPU."""
    runtime = optional("onnxruntime", _PURPOSE)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    # Otherwise memory once taken for a long note is kept, and threads that wait keep a core busy.
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return runtime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
