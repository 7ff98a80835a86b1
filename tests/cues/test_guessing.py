from __future__ import annotations

import pytest

from clem_icd.cues import guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The patient was admitted with pneumonia. No history of diabetes.", "en"),
        ("HPI: 70M PRESENTS WITH CHEST PAIN. DISCHARGED ON ASPIRIN.", "en"),
        ("Paciente de 70 años que ingresa por neumonía. Niega dolor en el pecho.", "es"),
        ("Admitted with pneumonia at night. Plan de alta: la familia.", None),
        ("Na 137 K 4.0 Cl 100", None),
        ("Le patient est admis pour une pneumonie avec fièvre.", None),
        ("", None),
    ],
)
def test_the_language_is_that_of_the_frequent_words(text: str, language: str | None) -> None:
    assert guess_language(text) == language
