"""Tell whoever consults of the right to apply for legal aid, its conditions and procedure.

法律援助法 23. It is told once a conversation for each kind of matter. Which item of 31 or 32 it is,
and whether means count (42), is the judgement of ``knowledge_base.rules``; what says that a
message is about such a matter, and the sentences, stand in ``aid_right.yml``.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from bot.dialogue.normalise import canonical
from bot.dialogue.turn import Turn, TurnReply
from bot.texts import Texts
from connectors.messages import Part, buttons, notice
from knowledge_base.rules.eligibility import assess
from knowledge_base.rules.facts import Facts, Matter
from knowledge_base.rules.worked import titled

FILE = Path(__file__).with_name("aid_right.yml")

GENERAL, CRIMINAL, VICTIM = "general", "criminal_defence", "criminal_victim"
_ADDED = ("aid", "aid_check")
"""The buttons that go with the notice: 申请法律援助, 测一测."""
_OF_FORMS, _OFFERS = ("aid.", "guided."), "guided.pick."
"""How the ids of a form's options begin, and those by which one is only offered."""
_FACTS = TypeAdapter(Facts)


class _Hint(BaseModel):
    """Words that name a case of 25(1), with the facts by which the rules know it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: str
    who: str
    facts: dict[str, Any]


class _Entry(BaseModel):
    """One matter of ``aid_right.yml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    matter: Matter
    label: str
    words: tuple[str, ...]
    unless: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    notify: tuple[_Hint, ...] = ()


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    say: dict[str, str]
    where: str
    articles: dict[str, tuple[str, ...]]
    routes: frozenset[str]
    services: dict[str, str]
    lanes: dict[str, str]
    matters: tuple[_Entry, ...]


@dataclass(frozen=True)
class Told:
    """What is said of one kind of matter."""

    kind: str
    words: str
    articles: tuple[str, ...]
    """Keys with their items, those alone that the law base holds."""


class AidRight:
    """The notices of ``aid_right.yml``."""

    def __init__(self, held: Container[str], texts: Texts, path: Path = FILE) -> None:
        """``held`` are the keys of the articles that the law base holds."""
        table = _Table.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        self._table = table
        self._held = held
        self._texts = texts
        self._matters = {entry.matter: entry for entry in table.matters}
        self._patterns = [
            (entry, _any_of(entry.words), _any_of(entry.unless)) for entry in table.matters
        ]

    def offered(self, turn: Turn, reply: TurnReply) -> TurnReply:
        """Add the notice of the matter asked about, unless this conversation has heard it."""
        heard = turn.context.told
        waits = reply.handover is not None or _asks(reply.parts)
        found = None if waits else self.told(turn, reply)
        if found is None or found.kind in heard or (found.kind == GENERAL and heard):
            return _remembering(reply, turn, heard)
        parts = (*_without_buttons(reply.parts), self._notice(found), self._buttons(reply.parts))
        return _remembering(replace(reply, parts=parts), turn, (*heard, found.kind))

    def told(self, turn: Turn, reply: TurnReply) -> Told | None:
        """Return what a reply obliges us to tell; None if it is no consultation."""
        words = canonical(turn.text)
        first = reply.items[0] if reply.items else ""
        if reply.route == "service_item":
            named = self._table.services.get(first)
            return None if named is None else self._of(named, words)
        if reply.route == "safety":
            named = self._table.lanes.get(first)
            return None if named is None else self._of(named, words)
        if reply.route not in self._table.routes:
            return None
        after = reply.context
        if reply.route == "guided":
            # Its questions are no advice; what it ends with is the reviewed answer to one.
            ended = after is not None and not after.guided
            if not ended or after is None or after.answer_id in ("", turn.context.answer_id):
                return None
        asked = words if after is None else f"{after.question}。{words}"
        kind = self._kind(asked, reply.topic)
        if kind == GENERAL and reply.route != "legal_question":
            return None
        return self._of(kind, asked)

    def _kind(self, words: str, topic: str) -> str:
        for entry, says, unless in self._patterns:
            fits = not entry.topics or topic in entry.topics
            if fits and says.search(words) and not (entry.unless and unless.search(words)):
                return entry.matter
        return GENERAL

    def _of(self, kind: str, words: str) -> Told:
        say, where = self._table.say, self._table.where
        keys = self._table.articles
        if kind == GENERAL:
            return self._with_basis(kind, [say["general"].format(where=where)], keys["general"])
        entry = self._matters[kind]  # type: ignore[index]
        if kind == CRIMINAL:
            said = say["criminal"].format(where=where)
            own = [hint for hint in entry.notify if re.search(hint.words, words)]
            first = [say["notify"].format(who=hint.who) for hint in own[:1]]
            items = [key for hint in own[:1] for key in _notified_by(hint.facts)]
            return self._with_basis(kind, [*first, said], [*items, *keys["criminal"]])
        # Who works away from home is the one group whose means nobody looks into by the matter.
        found = assess(Facts(applicant="person", matter=entry.matter, groups=("进城务工人员",)))
        sentence = "victim" if kind == VICTIM else "listed"
        if found.means_state == "NO_CONDITION":
            sentence = "unconditional"
        told = [say[sentence].format(matter=entry.label, where=where)]
        if found.means_state == "NO_CHECK":
            told.append(say["migrant"])
        return self._with_basis(kind, told, found.articles)

    def _with_basis(self, kind: str, told: Iterable[str], keys: Iterable[str]) -> Told:
        common = self._table.articles
        named = dict.fromkeys((*common["always"], *keys, *common["procedure"]))
        # An item says more than its article: 25(1) stands for 25.
        narrowed = {key.partition("(")[0] for key in named if "(" in key}
        held = tuple(
            key for key in named if key.partition("(")[0] in self._held and key not in narrowed
        )
        said = "".join(told)
        if held:
            said += self._table.say["basis"].format(articles=_listed(held))
        return Told(kind, said, held)

    def _notice(self, found: Told) -> Part:
        return notice(found.words, "aid")

    def _buttons(self, parts: Sequence[Part]) -> Part:
        """Put the application and, after it, the check among the buttons."""
        items = [item for part in parts if part.type == "buttons" for item in part.body["items"]]
        for key in _ADDED:
            known = [str(item["id"]) for item in items]
            if key not in known:
                place = known.index(_ADDED[0]) + 1 if _ADDED[0] in known else len(known)
                items[place:place] = buttons(self._texts.button(key)).body["items"]
        return Part("buttons", {"items": items})


def _asks(parts: Sequence[Part]) -> bool:
    """Say whether the open question of a form ends a reply: nothing may come between."""
    ids = (str(i["id"]) for part in parts if part.type == "buttons" for i in part.body["items"])
    return any(key.startswith(_OF_FORMS) and not key.startswith(_OFFERS) for key in ids)


def _listed(keys: Sequence[str]) -> str:
    """Name articles as people do: the law once, then the further ones of it."""
    named: list[str] = []
    before = ""
    for key in keys:
        law = key.partition("/")[0]
        title = titled(key)
        named.append(title.removeprefix(law) if law == before else title)
        before = law
    return "、".join(named)


def _notified_by(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the item of 25 by which the rules say that such a person's counsel is notified."""
    criminal = {"role": "suspect", "has_counsel": False, **facts.get("criminal", {})}
    told = {"applicant": "person", "matter": "criminal_defence", **facts, "criminal": criminal}
    found = assess(_FACTS.validate_python(told))
    return found.articles if found.outcome == "NOTIFY_TYPE" else ()


def _remembering(reply: TurnReply, turn: Turn, told: tuple[str, ...]) -> TurnReply:
    """Keep what was told: an answer begins its context anew."""
    context = reply.context or turn.context
    return reply if context.told == told else replace(reply, context=replace(context, told=told))


def _without_buttons(parts: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.type != "buttons")


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
