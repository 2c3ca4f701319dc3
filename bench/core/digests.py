"""The SHA-256 of large files, remembered so that each is read once."""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import suppress
from pathlib import Path

from bench.core.files import replacing

SETTLED = 2.0  # seconds since a file's last change, after which a second change shows in its times


def remembered_digest(path: Path, folder: Path | None) -> str:
    """The SHA-256 of a file, in hexadecimal; read again only where its size, its times or its place have changed.

    `folder` remembers it; without one, or where it cannot be written, the file is read each time. Raises `OSError`.
    """
    stat = path.stat()
    facts = [str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
    note = None if folder is None else folder / hashlib.sha256(repr(facts).encode()).hexdigest()[:24]
    if note is not None:
        with suppress(OSError, UnicodeDecodeError):
            if re.fullmatch(r"[0-9a-f]{64}", text := note.read_text(encoding="ascii")):
                return text
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if note is not None and time.time() - max(stat.st_mtime, stat.st_ctime) > SETTLED:
        with suppress(OSError):
            note.parent.mkdir(parents=True, exist_ok=True)
            with replacing(note) as temporary:
                temporary.write_text(digest, encoding="ascii")
    return digest
