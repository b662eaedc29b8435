"""The sentences about matters, read from words.yml."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from bot.texts import Texts

FILE = Path(__file__).with_name("words.yml")


@cache
def load_words(path: Path = FILE) -> Texts:
    """Read words.yml."""
    return Texts(yaml.safe_load(path.read_text(encoding="utf-8")))
