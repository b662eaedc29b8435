"""A visitor's rights over their own data: read it, take it away, have it erased."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import structlog
import yaml

from bot.dialogue.rasa_tracker import RasaTracker
from bot.dialogue.repository import ConversationRepository
from bot.domain.clock import CHINA, Clock, SystemClock
from bot.domain.conversation import Sender
from bot.privacy.repository import ERASED, EXPORTED, PrivacyRepository
from bot.redact import mask_personal
from connectors.console import render
from connectors.messages import Outbound

log = structlog.get_logger(__name__)

_TEXTS = Path(__file__).with_name("texts.yml")
_RULE = "-" * 32


class PrivacyService:
    def __init__(
        self,
        repository: PrivacyRepository,
        conversations: ConversationRepository,
        rasa_tracker: RasaTracker,
        clock: Clock | None = None,
    ) -> None:
        self._repository = repository
        self._conversations = conversations
        self._rasa_tracker = rasa_tracker
        self._clock = clock or SystemClock()

    def transcript(self, conversation_id: str, ai_label: str) -> str:
        """Return the whole conversation as plain text; its first and last words say it is AI's.

        Numbers the visitor wrote are hidden: the file is printed and passed on.

        Raises:
            NotFound: there is no such conversation.
        """
        conversation = self._conversations.get(conversation_id)
        messages = self._messages(conversation_id)
        words = _texts()
        head = words["transcript"]
        lines = [
            head["title"],
            ai_label,
            head["number"].format(number=conversation_id),
            head["started"].format(at=_local(conversation.created_at)),
            head["exported"].format(at=_local(self._clock.now())),
            head["count"].format(count=len(messages)),
            head["hidden"],
            _RULE,
        ]
        for message in messages:
            shown = [part for part in message.parts if part.type != "buttons"]
            body = render(shown)
            if message.sender == Sender.VISITOR:
                body = mask_personal(body)
            if body:
                who = message.author or words["senders"][str(message.sender)]
                lines += ["", f"{_local(message.at)}  {who}", body]
        return "\n".join([*lines, "", _RULE, ai_label, ""])

    def export(self, conversation_id: str, ai_label: str = "") -> dict[str, Any]:
        """Return everything held about the visitor, JSON-ready.

        Raises:
            NotFound: there is no such conversation.
        """
        held = self._repository.held(conversation_id)
        held["messages"] = [message.to_json() for message in self._messages(conversation_id)]
        held["exported_at"] = self._clock.now().isoformat()
        if ai_label:
            held["ai_label"] = ai_label
        self._repository.note(conversation_id, EXPORTED)
        return held

    def erase(self, conversation_id: str) -> None:
        """Forget the conversation in Rasa and in the database; the token dies with it.

        Raises:
            sqlite3.Error: Rasa's file is locked or damaged; nothing has been erased then.
            StorageUnavailable: the database cannot be written; the erasure can be repeated.
        """
        # Rasa first: once the conversation is gone, its visitor could not ask again.
        events = self._rasa_tracker.forget_sender(conversation_id)
        self._conversations.erase(conversation_id)
        self._repository.note(conversation_id, ERASED)
        log.info("data_erased", conversation_id=conversation_id, rasa_events=events)

    def _messages(self, conversation_id: str) -> list[Outbound]:
        found: list[Outbound] = []
        while page := self._conversations.after(conversation_id, found[-1].id if found else 0):
            found += page
        return found


@cache
def _texts() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(_TEXTS.read_text(encoding="utf-8"))
    return loaded


def _local(moment: dt.datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
