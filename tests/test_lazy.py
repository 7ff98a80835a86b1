from __future__ import annotations

import json.decoder

import pytest

from clem_icd.lazy import lazy_names


def test_a_name_is_loaded_from_its_module() -> None:
    assert lazy_names("json", {"JSONDecoder": "decoder"})("JSONDecoder") is json.decoder.JSONDecoder


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'json' has no attribute 'Decoder'"):
        lazy_names("json", {"JSONDecoder": "decoder"})("Decoder")
