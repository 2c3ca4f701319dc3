"""How many steps a backtracking matcher takes with a pattern of `re`, counted rather than timed.

The matcher follows the parsed pattern as CPython's does, without its shortcuts, which save a factor and no power.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

Items = Sequence[tuple[Any, Any]]
Done = Callable[[int], bool]
CATEGORIES: dict[Any, Callable[[str], bool]] = {
    sre.CATEGORY_DIGIT: str.isdecimal, sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_WORD: lambda c: c.isalnum() or c == "_"}
OTHERWISE = {sre.CATEGORY_NOT_DIGIT: sre.CATEGORY_DIGIT, sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE,
             sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD}
SINGLE = (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN)
REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
SAMPLES = "a7 _.;/-\\\"'&<([{é★u\n"
NOTHING = "\x01"


class Matcher:
    """A pattern, and the steps that it has taken."""

    def __init__(self, pattern: str | bytes, flags: int = 0) -> None:
        text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
        self.flags = flags
        self.items: Items = list(_parser.parse(text, flags & ~re.UNICODE))
        self.steps, self.text = 0, ""
        self.first: tuple[int, int] | None = None

    def fullmatch(self, text: str) -> bool:
        """As `re.fullmatch`."""
        self.text = text
        return self._run(self.items, 0, 0, lambda end: end == len(text))

    def match(self, text: str) -> bool:
        """As `re.match`."""
        self.text = text
        return self._run(self.items, 0, 0, lambda end: True)

    def findall(self, text: str) -> None:
        """As `re.findall`; `first` is the span of what was found first."""
        self.text, self.first, start = text, None, 0
        while start <= len(text):
            ends: list[int] = []
            if self._run(self.items, 0, start, lambda end, ends=ends: not ends.append(end)):  # type: ignore[misc]
                self.first = self.first or (start, ends[-1])
            start = max(start + 1, ends[-1] if ends else 0)

    def _run(self, items: Items, at: int, place: int, done: Done) -> bool:
        """Whether the items from `at` on match from `place`, and then what `done` says of their end."""
        self.steps += 1
        if at == len(items):
            return done(place)
        kind, value = items[at]
        rest: Done = lambda end: self._run(items, at + 1, end, done)  # noqa: E731
        if kind in SINGLE:
            return place < len(self.text) and self.accepts(kind, value, self.text[place]) and rest(place + 1)
        if kind is sre.SUBPATTERN:
            return self._run(list(value[3]), 0, place, rest)
        if kind is sre.BRANCH:
            return any(self._run(list(branch), 0, place, rest) for branch in value[1])
        if kind in (sre.ASSERT, sre.ASSERT_NOT):
            return self._looks(value[0], list(value[1]), place) == (kind is sre.ASSERT) and rest(place)
        if kind is sre.AT:
            return self._stands(value, place) and rest(place)
        if kind in REPEATS:
            least, most, body = value[0], min(value[1], len(self.text) + 1), list(value[2])
            if len(body) == 1 and body[0][0] in SINGLE:
                return self._repeat_one(kind, least, most, body[0], place, rest)
            return self._repeat(kind is sre.MIN_REPEAT, least, most, body, place, rest)
        raise NotImplementedError(str(kind))

    def _repeat_one(self, kind: Any, least: int, most: int, item: tuple[Any, Any], place: int, rest: Done) -> bool:
        count = 0
        while count < most and place + count < len(self.text) and self.accepts(*item, self.text[place + count]):
            count, self.steps = count + 1, self.steps + 1
        if kind is sre.POSSESSIVE_REPEAT:
            return count >= least and rest(place + count)
        counts = range(count, least - 1, -1) if kind is sre.MAX_REPEAT else range(least, count + 1)
        return any(rest(place + n) for n in counts)

    def _repeat(self, lazy: bool, least: int, most: int, body: Items, place: int, rest: Done) -> bool:
        def more() -> bool:
            return most > 0 and self._run(body, 0, place, lambda end: (end > place or least > 0) and self._repeat(
                lazy, max(least - 1, 0), most - 1, body, end, rest))

        if least > 0:
            return more()
        return rest(place) or more() if lazy else more() or rest(place)

    def _looks(self, direction: int, items: Items, place: int) -> bool:
        if direction > 0:
            return self._run(items, 0, place, lambda end: True)
        width = sum(self._width(item) for item in items)
        return place >= width and self._run(items, 0, place - width, lambda end: end == place)

    def _width(self, item: tuple[Any, Any]) -> int:
        kind, value = item
        if kind is sre.SUBPATTERN:
            return sum(map(self._width, value[3]))
        return sum(map(self._width, value[1][0])) if kind is sre.BRANCH else int(kind in SINGLE)

    def _stands(self, where: Any, place: int) -> bool:
        if where is sre.AT_BEGINNING and self.flags & re.MULTILINE:
            return place == 0 or self.text[place - 1] == "\n"
        if where in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING):
            return place == 0
        if where is sre.AT_END:
            return place == len(self.text) or (place == len(self.text) - 1 and self.text[place] == "\n")
        raise NotImplementedError(str(where))

    def accepts(self, kind: Any, value: Any, character: str) -> bool:
        """Whether one item takes a character."""
        if kind is sre.ANY:
            return character != "\n" or bool(self.flags & re.DOTALL)
        cases = {character, character.lower(), character.upper()} if self.flags & re.IGNORECASE else {character}
        if kind is sre.LITERAL:
            return chr(value) in cases
        if kind is sre.NOT_LITERAL:
            return chr(value) not in cases
        inside = any(self._holds(part, c) for part in value if part[0] is not sre.NEGATE for c in cases)
        return inside != (value[0][0] is sre.NEGATE)

    def _holds(self, part: tuple[Any, Any], character: str) -> bool:
        kind, value = part
        if kind is sre.LITERAL:
            return character == chr(value)
        if kind is sre.RANGE:
            return len(character) == 1 and value[0] <= ord(character) <= value[1]
        if value in OTHERWISE:
            return not CATEGORIES[OTHERWISE[value]](character)
        return CATEGORIES[value](character)

    def example(self, items: Items) -> str:
        """A text that the items match, as far as no lookaround is in the way."""
        parts = []
        for kind, value in items:
            if kind in SINGLE:
                parts.append(self._example_of(kind, value))
            elif kind is sre.SUBPATTERN:
                parts.append(self.example(value[3]))
            elif kind is sre.BRANCH:
                parts.append(self.example(value[1][0]))
            elif kind in REPEATS:
                parts.append(self.example(value[2]) * min(max(value[0], 1), 40))
        return "".join(parts)

    def _example_of(self, kind: Any, value: Any) -> str:
        own = [chr(part[1] if part[0] is sre.LITERAL else part[1][0]) for part in (value if kind is sre.IN else ())
               if part[0] in (sre.LITERAL, sre.RANGE)]
        own = [chr(value)] if kind is sre.LITERAL else own
        return next((c for c in (*own, *SAMPLES) if self.accepts(kind, value, c)), "a")

    def repeated(self, items: Items) -> Iterator[str]:
        """What to repeat: an example of every part that repeats, of two neighbours, and every character of its own."""
        for at, (kind, value) in enumerate(items):
            yield self.example(items[at : at + 1])
            yield self.example(items[at : at + 2])
            branches = {sre.BRANCH: lambda v: v[1], sre.SUBPATTERN: lambda v: [v[3]],
                        sre.ASSERT: lambda v: [v[1]], sre.ASSERT_NOT: lambda v: [v[1]],
                        **{repeat: lambda v: [v[2]] for repeat in REPEATS}}.get(kind, lambda v: [])
            for inner in branches(value):
                yield from self.repeated(list(inner))


def growth(pattern: str | bytes, flags: int, mode: str, short: int, times: int = 4) -> tuple[float, str]:
    """By what factor the steps grow at worst as a text becomes `times` as long, and the text's repeated part."""
    matcher = Matcher(pattern, flags)
    leads = dict.fromkeys(["", *(matcher.example(matcher.items[:n]) for n in range(1, len(matcher.items)))][:6])
    worst = (0.0, "")
    for part in dict.fromkeys(filter(None, matcher.repeated(matcher.items))):
        for lead in leads:
            steps = []
            for length in (short, times * short):
                matcher.steps = 0
                getattr(matcher, mode)(lead + part * (length // len(part) + 1) + NOTHING)
                steps.append(matcher.steps)
            worst = max(worst, ((steps[1] - steps[0]) / ((times - 1) * steps[0] + 1), f"{lead!r}, {part!r} repeated"))
    return worst
