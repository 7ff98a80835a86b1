"""English phrases of cues.

Which words trigger a cue is known from NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009); which
words state an uncertain diagnosis, from the ICD-10-CM guidelines (II.H: "probable", "suspected",
"compatible with", ...). The phrases are our own choice.
"""

from __future__ import annotations

from clem_icd.cues.phrases import Trigger, Vocabulary, words

__all__ = ["ENGLISH"]

_RELATIVE = (
    "{mother|father|parent|parents|brother|brothers|sister|sisters|sibling|siblings|son|sons|daughter|daughters|"
    "grandmother|grandfather|grandparents|grandparent|aunt|aunts|uncle|uncles|cousin|cousins|"
    "nephew|niece|mom|dad|relatives|family members|family member|mgm|mgf|pgm|pgf}"
)
_SEEN = "{seen|found|identified|detected|demonstrated|visualized|noted|observed|appreciated|present|evident}"
_BE = "{is|was|are|were|be|been|being}"

_NEGATED = (
    Trigger(
        "negated",
        (
            "no",
            "no {evidence|signs|sign|suggestion|indication|suspicion|symptoms|complaints|history|hx} of",
            "no e/o",
            "no {known|prior|previous} {history|hx|h/o} {of|}",
            "no {clinical|radiographic|radiologic|definite|clear|} {evidence|findings} {of|for|to suggest}",
            "no {acute process|finding|findings|evidence|features} {to suggest|suggestive of|suspicious for}",
            "no {concern|suspicion} for",
            "nothing {to suggest|concerning for}",
            "neither",
            "nor",
            "{denies|denied|deny|denying}",
            "{denies|denied|denying} {any|} {history|hx} of",
            "{negative|neg|unrevealing|unremarkable} for",
            "free of",
            "{absence|lack|resolution} of",
            "{fails|failed} to {show|reveal|demonstrate}",
        ),
        forward=8,
        items=6,
    ),
    Trigger(
        "negated",
        (
            "{without|w/o}",
            "{without|w/o} {any|} {evidence|signs|sign} of",
            "{never|not|cannot|didn't|doesn't|don't|isn't|wasn't|hasn't|hadn't|haven't|aren't|weren't}",
            "not consistent with",
            "{is |was |are |were |}not {started|placed|put} on",
        ),
        forward=8,
        items=6,
        commas=False,
    ),
    Trigger(
        "negated",
        (
            f"{{not|none}} {_SEEN}",
            f"{_BE} not {_SEEN}",
            "which did not develop",
            "did not {find|see} it",
            "{absent|negative|neg}",
            "{is|was|are|were} {absent|negative}",
            "(-)",
            "{was|were} never given",
            "{was|were|is|are|} not {needed|given|started|indicated|required}",
            "patient declined",
        ),
        backward=8,
    ),
    Trigger("negated", ("declined", "declines", "refused", "refuses"), forward=4, backward=5),
)

_RULED_OUT = (
    Trigger(
        "ruled_out",
        (
            "{ruled|rules} out for",
            "r/o'd for",
            "r/o'd",
            "rules out",
            "{low|little} {suspicion|concern} for",
            "doubt",
        ),
        forward=8,
        items=6,
    ),
    Trigger("ruled_out", ("ruled out", "ruled-out"), forward=4, backward=8),
    Trigger(
        "ruled_out",
        (
            f"{_BE} {{ruled out|ruled-out|excluded}}",
            "ruled out {by|with|on|via|after|per|given|based|as|due|because|since|at|in}",
            "{was|were} considered but",
            "considered but {felt|thought|deemed} {to be |}unlikely",
            "{is|was|are|were|} {felt|thought|deemed|considered|} {to be |}{very|highly|less|} unlikely",
            "not supported by",
            "low on the differential",
        ),
        backward=8,
    ),
    Trigger("ruled_out", ("unlikely to {be|represent|have}",), forward=6),
)

_UNCERTAIN = (
    Trigger(
        "uncertain",
        (
            "{possible|possibly|probable|probably|likely|suspected|suspect|suspects|presumed|presumptive}",
            "{questionable|question of|equivocal for|potential}",
            "{suspicion|suspicious|concern|concerning|worrisome|worry} {of|for}",
            "{high|moderate} {suspicion|concern} for",
            "c/f",
            "{suggestive|indicative} of",
            "{suggests|suggesting|suggested}",
            "{consistent|compatible} with",
            "c/w",
            "{may|might|could} {be|represent|reflect|indicate|suggest}",
            "{may|might} have",
            "{cannot|can not|can't|could not|couldn't|unable to} {completely |}{rule out|exclude}",
            "{not|to|will|} {rule out|r/o}",
            "{evaluate|evaluation|eval|workup|w/u|assess|assessment} for",
            "{differential|ddx} {diagnosis |}{includes|included|including|of}",
            "{vs|versus}",
            "?",
        ),
        forward=6,
        items=3,
    ),
    Trigger(
        "uncertain",
        (
            "?",
            "{cannot|can not|can't|could not|couldn't} be {ruled out|excluded}",
            "{is|was|are|were|} not {completely |entirely |}{ruled out|excluded}",
            "{is|was|are|were} {possible|probable|likely|suspected|questionable|presumed}",
            "{is|was|are|were} {being |}considered",
            "in the differential",
        ),
        backward=6,
    ),
)

_FAMILY = (
    Trigger(
        "family",
        (
            "{family|fam|familial} {history|hx} {significant|notable|positive|remarkable} for",
            "{family|fam|familial} {history|hx} {of|:}",
            "{fhx|fh} {of|:|significant for|notable for|positive for}",
            f"{_RELATIVE} {{with|had|has|have|w/|:|-}}",
            f"{_RELATIVE} {{affected by|diagnosed with|was diagnosed with|suffered from}}",
            f"{_RELATIVE} {{died of|died from|died with}}",
            f"{_RELATIVE} {{who|both|also}} {{has|had|have|died of|died from}}",
            f"{_RELATIVE} {{passed away|deceased}} {{of|from|with|due to}}",
            f"{_RELATIVE} {{with |with a |has a |had a |}}{{history of|hx of|h/o|s/p}}",
        ),
        forward=20,
        items=12,
    ),
    Trigger(
        "family",
        (
            f"in {{his|her|their|the|a|both|patient's|}} {{maternal |paternal |}}{_RELATIVE}",
            "in {the|his|her} family",
            "runs in {the|his|her} family",
            f"({{maternal |paternal |}}{_RELATIVE})",
            f"( {_RELATIVE} )",
        ),
        backward=12,
    ),
)

_HISTORY = (
    Trigger(
        "history",
        (
            "{history|hx} {of|significant for|notable for|remarkable for|includes|including|:}",
            "{past|prior|previous|remote|personal|known|distant} {medical |surgical |}{history|hx} of",
            "{past|prior} {medical|surgical} {history|hx} {significant for|notable for|includes|:}",
            "h/o",
            "{pmh|pmhx|psh|pshx} {of|significant for|notable for|includes|:}",
            "{s/p|status post|status-post}",
        ),
        forward=8,
        items=6,
    ),
    Trigger(
        "history",
        ("{prior|previous|previously|remote|past|former}", "{prior|remote} {admission|episode} {for|of}"),
        forward=4,
    ),
    Trigger(
        "history",
        (
            "in the {remote |distant |}past",
            "{years|year|months} ago",
            "{since|now} resolved",
            "in childhood",
            "as a {child|teenager}",
            "by history",
        ),
        backward=8,
    ),
)

ENGLISH = Vocabulary(
    triggers=(*_NEGATED, *_RULED_OUT, *_UNCERTAIN, *_FAMILY, *_HISTORY),
    stops=(
        "{but|however|although|though|except|nevertheless|nonetheless|yet|still|whereas|while|which|because|since}",
        "{aside|apart} from",
        "{other|rather} than",
        "{besides|despite|until|unless|therefore|then}",
        "{due|secondary|attributed} to",
        "{caused|complicated} by",
        "{patient|pt|he|she|they}",
        "{admits|endorses|endorsed|reports|reported|complains|complained|c/o|states|stated}",
        "{admits|complains|complained} {to|of}",
        "{positive|treated|admitted|admission|cause|reason} for",
        "{presents|presented|presenting} {with|}",
        "{found|noted} to have",
        "{has|had|developed|underwent|received|started|shows|showed|showing|reveals|revealed|demonstrates|demonstrated}",
        "{remarkable|notable|significant} for",
        "of {interest|note}",
    ),
    pseudo=(
        "{no|not|without} {significant|interval|appreciable|other|further|} {change|changes}",
        "no {significant |} {increase|decrease|improvement|resolution|response|progression}",
        "no {longer|further|doubt|need|matter|more than}",
        "{not|no} {only|just|necessarily|otherwise|certain|sure|clear}",
        "not {otherwise|elsewhere} {specified|classified}",
        "without {difficulty|assistance|incident|change|changes|improvement|contrast|any further}",
        "{gram|gram -|false|rh|coagulase|coagulase -|triple|triple -} {negative|neg}",
        "negative {pressure|balance|margins|inotrope|inotropic|affect|predictive}",
        "{hour|hours|day|days|week|weeks|month|months|year|years|half} {long |}history of",
        "history of {present|presenting} illness",
        "history and physical",
        "prior to",
        "{compared|comparison} {to|with} {the |}{prior|previous}",
        "{prior|previous} {study|exam|examination|tracing|film|films|ct|cxr|mri|admission}",
        "over the past",
        "in the past {few|several|two|three|week|month|year|24|48}",
        "past {few|several|two|three|week|month|year}",
        "{as|if} {possible|likely}",
        "possible to",
        "not {improve|improved|respond|responded|responding|tolerate|tolerated}",
        "since {admission|then|yesterday|discharge}",
        "had been",
    ),
    joins={"and": False, "&": False, ",": False, "or": True},
    verbs=words("is was are were"),
    continuing=words(
        "a an and any are as at be been by for from had has have in is nor no not "
        "of on or that the their this to with without"
    ),
    abbreviations=words("dr drs mr mrs ms st vs approx pt pts hx dx ca fam"),
)
