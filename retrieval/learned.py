"""What training left behind besides the vectors: words, counts and weights, no sentences.

``asked.json`` counts how often laypeople's questions led to an article, ``ranker.json`` and
``forest.npz`` rank the candidates. The lexicon's synonyms, chosen by hand, stand beside them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from retrieval.ranker import Rankers
from retrieval.tokenize import LEXICON

FOLDER = Path(__file__).resolve().parent / "model"

_SHAPE_AN_INDEX = ("asked.json",)


@dataclass(frozen=True)
class Learned:
    """The learned tables; empty ones simply add nothing."""

    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Everyday word to statute words."""
    asked: Mapping[str, int] = field(default_factory=dict)
    """Article key to the number of training questions it answered."""
    rankers: Rankers = field(default_factory=Rankers)

    def translate(self, words: Mapping[str, float]) -> dict[str, float]:
        """Return the statute words that the query's words suggest, by how many do."""
        found: dict[str, float] = {}
        for word in words:
            for target in self.synonyms.get(word, ()):
                if target not in words:
                    found[target] = found.get(target, 0.0) + 1.0
        return found

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Learned:
        """Read the lexicon's synonyms, the counts and the ranker.

        Raises ``ValueError`` if the ranker was made for other features.
        """
        return cls(
            synonyms=read_synonyms(),
            asked=_read(folder / "asked.json"),
            rankers=Rankers.load(folder),
        )


def read_synonyms(path: Path = LEXICON / "synonyms.yml") -> dict[str, tuple[str, ...]]:
    """Read the lexicon's synonyms."""
    table: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {word: tuple(targets) for word, targets in table.items()}


def digest(folder: Path = FOLDER) -> str:
    """Return a hash of the files that shape an index."""
    content = hashlib.sha256()
    for name in _SHAPE_AN_INDEX:
        content.update((folder / name).read_bytes())
    return content.hexdigest()[:16]


def _read(path: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table
