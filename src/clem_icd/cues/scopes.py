"""How far a trigger reaches: to the end of its sentence, a contrast, or the end of its list."""

from __future__ import annotations

from collections.abc import Iterable, Set

from clem_icd.cues.kinds import bit_of
from clem_icd.cues.phrases import Match, Vocabulary
from clem_icd.cues.tokens import BREAK, Tokens

__all__ = ["Scopes", "Span"]

Span = tuple[int, int]

_FARTHEST = 50  # tokens from the trigger: bounds the time that an endless list takes
_MARGIN = 70  # characters: a line whose next word fits before it was ended by its author, not by an editor
_BULLETS = frozenset("-*•·#>+○●▪[")
_ASIDES = frozenset(":-\N{EN DASH}\N{EM DASH}")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_GOES_ON = frozenset(",/-(")
_RULED_OUT = bit_of("ruled_out")
_ASSERTIONS = bit_of("negated") | _RULED_OUT | bit_of("uncertain")


class Scopes:
    """Finds what the triggers of one note govern.

    Parameters
    ----------
    headings
        Offsets at which a heading begins.

    """

    def __init__(
        self, tokens: Tokens, matches: Iterable[Match], vocabulary: Vocabulary, headings: Set[int]
    ) -> None:
        self._tokens = tokens
        self._words = tokens.words
        self._vocabulary = vocabulary
        self._headings = headings
        self._match_at = {at: match for match in matches for at in range(match.first, match.last + 1)}

    def after(self, trigger: Match) -> Span | None:
        """Return the half-open offsets that a trigger governs after it."""
        rule, start = trigger.rule, trigger.last + 1
        if not rule.forward or self._ends_sentence(trigger.last):
            return None
        end = complete = start  # where the scope ends, and where its last complete item ends
        count, limit, surely, after_comma = 0, rule.forward, True, False
        for at in range(start, min(len(self._words), start + _FARTHEST)):
            word = self._words[at]
            if word in self._vocabulary.joins:
                if not rule.items:
                    break
                if rule.commas or not after_comma:
                    complete = end
                count, limit = 0, rule.items
                surely, after_comma = self._vocabulary.joins[word], word == ","
            elif self._stops_after(at, trigger, begins_item=count == 0):
                break
            elif _is_word(word):
                count += 1
                # Too long for an item of a list, or with a verb: a new statement, except after "or".
                if count > limit or (after_comma and word in self._vocabulary.verbs):
                    end = end if surely else complete
                    break
                end = at + 1
        return self._span(start, complete if after_comma and not rule.commas else end)

    def before(self, trigger: Match) -> Span | None:
        """Return the half-open offsets that a trigger governs before it."""
        if not trigger.rule.backward:
            return None
        if self._words[trigger.first] == "?" and not self._tokens.is_attached(trigger.first):
            return None
        begin, count, in_list = trigger.first, 0, False
        for at in range(trigger.first - 1, max(-1, trigger.first - 1 - _FARTHEST), -1):
            word = self._words[at]
            if word == ",":
                # "PE, pneumonia, and MI were ruled out" is a list; "stable, MI was ruled out" is not.
                if not in_list and begin < trigger.first:
                    break
            elif word in self._vocabulary.joins:
                in_list = True
            elif self._stops_before(at, trigger, next_to_trigger=begin == trigger.first):
                break
            elif _is_word(word):
                count += 1
                if count > trigger.rule.backward:
                    break
                begin = at
        return self._span(begin, trigger.first)

    def _span(self, first: int, after: int) -> Span | None:
        return (self._tokens.begins[first], self._tokens.ends[after - 1]) if after > first else None

    def _stops_after(self, at: int, trigger: Match, *, begins_item: bool) -> bool:
        word, start = self._words[at], trigger.last + 1
        if word == BREAK:
            return self._breaks_line(at, goes_on=at == start)
        if word in _CLOSING:
            return _OPENING.isdisjoint(self._words[start:at])
        if self._ends_clause(at):
            return True
        if self._is_continued_by(at, trigger):
            return True
        if at == start and not trigger.rule.backward:  # "denies: fever", "not found to have"
            return False
        return self._is_aside(at) or self._is_stop(at) or self._is_contradicted(at, trigger, begins_item)

    def _stops_before(self, at: int, trigger: Match, *, next_to_trigger: bool) -> bool:
        word = self._words[at]
        if word == BREAK:
            return self._breaks_line(at, goes_on=False)
        if word in _OPENING:
            return not next_to_trigger and _CLOSING.isdisjoint(self._words[at : trigger.first])
        if self._ends_clause(at) or self._is_stop(at):
            return True
        match = self._match_at.get(at)
        same = match is not None and match.rule.bit == trigger.rule.bit and match.rule.backward > 0
        return same or (self._is_aside(at) and not next_to_trigger)

    def _is_stop(self, at: int) -> bool:
        match = self._match_at.get(at)
        return match is not None and match.rule.stops

    def _is_continued_by(self, at: int, trigger: Match) -> bool:
        """Return whether a trigger of the same cue, which reaches as far, begins here."""
        match = self._match_at.get(at)
        return (
            match is not None
            and match.rule.bit == trigger.rule.bit
            and match.rule.forward >= trigger.rule.forward
        )

    def _is_contradicted(self, at: int, trigger: Match, begins_item: bool) -> bool:
        """Return whether what follows is asserted in another way: "no fever, possible PE"."""
        match = self._match_at.get(at)
        if match is None or not match.rule.forward or match.rule.bit == trigger.rule.bit:
            return False
        asserts = bool(match.rule.bit & _ASSERTIONS and trigger.rule.bit & _ASSERTIONS)
        return asserts and (begins_item or match.rule.bit == _RULED_OUT)

    def _is_aside(self, at: int) -> bool:
        """Return whether a colon, or a dash between blanks, is here."""
        word = self._words[at]
        return word in _ASIDES and (word == ":" or not self._tokens.is_attached(at))

    def _ends_clause(self, at: int) -> bool:
        return self._words[at] == ";" or self._ends_sentence(at)

    def _ends_sentence(self, at: int) -> bool:
        word = self._words[at]
        if word not in ".!?":
            return False
        spaced = at + 1 == len(self._words) or not self._tokens.is_attached(at + 1)
        if not (spaced or self._words[at + 1] == BREAK):
            return word == "." and self._lacks_a_blank(at)
        return self._tokens.is_attached(at) and not (word == "." and self._is_abbreviation(at))

    def _lacks_a_blank(self, at: int) -> bool:
        """Return whether the blank after a sentence was forgotten: "No fever.Cough for two days"."""
        following = self._tokens.text[self._tokens.begins[at + 1] : self._tokens.begins[at + 1] + 2]
        return (
            at > 0 and len(self._words[at - 1]) > 2 and self._words[at - 1].isalpha() and following.istitle()
        )

    def _is_abbreviation(self, at: int) -> bool:
        before = self._words[at - 1]
        return before in self._vocabulary.abbreviations or (
            len(before) == 1 and at > 1 and self._words[at - 2] == "." and self._tokens.is_attached(at - 1)
        )

    def _breaks_line(self, at: int, *, goes_on: bool) -> bool:
        """Return whether a line break ends a sentence or an item of a list, rather than wrap a line.

        ``goes_on`` says that the line ends with a trigger, and so continues in the next one.
        """
        words = self._words
        if at == 0 or at + 1 == len(words) or BREAK in (words[at - 1], words[at + 1]):
            return True
        if self._tokens.begins[at + 1] in self._headings or self._is_bullet(at + 1):
            return True
        if goes_on or words[at - 1] in self._vocabulary.continuing or words[at - 1] in _GOES_ON:
            return False
        return not self._reaches_margin(at)

    def _reaches_margin(self, at: int) -> bool:
        """Return whether the line that ends here and the next word are together too long for one line."""
        text, begin = self._tokens.text, self._tokens.begins[at]
        next_begin = self._tokens.begins[at + 1]
        next_word = text[next_begin : next_begin + _MARGIN].split(None, 1)[0]
        needed = _MARGIN - len(next_word)
        return begin >= needed and BREAK not in text[begin - needed : begin]

    def _is_bullet(self, at: int) -> bool:
        word = self._words[at]
        return word in _BULLETS or (
            word.isdecimal() and at + 1 < len(self._words) and self._words[at + 1] in (".", ")")
        )


def _is_word(word: str) -> bool:
    return word[0].isalnum() or word[0] == "_"
