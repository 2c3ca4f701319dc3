"""The characters of a text file: its encoding and line ends, found from all its bytes or refused."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.core.errors import DataError
from bench.data.unpacking import first_bytes, is_packed, not_text, opened

CHUNK = 1 << 20
LINE = 64_000_000  # characters of a line
MARKS = ((codecs.BOM_UTF8, "utf-8-sig", ""), (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
         (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"), (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
         (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"))
# Words of Windows-1252 are told from those of other code pages, whose letters lie on the same bytes. A word is
# suspect where it holds a letter or sign that other pages need (Turkish, Czech, Polish, Baltic), a sign between two
# letters, a capital with an accent behind a small letter (Mac OS), or accents in a row (Cyrillic, Greek, Chinese, …).
SUSPECT = re.compile(
    r"[ðþýÿÐÞÝšžŠŽ¤¦¨¬¯¸]"
    r"|[^\W\d_][¹³¼¾µº]|[¹³¼¾][^\W\d_]"
    r"|[^\W\d_][‚„…†‡ˆ‰‹›•˜™¡¢£¥§©ª«®°±²¶·»½¿×÷€“”][^\W\d_]"
    r"|[À-ÖØ-öø-ÿ][¢£¥§©ª®°±²¶½×÷]|[¢£¥§©ª®°±²¶½×÷º][À-ÖØ-öø-ÿ]"
    r"|[a-zß-ÿ][À-ÖØ-ÞŒŸ]"
    r"|[À-ÖØ-öø-ÿŒœŸƒ]{3}|(?<![^\W\d_])[À-ÖØ-öø-ÿ]{2}(?![^\W\d_])"
    r"|õ(?![eo])|û[^\W\d_]{0,20}[áéíóúöü]|[áéíóúöü][^\W\d_]{0,20}û")


@dataclass(frozen=True)
class TextFile:
    """A text file whose every byte was seen once: how it is decoded, and what is known of its characters."""

    path: Path
    is_data: Callable[[str], bool]
    encoding: str
    newline: str  # "\n" (also behind "\r"), or "\r" where no line ends otherwise
    quotes: bool  # whether any " is in it
    empty: bool  # nothing but blanks
    notes: tuple[str, ...]

    @contextmanager
    def opened(self) -> Iterator[io.TextIOWrapper]:
        """Its characters, once through; iterating gives the lines with their ends."""
        with opened(self.path, self.is_data) as stream:
            file = io.TextIOWrapper(stream, encoding=self.encoding, newline=self.newline)
            try:
                yield file
            except UnicodeDecodeError as error:  # it was all decoded before
                raise DataError(f"{self.path} changed while it was read: {error.reason}") from None


def text_file(path: Path, is_data: Callable[[str], bool], longest: int = LINE) -> TextFile:
    """Decode a file from end to end, as UTF-8 (UTF-16 where a mark says so), else as Windows-1252 if it must be that.

    `longest`: characters that a line may have.

    Raises `DataError` naming the line of the first byte that fits neither, of a NUL, or of a line without an end.
    """
    start = first_bytes(path)
    if is_packed(start):
        with opened(path, is_data) as stream:
            start = stream.read(16)
    if words := not_text(start):
        raise DataError(f"{path} is no text", f"it is {words}")
    encoding, name = next(((e, n) for mark, e, n in MARKS if start.startswith(mark)), ("utf-8", ""))
    notes = (f"the file is {name}",) if name else ()
    try:
        return _scanned(path, is_data, longest, encoding, notes)
    except _NotDecoded as error:
        words = f"{path} is not {encoding.upper().removesuffix('-SIG')} text: see line {error.line}"
        if encoding != "utf-8" or error.other:
            raise DataError(words, "it may have been cut, or put together from files of two encodings") from None
        try:
            return _scanned(path, is_data, longest, "cp1252",
                            ("the file is not UTF-8 and was read as Windows-1252 (cp1252)",))
        except _NotDecoded as other:
            words += f", which would be {other.excerpt!r} in Windows-1252" if other.excerpt else ""
            raise DataError(words, "in which encoding was it written? In Excel save it as 'CSV UTF-8'; elsewhere: "
                                   "iconv -f ENCODING -t UTF-8 FILE > NEW") from None


class _NotDecoded(Exception):
    """The line of a byte that does not fit, whether other bytes above 127 did, and what speaks against an encoding."""

    def __init__(self, line: int, other: bool, excerpt: str = "") -> None:
        super().__init__(line)
        self.line, self.other, self.excerpt = line, other, excerpt


def _scanned(path: Path, is_data: Callable[[str], bool], longest: int, encoding: str,
             notes: tuple[str, ...]) -> TextFile:
    decoder = codecs.getincrementaldecoder(encoding)()
    feeds = returns = pairs = run = 0
    ascii_only, quotes, empty, last = True, False, True, ""
    with opened(path, is_data) as stream:
        while True:
            data = stream.read(CHUNK)
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                good = codecs.decode(error.object[: error.start], encoding, "ignore")
                line = (feeds or returns) + (good.count("\n") or (good.count("\r") if not feeds else 0)) + 1
                raise _NotDecoded(line, not (ascii_only and good.isascii())) from None
            if encoding == "cp1252" and not text.isascii() and (suspect := SUSPECT.search(last + text)):
                around = (last + text)[max(0, suspect.start() - 5) : suspect.end() + 5]
                raise _NotDecoded(0, True, around.strip())
            if "\0" in text:
                raise _nul(path, feeds + text.count("\n", 0, text.index("\0")) + 1, text)
            ascii_only = ascii_only and text.isascii()
            quotes, empty = quotes or '"' in text, empty and not text.strip()
            pairs += text.count("\r\n") + (last == "\r" and text[:1] == "\n")
            run = run + len(text) if "\n" not in text else len(text) - text.rindex("\n")
            if run > longest and not (returns and not feeds):
                raise DataError(f"{path}: line {feeds + 1} has more than {longest:,} characters",
                                "is it a text file? is a quote missing?")
            feeds, returns, last = feeds + text.count("\n"), returns + text.count("\r"), text[-1:] or last
            if not data:
                break
    return TextFile(path, is_data, encoding, "\n" if feeds or not returns else "\r", quotes, empty, notes)


def _nul(path: Path, line: int, text: str) -> DataError:
    many = text.count("\0") > len(text) // 4
    return DataError(f"{path}: line {line} holds a NUL byte",
                     "it looks like UTF-16 without its mark: save it as UTF-8" if many else "is it a text file?")
