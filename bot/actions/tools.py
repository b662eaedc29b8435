"""Explain how a sum is computed and how a document is written, from the curated lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.actions.base import Answering
from bot.actions.lookups import asks_for_fee_relief
from bot.dialogue.answers import Composer
from bot.dialogue.cards import citation_cards
from bot.dialogue.normalise import canonical
from bot.dialogue.turn import Turn, TurnReply
from bot.interviews.engine import PICK
from bot.interviews.sums import PREFIX
from bot.texts import Texts
from connectors.messages import Part, buttons, text
from knowledge_base.tools import Calculator, Document

_WANTS_SUM = re.compile(r"算|多少|公式|几倍|几个月|多大数|怎么赔|金额")


class Tools:
    def __init__(
        self,
        composer: Composer,
        calculators: Sequence[Calculator],
        documents: Sequence[Document],
        texts: Texts,
    ) -> None:
        self._composer = composer
        self._articles = composer.kb.articles
        self._calculators = calculators
        self._documents = documents
        self._texts = texts

    def calculate(self, turn: Turn) -> TurnReply:
        """Give the formula, an example and what must be known; never a guessed number."""
        going_on = self._composer.follow_up(turn)
        if going_on is not None:
            return going_on
        question = canonical(turn.text)
        if asks_for_fee_relief(question):
            # Who asks not to pay wants no sum.
            return self._composer.answer(turn)
        calculator = self._named(question)
        if calculator is None:
            answer = self._composer.answer(turn)
            if not _WANTS_SUM.search(question) and not question.isdigit():
                return answer  # a story with figures in it, not a wish to compute
            if answer.confidence >= 0.5:
                return replace(answer, route="calculate")
            return self._which("calculate", [c.title for c in self._calculators])
        say = self._texts.say
        parts: list[Part] = [
            text(f"{say('calculate.intro', title=calculator.title)}\n{calculator.formula}"),
            text(calculator.example, title=say("calculate.example")),
            text("、".join(calculator.needs), title=say("calculate.needs")),
            *self._basis(calculator.articles),
            text(say("calculate.caution")),
            buttons(
                self._step_by_step(calculator),
                self._texts.button("lawyer"),
                self._texts.button("aid"),
            ),
        ]
        return TurnReply(
            "calculate",
            tuple(parts),
            topic=calculator.topic,
            items=(calculator.name,),
            context=replace(turn.context, question=question, topic=calculator.topic, answer_id=""),
        )

    def offering_sums(self, answer: Answering) -> Answering:
        """Let an answer to how much is due offer to work it out."""

        def reply(turn: Turn) -> TurnReply:
            found = answer(turn)
            question = canonical(turn.text)
            calculator = self._named(question) if _WANTS_SUM.search(question) else None
            if calculator is None or found.route != "legal_question":
                return found
            offer = buttons(self._step_by_step(calculator)).body["items"]
            parts = tuple(
                Part("buttons", {"items": [*offer, *part.body["items"]]})
                if part.type == "buttons"
                else part
                for part in found.parts
            )
            return replace(found, parts=parts)

        return reply

    def _named(self, question: str) -> Calculator | None:
        found = _best_named(question, [(c.title, *c.aliases) for c in self._calculators])
        return None if found is None else self._calculators[found]

    def _step_by_step(self, calculator: Calculator) -> tuple[str, str]:
        return f"{PICK}{PREFIX}{calculator.name}", self._texts.say("calculate.step_by_step")

    def document(self, turn: Turn) -> TurnReply:
        """Say what a document must contain."""
        question = canonical(turn.text)
        named = _best_named(question, [(d.name, *d.aliases) for d in self._documents])
        if named is None:
            return self._which("document", [d.name for d in self._documents])
        document = self._documents[named]
        say = self._texts.say
        listed = "\n".join(f"{n}. {line}" for n, line in enumerate(document.must_have, 1))
        return TurnReply(
            "document",
            (
                text(f"{say('document.intro', document=document.name)}\n{listed}"),
                text(document.tips, title=say("document.tips")),
                *self._basis(document.basis),
                text(say("document.offer")),
                buttons(self._texts.button("lawyer"), self._texts.button("aid")),
            ),
            topic=document.topic,
            items=(document.name,),
            context=replace(turn.context, question=question, topic=document.topic, answer_id=""),
        )

    def _which(self, route: str, names: Sequence[str]) -> TurnReply:
        """Offer every name of the list as a button."""
        items = [
            {
                "id": f"{route}.{number}",
                "label": name,
                "text": self._texts.say(f"{route}.ask", name=name),
            }
            for number, name in enumerate(names)
        ]
        return TurnReply(
            route, (text(self._texts.say(f"{route}.which")), Part("buttons", {"items": items}))
        )

    def _basis(self, keys: Sequence[str]) -> list[Part]:
        held = [self._articles[key] for key in keys if key in self._articles]
        return [citation_cards(held)] if held else []


def _best_named(question: str, names: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the entry whose longest name stands in the question."""
    best = max(
        (
            (len(name), -index)
            for index, group in enumerate(names)
            for name in group
            if name and name in question
        ),
        default=None,
    )
    return None if best is None else -best[1]
