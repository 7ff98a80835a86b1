"""Adapters: which weights training changes. A new kind is one class and one line here."""

from __future__ import annotations

from transformers import PreTrainedModel

from clem_icd.fields import Choice, Choices


class Adapter(Choice):
    """Selects or adds the weights of an assembled model that are trained."""

    def apply(self, model: PreTrainedModel) -> PreTrainedModel:
        """Return the model, ready for training, with the adapter's own modules if it has any.

        Raises
        ------
        ModelError
            If the model lacks the weights that the adapter applies to.

        """
        raise NotImplementedError

    def merge(self, model: PreTrainedModel) -> PreTrainedModel:
        """Return a trained model with the same logits and without modules of the adapter.

        Models are saved merged, so that they load without the adapter. The default is for adapters that add
        no modules.
        """
        return model


ADAPTERS: Choices[Adapter] = Choices("adapter")
