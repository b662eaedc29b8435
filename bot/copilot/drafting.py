"""Turn the composer's reply into plain words that a lawyer can edit and send.

No label, no buttons, no cards: citations are written 《…》第…条, and what cannot be verified is
left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.copilot.checklists import Missing
from bot.dialogue.normalise import MAX_CHARACTERS
from bot.dialogue.turn import TurnReply
from bot.texts import Texts
from connectors.messages import Part
from knowledge_base.citations import article_title
from knowledge_base.verifier import Verifier

MOST_ASKED = 3
"""Questions at the end of a draft: a visitor answers three, not seven."""
RETOLD = 2
"""Articles whose gist stands in the draft when nothing better than the law was found."""
SPARE = 120
"""Characters kept free for what the lawyer adds before the limit of a message."""


@dataclass(frozen=True)
class Draft:
    text: str
    dropped: bool = False
    """Something that cites was left out because it could not be verified."""
    warnings: tuple[str, ...] = ()
    """What the composer told a visitor to have a lawyer check: the lawyer is the reader now."""


def cited(key: str) -> str:
    """Write a key as a citation: ``刑法/133-1`` is ``《刑法》第一百三十三条之一``."""
    law = key.rpartition("/")[0]
    # 《 》 do not stand inside one another.
    name = law.replace("《", "〈").replace("》", "〉")
    return f"《{name}》{article_title(key).removeprefix(law)}"


def is_asking_back(reply: TurnReply) -> bool:
    """Say whether the composer found nothing it would answer with."""
    return reply.context is not None and reply.context.unsure_count > 0


class Drafter:
    def __init__(self, verifier: Verifier, own: Texts, texts: Texts) -> None:
        """``own`` are the copilot's sentences, ``texts`` those of the composer."""
        self._verifier = verifier
        self._own = own
        self._unsure = texts.say("answer.unsure")

    def write(self, reply: TurnReply, missing: Sequence[Missing], today: dt.date) -> Draft:
        """Return the draft of one reply; a paragraph whose citations do not hold is left out."""
        asked = [f"{number}. {one.ask}" for number, one in enumerate(missing[:MOST_ASKED], 1)]
        if is_asking_back(reply):
            first = self._own.say("draft.ask")
            return Draft("\n".join((first, *asked)) if asked else "")
        paragraphs = list(self._paragraphs(reply))
        held = [words for words in paragraphs if not self._verifier.doubts(words, today)]
        dropped = len(held) < len(paragraphs)
        warnings = tuple(self._words(part) for part in reply.parts[1:] if _is_warning(part))
        if not held:
            return Draft("", dropped, warnings)
        room = MAX_CHARACTERS - SPARE
        greeting = self._own.say("draft.greeting")
        last = "\n".join((self._own.say("draft.missing"), *asked)) if asked else ""
        chosen = [greeting, *_fitting(held, room - len(greeting) - len(last))]
        return Draft("\n\n".join((*chosen, last) if last else chosen), dropped, warnings)

    def _paragraphs(self, reply: TurnReply) -> Iterator[str]:
        is_unsure = any(self._words(part) == self._unsure for part in reply.parts)
        if reply.parts and _is_warning(reply.parts[0]):
            # Only the law of an earlier day makes a reply begin with a warning.
            yield self._own.say("draft.then")
        for part in reply.parts:
            if part.body.get("collapsed"):
                continue
            if part.type == "text":
                yield from self._text(part)
            elif part.type == "citations":
                yield from self._citations(part.body, retold=is_unsure)

    def _text(self, part: Part) -> Iterator[str]:
        words, title = self._words(part), str(part.body.get("title", ""))
        if words == self._unsure:
            yield self._own.say("draft.maybe")
        elif words:
            joint = "：\n" if "\n" in words else "："
            yield f"{title}{joint}{words}" if title else words

    def _citations(self, body: Mapping[str, Any], *, retold: bool) -> Iterator[str]:
        items = body["items"]
        if any("in_force_until" in item for item in items):
            lines = [f"{item['title']}：{item['gist']}" for item in items]
            yield "\n".join((self._own.say("draft.former"), *lines))
        elif retold:
            yield from (f"{cited(item['key'])}：{item['gist']}" for item in items[:RETOLD])
        elif items:
            names = _joined(str(item["key"]) for item in items)
            yield self._own.say("draft.basis", articles=names)

    @staticmethod
    def _words(part: Part) -> str:
        return str(part.body.get("text", "")).strip()


def _is_warning(part: Part) -> bool:
    return part.type == "notice" and part.body.get("kind") == "warning"


def _joined(keys: Iterable[str]) -> str:
    """Name several articles; those of one law stand together: 《民法典》第一条、第二条."""
    laws: dict[str, list[str]] = {}
    for key in keys:
        laws.setdefault(key.rpartition("/")[0], []).append(key)
    named = []
    for law, listed in laws.items():
        rest = (article_title(key).removeprefix(law) for key in listed[1:])
        named.append("、".join((cited(listed[0]), *rest)))
    return "，".join(named)


def _fitting(paragraphs: Sequence[str], room: int) -> Iterator[str]:
    for words in paragraphs:
        room -= len(words) + 2
        if room < 0:
            return
        yield words
