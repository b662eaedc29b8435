"""The officers' own words, read from words.yml, and dates and moments as their pages show them."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import yaml

from bot.domain.clock import CHINA
from bot.texts import Texts

FILE = Path(__file__).with_name("words.yml")


@cache
def own_words() -> Texts:
    return Texts(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def refusal(name: str, /, **values: object) -> str:
    """Return why a step was not taken."""
    return own_words().say(f"refusals.{name}", **values)


def moment(at: dt.datetime) -> str:
    """Return a moment in China's time."""
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"
