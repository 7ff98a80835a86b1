"""The interface of heads: building a model on an encoder, and initializing its weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from clem_icd.errors import ModelError
from clem_icd.fields import Choice
from clem_icd.modeling.encoders import OpenEncoder
from clem_icd.modeling.labels import LabelSpace
from clem_icd.modeling.losses import Loss, LossFunction
from clem_icd.modeling.readings import Reading


class Head(Choice):
    """Turns the encoder's vectors into one score per label.

    Attributes
    ----------
    prior_bias
        Whether the untrained model predicts each label's frequency in training (`LabelSpace.log_odds`).
        Otherwise the first epochs of training on thousands of rare labels only teach that they are rare
        (Lin et al. 2017, Focal Loss for Dense Object Detection, 3.3).

    """

    prior_bias: bool = False

    @property
    def preparatory_epochs(self) -> int:
        """The first epochs, in which the head does not learn its labels yet; none of them is selected."""
        return 0

    def new_model(self, encoder: OpenEncoder, labels: LabelSpace, *, attention: str) -> PreTrainedModel:
        """Build a model with this head on an encoder. The weights of the head are random: seed torch first.

        Raises
        ------
        ModelError
            If the encoder cannot be loaded, or does not support this head.

        """
        raise NotImplementedError

    def initialize(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, labels: LabelSpace
    ) -> None:
        """Set the weights that do not start from random values.

        Raises
        ------
        ModelError
            If the model lacks such weights.

        """
        if self.prior_bias:
            with torch.no_grad():
                self.bias(model).copy_(torch.from_numpy(labels.log_odds))

    def bias(self, model: PreTrainedModel) -> torch.nn.Parameter:
        """Return the bias of the logits [labels].

        Raises
        ------
        ModelError
            If the head has no bias.

        """
        raise ModelError(
            f"the head {self.kind} has no bias that can be set", remedy="Set head.prior_bias=false"
        )

    def begin_epoch(self, model: PreTrainedModel, epoch: int) -> str | None:
        """Prepare a model for an epoch of training, or the rest of one that is resumed.

        Parameters
        ----------
        model
            The model that is trained.
        epoch
            The number of the epoch, from 0.

        Returns
        -------
        str | None
            What begins with this epoch, as a line for the user.

        """
        return None

    def loss_function(self, loss: Loss, labels: LabelSpace) -> LossFunction:
        """Return a loss as a function of the logits in training and in evaluation, and of the targets."""
        return loss.function(labels.counts)

    def validation_metrics(
        self, logits: npt.NDArray[np.float32], targets: npt.NDArray[np.bool_]
    ) -> dict[str, float]:
        """Return further metrics for the history of a run, from logits and targets [notes, labels]."""
        return {}

    def require_model(self, model: PreTrainedModel) -> None:
        """Refuse a loaded model that does not have this head.

        Raises
        ------
        ValueError
            If it has another one, or the same with other fields.

        """

    def require_labels(self, labels: LabelSpace) -> None:
        """Refuse a label space that lacks what the head starts from; called before any note is read.

        Raises
        ------
        ModelError
            If it lacks it.

        """

    def require_reading(self, reading: Reading) -> None:
        """Refuse a reading that the head does not support.

        Raises
        ------
        ValueError
            If the head does not support it.

        """
