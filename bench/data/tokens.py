"""The tokens of a text, in every script: words with their marks, emoji, `!` and `?`; and what makes two texts copies.

English in ASCII takes the old, short regular expression. All else takes Unicode's properties, by the package `regex`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import regex

# Scripts that put no blanks between words: their tokens are characters with their marks (grapheme clusters).
UNSPACED = (r"\p{Han}\p{Hiragana}\p{Katakana}\u30fc\p{Bopomofo}\p{Yi}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tai_Le}"
            r"\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Javanese}\p{Balinese}")
# Unicode counts ©, ™, arrows, ▪ and the like among the pictographs too; ★ and ✓ it does not.
PICTOGRAPH = (r"[[\p{Extended_Pictographic}--[\xa9\xae\u2000-\u22ff\u24c2\u25a0-\u25ff\u3030-\u3299]]"
              r"[\p{So}&&[\u2600-\u27bf\u2b00-\u2bff]]]")
EMOJI = (rf"[0-9#*]\u20e3|\p{{Regional_Indicator}}{{1,2}}"
         rf"|{PICTOGRAPH}(?:\u200d(?:{PICTOGRAPH}|[\u2194\u2195]))*[\U000e0020-\U000e007f]*")
CLUSTER = rf"[\p{{L}}&&[{UNSPACED}]](?:[\p{{M}}\u0e33\u0eb3]|(?<=[\u1039\u17d2])[\p{{L}}&&[{UNSPACED}]])*"
BEGIN = rf"[[\p{{L}}\p{{N}}]--[\p{{L}}&&[{UNSPACED}]]]"
INNER = rf"[[\p{{L}}\p{{M}}\p{{N}}]--[\p{{L}}&&[{UNSPACED}]]]"
LETTERS = rf"(?=\p{{L}})[[\p{{L}}\p{{M}}]--[\p{{L}}&&[{UNSPACED}]]]+"
WORD = rf"{BEGIN}{INNER}*(?:[\u200c\u200d]+{INNER}+)*(?:'{LETTERS})?"
UNSPACED_LETTER = regex.compile(rf"[\p{{L}}&&[{UNSPACED}]]", regex.VERSION1)
ANY_TOKEN = regex.compile(f"{EMOJI}|{CLUSTER}|{WORD}|[!?]", regex.VERSION1)
PLAIN_TOKEN = re.compile(r"[^\W_]+(?:'[^\W\d_]+)?|[!?]")
# Letters with blanks between words, no marks and no emoji: PLAIN_TOKEN cuts these texts in the same way, and faster.
PLAIN = (r"\0-\xb1\xb4-\xb8\xba\xbb\xbf-\u02ff\u0370-\u0482\u048a-\u0557\u0559-\u058a\u058d-\u0590\u05be\u05d0-\u05f4"
         r"\u060c\u061b\u0620-\u064a"
         r"\u0660-\u066f\u0671-\u06d5\u1100-\u11ff\u1e00-\u1fff\u2010-\u2031\u20a0-\u20cf\uac00-\ud7a3")
BEYOND_PLAIN = re.compile(f"[^{PLAIN}]")
STRETCH = 50  # characters after one beyond plain that are cut as it is; fewer would cost more calls

# A backslash and a letter, as exports of JSON or Python leave line ends and quotes; not in a path of Windows.
# Each begins where a run begins: tried from every character, a long run would take the square of its length.
ESCAPED = re.compile(r"(?<!\S)\S*\\\S*")
ESCAPE = re.compile(r"""(?<!\\)\\+(?:([nrt])|u([0-9a-fA-F]{4})|(["']))""")
WINDOWS_PATH = re.compile(r"(?<![a-zA-Z])[c-hC-H]:\\")

APOSTROPHES = re.compile("[\xb4\u02bb\u02bc\u055a\u05f3\u2018\u2019\u201b\u2032]")
# Soft hyphens, blanks of no width, signs of direction, variation selectors, skin tones; joiners after letters that
# never join, so that a joiner is kept in Persian and Indic words and in emoji.
HIDDEN = regex.compile(r"[\xad\u061c\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
                       r"\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]"
                       rf"|(?<=[\p{{Latin}}\p{{Greek}}\p{{Cyrillic}}\p{{Hangul}}\p{{Nd}}{UNSPACED}])[\u200c\u200d]+",
                       regex.VERSION1)
OTHER_WIDTH = re.compile("[\u203c\u2047-\u2049\u061f\uff01-\uffee]+")  # ‼, ؟, full-width and half-width forms

# Faces of punctuation: :-( and =), a run of brackets (as Russians smile), ;d between blanks, -_-, <3.
FACE = re.compile(r"[:;=()<-](?:(?<=[:;=])['^]?-?(?:[()\[\]{}|/\\](?![\w/])|(?<!\w[:;=])[dpos](?!\w))"
                  r"|(?<=\()\(+|(?<=\))\)+|(?<=-)_+-|(?<=<)/?3(?!\d))")
# In ASCII: what becomes a blank, and what stands between blanks.
BLANKED = bytes.maketrans(b"\"&'()*,-./:;@[\\]_`{}", b" " * 20)
ALONE = tuple(bytes([code]) for code in b"!?#$%+<=>^|~")


def tokens(text: str) -> list[str]:
    """The tokens of a cleaned text, in lower case.

    They are words with their marks (`don't` is one), emoji, `!` and `?`; in scripts without blanks, each character.
    """
    text, found, at = _folded(text), list[str](), 0
    while beyond := BEYOND_PLAIN.search(text, at):
        start = text.rfind(" ", at, beyond.start()) + 1 or at
        end = text.find(" ", beyond.end() + STRETCH)
        end = len(text) if end < 0 else end
        found += PLAIN_TOKEN.findall(text, at, start)
        found += ANY_TOKEN.findall(text, start, end)
        at = end
    return found + PLAIN_TOKEN.findall(text, at)


def is_unspaced(token: str) -> bool:
    """Whether a token is a character of a script without blanks."""
    return UNSPACED_LETTER.match(token) is not None


def identity(text: str) -> str:
    """What two cleaned texts share where one is a copy of the other: all but case, blanks and ordinary punctuation.

    Symbols count, and so do faces such as `:(`. A text of punctuation alone is what it is.
    """
    text = _folded(text, str.casefold)
    words = _words_in_ascii(text) if text.isascii() else " ".join(text.translate(_SIGNS).split())
    faces = FACE.findall(text)
    return f"{words}\n{' '.join(faces)}" if faces else words or "".join(text.split())


def _words_in_ascii(text: str) -> str:
    """What `_SIGNS` makes of an ASCII text, in a tenth of the time."""
    plain = text.encode().translate(BLANKED)
    for sign in ALONE:
        plain = plain.replace(sign, b" " + sign + b" ")
    return " ".join(plain.decode().split())


class _Signs(dict[int, int | str]):
    """For `str.translate`, filled as characters are met: what each of them is in the identity of a text.

    Punctuation becomes a blank. What has a meaning of its own stands between blanks: symbols ($, +, emoji), `#` and `%`
    (C#, 50%), `!` and `?`, and the letters of scripts without blanks.
    """

    def __missing__(self, code: int) -> int | str:
        character = chr(code)
        kind = unicodedata.category(character)[0]
        alone = character in "#%!?" or kind == "S" or (kind == "L" and is_unspaced(character))
        self[code] = f" {character} " if alone and character not in "`\xa8" else " " if kind in "PS" else code
        return self[code]


_SIGNS = _Signs()


def _folded(text: str, lower: Callable[[str], str] = str.lower) -> str:
    """The text in lower case: one sign for all apostrophes, letters of one width, nothing that is never seen."""
    if "\\" in text:
        text = ESCAPED.sub(_unescaped, text)
    text = lower(text)
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text).replace("i\u0307", "i")  # the lower case of İ has a dot too many
    shown: str = HIDDEN.sub("", APOSTROPHES.sub("'", OTHER_WIDTH.sub(_usual_width, text)))
    return shown


def _usual_width(characters: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", characters[0]).replace("\u061f", "?").lower()


def _unescaped(word: re.Match[str]) -> str:
    """What a run without blanks meant before something escaped it."""
    if WINDOWS_PATH.search(word[0]):
        return word[0]
    text = ESCAPE.sub(lambda e: " " if e[1] else chr(int(e[2], 16)) if e[2] else e[3], word[0])
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two halves are one emoji
