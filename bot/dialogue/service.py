"""One message, end to end: store, decide who answers, answer, store, publish.

No transaction is open while Rasa works, because its call-back writes to the same database.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog

from bot.bus import QUEUE_TOPIC, Bus, conversation_topic
from bot.dialogue.forms import CHOSEN, FILLED, Form, OpenQuestion
from bot.dialogue.guard import CitationGuard
from bot.dialogue.normalise import MAX_CHARACTERS, canonical, clean, for_rasa, says_something
from bot.dialogue.rasa import DialogueManager
from bot.dialogue.repository import ConversationRepository
from bot.dialogue.safety import SafetyDesk
from bot.dialogue.turn import Turn, TurnReply, merge, remembered, with_option
from bot.dialogue.waiting import WaitingRoom
from bot.domain.conversation import BOT_SPEAKS, Context, HandoverReason, Mode, Sender
from bot.errors import BadInput, DialogueUnavailable, EmptyMessage, MessageTooLong
from bot.texts import Texts
from connectors.messages import Inbound, Outbound, Part, Reply, buttons, notice, text

log = structlog.get_logger(__name__)

SURE_IN_DANGER = 0.6
"""Confidence below which a person in a safety lane hears its advice again."""

_LEAVES = re.compile(
    r"^(?:取消排队|不等了|不排了|退出排队|不用(?:转)?(?:律师|人工)了?|继续问机器人)"
)
_WANTS_HUMAN = re.compile(r"人工|真人|转律师|找律师|客服")


class Fallback:
    """Answers without Rasa, from what still works."""

    def __init__(self, answer: AnswerPort, texts: Texts) -> None:
        self._answer = answer
        self._texts = texts

    def reply(self, turn: Turn, *, is_for_form: bool = False) -> TurnReply:
        if _WANTS_HUMAN.search(canonical(turn.text)):
            return TurnReply("lawyer", (), handover=HandoverReason.ASKED)
        if is_for_form:
            # A name or a number is no question; the form stays open, with the same choices.
            said = notice(self._texts.say("down.form"), "warning")
            choices = turn.context.options
            # Whether the question wants a number is not known here, so no number chooses.
            return TurnReply(
                turn.context.last_route,
                (said, buttons(*choices, typed=True)) if choices else (said,),
            )
        found = self._answer.answer(turn)
        first = notice(self._texts.say("down.dialogue"), "warning")
        return replace(found, parts=(first, *found.parts))


class AnswerPort(Protocol):
    """The composer as the fallback needs it."""

    def answer(self, turn: Turn) -> TurnReply: ...


class Addition(Protocol):
    """What is added to an answer, whoever gave it: an offer, a notice."""

    def offered(self, turn: Turn, reply: TurnReply) -> TurnReply: ...


class Clerk(Protocol):
    """Takes a message before Rasa sees it, because it alone knows what it is about."""

    def reply(self, turn: Turn) -> TurnReply | None:
        """Answer the message; None where it is for somebody else."""
        ...


class DialogueService:
    """Receives visitors' messages from every channel."""

    def __init__(
        self,
        repository: ConversationRepository,
        rasa: DialogueManager,
        safety: SafetyDesk,
        guard: CitationGuard,
        fallback: Fallback,
        forms: Sequence[Form],
        bus: Bus,
        texts: Texts,
        waiting: WaitingRoom,
        additions: Sequence[Addition],
        open_question: OpenQuestion | None = None,
        clerks: Sequence[Clerk] = (),
    ) -> None:
        self._open_question = open_question
        self._additions = additions
        self._clerks = tuple(clerks)
        self._waiting = waiting
        self._repository = repository
        self._rasa = rasa
        self._safety = safety
        self._guard = guard
        self._fallback = fallback
        self._forms = forms
        self._bus = bus
        self._texts = texts
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    async def receive(self, inbound: Inbound) -> Reply:
        """Store one message and return what answers it.

        Raises:
            EmptyMessage, MessageTooLong, BadInput: the message cannot be accepted.
            NotFound: there is no such conversation.
            StorageUnavailable: nothing was stored; the sender should try again.
        """
        reply, _ = await self.receive_explained(inbound)
        return reply

    async def receive_explained(self, inbound: Inbound) -> tuple[Reply, TurnReply | None]:
        """As ``receive``, and say by which route the message was answered."""
        parts = self._parts_of(inbound)
        conversation_id = inbound.conversation_id
        lock = self._enter(conversation_id)
        try:
            async with lock:
                return await self._receive(inbound, parts)
        finally:
            self._leave(conversation_id)

    def _enter(self, conversation_id: str) -> asyncio.Lock:
        lock, users = self._locks.get(conversation_id, (asyncio.Lock(), 0))
        self._locks[conversation_id] = (lock, users + 1)
        return lock

    def _leave(self, conversation_id: str) -> None:
        lock, users = self._locks[conversation_id]
        if users == 1:
            del self._locks[conversation_id]
        else:
            self._locks[conversation_id] = (lock, users - 1)

    async def _receive(
        self, inbound: Inbound, parts: Sequence[Part]
    ) -> tuple[Reply, TurnReply | None]:
        store, repository = self._repository.store, self._repository
        conversation_id = inbound.conversation_id
        received = await store.run(lambda: repository.receive(inbound, parts))
        if received.is_new:
            await self._announce(
                conversation_id, received.message_id, Sender.VISITOR, received.mode
            )
        if received.is_new and received.mode is Mode.HUMAN:
            return Reply((), received.mode, received.message_id), TurnReply("lawyer", ())
        if received.answered:
            stored = await store.run(
                lambda: repository.replies_to(conversation_id, received.message_id)
            )
            mode = (await store.run(lambda: repository.get(conversation_id))).mode
            return Reply(stored, mode, received.message_id), None
        sender = Sender.BOT
        if received.mode in BOT_SPEAKS:
            body = parts[0].body if parts and parts[0].type == "text" else {}
            turn = with_option(
                Turn(
                    conversation_id,
                    str(body.get("text", "")),
                    received.context,
                    option=body.get("option"),
                    inbound_id=received.message_id,
                )
            )
            found = await self._answer(turn, inbound)
            for addition in self._additions:
                found = addition.offered(turn, found)
            answer = self._guard.checked(found)
        else:
            sender = Sender.SYSTEM
            answer = await self._while_waiting(inbound, received.mode)
        sent, mode = await store.run(
            lambda: repository.finish(
                conversation_id,
                received.message_id,
                [answer.parts],
                route=answer.route,
                topic=answer.topic,
                context=remembered(answer, received.context),
                handover=answer.handover,
                priority=answer.priority,
                sender=sender,
            )
        )
        if answer.handover is not None and mode is Mode.QUEUED:
            sent += (await self._queue_notice(conversation_id, answer),)
        if received.mode is Mode.QUEUED and mode is Mode.BOT:
            sent += await self._ask_again(conversation_id)
        if sent:
            await self._announce(conversation_id, sent[-1].id, sender, mode, received.mode)
        log.info(
            "reply_sent",
            conversation_id=conversation_id,
            route=answer.route,
            mode=str(mode),
            messages=len(sent),
        )
        return Reply(sent, mode, received.message_id), answer

    async def _answer(self, turn: Turn, inbound: Inbound) -> TurnReply:
        if inbound.given:
            return TurnReply("document", inbound.given, items=("channel",))
        if not turn.text and inbound.parts:
            return TurnReply(
                "document", (notice(self._texts.say("files.received"), "info"),), items=("file",)
            )
        lane = self._safety.lane_of(canonical(turn.text))
        if lane is not None:
            return merge([self._safety.reply(lane, turn), *await self._taken_as_well(turn)])
        if not says_something(turn.text):
            return TurnReply(
                "smalltalk",
                (
                    text(self._texts.say("talk.symbols")),
                    buttons(*(self._texts.button(key) for key in ("help", "lawyer"))),
                ),
            )
        try:
            return self._in_light_of(turn, merge(await self._ask_rasa(turn, inbound)))
        except DialogueUnavailable as error:
            log.warning("dialogue_fallback", reason=error.detail)
            return await self._repository.store.run(
                lambda: self._fallback.reply(turn, is_for_form=self._is_for_form(turn))
            )

    def _in_light_of(self, turn: Turn, reply: TurnReply) -> TurnReply:
        """Say again what a person in danger must know, rather than something unsure."""
        lane = self._safety.lane_named(turn.context.lane)
        unsure = reply.route == "legal_question" and reply.confidence < SURE_IN_DANGER
        return self._safety.reply(lane, turn) if lane is not None and unsure else reply

    async def _taken_as_well(self, turn: Turn) -> list[TurnReply]:
        """Let an open form take a dangerous story as its answer: nobody tells it twice."""
        try:
            return await self._form_reply(turn)
        except DialogueUnavailable as error:
            log.warning("dialogue_fallback", reason=error.detail)
            return []

    def _is_for_form(self, turn: Turn) -> bool:
        return any(form.takes(turn) for form in self._forms)

    async def _form_reply(self, turn: Turn) -> list[TurnReply]:
        """Return the replies of the open form that takes the message, if one does.

        Rasa hears only that an answer came.
        """
        if not await self._repository.store.run(lambda: self._is_for_form(turn)):
            return []
        return await self._rasa.send(turn.conversation_id, CHOSEN if turn.option else FILLED)

    async def _ask_rasa(self, turn: Turn, inbound: Inbound) -> list[TurnReply]:
        for clerk in self._clerks:
            answered = await self._repository.store.run(partial(clerk.reply, turn))
            if answered is not None:
                return [answered]
        taken = await self._form_reply(turn)
        if taken:
            return taken
        about = await self._repository.store.run(lambda: self._waiting.progress(turn))
        if about is not None:
            return [about]
        if inbound.button is not None:
            intent = self._texts.get("buttons").get(inbound.button, {}).get("intent")
            if intent:
                # The only place where a command reaches Rasa: from our own table.
                return await self._rasa.send(turn.conversation_id, f"/{intent}")
        return await self._rasa.send(turn.conversation_id, for_rasa(turn.text))

    async def _while_waiting(self, inbound: Inbound, mode: Mode) -> TurnReply:
        if mode is not Mode.QUEUED:
            return TurnReply("lawyer", ())
        if inbound.given:
            return TurnReply("document", inbound.given, items=("channel",))
        words = clean(inbound.text)
        if inbound.button == "leave_queue" or _LEAVES.search(canonical(words)):
            await self._repository.store.run(
                lambda: self._repository.move(inbound.conversation_id, Mode.BOT)
            )
            return TurnReply("lawyer", (notice(self._texts.say("handover.left_queue")),))
        told = await self._repository.store.run(
            lambda: self._waiting.again(Turn(inbound.conversation_id, words, Context()))
        )
        lane = self._safety.lane_of(canonical(words))
        return TurnReply(
            "lawyer",
            (
                # Whoever waits in danger is told at once what helps before a lawyer comes.
                *((text(lane.reply),) if lane is not None else ()),
                *told,
            ),
        )

    async def _queue_notice(self, conversation_id: str, answer: TurnReply) -> Outbound:
        def tell() -> Outbound:
            parts = self._waiting.greeting(conversation_id, answer.route)
            return self._repository.append_one(conversation_id, Sender.SYSTEM, parts)

        return await self._repository.store.run(tell)

    async def _ask_again(self, conversation_id: str) -> tuple[Outbound, ...]:
        """Go on with the form that was left for a person who is no longer waited for."""
        open_question = self._open_question
        if open_question is None:
            return ()
        return await self._repository.store.run(lambda: open_question.ask(conversation_id))

    async def _announce(
        self, conversation_id: str, message_id: int, sender: Sender, *modes: Mode
    ) -> None:
        """Tell open connections; the desk hears whenever it owns or owned the conversation."""
        event = {"kind": "message", "conversation_id": conversation_id, "id": message_id}
        event |= {"mode": modes[0], "sender": sender}
        await self._bus.publish(conversation_topic(conversation_id), event)
        if not BOT_SPEAKS.issuperset(modes):
            await self._bus.publish(QUEUE_TOPIC, event)

    def _parts_of(self, inbound: Inbound) -> tuple[Part, ...]:
        if inbound.parts:
            return inbound.parts
        if inbound.button is not None:
            return (self._button_part(inbound.button, inbound.text),)
        words = clean(inbound.text)
        if not words:
            raise EmptyMessage
        if len(words) > MAX_CHARACTERS:
            raise MessageTooLong
        said = text(words)
        return (Part("text", {**said.body, "spoken": True}),) if inbound.spoken else (said,)

    def _button_part(self, key: str, label: str) -> Part:
        known = self._texts.get("buttons").get(key)
        if known is not None:
            return text(str(known["text"]))
        if not re.fullmatch(r"[a-z0-9_:.-]{1,60}", key):
            raise BadInput
        words = clean(label)[:80]
        # Not in the fixed table: an option of the last reply. Forms accept only what they offered.
        return Part("text", {"text": words or key, "option": key})
