"""Read the application's own sentences from texts.yml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("texts.yml")


class Texts:
    """Sentences by dotted name; a missing name is a programming error and raises KeyError."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree

    def get(self, name: str) -> Any:
        node: Any = self._tree
        for part in name.split("."):
            node = node[part]
        return node

    def say(self, name: str, /, **values: object) -> str:
        """Return the sentence with its {names} filled in."""
        sentence = str(self.get(name)).strip()
        return sentence.format(**values) if values else sentence

    def button(self, key: str) -> tuple[str, str]:
        return key, str(self.get(f"buttons.{key}.label"))


@cache
def load_texts() -> Texts:
    return Texts(yaml.safe_load(FILE.read_text(encoding="utf-8")))
