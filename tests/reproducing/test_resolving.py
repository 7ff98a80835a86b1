from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clem_icd.errors import ClemError, InputError, ModelError, RecipeError
from clem_icd.modeling import PretrainedEncoder, shipped_encoders
from clem_icd.reproducing import Request
from clem_icd.reproducing.encoders import require_run_encoder
from clem_icd.reproducing.resolving import remarks_of, resolve

CLEM_SMALL = str(shipped_encoders()["clem-small"])


def encoders_of(request: Request) -> dict[str, str]:
    found = {}
    for one in resolve(request):
        assert isinstance(one.recipe.encoder, PretrainedEncoder)
        found[one.name] = one.recipe.encoder.name
    return found


def test_a_folder_is_for_the_runs_whose_encoder_is_not_on_the_hub(ask: Callable[..., Request]) -> None:
    assert encoders_of(ask("mdace", encoders=(CLEM_SMALL,))) == {
        "plm-ca": CLEM_SMALL,
        "clem-label-attention": "answerdotai/ModernBERT-base",
    }


def test_a_folder_is_for_all_runs_if_their_encoder_is_on_the_hub(ask: Callable[..., Request]) -> None:
    assert set(encoders_of(ask("paper", encoders=(CLEM_SMALL,))).values()) == {CLEM_SMALL}


def test_a_folder_for_one_run_goes_before_a_common_one(ask: Callable[..., Request], tmp_path: Path) -> None:
    other = tmp_path / "a=b: [c]"
    other.mkdir()
    request = ask("mdace", encoders=(f"clem-label-attention={other}", CLEM_SMALL))
    assert encoders_of(request) == {"plm-ca": CLEM_SMALL, "clem-label-attention": str(other)}
    assert encoders_of(ask("paper", encoders=(str(other),)))["clem-icd-table-1"] == str(other)


@pytest.mark.parametrize(
    ("fields", "kind", "says"),
    [
        ({"encoders": ("bl-5=x",)}, InputError, "clem-icd-table-1, clem-icd-table-2"),
        ({"encoders": ("nowhere",)}, ModelError, "nowhere: there is no such encoder folder"),
        ({"encoders": (CLEM_SMALL,), "settings": ("encoder=small",)}, InputError, "named twice"),
        ({"settings": ("training.epoch=3",)}, RecipeError, "Did you mean training.epochs?"),
        ({"settings": ("head.keys=tanh",)}, RecipeError, "(for the run clem-icd-table-1)"),
    ],
)
def test_what_does_not_fit_a_run_is_refused(
    ask: Callable[..., Request], fields: dict[str, object], kind: type[ClemError], says: str
) -> None:
    with pytest.raises(kind) as caught:
        resolve(ask("paper", **fields))
    assert says in str(caught.value)


def test_a_missing_encoder_is_refused_with_where_to_get_it(ask: Callable[..., Request]) -> None:
    [one] = resolve(ask("plm-ca"))
    with pytest.raises(ModelError) as caught:
        require_run_encoder(one.name, one.recipe.architecture)
    line = str(caught.value)
    assert "RoBERTa-base-PM-M3-Voc-hf.tar.gz at https://github.com/facebookresearch/bio-lm" in line
    assert "clem convert-encoder" in line
    assert "--encoder" in line


def test_an_encoder_that_reads_too_few_tokens_is_refused(ask: Callable[..., Request]) -> None:
    settings = ("reading=whole", "reading.max_tokens=9000")
    [one] = resolve(ask("plm-ca", encoders=(CLEM_SMALL,), settings=settings))
    with pytest.raises(ModelError, match=r"reads 8192 tokens, asked for 9000. Set reading.max_tokens=8192"):
        require_run_encoder(one.name, one.recipe.architecture)


def test_an_encoder_of_the_hub_is_only_looked_for_on_request(ask: Callable[..., Request]) -> None:
    for one in resolve(ask("paper")):
        require_run_encoder(one.name, one.recipe.architecture, ask_hub=False)


def test_settings_and_known_differences_are_told_once(ask: Callable[..., Request]) -> None:
    request = ask("mdace", settings=("seed=3",))
    lines = list(remarks_of(request, request.runs()))
    assert lines[0].endswith("seed=3")
    assert len(lines) == len(set(lines)) == 3
    assert all(line.startswith("plm-ca and clem-label-attention: ") for line in lines[1:])
