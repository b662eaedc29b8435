"""The one composer of legal answers: what was found, its basis, what to do, and how sure it is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from bot.dialogue.asof import LawOfTheDay
from bot.dialogue.cards import case_cards, citation_cards, service_cards
from bot.dialogue.followup import FollowUp, FollowUps
from bot.dialogue.normalise import canonical, question_of
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.clock import Clock, china_date
from bot.domain.conversation import Context, HandoverReason
from bot.texts import Texts
from connectors.messages import Part, buttons, notice, text
from knowledge_base.factdates import mentioned_dates, without_dates
from knowledge_base.models import Answer, Article, Kind, KnowledgeBase
from retrieval.search import Hit, SearchResult

log = structlog.get_logger(__name__)

MOST_CARDS = 4
"""Citation cards in one answer: more would push what to do off a phone's screen."""

LONGEST_CORRECTION = 24
"""Characters of a message that only says when the matter of the last one happened."""
_JUST_A_DAY = re.compile(
    r"说错了|不对|应该|其实|不是|那要是|要是|如果|那|我|是|在|的|了|呢|吧|啊|借|打|撞|买|签|发生|时候|事|记错"
    r"|[\W_]+"
)
_NOT_WORDS = re.compile(r"[\W_]+|[吗呢啊呀吧]+$")


class Search(Protocol):
    def search(
        self,
        query: str,
        *,
        kinds: Collection[Kind],
        on: dt.date | None = None,
        limit: int = 10,
    ) -> SearchResult: ...


class IndexUnavailable(Exception):
    """The index could not be searched."""


@dataclass(frozen=True)
class Limits:
    """Confidence limits: calibrated probabilities, set where docs/retrieval.md shows."""

    sure: float = 0.75
    """Score of a reviewed answer whose basis is also found: it is given as the conclusion."""
    sure_confidence: float = 0.6
    """Confidence without which even a high score counts as near only."""
    near: float = 0.5
    """Confidence at which a reviewed answer is shown as the closest one, with its own question."""
    near_of_story: float = 0.25
    """The same for a story, whose many words lower every confidence."""
    law: float = 0.25
    """Confidence at which the law found is shown as possibly fitting; below: ask back."""
    story: int = 30
    """Characters beyond which a message is a story: it is never answered as a plain question."""
    law_of_story: float = 0.10
    """The same for a story. The calibration knows short questions; on 176 stories of LawBench
    an article in the first three was right in 58 % of those between 0.10 and 0.25."""
    case: float = 0.35
    service: float = 0.35


class Composer:
    """Answers questions of law from the curated base."""

    def __init__(
        self,
        kb: KnowledgeBase,
        search: Search,
        followups: FollowUps,
        texts: Texts,
        clock: Clock,
        limits: Limits,
        law: LawOfTheDay,
    ) -> None:
        self.kb = kb
        self._search = search
        self.followups = followups
        self._texts = texts
        self._clock = clock
        self._limits = limits
        self._law = law
        self._asked = {
            _bare(said): answer.id
            for answer in kb.answers.values()
            for said in (answer.question, *answer.variants)
        }

    def today(self) -> dt.date:
        """Return the day whose law is the law of today."""
        return china_date(self._clock.now())

    def find(self, query: str, kind: Kind, limit: int) -> SearchResult:
        """Search one kind of passage in the law of today.

        Raises:
            IndexUnavailable: the index is damaged or missing.
        """
        try:
            return self._search.search(query, kinds={kind}, on=self.today(), limit=limit)
        except (OSError, ValueError, RuntimeError) as error:
            log.error("index_unavailable", error=type(error).__name__)
            raise IndexUnavailable from error

    def answer(self, turn: Turn) -> TurnReply:
        """Answer a legal question, go on about the last one, ask back, or offer a person."""
        try:
            return self._labelled(self._answer(turn), turn.context)
        except IndexUnavailable:
            return TurnReply(
                "legal_question",
                (
                    text(self._texts.say("down.index")),
                    buttons(self._texts.button("lawyer")),
                ),
                confidence=0.0,
            )

    def follow_up(self, turn: Turn) -> TurnReply | None:
        """Answer the message if it goes on about the last matter, else return None."""
        if self.followups.read(canonical(turn.text), turn.context) is None:
            return None
        return self.answer(turn)

    def reviewed(self, answer_id: str, turn: Turn) -> TurnReply:
        """Give one reviewed answer by its id.

        Raises:
            KeyError: the base holds no such answer.
        """
        answer = self.kb.answers[answer_id]
        found = SearchResult((), 1.0, answer.topic, {})
        reply = self._sure(answer, found, found, answer.question)
        context = replace(
            reply.context or turn.context, question=answer.question, topic=answer.topic
        )
        return self._labelled(replace(reply, context=context), turn.context)

    def _answer(self, turn: Turn) -> TurnReply:
        question = self._redated(canonical(turn.text), turn.context)
        on_going = self.followups.read(question, turn.context)
        if on_going is not None:
            known = self.kb.answers.get(turn.context.answer_id)
            direct = _aspect(known, on_going.aspect) if known else ""
            if known is not None and direct:
                return self._aspect_reply(known, on_going, direct, turn.context)
        # 2019年 says when, not what: it would lead to the articles that name years.
        query = without_dates(question_of(on_going.query if on_going else question), self.today())
        answers = self._known_first(query, self.find(query, "answer", 3))
        articles = self.find(query, "article", 6)
        topic = (turn.context.topic if on_going else "") or self._topic(answers, articles)
        is_story = len(query) > self._limits.story
        least = self._limits.law_of_story if is_story else self._limits.law
        nearness = self._nearness(query, answers, articles)
        if nearness and not on_going:
            topic = self.kb.answers[answers.hits[0].key].topic
        if is_story and nearness:
            nearness = "near"
        if nearness:
            answer = self.kb.answers[answers.hits[0].key]
            reply = self._sure(answer, articles, answers, query)
            if nearness == "near":
                reply = self._as_closest(reply, answer)
        elif articles.hits and articles.confidence >= least:
            reply = self._unsure(articles, query)
        else:
            return self._ask_back(turn, topic, articles)
        own_day = mentioned_dates(question, self.today())
        dated = question if own_day or not on_going else f"{turn.context.question} {question}"
        context = replace(
            reply.context or turn.context,
            question=turn.context.question if on_going else question,
            topic=topic or reply.topic,
            unsure_count=0,
            offered="",
        )
        return replace(
            self._with_law_of_the_day(reply, dated, brief=not nearness),
            topic=topic or reply.topic,
            context=context,
        )

    def _redated(self, question: str, context: Context) -> str:
        """Ask the last question again with its day, where a message only says when it was."""
        days = mentioned_dates(question, self.today())
        if not days or not context.question or len(question) > LONGEST_CORRECTION:
            return question
        if len(_JUST_A_DAY.sub("", without_dates(question, self.today()))) > 1:
            return question
        return f"{days[0].said}，{without_dates(context.question, self.today())}"

    def _known_first(self, query: str, found: SearchResult) -> SearchResult:
        """Put an answer first whose own question was asked in its very words."""
        known = self._asked.get(_bare(query))
        if known is None:
            return found
        same = next((hit for hit in found.hits if hit.key == known), None)
        first = replace(same or Hit("answer", known, 1.0, 0.0, 1.0), score=1.0)
        others = tuple(hit for hit in found.hits if hit.key != known)
        return replace(found, hits=(first, *others), confidence=max(found.confidence, 0.9))

    def _nearness(self, query: str, answers: SearchResult, articles: SearchResult) -> str:
        """Say how well the best reviewed answer fits: sure, near or ''."""
        if not answers.hits:
            return ""
        best = answers.hits[0]
        if best.key == self._asked.get(_bare(query)):
            return "sure"
        agreed = set(self.kb.answers[best.key].basis) & {hit.key for hit in articles.hits}
        is_trusted = answers.confidence >= self._limits.sure_confidence
        if best.score >= self._limits.sure and agreed and is_trusted:
            return "sure"
        is_story = len(query) > self._limits.story
        near = self._limits.near_of_story if is_story else self._limits.near
        return "near" if answers.confidence >= near else ""

    def _as_closest(self, reply: TurnReply, answer: Answer) -> TurnReply:
        first = notice(self._texts.say("answer.closest", question=answer.question), "closest")
        return replace(reply, parts=(first, *reply.parts))

    def _topic(self, answers: SearchResult, articles: SearchResult) -> str:
        first, second = sorted((answers, articles), key=lambda r: -r.confidence)
        return first.topic or second.topic

    def _sure(
        self, answer: Answer, articles: SearchResult, found: SearchResult, query: str
    ) -> TurnReply:
        rank = {hit.key: place for place, hit in enumerate(articles.hits)}
        keys = sorted(answer.basis, key=lambda key: rank.get(key, len(rank)))
        basis = [self.kb.articles[key] for key in keys if key in self.kb.articles]
        say = self._texts.say
        parts = [
            text(answer.conclusion),
            # The nearest to this question first; the rest comes with 看全文.
            citation_cards(basis[:MOST_CARDS], shown=1),
            text(_numbered(answer.steps), title=say("answer.steps")),
        ]
        if answer.deadline:
            parts.append(text(answer.deadline, title=say("answer.deadline")))
        folded = [
            text(content, title=say(f"answer.{name}"), collapsed=True)
            for name, content in (
                ("evidence", _listed(answer.evidence)),
                ("where", answer.where),
                ("cost", answer.cost),
            )
            if content
        ]
        parts += folded
        parts += self._services(query, answer.services)
        parts += self._cases(query, {article.key for article in basis})
        parts.append(self._buttons("lawyer", "aid", "more", "unsolved"))
        keys = [article.key for article in basis]
        more = [hit.key for hit in articles.hits if hit.key not in keys][:2]
        return TurnReply(
            "legal_question",
            tuple(parts),
            topic=answer.topic,
            items=tuple(keys + more),
            confidence=found.confidence,
            context=Context(
                answer_id=answer.id, articles=tuple(keys), last_full=self._full(answer, basis)
            ),
        )

    def _unsure(self, found: SearchResult, query: str) -> TurnReply:
        articles = [self.kb.articles[hit.key] for hit in found.hits[:4]]
        parts = [text(self._texts.say("answer.unsure")), citation_cards(articles, shown=3)]
        parts += self._services(query, ())
        parts += self._cases(query, {article.key for article in articles})
        parts.append(self._buttons("lawyer", "aid", "unsolved"))
        return TurnReply(
            "legal_question",
            tuple(parts),
            topic=found.topic,
            items=tuple(article.key for article in articles),
            confidence=found.confidence,
            context=Context(
                articles=tuple(article.key for article in articles),
                last_full="\n\n".join(_paragraphs(articles)),
            ),
        )

    def _ask_back(self, turn: Turn, topic: str, found: SearchResult) -> TurnReply:
        count = turn.context.unsure_count + 1
        context = replace(turn.context, unsure_count=count, question=canonical(turn.text))
        items = tuple(hit.key for hit in found.hits[:3])
        if count >= 2:
            parts = (
                text(self._texts.say("ask_back.second")),
                self._buttons("lawyer", "aid", "help"),
            )
            context = replace(context, offered=HandoverReason.UNSURE_TWICE)
        else:
            is_story = len(turn.text) > self._limits.story
            options = [
                {"id": o["id"], "label": o["label"], "text": o["text"]}
                for o in self._texts.get("ask_back.options")
            ]
            lawyer = buttons(self._texts.button("lawyer")).body["items"]
            # Somebody who told a whole story is not asked what it is about.
            parts = (
                text(self._texts.say("ask_back.story" if is_story else "ask_back.first")),
                Part("buttons", {"items": lawyer if is_story else [*options, *lawyer]}),
            )
        return TurnReply(
            "legal_question",
            parts,
            topic=topic,
            items=items,
            confidence=found.confidence,
            context=context,
        )

    def _aspect_reply(
        self, answer: Answer, on_going: FollowUp, content: str, context: Context
    ) -> TurnReply:
        basis = [self.kb.articles[key] for key in answer.basis if key in self.kb.articles]
        title = self._texts.say(f"answer.{on_going.aspect}")
        cited = [article for article in basis if _speaks_of(article, on_going.aspect)]
        parts = [text(content, title=title)]
        if cited:
            parts.append(citation_cards(cited))
        parts.append(self._buttons("lawyer", "aid", "more", "unsolved"))
        return TurnReply(
            "legal_question",
            tuple(parts),
            topic=answer.topic,
            items=tuple(article.key for article in cited or basis),
            confidence=1.0,
            context=replace(context, unsure_count=0),
        )

    def _services(self, query: str, numbers: Sequence[int]) -> Iterator[Part]:
        items = [self.kb.services[n] for n in numbers if n in self.kb.services]
        if not items:
            found = self.find(query, "service", 1)
            if found.hits and found.confidence >= self._limits.service:
                items = [self.kb.services[int(found.hits[0].key)]]
        if items:
            yield service_cards(items[:2])

    def _cases(self, query: str, keys: set[str]) -> Iterator[Part]:
        found = self.find(query, "case", 3)
        fitting = [
            self.kb.cases[hit.key]
            for hit in found.hits
            if keys & set(self.kb.cases[hit.key].articles)
        ]
        if not fitting and found.hits and found.confidence >= self._limits.case:
            fitting = [self.kb.cases[found.hits[0].key]]
        if fitting:
            yield case_cards(fitting[:1])

    def _full(self, answer: Answer, basis: Sequence[Article]) -> str:
        say = self._texts.say
        blocks = [
            *_paragraphs(basis),
            f"{say('answer.steps')}：\n{_numbered(answer.steps)}",
            f"{say('answer.evidence')}：\n{_listed(answer.evidence)}" if answer.evidence else "",
            f"{say('answer.deadline')}：{answer.deadline}" if answer.deadline else "",
            f"{say('answer.cost')}：{answer.cost}" if answer.cost else "",
            f"{say('answer.where')}：{answer.where}" if answer.where else "",
        ]
        return "\n\n".join(block for block in blocks if block)

    def _with_law_of_the_day(self, reply: TurnReply, question: str, *, brief: bool) -> TurnReply:
        """Add what held on the day of the facts, after the basis of today."""
        added = self._law.parts(question, _cited(reply), self.today(), brief=brief)
        if not added:
            return reply
        kinds = [part.type for part in reply.parts]
        place = kinds.index("citations") + 1 if "citations" in kinds else 1
        first = self._law.warning(question, _cited(reply), self.today())
        before = (first,) if first is not None else ()
        return replace(reply, parts=(*before, *reply.parts[:place], *added, *reply.parts[place:]))

    def _labelled(self, reply: TurnReply, before: Context) -> TurnReply:
        """Add the AI label, once a conversation."""
        # A consultation in progress goes on after the question that interrupted it.
        context = replace(
            reply.context or before,
            guided=before.guided,
            guided_answers=before.guided_answers,
        )
        if before.labelled:
            return replace(reply, context=replace(context, labelled=True))
        label = notice(self._texts.say("ai_label"), "ai_label")
        return replace(reply, parts=(*reply.parts, label), context=replace(context, labelled=True))

    def _buttons(self, *keys: str) -> Part:
        return buttons(*(self._texts.button(key) for key in keys))


def _bare(said: str) -> str:
    return _NOT_WORDS.sub("", said)


def _cited(reply: TurnReply) -> list[str]:
    """Return the keys of the articles a reply shows, those of its unfolded cards first."""
    items = [i for part in reply.parts if part.type == "citations" for i in part.body["items"]]
    return [str(item["key"]) for item in sorted(items, key=lambda item: bool(item["folded"]))]


def _aspect(answer: Answer, aspect: str) -> str:
    return {
        "deadline": answer.deadline,
        "cost": answer.cost,
        "where": answer.where,
        "evidence": _listed(answer.evidence),
        "steps": _numbered(answer.steps),
    }.get(aspect, "")


_ASPECT_WORDS = {
    "deadline": re.compile(r"时效|期限|[之以]?内(?:提出|申请|起诉|请求|提起)|除斥"),
    "cost": re.compile(r"收费|费用|交纳|免费"),
}


def _speaks_of(article: Article, aspect: str) -> bool:
    pattern = _ASPECT_WORDS.get(aspect)
    return pattern is not None and bool(pattern.search(article.gist))


def _numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"· {line}" for line in lines)


def _paragraphs(articles: Sequence[Article]) -> Iterator[str]:
    for card in citation_cards(articles).body["items"]:
        yield f"{card['title']}（{card['version']} 版）要点：{card['gist']}"
