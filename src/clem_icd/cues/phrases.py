"""The phrases of a language that trigger, end or prevent cues, and where they occur in a note."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from clem_icd.cues.kinds import CueKind, bit_of
from clem_icd.cues.tokens import BREAK, Tokens, tokens_in

__all__ = ["Match", "PhraseTable", "Rule", "Trigger", "Vocabulary", "words"]

_CHOICE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Trigger:
    """Phrases that trigger a cue of one kind.

    Attributes
    ----------
    phrases
        Phrases in lower case; ``{a|b|}`` stands for a, b or nothing, also inside a word.
    forward, backward
        How many words after or before the phrase the cue can govern; 0 for none.
    items
        How many words each further item of a list after the phrase can have ("no fever, chills, or cough");
        0 if the scope ends with the first item.
    commas
        Whether commas alone make a list; else it needs an "and" or "or" before its last item. "Hernia without
        obstruction, anemia" is a list of two conditions, "no obstruction, anemia" is one of two absences.

    """

    kind: CueKind
    phrases: tuple[str, ...]
    forward: int = 0
    backward: int = 0
    items: int = 0
    commas: bool = True


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything that cues need to know of a language.

    Attributes
    ----------
    stops
        Phrases that end a scope: a contrast, or the verb of a new statement.
    pseudo
        Phrases that contain a trigger and are none ("no change").
    joins
        Words between the items of a list, and whether what follows surely continues it ("or").
    verbs
        Words that make an item after a comma a statement of its own ("no fever, the abdomen was tender").
    continuing
        Words after which a line break never ends a sentence.
    abbreviations
        Words whose full stop does not end a sentence.

    """

    triggers: tuple[Trigger, ...]
    stops: tuple[str, ...]
    pseudo: tuple[str, ...]
    joins: Mapping[str, bool]
    verbs: frozenset[str]
    continuing: frozenset[str]
    abbreviations: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a phrase does; a pseudo-trigger does nothing."""

    bit: int = 0
    kind: CueKind | None = None
    forward: int = 0
    backward: int = 0
    items: int = 0
    commas: bool = True
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase found in a note: its first and last token, both inclusive."""

    first: int
    last: int
    rule: Rule


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    rule: Rule | None = None


def words(text: str) -> frozenset[str]:
    """Return the words of a text separated by blanks."""
    return frozenset(text.split())


class PhraseTable:
    """The phrases of a language as a tree of words."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._root = _Node()
        for phrase in vocabulary.pseudo:
            self._add(phrase, Rule())
        for phrase in vocabulary.stops:
            self._add(phrase, Rule(stops=True))
        for one in vocabulary.triggers:
            rule = Rule(bit_of(one.kind), one.kind, one.forward, one.backward, one.items, one.commas)
            for phrase in one.phrases:
                self._add(phrase, rule)

    def _add(self, phrase: str, rule: Rule) -> None:
        for words in _expand(phrase):
            node = self._root
            for word in words:
                node = node.children.setdefault(word, _Node())
            node.rule = rule if node.rule is None else _merged(node.rule, rule, words)

    def matches(self, tokens: Tokens) -> Iterator[Match]:
        """Yield the phrases of a note in order: at each place the longest one, without overlaps."""
        firsts, done = self._root.children, 0
        for at, word in enumerate(tokens.words):
            if word in firsts and at >= done:
                found = self._longest(tokens.words, at)
                if found is not None:
                    done = found.last + 1
                    yield found

    def _longest(self, words: list[str], first: int) -> Match | None:
        node: _Node | None = self._root.children[words[first]]
        last, found, size = first, None, len(words)
        while node is not None:
            if node.rule is not None:
                found = Match(first, last, node.rule)
            last += 1
            if last < size and words[last] == BREAK:  # a phrase can go on in the next line
                last += 1
            node = node.children.get(words[last]) if last < size else None
        return found


def _merged(first: Rule, second: Rule, words: tuple[str, ...]) -> Rule:
    """Return the rule of a phrase that is listed twice: once for what follows, once for what precedes."""
    if (first.bit, first.stops) != (second.bit, second.stops):
        raise ValueError(f"the phrase {' '.join(words)!r} is listed with two meanings, expected one")
    return Rule(
        first.bit,
        first.kind,
        max(first.forward, second.forward),
        max(first.backward, second.backward),
        max(first.items, second.items),
        first.commas and second.commas,
        first.stops,
    )


def _expand(phrase: str) -> Iterable[tuple[str, ...]]:
    """Return the phrases, as tokens, that a phrase with choices stands for."""
    pieces = _CHOICE.split(phrase)
    options = [piece.split("|") if at % 2 else [piece] for at, piece in enumerate(pieces)]
    return {tuple(tokens_in("".join(chosen)).words) for chosen in itertools.product(*options)}
