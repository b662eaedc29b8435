"""What the desk shows, and its own words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.desk.reading import Note
from bot.desk.summary import Answered, Cited, Fact
from bot.domain.channel import ChannelState

_VARIABLE = re.compile(r"\{([^{}]*)\}")
WORDS = Path(__file__).with_name("canned.yml")

Json = dict[str, Any]


@dataclass(frozen=True)
class Canned:
    """A text a lawyer can insert."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class DeskWords:
    """The desk's own words, from canned.yml."""

    canned: tuple[Canned, ...]
    variables: tuple[str, ...]
    """What canned texts leave to the desk to fill in."""
    author: Mapping[str, str]
    facts: Mapping[str, str]
    lanes: Mapping[str, str]
    """How the desk names the safety lanes."""
    citations: Mapping[str, str]
    """What a lawyer is told of a citation that does not hold."""
    refusals: Mapping[str, str]
    """Why something is not done."""
    delivery: Mapping[str, str]
    """What became of a message that goes to WeChat."""

    def unfilled(self, said: str) -> list[str]:
        """Return the variables that stand in a message as they are, each once."""
        names = "|".join(map(re.escape, self.variables))
        found = re.findall(rf"[{{【]({names})[}}】]", said)
        return list(dict.fromkeys(found))


def load_words(path: Path = WORDS) -> DeskWords:
    """Read canned.yml.

    Raises:
        ValueError: a text leaves something open that the desk cannot fill in.
    """
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    canned, variables = tuple(Canned(**item) for item in tree["canned"]), tuple(tree["variables"])
    for item in canned:
        if unknown := set(_VARIABLE.findall(item.text)) - set(variables):
            raise ValueError(f"{item.id} holds {sorted(unknown)}, which no desk fills in")
    return DeskWords(
        canned,
        variables,
        tree["author"],
        tree["facts"],
        tree["lanes"],
        tree["citations"],
        tree["refusals"],
        tree["delivery"],
    )


@dataclass(frozen=True)
class QueueEntry:
    """One line of the queue or of the lawyer's own conversations."""

    id: str
    mode: str
    channel: str
    reason: str
    topic: str
    priority: int
    since: dt.datetime
    """Waiting since, or claimed at."""
    lane: str
    trigger: str
    """What the visitor said last before the hand-over."""
    question: str
    last_words: str
    last_at: dt.datetime | None
    newest_id: int
    seen_id: int
    """Up to where it was read, perhaps at another computer."""
    """Id of the visitor's last message."""
    offered: bool
    """Assigned to the one who looks, and not taken yet."""
    lawyer_id: int | None
    answer_by: dt.datetime | None
    """When it goes to others unless a lawyer speaks; None while nobody waits for words."""


@dataclass(frozen=True)
class QueueView:
    queue: tuple[QueueEntry, ...]
    mine: tuple[QueueEntry, ...]
    now: dt.datetime
    """The server's time, by which a desk whose clock is wrong counts down."""


@dataclass(frozen=True)
class Aid:
    draft: str
    """none, active or paused."""
    applications: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Summary:
    """The card beside a conversation."""

    topic: str
    reason: str
    lane: str
    trigger: str
    channel: str
    priority: int
    opened_at: dt.datetime
    queued_at: dt.datetime | None
    claimed_at: dt.datetime | None
    waited_s: int | None
    question: str
    answers: tuple[Answered, ...]
    articles: tuple[Cited, ...]
    facts: tuple[Fact, ...]
    aid: Aid


@dataclass(frozen=True)
class Guest:
    """A colleague who was invited."""

    id: int
    name: str


@dataclass(frozen=True)
class ConversationView:
    id: str
    mode: str
    mine: bool
    messages: tuple[Json, ...]
    earlier: bool
    """There are older messages than these."""
    summary: Summary
    owner: bool
    """The one who looks may hand on and close; a guest may only read and write."""
    notes: tuple[Note, ...]
    guests: tuple[Guest, ...]
    got: int
    """The visitor's screen has the messages up to this one; and the visitor has seen up to."""
    seen: int
    channel_state: ChannelState | None
    """None where the visitor reads on our page."""
