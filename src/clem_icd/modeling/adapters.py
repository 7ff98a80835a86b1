"""Adapters: which weights a training changes. A new kind is a class and a line here."""

from __future__ import annotations

from transformers import PreTrainedModel

from clem_icd.fields import Choice, Choices


class Adapter(Choice):
    """Changes what is trained of an assembled model."""

    def apply(self, model: PreTrainedModel) -> PreTrainedModel:
        """Return the model as it is to be trained.

        Raises
        ------
        ModelError
            If the model has no weights that the adapter is for.

        """
        raise NotImplementedError


ADAPTERS: Choices[Adapter] = Choices("adapter")
