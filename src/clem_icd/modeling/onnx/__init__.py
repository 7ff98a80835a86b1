"""A neural system as an ONNX graph, which codes notes without PyTorch.

`export` writes a folder: ``model.onnx`` from the token ids of notes to probabilities, ``tokenizer.json``, and
``coding.json`` with the labels and the decision rule. `ExportedModel` runs such a folder with onnxruntime.
The graph is the same for every head and reading: it cuts notes into segments itself, computes windowed
attention block by block, and never holds the attention of all pairs of tokens.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.modeling.onnx.description import Description
    from clem_icd.modeling.onnx.graph import export
    from clem_icd.modeling.onnx.running import ExportedModel

__all__ = ["Description", "ExportedModel", "export"]

__getattr__ = lazy_names(
    __name__, {"Description": "description", "ExportedModel": "running", "export": "graph"}
)
