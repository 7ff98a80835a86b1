"""The interface of explanation methods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clem_icd.fields import Choice
from clem_icd.modeling.neural import NeuralSystem
from clem_icd.modeling.readings import ReadNote


class Method(Choice):
    """Computes how much each token supports a label; its fields are the settings of the method."""

    def weights(self, system: NeuralSystem, note: ReadNote, labels: Sequence[int]) -> npt.NDArray[np.float32]:
        """Return the weight of every token that was read, for each label [labels, tokens read].

        Parameters
        ----------
        system
            The system that scored the note.
        note
            The part of the note that was read.
        labels
            Positions in the label space.

        Raises
        ------
        ModelError
            If the method does not support the system's architecture.

        """
        raise NotImplementedError
