"""Every text that is sent as it stands passes the check that replies pass."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.dialogue.asof import LawOfTheDay
from knowledge_base.loader import ROOT, load
from tests.law import law_of

CODE = ROOT.parent
FILES = (
    CODE / "bot" / "texts.yml",
    CODE / "bot" / "desk" / "canned.yml",
    # Minutes and days, no words.
    *(path for path in sorted((CODE / "bot").rglob("*.yml")) if path.name != "targets.yml"),
    ROOT / "safety.yml",
    ROOT / "documents.yml",
    ROOT / "calculators.yml",
    *sorted((ROOT / "interviews").glob("*.yml")),
)


@pytest.fixture(scope="module")
def law() -> LawOfTheDay:
    return law_of(load(ROOT))


def _strings(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from _strings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _strings(value)


@pytest.mark.parametrize("path", sorted(set(FILES)), ids=lambda p: p.name)
def test_a_canned_text_cites_only_what_the_base_holds(law: LawOfTheDay, path: Path) -> None:
    said = list(_strings(yaml.safe_load(path.read_text(encoding="utf-8"))))
    assert said
    assert [words for words in said if not law.stands(words)] == []
