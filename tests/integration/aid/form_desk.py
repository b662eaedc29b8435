"""One conversation in front of the form actions, run as Rasa runs them."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from rasa_sdk.executor import ActionExecutor

from bot.actions.base import TurnReader
from bot.actions.forms import form_actions
from bot.actions.talk import Talk
from bot.aid.chat import AidChat
from bot.dialogue.turn import Turn, TurnReply, merge, unseal
from bot.domain.conversation import Context
from bot.interviews.aidcheck import AidCheck
from bot.interviews.chat import GuidedChat
from bot.interviews.sums import Sums
from bot.store.unit import Store
from bot.texts import load_texts
from connectors.messages import Inbound, Part, text
from knowledge_base.consultations import load_interviews
from knowledge_base.loader import ROOT, load
from knowledge_base.models import KnowledgeBase
from knowledge_base.rules.wording import AidWording
from knowledge_base.tools import load_calculators
from tests.conftest import FixedClock
from tests.integration.aid.conftest import Applicant


@cache
def knowledge() -> KnowledgeBase:
    return load(ROOT)


class Reviewed:
    """The composer as a consultation's end needs it."""

    def __init__(self) -> None:
        self.kb = knowledge()

    def reviewed(self, answer_id: str, turn: Turn) -> TurnReply:
        answer = self.kb.answers[answer_id]
        context = Context(answer_id=answer_id, labelled=True)
        return TurnReply("legal_question", (text(answer.conclusion),), context=context)


class NoRatings:
    def rate(self, conversation_id: str, score: int) -> None:
        raise AssertionError("nobody rates here")


class Desk:
    """One conversation in front of the form actions."""

    def __init__(self, applicant: Applicant, store: Store) -> None:
        self.applicant = applicant
        self.store = store
        texts = load_texts()
        self.aid = AidChat(applicant.service, texts)
        reviewed = Reviewed()
        self.guided = GuidedChat(
            load_interviews(ROOT),
            reviewed,
            applicant.conversations,
            texts,
            (
                Sums.of(load_calculators(ROOT), reviewed.kb.articles, texts),
                AidCheck(AidWording.load(), reviewed.kb.articles),
            ),
            FixedClock(),
        )
        self._executor = ActionExecutor()
        reader = TurnReader(applicant.conversations)
        talk = Talk(texts, NoRatings(), 30, applicant.conversations)
        for action in form_actions(self.aid, self.guided, talk, reader, store.cipher):
            self._executor.register_action(action)
        self._sent = 0

    @property
    def context(self) -> Context:
        found = self.applicant.conversations.turn(self.applicant.conversation_id)
        assert found is not None
        return found.context

    def hear(self, words: str, option: str | None = None) -> Turn:
        """Store a visitor's message and return its turn."""
        self._sent += 1
        part = Part("text", {"text": words, "option": option}) if option else text(words)
        inbound = Inbound(self.applicant.conversation_id, f"m{self._sent}", words)
        self.applicant.conversations.receive(inbound, [part])
        found = self.applicant.conversations.turn(self.applicant.conversation_id)
        assert found is not None
        return found

    def run(
        self, action: str, intent: str, loop: str = "", **slots: bool
    ) -> tuple[list[TurnReply], list[dict[str, Any]]]:
        """Run an action as Rasa would; return its replies and events."""
        call = {
            "next_action": action,
            "sender_id": self.applicant.conversation_id,
            "tracker": {
                "sender_id": self.applicant.conversation_id,
                "slots": {"aid_complete": None, "guided_complete": None, **slots},
                "latest_message": {"text": "〔已填写〕", "intent": {"name": intent}},
                "events": [],
                "active_loop": {"name": loop} if loop else {},
                "paused": False,
            },
            "domain": {"slots": {}},
        }
        result = asyncio.run(self._executor.run(call))
        assert result is not None
        data = result.model_dump()
        replies = [
            unseal(response["custom"]["sealed"], self.store.cipher)
            for response in data["responses"]
        ]
        for reply in replies:
            if reply.context is not None:
                conversation_id = self.applicant.conversation_id
                self.applicant.conversations.remember(conversation_id, reply.context)
        return replies, data["events"]


def words_of(replies: list[TurnReply]) -> str:
    return "\n".join(str(part.body) for part in merge(replies).parts)


def slot_of(events: list[dict[str, Any]], name: str) -> object:
    return next(e["value"] for e in events if e["event"] == "slot" and e["name"] == name)


def begin(desk: Desk, words: str = "开始离婚引导咨询") -> list[TurnReply]:
    desk.hear(words)
    return desk.run("action_ask_guided_complete", "start_guided", "guided_form")[0]


def answer(desk: Desk, words: str, option: str | None = None) -> object:
    turn = desk.hear(words, option)
    assert desk.guided.form.takes(turn), words
    _, events = desk.run("validate_guided_form", "give_detail", "guided_form")
    complete = slot_of(events, "guided_complete")
    if not complete:
        desk.run("action_ask_guided_complete", "give_detail", "guided_form")
    return complete
