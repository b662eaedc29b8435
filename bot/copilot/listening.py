"""What the visitor of a conversation asked, in which words, and on which day the facts lie.

Pure: takes stored messages. Personal numbers are masked before anything else.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.copilot.checklists import Said
from bot.dialogue.normalise import canonical, mask_personal
from bot.domain.clock import china_date
from bot.domain.conversation import Context, Conversation, Sender
from connectors.messages import Outbound
from knowledge_base.factdates import FactDate, fact_date

LONGEST_QUESTION = 500

# What a visitor asks after the bot has stopped answering is not in its memory.
_ASKS = re.compile(
    r"[?？吗呢]|怎么|怎样|如何|能不能|可不可以|多少|多久|什么|哪[里个些天]|是否|算不算|要不要|该不该|咋|几[天个年]"
)
_SHORTEST_QUESTION = 4
_FULL_WIDTH = {",": "，", "?": "？", "!": "！", ";": "；", ":": "："}
_HALF_WIDTH = re.compile(r"(?<=[一-龥〕])[,?!;:]")


@dataclass(frozen=True)
class Asked:
    """The question to be answered, and what the dialogue remembers of the one before."""

    question: str
    context: Context
    on: dt.date
    is_new: bool = False
    """Asked after the bot stopped answering, so that its topic is not the remembered one."""


def asked_in(
    conversation: Conversation, known: Context, history: Sequence[Outbound], today: dt.date
) -> Asked:
    """Return the newest question: one asked since the hand-over, else the remembered one."""
    remembered = plain(known.question)
    visitor = [(m, _words(m)) for m in of_visitor(history)]
    since = conversation.queued_at or conversation.claimed_at
    for message, words in reversed(visitor):
        is_later = since is not None and message.at > since
        if is_later and len(words) >= _SHORTEST_QUESTION and _ASKS.search(words):
            context = replace(known, question=remembered, labelled=True, unsure_count=0, guided="")
            return Asked(_cut(words), context, china_date(message.at), is_new=True)
    if not remembered:
        longest = max(visitor, key=lambda one: len(one[1]), default=None)
        remembered = "" if longest is None else longest[1]
    day = next((china_date(m.at) for m, words in visitor if words == remembered), today)
    return Asked(_cut(remembered), Context(labelled=True), day)


def of_visitor(history: Sequence[Outbound]) -> list[Outbound]:
    return [message for message in history if message.sender == Sender.VISITOR]


def plain(words: str) -> str:
    """Return words on one line, simplified and masked, with the punctuation of Chinese."""
    one_line = " ".join(mask_personal(canonical(words)).split())
    return _HALF_WIDTH.sub(lambda found: _FULL_WIDTH[found[0]], one_line)


def _words(message: Outbound) -> str:
    return plain(" ".join(str(p.body.get("text", "")) for p in message.parts if p.type == "text"))


def _cut(words: str) -> str:
    return words[:LONGEST_QUESTION]


def said_in(history: Sequence[Outbound]) -> tuple[Said, ...]:
    told = ((_words(message), message) for message in of_visitor(history))
    return tuple(Said(words, china_date(message.at)) for words, message in told if words)


def facts_of(asked: Asked, said: Sequence[Said]) -> FactDate | None:
    """Return the day of the facts: the question's own, else the earliest that was told.

    去年 means the year before that in which it was said, not before that in which it is read.
    """
    own = fact_date(asked.question, asked.on)
    if own is not None:
        return own
    found = [day for one in said if (day := fact_date(one.words, one.on)) is not None]
    return min(found, key=lambda day: (day.first, day.last), default=None)


def dated_question(question: str, facts: FactDate) -> str:
    """Return the question with the day of the facts in figures, as the composer will read it."""
    first, last = facts.first, facts.last
    day = f"{first.year}年"
    if (first.year, first.month) == (last.year, last.month):
        day += f"{first.month}月"
    if first == last:
        day += f"{first.day}日"
    if facts.said in question:
        return question.replace(facts.said, day, 1)
    return f"{day}，{question}"
