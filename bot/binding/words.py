"""This room's own sentences, and the words by which people begin what it does, from words.yml."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

from bot.dialogue.normalise import canonical
from bot.texts import Texts

FILE = Path(__file__).with_name("words.yml")

_NOT_WORDS = re.compile(r"[\W_]+")


@cache
def own_words() -> Texts:
    return Texts(yaml.safe_load(FILE.read_text(encoding="utf-8")))


@cache
def pattern(name: str) -> re.Pattern[str]:
    """Return a pattern of words.yml; its alternatives may stand on several lines."""
    return re.compile("".join(str(own_words().get(f"patterns.{name}")).split()))


def says(name: str, words: str) -> bool:
    """Say whether a message is nothing but these words, however it is written and ended."""
    return pattern(name).fullmatch(bare(words)) is not None


def bare(words: str) -> str:
    """Return simplified characters and figures, without spaces and punctuation."""
    return _NOT_WORDS.sub("", canonical(words))
