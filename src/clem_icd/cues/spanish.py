"""Spanish phrases of cues.

Which words trigger a cue is known from the Spanish adaptations of NegEx (Cotik et al. 2016; Santamaría and
Krallinger 2018). The phrases are our own choice.
"""

from __future__ import annotations

from clem_icd.cues.phrases import Trigger, Vocabulary, words

__all__ = ["SPANISH"]

_OA = "{o|a|os|as}"
_PARENT = "{madre|padre|hermano|hermana|abuelo|abuela|tío|tía}"
_RELATIVE = (
    "{madre|padre|padres|progenitor|progenitores|hermano|hermana|hermanos|hermanas|hijo|hija|hijos|hijas|"
    "abuelo|abuela|abuelos|tío|tía|tíos|tías|primo|prima|primos|sobrino|sobrina|familiar|familiares}"
)
_SIDE = "{materno |materna |maternos |paterno |paterna |paternos |}"
_SEE = (
    "{observa|observan|observó|observaron|aprecia|aprecian|apreció|apreciaron|evidencia|evidencian|evidenció|"
    "evidenciaron|objetiva|objetivan|objetivó|objetivaron|detecta|detectan|detectó|detectaron|visualiza|"
    "visualizan|visualizó|visualizaron|encuentra|encuentran|encontró|encontraron|identifica|identifican|"
    "identificó|identificaron|palpa|palpan|palpó|palparon}"
)

_NEGATED = (
    Trigger(
        "negated",
        (
            "no",
            f"no se {_SEE}",
            "no {presenta|presentan|presentaba|presentaban|presentó|refiere|refería|refirió}",
            "no {muestra|muestran|mostró|mostraron|mostraba|tiene|tenía}",
            "no {hay|había|hubo|existe|existen|existía}",
            "no {evidencia|signos|datos} de",
            "{sin|tampoco|ni|nunca|jamás|niega|niegan|negó|negaba|negando}",
            "sin {evidencia|evidencias|signos|datos|síntomas} de",
            "{ausencia|inexistencia} de",
            "{carece|libre} de",
            f"negativ{_OA} para",
        ),
        forward=8,
        items=6,
    ),
    Trigger(
        "negated",
        (
            f"negativ{_OA}",
            f"{{es|son|fue|fueron|resultó|resultaron}} negativ{_OA}",
            "{ausente|ausentes}",
            "(-)",
            f"no se {{ha|han}} {{observad|evidenciad|apreciad|confirmad}}{_OA}",
        ),
        backward=6,
    ),
)

_RULED_OUT = (
    Trigger(
        "ruled_out",
        (
            "{se |}{descarta|descartan|descartó|descartaron|excluye|excluyó|excluyeron}",
            "{descartando|descartándose|excluyendo|excluyéndose}",
            "{poco probable|improbable} {que|}",
        ),
        forward=8,
        items=6,
    ),
    Trigger("ruled_out", (f"{{se ha |se han |}}{{descartad|excluid}}{_OA}",), forward=5, backward=6),
    Trigger(
        "ruled_out",
        (
            f"{{fue|fueron|queda|quedó|quedando|siendo|ha sido|han sido}} {{descartad|excluid}}{_OA}",
            "{es|parece|resulta|considera} {muy |}{poco probable|improbable}",
        ),
        backward=8,
    ),
)

_UNCERTAIN = (
    Trigger(
        "uncertain",
        (
            "{posible|posibles|posiblemente|probable|probables|probablemente|presunto|presunta}",
            "{sospecha|sospechas} {clínica |diagnóstica |inicial |}{de|por}",
            "{se sospecha|se sospechó|sospechando}",
            f"{{sospechos|sugestiv|indicativ|dudos}}{_OA} {{de|}}",
            "{sugerente|sugerentes} de",
            "{sugiere|sugieren|sugería|sugirió|sugiriendo}",
            "{compatible|compatibles} con",
            "{impresiona|impresión} {diagnóstica |}de",
            "{a |para |por |pendiente de |sin poder |sin |}{descartar|excluir}",
            "no {se puede |se pudo |pudiendo |puede |podemos |}{descartar|excluir}",
            "no {se puede |se pudo |pudiendo |puede |}{descartarse|excluirse}",
            "no se {descarta|descartó|excluye}",
            "{podría|podrían|puede|pudiera|pudiendo} {ser|tratarse de|corresponder a|indicar}",
            "diagnóstico {diferencial|de presunción}",
            "¿",
            "vs",
        ),
        forward=6,
        items=3,
    ),
    Trigger(
        "uncertain",
        (
            "?",
            f"no descartad{_OA}",
            "{es|era|parece} {posible|probable}",
            "no puede {descartarse|excluirse}",
        ),
        backward=6,
    ),
)

_FAMILY = (
    Trigger(
        "family",
        (
            "{antecedente|antecedentes|historia} {familiar|familiares} {de|:|con|}",
            f"{_RELATIVE} {_SIDE}{{con|:|(|con antecedentes de}}",
            f"{_RELATIVE} {_SIDE}{{tuvo|tenía|tiene|sufrió|sufre|presentó|presenta}}",
            f"{_RELATIVE} {_SIDE}{{padece|padecen|padecía|padeció}}",
            f"{_RELATIVE} {_SIDE}{{afect|diagnosticad}}{_OA} de",
            f"{_RELATIVE} {_SIDE}{{portador|portadora|portadores}} de",
            f"{_RELATIVE} {_SIDE}{{fallecid|muert}}{_OA} {{de|por|a causa de|con}}",
            f"{_RELATIVE} {_SIDE}{{falleció|fallecieron|murió}} {{de|por|a causa de}}",
        ),
        forward=15,
        items=8,
    ),
    # "Madre hipertensa", but not "la madre refiere fiebre": only the next word is governed.
    Trigger("family", (f"{_PARENT} {_SIDE}",), forward=1),
    Trigger(
        "family",
        (
            f"en {{su |la |el |un |una |los |sus |varios |dos |}}{_RELATIVE} {_SIDE}",
            f"({{la |el |}}{_RELATIVE} {_SIDE})",
            "por {parte|vía|rama|línea} {de madre|de padre|materna|paterna}",
        ),
        backward=10,
    ),
)

_HISTORY = (
    Trigger(
        "history",
        (
            "{antecedente|antecedentes} {de|:}",
            "{antecedente|antecedentes} {personal|personales|patológicos|previos|clínicos} {de|:}",
            "{antecedente|antecedentes} {médicos|médico-quirúrgicos|quirúrgicos} {de|:}",
            "{historia|historial} {previa |personal |antigua |}de",
            "{intervenid|operad}{o|a} {quirúrgicamente |previamente |}de",
            "como {antecedente|antecedentes} {de interés |personales |}{destaca|destacan|destacaba|figuran}",
            "como {antecedente|antecedentes} {de interés |personales |}{presentaba|tenía|refería|:|,|}",
            "{exfumador|exbebedor}{|a}",
        ),
        forward=8,
        items=6,
    ),
    Trigger(
        "history",
        (
            "{años|meses} {antes|atrás}",
            "hace {" + "|".join(map(str, range(2, 61))) + "} años",
            "hace {dos|tres|cuatro|cinco|seis|siete|ocho|diez|varios|muchos} años",
            "en la {infancia|niñez|adolescencia|juventud}",
            "en el pasado",
            "ya {resuelto|resuelta}",
        ),
        backward=6,
    ),
    Trigger("history", (f"{{previ|antigu}}{_OA}",), backward=3),
)

SPANISH = Vocabulary(
    triggers=(*_NEGATED, *_RULED_OUT, *_UNCERTAIN, *_FAMILY, *_HISTORY),
    stops=(
        "{pero|aunque|salvo|excepto|sino|mientras|embargo|porque|pues|que|quien|cuyo|cuya}",
        "{sin embargo|no obstante|a excepción de|a pesar de|mientras que|por lo que|ya que|así como}",
        "de interés",
        "debido a",
        f"secundari{_OA} a",
        "{tras|desde|hasta|durante|ante|con|paciente}",
        "se {mantiene|mantuvo|inicia|inició|realiza|realizó|decide|decidió|procede|procedió}",
        "se {remite|remitió|solicita|solicitó}",
        "{presenta|presentaba|presentó|presentando|refiere|refería|refirió|acude|consulta|ingresa}",
        f"se {{ha |han |}}{_SEE}",
        "{observándose|apreciándose|objetivándose|evidenciándose|evidenciando}",
        "{muestra|mostró|mostraba|mostrando|revela|reveló|destaca|destacan|destacaba|destacando}",
        "{es|fue} {diagnosticado|diagnosticada}",
    ),
    pseudo=(
        "{sin|no} {cambio|cambios|variación|variaciones|mejora|mejoría|respuesta|éxito|efecto}",
        "{sin|no} {resultado|resultados}",
        "sin {que|dificultad|corrección|contraste|tratamiento|poder|filiar|precisar}",
        "{no|ni} {sólo|solo|solamente|únicamente|siempre}",
        "no {se ha modificado|se modifica|mejora|mejoró|responde|respondió|podía}",
        f"no {{especificad|filiad|clasificad|conjugad|invasiv}}{_OA}",
        "no {hodgkin|insulinodependiente|insulino|recuperable}",
        "células no pequeñas",
        "{gram|gram -|rh|falso|falsos|presión|balance} {negativo|negativos|negativa}",
        "{lo|más} {antes|pronto} posible",
        "en lo posible",
        "{historia|historias} {clínica|clínicas|natural}",
        "{medio|planificación|consejo|reunión} familiar",
        "médico de familia",
        "previo a",
    ),
    joins={"y": False, "e": False, ",": False, "o": True, "u": True},
    verbs=words("es era eran son fue fueron está están estaba estaban"),
    continuing=words(
        "a al ante como con de del e el en la las los ni no o para por que se sin su sus u un una y"
    ),
    abbreviations=words("dr dra sr sra d dña aprox vs núm pág fig ud uds"),
)
