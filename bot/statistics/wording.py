"""The words of the figures and of the exported tables, read from words.yml."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from bot.texts import Texts

FILE = Path(__file__).with_name("words.yml")

Wording = Texts


@cache
def load_wording() -> Wording:
    return Wording(yaml.safe_load(FILE.read_text(encoding="utf-8")))
