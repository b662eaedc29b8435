"""Look up what the base holds by name: a case, a service item, a contact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.actions.statutes import StatuteLookup
from bot.dialogue.answers import Composer, IndexUnavailable
from bot.dialogue.cards import case_cards, citation_cards, service_cards
from bot.dialogue.normalise import canonical, question_of
from bot.dialogue.turn import Turn, TurnReply
from bot.texts import Texts
from connectors.messages import Part, buttons, text
from knowledge_base.models import Contact, ServiceItem

LONGEST_LOOKUP = 18
_GUIDING = re.compile(r"指导(?:性)?案例\s*第?\s*(\d{1,3})\s*号")
_ASKS_FOR_CASE = re.compile(
    r"(?:请|帮我|给我|我想|想|能|可以)*(?:找|查|看|搜|要|有没有|有无|有)?(?:一下|看看|几个|一些|个)?"
    r"(?:类似|相似|相近|同类|典型|真实|以前|别人)?(?:的)?(?:案例|判例|案子|案件|判决)(?:吗|呢|看看)?"
)
_FEE_RELIEF = re.compile(
    r"司法救助|(?:诉讼费|受理费)[^。，,]{0,8}(?:缓|减|免)|(?:缓|减|免)(?:交|缴|收)?[^。，,]{0,4}(?:诉讼费|受理费)"
    r"|(?:交|付|出)不起[^。，,]{0,4}(?:诉讼费|受理费)"
)
_LOOKS_UP = re.compile(
    r"内容|规定了?什么|怎么(?:说|规定|写)|说(?:的)?是?什么|原文|全文|讲的?什么|是啥|是什么|查"
)


class Lookups:
    def __init__(
        self, composer: Composer, statutes: StatuteLookup, texts: Texts, region: str
    ) -> None:
        self._composer = composer
        self._kb = composer.kb
        self._texts = texts
        self._region = region
        self._statutes = statutes

    def question(self, turn: Turn) -> TurnReply:
        """Answer a question of law; one that only names an article is a look-up."""
        question = canonical(turn.text)
        if _LOOKS_UP.search(question) and self._statutes.names_only_an_article(
            question, LONGEST_LOOKUP
        ):
            return self._statutes.reply(turn)
        return self._composer.answer(turn)

    def case(self, turn: Turn) -> TurnReply:
        """Show typical cases for the matter described, or for the one just discussed."""
        question = question_of(turn.text)
        numbered = _GUIDING.search(question)
        if numbered is not None:
            return self._guiding_case(turn, int(numbered[1]))
        # The words of asking ("有没有类似案例") stand in many cases and say nothing of this one.
        matter = _ASKS_FOR_CASE.sub("", question).strip("，。？? ")
        query = matter if len(matter) >= 3 else turn.context.question
        if not query:
            return TurnReply("case_lookup", (text(self._texts.say("cases.which")),))
        try:
            found = self._composer.find(query, "case", 6)
        except IndexUnavailable:
            return self._no_index("case_lookup")
        ranked = [self._kb.cases[hit.key] for hit in found.hits]
        topic = turn.context.topic if query == turn.context.question else found.topic
        cases = [case for case in ranked if case.topic == topic][:3] or ranked[:2]
        if not cases:
            return TurnReply("case_lookup", (text(self._texts.say("cases.none")),), confidence=0.0)
        return TurnReply(
            "case_lookup",
            (
                text(self._texts.say("cases.found")),
                case_cards(cases),
                buttons(self._texts.button("lawyer")),
            ),
            topic=cases[0].topic,
            items=tuple(case.id for case in cases),
            confidence=found.confidence,
            context=replace(turn.context, question=query, topic=cases[0].topic, answer_id=""),
        )

    def _guiding_case(self, turn: Turn, number: int) -> TurnReply:
        """Show one guiding case of the Supreme People's Court by its number, if we hold it."""
        name = re.compile(rf"指导(?:性)?案例\s*{number}\s*号")
        cases = [case for case in self._kb.cases.values() if name.search(case.source)]
        if not cases:
            return TurnReply(
                "case_lookup", (text(self._texts.say("cases.not_held")),), confidence=0
            )
        return TurnReply(
            "case_lookup",
            (case_cards(cases), buttons(self._texts.button("lawyer"))),
            topic=cases[0].topic,
            items=tuple(case.id for case in cases),
            context=replace(turn.context, topic=cases[0].topic, answer_id=""),
        )

    def service(self, turn: Turn) -> TurnReply:
        """Show the catalogue item asked for, with how to get it; or the whole list."""
        question = canonical(turn.text)
        items = self._services_named(question)
        if not items and asks_for_fee_relief(question):
            # No item of the catalogue: the courts grant it (诉讼费用交纳办法 44-48).
            return self._composer.answer(turn)
        if not items:
            try:
                found = self._composer.find(question, "service", 2)
            except IndexUnavailable:
                return self._no_index("service_item")
            if not found.hits or _asks_for_all(question):
                return self._catalogue()
            items = [self._kb.services[int(found.hits[0].key)]]
        item = items[0]
        held = [self._kb.articles[key] for key in item.basis if key in self._kb.articles]
        return TurnReply(
            "service_item",
            (
                service_cards(items[:2]),
                text(
                    "\n".join(f"{n}. {step}" for n, step in enumerate(item.procedure, 1)),
                    title=self._texts.say("services.how"),
                ),
                Part(
                    "card",
                    {
                        "title": item.name,
                        "rows": [
                            ["服务渠道", "、".join(item.channels)],
                            ["服务模式", item.mode],
                            ["提供主体", item.provider],
                            ["收费", item.method],
                        ],
                    },
                ),
                *((citation_cards(held, shown=1),) if held else ()),
                buttons(*(self._texts.button(key) for key in ("lawyer", "aid", "services"))),
            ),
            items=tuple(str(item.number) for item in items[:2]),
        )

    def _services_named(self, question: str) -> list[ServiceItem]:
        named = [item for item in self._kb.services.values() if item.name in question]
        return sorted(named, key=lambda item: -len(item.name))

    def _catalogue(self) -> TurnReply:
        lines = "\n".join(f"{item.number}. {item.name}" for item in self._kb.services.values())
        return TurnReply(
            "service_item",
            (
                text(f"{self._texts.say('services.all')}\n{lines}"),
                buttons(self._texts.button("aid"), self._texts.button("lawyer")),
            ),
            items=tuple(str(number) for number in self._kb.services),
        )

    def directory(self, turn: Turn) -> TurnReply:
        """Say whom to call; a short question on the present matter is answered for that matter."""
        going_on = self._composer.follow_up(turn)
        if going_on is not None:
            return going_on
        question = canonical(turn.text)
        contacts = self._contacts(question)
        rows = [[f"{c.name} {c.phone}", c.purpose] for c in contacts]
        first = self._texts.say("directory.found" if rows else "directory.none")
        parts: list[Part] = [text(first)]
        if rows:
            parts.append(Part("card", {"title": self._texts.say("directory.found"), "rows": rows}))
            parts = parts[1:]
        parts.append(text(self._texts.say("directory.local", region=self._region)))
        parts.append(buttons(self._texts.button("services"), self._texts.button("lawyer")))
        return TurnReply("directory", tuple(parts), items=tuple(c.phone for c in contacts))

    def _contacts(self, question: str) -> Sequence[Contact]:
        scored = [(_overlap(question, contact), contact) for contact in self._kb.contacts]
        best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
        return [contact for _, contact in best[:3]]

    def _no_index(self, route: str) -> TurnReply:
        return TurnReply(
            route,
            (text(self._texts.say("down.index")), buttons(self._texts.button("lawyer"))),
            confidence=0.0,
        )


def asks_for_fee_relief(question: str) -> bool:
    """Say whether somebody asks to pay the court's fees later, less or not at all."""
    return bool(_FEE_RELIEF.search(question))


def _asks_for_all(question: str) -> bool:
    return any(
        word in question for word in ("哪些", "清单", "所有服务", "全部服务", "16项", "什么服务")
    )


def _overlap(question: str, contact: Contact) -> float:
    """Score a contact by shared character pairs with its name, purpose and sample questions."""
    if contact.phone in question:
        return 100.0
    asked = _pairs(question)
    if not asked:
        return 0.0
    own = max(
        (len(asked & _pairs(sample)) / len(asked) for sample in contact.questions), default=0.0
    )
    named = len(asked & _pairs(contact.name + contact.purpose)) / len(asked)
    score = max(own, named)
    return score if score >= 0.34 else 0.0


def _pairs(words: str) -> set[str]:
    return {words[i : i + 2] for i in range(len(words) - 1)}
