"""The channel's own sentences, read from words.yml."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from bot.texts import Texts

WORDS = Path(__file__).with_name("words.yml")


@cache
def own_words() -> Texts:
    """Return the words of the official accounts."""
    return Texts(yaml.safe_load(WORDS.read_text(encoding="utf-8")))
