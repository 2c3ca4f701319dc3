"""The names of tasks and editions: `amazon`, `amazon@blitzer-2007`."""

from __future__ import annotations

import re

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
