"""One change of an application: its row, the audit trail and the notice, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, update

from bot.aid.repository import AidRepository
from bot.dialogue.repository import ConversationRepository
from bot.domain.aid import Application
from bot.domain.clock import Clock
from bot.domain.conversation import Sender
from bot.store.outbox import enqueue
from bot.store.tables import aid_applications
from connectors.messages import Outbound, notice

NEWS = "aid_news"


class AidChanges:
    """Writes changes, and delivers the notices that they put into the outbox."""

    def __init__(
        self, repository: AidRepository, conversations: ConversationRepository, clock: Clock
    ) -> None:
        self._repository = repository
        self._conversations = conversations
        self._clock = clock

    def apply(
        self,
        connection: Connection,
        application: Application,
        actor: str,
        action: str,
        *,
        note: str = "",
        values: Mapping[str, Any] | None = None,
        news: str = "",
    ) -> None:
        """Change the row, record who did what, and enqueue what the applicant is told.

        The caller holds the application's row lock. ``values`` are columns of
        ``aid_applications``; without ``news`` the applicant is told nothing.
        """
        now = self._clock.now()
        connection.execute(
            update(aid_applications)
            .where(aid_applications.c.number == application.number)
            .values(**(values or {}), updated_at=now)
        )
        entry = self._repository.record(connection, actor, action, application.number, note)
        if news and application.conversation_id is not None:
            enqueue(
                connection,
                self._repository.store.cipher,
                now,
                NEWS,
                f"{NEWS}:{entry}",
                {
                    "key": f"{NEWS}:{entry}",
                    "conversation_id": application.conversation_id,
                    "text": news,
                },
            )

    def deliver(self, payload: Mapping[str, Any]) -> Outbound | None:
        """Say a notice in its conversation, once however often it is called.

        Returns the message, None if it was said before or the conversation is gone.
        """
        conversation_id, key = str(payload["conversation_id"]), str(payload["key"])
        repository = self._repository
        with repository.store.write() as connection:
            if not repository.lock_if_there(connection, conversation_id):
                return None
            if repository.was_sent(connection, conversation_id, key):
                return None
            return self._conversations.append(
                connection,
                conversation_id,
                Sender.SYSTEM,
                (notice(str(payload["text"]), "aid"),),
                client_id=key,
            )
