"""How settings read in the name of a row: `finetune[learning_rate=5e-4]`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

LONGEST = 40  # characters of a setting
FEW = 0.01  # a smaller number is written with an exponent, where that is shorter


def row_name(strategy: str, settings: Mapping[str, Any]) -> str:
    """A strategy's name with the settings that tell its row from others; the name alone where there are none."""
    parts = " ".join(f"{name}={setting_text(value)}" for name, value in settings.items())
    return f"{strategy}[{parts}]" if parts else strategy


def setting_text(value: object) -> str:
    """A setting's value on one line and without commas, which separate names on the command line."""
    text = value if isinstance(value, str) else _number(value) if type(value) is float else \
        json.dumps(value, ensure_ascii=False, separators=(",", ": "))
    text = text.replace(",", " ")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def plain_name(name: str) -> str:
    """A row's name without the blank before its settings that names once had: `tfidf [C=0.01]`."""
    return name.replace(" [", "[")


def _number(value: float) -> str:
    text = json.dumps(value)
    if not 0 < abs(value) < FEW:
        return text
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    first, *others = map(str, digits)
    short = f"{'-' * sign}{first}{'.' * bool(others)}{''.join(others)}e{int(exponent) + len(others)}"
    return min(text, short, key=len)
