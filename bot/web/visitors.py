"""The web channel's ports, joined from the features: what a visitor may do besides talking."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.bus import QUEUE_TOPIC, Bus, Event, conversation_topic
from bot.continuation.service import ContinuationService
from bot.dialogue.normalise import clean
from bot.dialogue.repository import ConversationRepository
from bot.dialogue.waiting import WaitingRoom
from bot.domain.conversation import HandoverReason, Mode, Sender
from bot.errors import (
    BadFile,
    BadInput,
    ContinuedElsewhere,
    IllegalMove,
    LawbridgeError,
    NotFound,
    NotSignedIn,
    StorageUnavailable,
    TooManyRequests,
)
from bot.privacy.service import PrivacyService
from bot.ratings.service import RatingService
from bot.texts import Texts
from bot.uploads.service import UploadService
from connectors.messages import CHAT, Outbound, Part, buttons, notice, text
from connectors.web.ports import IssuedCode, Opened, Refusals, StoredFile

CHANNEL = "web"

REFUSALS = Refusals(
    family=LawbridgeError,
    not_signed_in=NotSignedIn,
    too_many_requests=TooManyRequests,
    bad_input=BadInput,
    bad_file=BadFile,
    not_found=NotFound,
)


class WebVisitors:
    """Satisfies ``connectors.web.ports.Visitors``; every method blocks and runs in a thread."""

    def __init__(
        self,
        conversations: ConversationRepository,
        ratings: RatingService,
        privacy: PrivacyService,
        uploads: UploadService,
        texts: Texts,
        waiting: WaitingRoom,
        continuations: ContinuationService,
        *,
        bureau: str,
        ai_label: str,
    ) -> None:
        self._conversations = conversations
        self._ratings = ratings
        self._privacy = privacy
        self._uploads = uploads
        self._texts = texts
        self._waiting = waiting
        self._continuations = continuations
        self._bureau = bureau
        self._ai_label = ai_label

    def open(self, consent_version: str, visitor: str) -> Opened:
        conversation, token = self._conversations.create(CHANNEL, consent_version, visitor)
        return Opened(conversation.id, token, self._greeting())

    def issue_code(self, conversation_id: str) -> IssuedCode:
        code, valid = self._continuations.issue(conversation_id)
        return IssuedCode(code, int(valid.total_seconds()))

    def redeem_code(self, code: str, device: str) -> Opened:
        conversation_id, token = self._continuations.redeem(code, device)
        return Opened(conversation_id, token, self._greeting())

    def _greeting(self) -> tuple[Part, ...]:
        keys = self._texts.get("greeting_buttons")
        return (
            text(self._texts.say("greeting", bureau=self._bureau)),
            buttons(*(self._texts.button(key) for key in keys)),
        )

    def by_token(self, token: str) -> str | None:
        found = self._conversations.by_token(token)
        if found is None and self._continuations.is_left(token):
            raise ContinuedElsewhere
        return None if found is None else found.id

    def news(
        self, conversation_id: str, message_id: int, token: str = ""
    ) -> tuple[Sequence[Outbound], str]:
        return self._conversations.news(conversation_id, message_id, token)

    def receipt(self, conversation_id: str, got: int, seen: int) -> bool:
        return self._conversations.receipt(conversation_id, got, seen)

    def note_attributes(self, conversation_id: str, attributes: Mapping[str, str]) -> int:
        rows = [[clean(label), clean(value)] for label, value in attributes.items()]
        part = Part("card", {"title": _words()["attributes"], "rows": rows})
        return self._conversations.append_one(conversation_id, Sender.SYSTEM, [part]).id

    def end(self, conversation_id: str) -> int:
        try:
            self._conversations.move(conversation_id, Mode.CLOSED)
        except IllegalMove:
            # Closed already, by the lawyer or by a repeated click.
            return 0
        # Whoever reads in an official account has no stars below.
        said = {CHAT: self._texts.say("handover.closed_chat")}
        part = notice(self._texts.say("handover.closed"), "info")
        part = replace(part, body={**part.body, **said})
        return self._conversations.append_one(conversation_id, Sender.SYSTEM, [part]).id

    def rate(
        self, conversation_id: str, score: int | None, solved: bool | None, comment: str
    ) -> int:
        rated = self._ratings.rate(conversation_id, score, solved, comment)
        if not rated.reopens:
            return 0
        try:
            self._conversations.move(
                conversation_id, Mode.QUEUED, reason=HandoverReason.DISSATISFIED
            )
        except IllegalMove:
            # Back with a person already.
            return 0
        parts = self._waiting.greeting(conversation_id, "lawyer")
        return self._conversations.append_one(conversation_id, Sender.SYSTEM, parts).id

    def transcript(self, conversation_id: str) -> str:
        return self._privacy.transcript(conversation_id, self._ai_label)

    def export(self, conversation_id: str) -> dict[str, Any]:
        return self._privacy.export(conversation_id, self._ai_label)

    def erase(self, conversation_id: str) -> None:
        try:
            self._privacy.erase(conversation_id)
        except sqlite3.Error as error:
            raise StorageUnavailable from error

    def keep_file(self, conversation_id: str, client_id: str, name: str, body: bytes) -> Part:
        return self._uploads.part(conversation_id, client_id, name, body)

    def read_file(self, conversation_id: str, file_id: str) -> StoredFile:
        record, body = self._uploads.read(conversation_id, file_id)
        return StoredFile(record.name, record.mime, body)


class BusFeed:
    """Satisfies ``connectors.web.ports.Feed`` over the application's bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def publish(self, conversation_id: str, event: dict[str, Any]) -> None:
        await self._bus.publish(conversation_topic(conversation_id), event)
        if event.get("kind") not in ("typing", "receipt", "continued"):
            # The desk's queue shows who has left or ended.
            await self._bus.publish(QUEUE_TOPIC, {**event, "conversation_id": conversation_id})

    def subscribe(self, conversation_id: str) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        return self._bus.subscribe(conversation_topic(conversation_id))


@cache
def _words() -> dict[str, str]:
    file = Path(__file__).with_name("visitors.yml")
    loaded: dict[str, str] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded
