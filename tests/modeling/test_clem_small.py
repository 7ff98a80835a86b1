"""The shipped encoder keeps the promises of its card and of the documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoTokenizer,
    ModernBertForMaskedLM,
    PreTrainedModel,
)

from clem_icd.files import sha256_of
from clem_icd.icd import Code, CodeSystem, default_codebook
from clem_icd.modeling import (
    PretrainedEncoder,
    load_language_model,
    open_tokenizer,
    packed_inputs,
    pooled,
    shipped_encoders,
)

PLACE = shipped_encoders()["clem-small"]

# Written for this test; not part of the pretraining texts.
NOTE = (
    "The patient is a 71 year old man who was admitted with shortness of breath and swelling of both legs. "
    "He has a history of atrial fibrillation and chronic kidney disease. Chest x-ray showed a right pleural "
    "effusion. He was treated with intravenous furosemide and discharged home in good condition."
)


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    return load_language_model(PretrainedEncoder(name="clem-small"), 512)[0]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return open_tokenizer("clem-small")


def test_the_folder_is_small_complete_and_matches_its_checksums() -> None:
    files = sorted(path.name for path in PLACE.iterdir())
    assert files == [
        "README.md",
        "config.json",
        "facts-masks.json",
        "facts.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert sum(path.stat().st_size for path in PLACE.iterdir()) <= 10_000_000
    facts = json.loads((PLACE / "facts.json").read_text(encoding="utf-8"))
    assert sha256_of(PLACE / "model.safetensors") == facts["sha256"]
    card = (PLACE / "README.md").read_text(encoding="utf-8")
    assert facts["sha256"] in card
    assert all(one["sha256"] in card for one in facts["inputs"] if one["sha256"])
    # The facts contain no paths of the machine that the encoder was trained on.
    assert not any(Path(name.split(" ")[0]).is_absolute() for name in facts["counts"])


def test_transformers_loads_the_encoder_without_this_package() -> None:
    for kind in (AutoModel, AutoModelForMaskedLM):
        loaded, loading = kind.from_pretrained(PLACE, output_loading_info=True)
        assert not loading["missing_keys"]
        assert not loading["mismatched_keys"]
        assert loaded.config.max_position_embeddings == 8192
        assert {parameter.dtype for parameter in loaded.parameters()} == {torch.bfloat16}
    assert type(loaded) is ModernBertForMaskedLM
    tokenizer = AutoTokenizer.from_pretrained(PLACE)
    assert tokenizer.mask_token_id == tokenizer.convert_tokens_to_ids("[MASK]") != tokenizer.unk_token_id


@torch.no_grad()
def test_the_encoder_predicts_masked_words_of_a_note(model: PreTrainedModel, tokenizer: Any) -> None:
    ids = tokenizer(NOTE, return_tensors="pt")["input_ids"]
    losses = []
    for at in range(1, ids.shape[1] - 1):
        shown = ids.clone()
        shown[0, at] = tokenizer.mask_token_id
        logits = model(**packed_inputs(model, shown, torch.zeros_like(shown))).logits
        losses.append(torch.nn.functional.cross_entropy(logits[0, at], ids[0, at]))
    # Uniform guessing gives log(8192) = 9.0.
    assert torch.stack(losses).mean() < 3.5


@torch.no_grad()
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("acute kidney failure", "N17.9"),
        ("tobacco dependence, cigarettes", "F17.210"),
        ("type 2 DM w/o complications", "E11.9"),
        ("displaced intertrochanteric fx of R femur, closed", "S72.141A"),
        ("low potassium (hypokalemia)", "E87.6"),
    ],
)
def test_a_name_is_closest_to_the_title_of_its_code(
    model: PreTrainedModel, tokenizer: Any, words: str, code: str
) -> None:
    others = (
        "I10",
        "J18.9",
        "N17.9",
        "F17.210",
        "E11.9",
        "S72.141A",
        "E87.6",
        "G40.909",
        "K35.80",
        "C50.911",
    )
    titles = [default_codebook().title(other, CodeSystem.ICD10CM) or "" for other in others]
    batch = tokenizer([words, *titles], return_tensors="pt", padding=True)
    vectors = torch.nn.functional.normalize(
        pooled(model, batch["input_ids"], batch["attention_mask"]), dim=-1
    )
    assert others[int((vectors[1:] @ vectors[0]).argmax())] == Code(code, CodeSystem.ICD10CM).value
