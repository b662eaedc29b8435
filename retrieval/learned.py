"""What training left behind besides the vectors: words, counts and weights, no sentences.

``translation.json`` maps everyday words to statute words, ``asked.json`` counts how often
laypeople's questions led to an article, ``ranker.json`` and ``forest.npz`` rank the candidates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from retrieval.ranker import Ranker
from retrieval.tokenize import LEXICON

FOLDER = Path(__file__).resolve().parent / "model"

# A synonym chosen by hand weighs about as much as a well attested learned one.
_SYNONYM = 0.5

_SHAPE_AN_INDEX = ("asked.json",)


@dataclass(frozen=True)
class Learned:
    """The learned tables; empty ones simply add nothing."""

    translation: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Everyday word to statute words, each with a weight."""
    asked: Mapping[str, int] = field(default_factory=dict)
    """Article key to the number of training questions it answered."""
    ranker: Ranker = field(default_factory=Ranker)

    def with_synonyms(self, path: Path = LEXICON / "synonyms.yml") -> Learned:
        """Return a copy whose translation also holds the lexicon's synonyms."""
        if not path.exists():
            return self
        table = {word: dict(targets) for word, targets in self.translation.items()}
        for word, targets in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            known = table.setdefault(word, {})
            for target in targets:
                known[target] = max(known.get(target, 0.0), _SYNONYM)
        return replace(self, translation=table)

    def translate(self, words: Mapping[str, float]) -> dict[str, float]:
        """Return the statute words that the query's words suggest, with summed weights."""
        found: dict[str, float] = {}
        for word in words:
            for target, weight in self.translation.get(word, {}).items():
                if target not in words:
                    found[target] = found.get(target, 0.0) + weight
        return found

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Learned:
        """Read the tables, the ranker and the lexicon's synonyms.

        Raises ``ValueError`` if the ranker was made for other features.
        """
        return cls(
            translation=_read(folder / "translation.json"),
            asked=_read(folder / "asked.json"),
            ranker=Ranker.load(folder),
        ).with_synonyms()


def digest(folder: Path = FOLDER) -> str:
    """Return a hash of the files that shape an index."""
    content = hashlib.sha256()
    for name in _SHAPE_AN_INDEX:
        content.update((folder / name).read_bytes())
    return content.hexdigest()[:16]


def _read(path: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table
