"""What the copilot suggests to a lawyer: the law, cases, a draft, and what is still to be asked.

Nothing is sent from here; a lawyer inserts, edits and sends at the desk, where citations are
verified once more.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import structlog
import yaml

from bot.copilot.checklists import (
    OTHER,
    Checklists,
    Deadline,
    Evidence,
    Missing,
    load_checklists,
)
from bot.copilot.corrections import Corrections, Reading
from bot.copilot.drafting import Drafter, is_asking_back
from bot.copilot.listening import Asked, asked_in, dated_question, facts_of, of_visitor, said_in
from bot.copilot.statutes import Statute, StatuteShelf
from bot.dialogue.answers import Composer, IndexUnavailable
from bot.dialogue.asof import LawOfTheDay
from bot.dialogue.normalise import question_of
from bot.dialogue.repository import ConversationRepository
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.clock import Clock, china_date
from bot.domain.conversation import Context, Conversation
from bot.domain.people import Staff
from bot.texts import Texts
from knowledge_base.factdates import FactDate, without_dates
from knowledge_base.models import TOPICS, KnowledgeBase
from knowledge_base.verifier import Verifier

log = structlog.get_logger(__name__)

TEXTS = Path(__file__).with_name("texts.yml")
READ = 200
"""Messages that are read, the newest."""
NEWEST = 2**31 - 1
FOUND = 6
CASES = 3
NEAREST = 3
"""Articles found by which a case is judged to fit, beside those the draft cites."""
CASE_CONFIDENCE = 0.35
"""As in the composer: the best case is shown from here on, whatever it rests on."""


@dataclass(frozen=True)
class CaseHint:
    id: str
    title: str
    point: str
    source: str


@dataclass(frozen=True)
class FactsOn:
    """The day of the facts as read from the visitor's words; both days included."""

    first: dt.date
    last: dt.date
    said: str


@dataclass(frozen=True)
class Suggestion:
    """What stands beside the conversation; every list may be empty."""

    question: str
    topic: str
    confidence: float
    facts_on: FactsOn | None = None
    statutes: tuple[Statute, ...] = ()
    transitions: tuple[str, ...] = ()
    """Which law applies to facts of that day, in sentences."""
    cases: tuple[CaseHint, ...] = ()
    draft: str = ""
    missing: tuple[Missing, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    notes: tuple[str, ...] = ()
    """What the lawyer should know about this suggestion: the search is down, or it is weak."""


@dataclass(frozen=True)
class _Found:
    reply: TurnReply
    scores: dict[str, float] = field(default_factory=dict)
    cases: tuple[CaseHint, ...] = ()

    @property
    def is_weak(self) -> bool:
        return is_asking_back(self.reply)


@cache
def load_copilot_texts() -> Texts:
    """Read the copilot's own sentences."""
    return Texts(yaml.safe_load(TEXTS.read_text(encoding="utf-8")))


class CopilotService:
    def __init__(
        self,
        reading: Reading,
        conversations: ConversationRepository,
        composer: Composer,
        law: LawOfTheDay,
        verifier: Verifier,
        clock: Clock,
        texts: Texts,
        corrections: Corrections,
        *,
        checklists: Checklists | None = None,
    ) -> None:
        """``texts`` are the composer's sentences, by which its replies are told apart."""
        self._reading = reading
        self._conversations = conversations
        self._composer = composer
        self._verifier = verifier
        self._clock = clock
        self._own = load_copilot_texts()
        self._shelf = StatuteShelf(composer.kb, law, verifier)
        self._drafter = Drafter(verifier, self._own, texts)
        self._lists = checklists or load_checklists()
        self.corrections = corrections

    @property
    def kb(self) -> KnowledgeBase:
        return self._composer.kb

    def suggest(self, conversation_id: str, person: Staff) -> Suggestion:
        """Return what can be suggested in a conversation that this person may read.

        A failing search leaves statutes, cases and draft empty and says so in ``notes``.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: this person may not read it.
        """
        conversation = self._reading.owned(conversation_id, person)
        history = self._conversations.before(conversation_id, NEWEST, READ)[::-1]
        said = said_in(history)
        files = sum(p.type == "file" for m in of_visitor(history) for p in m.parts)
        turn = self._conversations.turn(conversation_id)
        known = Context() if turn is None else turn.context
        today = china_date(self._clock.now())
        asked = asked_in(conversation, known, history, today)
        facts = facts_of(asked, said)
        found = self._search(conversation_id, asked, facts) if asked.question else None
        topic = _topic(conversation, asked, found)
        plain = Suggestion(
            asked.question,
            topic,
            0.0,
            None if facts is None else FactsOn(facts.first, facts.last, facts.said),
            missing=self._lists.missing(topic, said),
            evidence=self._lists.evidence(said, files),
            deadlines=self._lists.deadlines(topic, said, today, self._verifier),
        )
        if found is None:
            name = "down" if asked.question else "silent"
            return replace(plain, notes=(self._own.say(f"notes.{name}"),))
        return self._filled(plain, asked, found, facts, today)

    def _filled(
        self,
        plain: Suggestion,
        asked: Asked,
        found: _Found,
        facts: FactDate | None,
        today: dt.date,
    ) -> Suggestion:
        reply = found.reply
        basis = () if found.is_weak else _cited(reply)
        keys = [*basis, *(() if found.is_weak else reply.items), *found.scores]
        dated = f"{asked.context.question} {asked.question}".strip()
        rules = self._shelf.transitions(dated, keys, facts, today)
        settled = frozenset(key for rule in rules if rule.law_of_today for key in rule.articles)
        statutes = self._shelf.of(keys, found.scores, basis, facts, settled, today)
        draft = self._drafter.write(reply, plain.missing, today)
        notes = []
        if found.is_weak:
            notes.append(self._own.say("notes.weak"))
        if closest := _closest(reply, self._composer):
            notes.append(self._own.say("notes.closest", question=closest))
        notes += draft.warnings
        if draft.dropped:
            notes.append(self._own.say("notes.dropped"))
        return replace(
            plain,
            confidence=round(reply.confidence, 3),
            statutes=statutes,
            transitions=tuple(
                rule.say for rule in rules if not self._verifier.doubts(rule.say, today)
            ),
            cases=tuple(
                case for case in found.cases if not self._verifier.doubts(case.point, today)
            ),
            draft=draft.text,
            notes=tuple(notes),
        )

    def _search(self, conversation_id: str, asked: Asked, facts: FactDate | None) -> _Found | None:
        """Return what the composer and the index answer, or None if the index is unusable."""
        composer = self._composer
        on_going = composer.followups.read(asked.question, asked.context)
        words = (
            asked.question if on_going or facts is None else dated_question(asked.question, facts)
        )
        query = without_dates(
            question_of(on_going.query if on_going else asked.question), composer.today()
        )
        try:
            articles = composer.find(query, "article", FOUND)
            cases = composer.find(query, "case", CASES)
            reply = composer.answer(Turn(conversation_id, words, asked.context))
        except (IndexUnavailable, LookupError) as error:
            # LookupError: the index on disk knows passages that this base does not.
            log.error("copilot_without_index", error=type(error).__name__)
            return None
        if reply.context is None:
            # The composer met a failing index itself, after ours had worked.
            return None
        shown = {*_cited(reply), *(hit.key for hit in articles.hits[:NEAREST])}
        held = [composer.kb.cases[hit.key] for hit in cases.hits if hit.key in composer.kb.cases]
        is_sure = cases.confidence >= CASE_CONFIDENCE
        fitting = [
            case
            for place, case in enumerate(held)
            if shown & set(case.articles) or (is_sure and place == 0)
        ]
        return _Found(
            reply,
            {hit.key: round(hit.score, 3) for hit in articles.hits},
            tuple(
                CaseHint(c.id, c.title, c.point, "，".join(filter(None, (c.source, c.court))))
                for c in fitting
            ),
        )


def _topic(conversation: Conversation, asked: Asked, found: _Found | None) -> str:
    remembered = conversation.topic or ""
    guessed = "" if found is None else found.reply.topic
    is_surer = asked.is_new or (found is not None and not found.is_weak)
    first = (guessed, remembered) if is_surer else (remembered, guessed)
    return next((topic for topic in first if topic in TOPICS), OTHER)


def _cited(reply: TurnReply) -> tuple[str, ...]:
    """Return the keys of today's articles that a reply shows."""
    return tuple(
        str(item["key"])
        for part in reply.parts
        if part.type == "citations"
        for item in part.body["items"]
        if "in_force_until" not in item
    )


def _closest(reply: TurnReply, composer: Composer) -> str:
    """Return the question of the reviewed answer that was only the closest one."""
    is_closest = any(part.body.get("kind") == "closest" for part in reply.parts)
    answer = composer.kb.answers.get(reply.context.answer_id) if reply.context else None
    return answer.question if is_closest and answer else ""
