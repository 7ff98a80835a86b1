"""A system without a neural network: phrases and titles found in a note, ranked by boosted trees.

`words` reads a note as stems. `dictionary` holds phrases that training notes connect with codes, `titles` the
titles and inclusion terms of whole code systems, and `ridge` the vocabulary of a note as a whole. Each
proposes codes; `features` describes every proposal, and `ranking` turns a description into a probability.
`fitting` learns all of it in folds, so that no training note is described with its own codes.
"""

from typing import TYPE_CHECKING

from clem_icd.lazy import lazy_names

if TYPE_CHECKING:
    from clem_icd.modeling.lexicon.language import LANGUAGES, Language

__all__ = ["LANGUAGES", "Language"]

__getattr__ = lazy_names(__name__, {"LANGUAGES": "language", "Language": "language"})
