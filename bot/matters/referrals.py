"""What can be passed on to others: mediation, notary, appraisal, court fees (法律援助法 53).

The kinds with what to bring and where to go, and every sentence about them, are ``referrals.yml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from bot.domain.matter import Referral
from bot.texts import Texts

FILE = Path(__file__).with_name("referrals.yml")


@dataclass(frozen=True)
class Kind:
    """One kind of referral, as citizens are told of it."""

    title: str
    words: str
    """Regular expression over simplified text."""
    services: tuple[int, ...]
    """Items of the catalogue of public legal services under which it falls."""
    articles: tuple[str, ...]
    """Articles whose citation in an answer makes it worth offering."""
    about: str
    bring: tuple[str, ...]
    where: str
    cost: str
    decides: str
    basis: tuple[str, ...]


@dataclass(frozen=True)
class Referrals:
    """The table, in the order in which its words are looked for."""

    kinds: Mapping[Referral, Kind]
    starts: str
    bare: str
    longest_start: int
    no_phone_words: str
    stop_words: str
    leaves_words: str
    """What is for somebody else, whatever was asked."""
    say: dict[str, Any]

    @property
    def texts(self) -> Texts:
        return Texts(self.say)


@cache
def load_referrals(path: Path = FILE) -> Referrals:
    """Read referrals.yml."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    return TypeAdapter(Referrals).validate_python(tree)


def title_of(reason: str) -> str:
    """Return to whom a matter is passed on; an empty string if it is no referral."""
    kinds = load_referrals().kinds
    return next((kind.title for name, kind in kinds.items() if name == reason), "")
