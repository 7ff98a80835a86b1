"""Cues in sentences: what stands between [ ] has the cues listed, and no others."""

from __future__ import annotations

import pytest

from clem_icd.cues import cues_in

ENGLISH = {
    # negated, forward
    "No [fever].": "negated",
    "Denies [chest pain].": "negated",
    "Patient denied [chest pain] on arrival.": "negated",
    "Abdomen soft without [guarding].": "negated",
    "CT head negative for [hemorrhage].": "negated",
    "No evidence of [pulmonary\nembolism].": "negated",
    "No e/o [DVT].": "negated",
    "Pt w/o [dysuria].": "negated",
    "You did not have [pneumonia].": "negated",
    "NO [FEVER].": "negated",
    "no\n[fever]": "negated",
    # negated, backward
    "[Troponin leak] was not seen.": "negated",
    "[HIV]: negative.": "negated",
    "[Edema] (-), stable.": "negated",
    "Monitored for [AKI], which did not develop.": "negated",
    "She was not started on [heparin].": "negated",
    "[Heparin] was not started.": "negated",
    # lists
    "No fever, chills, or [cough].": "negated",
    "Denies fever, chills, nausea, vomiting, [diarrhea].": "negated",
    "No fever or [cough].": "negated",
    "Denies shortness of breath at rest or on exertion, or ankle [swelling].": "negated",
    "No fever (rectal), [rash].": "negated",
    "Hernia without obstruction, [anemia].": "",
    "Hernia without obstruction, gangrene, or [perforation].": "negated",
    "No fever, the abdomen was soft and tender with signs of [appendicitis].": "",
    # terminators
    "No fever but [cough].": "",
    "Denies chest pain, reports [dyspnea].": "",
    "No edema except [trace edema at ankles].": "",
    "No fever; [cough] for two days.": "",
    "No fever. [Cough] for two days.": "",
    "No fever.[Cough] for two days.": "",
    "No fever although [cough] persists.": "",
    "(no fever) [cough]": "",
    "No DM\n[Asthma]": "",
    "- no DM\n- [asthma]": "",
    "1. No DM\n2. [asthma]": "",
    "No DM\n\n[asthma]": "",
    "Overnight the patient had no chest pain and also no\n[dyspnea].": "negated",
    "He slept through the night and denied any chest pain,\n[dyspnea] or cough.": "negated",
    "No fever - [cough]": "",
    # a line that is full goes on in the next one
    "He slept through the night, and in the morning he had no fever or chest\n[pain].": "negated",
    "He slept through the night, and he had no fever\n[Pain] on exertion": "",
    "We looked for it but you did not have\n[pneumonia].": "negated",
    "Denied by Dr. Smith: [cough]": "",
    "No h/o Dr. Smith's [syndrome].": "negated history",
    "Evaluation negative for\n[CAP]. # FEN: regular diet": "negated",
    # pseudo-triggers
    "No change in [edema].": "",
    "No increase in [dyspnea].": "",
    "Not only [pneumonia] but also sepsis.": "",
    "Gram negative [bacteremia].": "",
    "[Sepsis], gram-negative.": "",
    "No longer has [fever].": "",
    "[Fracture], not otherwise specified": "",
    # a trigger inside the mention belongs to its name
    "[Diabetes mellitus without complications].": "",
    "[History of falling].": "",
    "Denies [hernia without obstruction].": "negated",
    # ruled out
    "[MI] was ruled out.": "ruled_out",
    "[PE], pneumonia, and MI were ruled out.": "ruled_out",
    "Stable, [MI] was ruled out.": "ruled_out",
    "[Stable angina], MI was ruled out.": "",
    "Ruled out for [MI].": "ruled_out",
    "CT ruled out [PE].": "ruled_out",
    "[CT] ruled out PE.": "",
    "[PE] ruled out by CT.": "ruled_out",
    "[Ischemia] was considered but felt unlikely.": "ruled_out",
    "[DVT] unlikely.": "ruled_out",
    "Low suspicion for [meningitis].": "ruled_out",
    "R/o'd for [MI].": "ruled_out",
    # uncertain
    "Possible [pneumonia].": "uncertain",
    "Probable [UTI], started on ceftriaxone.": "uncertain",
    "Suspected [sepsis].": "uncertain",
    "Cannot rule out [PE].": "uncertain",
    "[PE] cannot be excluded.": "uncertain",
    "?[pneumonia]": "uncertain",
    "[Pneumonia]?": "uncertain",
    "[Pneumonia]? Will treat UTI.": "uncertain",
    "Pneumonia? Will treat [UTI].": "",
    "R/o [MI].": "uncertain",
    "Findings consistent with [pneumonia].": "uncertain",
    "No fever, possible [pneumonia].": "uncertain",
    "Possible pneumonia, no [effusion].": "negated",
    # family
    "Family history of [breast cancer].": "family",
    "No family history of [breast cancer].": "negated family",
    "Mother had [breast cancer].": "family",
    "Father with [CAD], DM.": "family",
    "Father with CAD, [DM].": "family",
    "Mother: [HTN].": "family",
    "Maternal aunt died of [stroke] at age 60.": "family",
    "[Diabetes] in mother.": "family",
    "[Diabetes] (father).": "family",
    "Mother called EMS for [chest pain].": "",
    "Family History:\nMother: DM\n\n[HTN] in uncles\n": "family",
    "FAMILY HISTORY: [HTN].\nSOCIAL HISTORY: smoker": "family",
    "Family History:\nnone\n\nPhysical Exam:\n[edema]": "",
    # history
    "History of [CAD].": "history",
    "h/o [CAD]": "history",
    "58M with h/o HTN, DM, [CAD].": "history",
    "s/p [CABG] in 2010": "history",
    "Past Medical History:\n1. CAD\n2. [HTN]\n": "history",
    "PMH: [HTN]": "history",
    "Prior [stroke].": "history",
    "[Stroke] five years ago.": "history",
    "3-day history of [cough].": "",
    "History of Present Illness:\n[cough] and fever": "",
    # no cue
    "[Pneumonia] of the right lower lobe.": "",
    "Admitted for [pneumonia].": "",
}

SPANISH = {
    "No [fiebre].": "negated",
    "No presenta [fiebre].": "negated",
    "Niega [dolor torácico].": "negated",
    "Abdomen sin [defensa].": "negated",
    "Sin fiebre, tos ni [disnea].": "negated",
    "No se observó [compromiso vascular] ni extensión intratorácica.": "negated",
    "No se observó compromiso vascular ni [extensión intratorácica].": "negated",
    "Ausencia de [edemas].": "negated",
    "Tampoco refiere [tos].": "negated",
    "[Serología para VIH] negativa.": "negated",
    "NIEGA [FIEBRE].": "negated",
    "Sin fiebre, con [tos].": "",
    "No fiebre pero [tos].": "",
    "No fiebre, aunque [tos].": "",
    "Sin lesiones salvo [úlcera].": "",
    "Sin fiebre. [Tos] seca.": "",
    "Sin fiebre.[Tos] seca.": "",
    "Sin cambios en la [lesión].": "",
    "No obstante, persiste la [hipoventilación].": "",
    "No sólo [tos] sino fiebre.": "",
    "[Linfoma no Hodgkin].": "",
    "[Diabetes no insulinodependiente].": "",
    "Bacilo gram negativo, [sepsis].": "",
    "Se descarta [neumonía].": "ruled_out",
    "TAC que descarta [disección aórtica].": "ruled_out",
    "[Neumonía] descartada.": "ruled_out",
    "Fue descartada [neumonía].": "",
    "[Neumonía] fue descartada.": "ruled_out",
    "Descartado [infarto].": "ruled_out",
    "Posible [neumonía].": "uncertain",
    "Con la sospecha de [embolia pulmonar] se solicita TAC.": "uncertain",
    "No se puede descartar [neumonía].": "uncertain",
    "Se realiza TAC para descartar [neumonía].": "uncertain",
    "Imagen compatible con [hematoma].": "uncertain",
    "¿[Neumonía]?": "uncertain",
    "Antecedentes familiares de [asma].": "family",
    "Madre con [asma].": "family",
    "Madre [hipertensa].": "family",
    "Padre fallecido por [infarto].": "family",
    "Madre refiere que tiene [fiebre].": "",
    "[Asma] en su hermana.": "family",
    "Antecedentes familiares:\n[asma] y atopia\n": "family",
    "Antecedentes de [HTA], DM.": "history",
    "Antecedentes personales: [HTA].": "history",
    "Antecedentes:\nHTA. [DM].\nExploración física:\nedemas": "history",
    "Antecedentes:\nHTA. DM.\nExploración física:\n[edemas]": "",
    "Intervenido de [apendicitis].": "history",
    "[Infarto] hace 5 años.": "history",
    "Ingresa por [neumonía].": "",
}


def kinds_at_mark(marked: str, language: str | None) -> set[str]:
    """Return the kinds of cues at the mention between [ ]."""
    before, _, rest = marked.partition("[")
    mention, _, after = rest.partition("]")
    cues = cues_in(before + mention + after, language)
    return set(cues.at(len(before), len(before) + len(mention)))


@pytest.mark.parametrize(("marked", "expected"), ENGLISH.items())
def test_english_mentions_have_exactly_the_cues_of_their_sentence(marked: str, expected: str) -> None:
    assert kinds_at_mark(marked, "en") == set(expected.split())


@pytest.mark.parametrize(("marked", "expected"), SPANISH.items())
def test_spanish_mentions_have_exactly_the_cues_of_their_sentence(marked: str, expected: str) -> None:
    assert kinds_at_mark(marked, "es") == set(expected.split())
