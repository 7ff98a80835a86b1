from __future__ import annotations

import json
from pathlib import Path

import pytest

from clem_icd.corpus import Corpus
from clem_icd.errors import ModelError
from clem_icd.modeling import NeuralSystem, tokenizer_for_counting


def test_code_in_a_tokenizers_folder_is_never_run(
    little_corpus: Corpus, system: NeuralSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder, trace = tmp_path / "tokenizer", tmp_path / "it-ran"
    system.tokenizer.save_pretrained(folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config |= {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(
        f"from pathlib import Path\nPath({str(trace)!r}).touch()\n"
        "from transformers import PreTrainedTokenizerFast\nclass Evil(PreTrainedTokenizerFast): ...\n"
    )
    # transformers decides whether to read the files without their code or to refuse them.
    try:
        tokenizer_for_counting(str(folder), little_corpus)
    except ModelError as refusal:
        assert "cannot be loaded" in str(refusal)  # noqa: PT017
    assert not trace.exists()
