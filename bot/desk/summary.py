"""What a lawyer needs to know at a glance, drawn from what is stored; nobody retypes.

Pure: takes messages and gives the card. Personal numbers are masked before anything else.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.dialogue.normalise import canonical, mask_personal
from bot.domain.conversation import Context, Sender
from connectors.messages import Outbound

ANSWER_SHOWN = 160
ANSWERS_SHOWN = 3
VALUES_SHOWN = 8

_DIGITS = r"(?<![\d.])\d[\d,]*(?:\.\d+)?"
# Atomic: 一百二十元 must not be read as 一百二 and the rest.
_CHINESE = (
    r"(?>(?<![十百千万])[一二三四五六七八九两几半][一二三四五六七八九十百千零两]*"
    r"|十[一二三四五六七八九]?)"
)
_NUMBER = rf"(?:{_DIGITS}|{_CHINESE})"
_SHORT = rf"(?:(?<![\d.])\d{{1,3}}|{_CHINESE})"
_MORE = r"\s*[多余来几]?\s*"
_FACTS: Mapping[str, re.Pattern[str]] = {
    "amounts": re.compile(
        rf"{_NUMBER}{_MORE}(?:[万千百亿]{_MORE}(?:\d+|[一二三四五六七八九])?\s*)+(?:元|块钱?)?"
        rf"|{_NUMBER}{_MORE}(?:元|块钱?)"
    ),
    "dates": re.compile(
        r"(?:(?:(?:19|20)\d{2}|大?前|去|今)年(?:\s*\d{1,2}\s*月)?|\d{2}年\s*\d{1,2}\s*月"
        r"|(?<!\d)\d{1,2}\s*月(?=份|底|初|中旬|\s*\d{1,2}\s*[日号]))(?:份|底|初|中旬|\s*\d{1,2}\s*[日号])?"
        r"|上个?月|上周|昨[天晚]|前天"
    ),
    "periods": re.compile(
        rf"{_SHORT}{_MORE}(?:个半?月|个?小时|个?星期|周(?!岁)|天|年(?!\s*\d{{1,2}}\s*月))"
    ),
    "personal": re.compile(r"〔[^〔〕]{2,6}〕"),
}
# Links and ids are ours, not the visitor's words.
_NOT_WORDS = frozenset(
    {"type", "id", "key", "url", "mime", "kind", "option", "sha256", "sent_sha256"}
)


@dataclass(frozen=True)
class Fact:
    """One kind of fact the visitor named, with the words used."""

    kind: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Cited:
    """An article that the visitor was shown."""

    key: str
    title: str
    gist: str


@dataclass(frozen=True)
class Answered:
    """What the bot told the visitor in one reply."""

    id: int
    at: dt.datetime
    text: str
    articles: tuple[str, ...]


def masked(value: Any) -> Any:
    """Return a JSON value with the personal numbers in its words masked."""
    if isinstance(value, str):
        return mask_personal(value)
    if isinstance(value, Mapping):
        return {
            name: inner if name in _NOT_WORDS else masked(inner) for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [masked(inner) for inner in value]
    return value


def words_of(message: Outbound) -> str:
    """Return the words of a message on one line; a file is named in brackets.

    A recording whose words were recognised is those words.
    """
    words: list[str] = []
    is_spoken = any(part.body.get("spoken") for part in message.parts)
    for part in message.parts:
        if part.type in ("text", "notice"):
            words.append(str(part.body.get("text", "")))
        elif part.type == "file" and not is_spoken:
            words.append(f"[{part.body.get('name', '')}]")
    return re.sub(r"\s+", " ", " ".join(words)).strip()


def shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def question_of(context: Context, history: Sequence[Outbound]) -> str:
    """Return the legal question as it was put, or else the visitor's first words."""
    said = [words_of(m) for m in history if m.sender == Sender.VISITOR and words_of(m)]
    if context.question:
        # Remembered in the form in which it is searched: shown are the visitor's own words.
        put = (words for words in said if canonical(words) == context.question)
        return mask_personal(next(put, context.question))
    return mask_personal(said[0]) if said else ""


def answers_of(history: Iterable[Outbound]) -> tuple[Answered, ...]:
    """Return the bot's last replies that cite the law, or its last words when none does."""
    replies = [m for m in history if m.sender == Sender.BOT]
    legal = [m for m in replies if any(part.type == "citations" for part in m.parts)]
    return tuple(
        Answered(
            message.id,
            message.at,
            shortened(mask_personal(words_of(message)), ANSWER_SHOWN),
            tuple(cited.title for cited in _cited(message)),
        )
        for message in (legal or replies[-1:])[-ANSWERS_SHOWN:]
    )


def articles_of(history: Iterable[Outbound]) -> tuple[Cited, ...]:
    """Return every article the visitor was shown, once, in the order shown."""
    found: dict[str, Cited] = {}
    for message in history:
        if message.sender == Sender.BOT:
            for cited in _cited(message):
                found.setdefault(cited.key, cited)
    return tuple(found.values())


def _cited(message: Outbound) -> list[Cited]:
    return [
        Cited(str(item["key"]), str(item["title"]), str(item.get("gist", "")))
        for part in message.parts
        if part.type == "citations"
        for item in part.body["items"]
    ]


def facts_of(history: Iterable[Outbound], labels: Mapping[str, str]) -> tuple[Fact, ...]:
    """Return the amounts, dates and periods the visitor named, and that numbers were masked."""
    said = [mask_personal(words_of(m)) for m in history if m.sender == Sender.VISITOR]
    facts = []
    for kind, pattern in _FACTS.items():
        values = dict.fromkeys(
            match[0].strip() for text in said for match in pattern.finditer(text)
        )
        if values:
            facts.append(Fact(kind, labels[kind], tuple(values)[:VALUES_SHOWN]))
    return tuple(facts)
