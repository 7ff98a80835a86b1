"""Adapters: which weights training changes. A new kind is one class and one line here."""

from __future__ import annotations

from transformers import PreTrainedModel

from clem_icd.fields import Choice, Choices


class Adapter(Choice):
    """Selects or adds the weights of an assembled model that are trained."""

    def apply(self, model: PreTrainedModel) -> PreTrainedModel:
        """Return the model, ready for training.

        Raises
        ------
        ModelError
            If the model lacks the weights that the adapter applies to.

        """
        raise NotImplementedError


ADAPTERS: Choices[Adapter] = Choices("adapter")
