"""Everything that is held about one conversation, read for its visitor; and the mark of erasure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, insert, select

from bot.domain.clock import Clock
from bot.errors import NotFound
from bot.store.tables import (
    aid_applications,
    aid_drafts,
    aid_papers,
    audit,
    conversations,
    files,
    ratings,
)
from bot.store.unit import Store
from bot.store.wechat_tables import OPENID, wechat_bindings, wechat_followers

ERASED = "data_erased"
EXPORTED = "data_exported"
ASKED = "aid_papers.asked"


class Matters(Protocol):
    """The matters as the visitor's rights need them."""

    def held(self, conversation_id: str) -> list[dict[str, Any]]:
        """Return what is held of a conversation's matters, JSON-ready."""
        ...


class NoMatters:
    """Where no matters are kept."""

    def held(self, conversation_id: str) -> list[dict[str, Any]]:
        return []


class PrivacyRepository:
    def __init__(self, store: Store, clock: Clock, matters: Matters | None = None) -> None:
        self._matters = matters or NoMatters()
        self._store = store
        self._clock = clock

    def held(self, conversation_id: str) -> dict[str, Any]:
        """Return all stored facts but the messages, decrypted and JSON-ready.

        Raises:
            NotFound: there is no such conversation.
        """
        cipher = self._store.cipher
        with self._store.read() as connection:
            row = connection.execute(
                select(conversations).where(conversations.c.id == conversation_id)
            ).first()
            if row is None:
                raise NotFound
            kept_files = connection.execute(
                select(
                    files.c.id,
                    files.c.name_enc,
                    files.c.mime,
                    files.c.size,
                    files.c.sha256,
                    files.c.created_at,
                )
                .where(files.c.conversation_id == conversation_id)
                .order_by(files.c.created_at)
            ).all()
            rated = connection.execute(
                select(ratings)
                .where(ratings.c.conversation_id == conversation_id)
                .order_by(ratings.c.stretch)
            ).all()
            drafts = connection.execute(
                select(aid_drafts).where(aid_drafts.c.conversation_id == conversation_id)
            ).all()
            applications = connection.execute(
                select(aid_applications)
                .where(aid_applications.c.conversation_id == conversation_id)
                .order_by(aid_applications.c.id)
            ).all()
            papers = self._papers(connection, [row.id for row in applications])
            accounts = self._accounts(connection, conversation_id)
        return {
            "matters": self._matters.held(conversation_id),
            "conversation": {
                "id": row.id,
                "channel": row.channel,
                "mode": row.mode,
                "topic": row.topic,
                "reason": row.reason,
                "consent_version": row.consent_version,
                "created_at": row.created_at.isoformat(),
                "updated_at": row.updated_at.isoformat(),
                "remembered": (
                    cipher.decrypt_json("conversations.context", row.context_enc)
                    if row.context_enc
                    else None
                ),
            },
            "official_accounts": accounts,
            "files": [
                {
                    "id": file.id,
                    "name": cipher.decrypt("files.name", file.name_enc),
                    "mime": file.mime,
                    "size": file.size,
                    "sha256": file.sha256,
                    "created_at": file.created_at.isoformat(),
                }
                for file in kept_files
            ],
            "ratings": [
                {
                    "score": rating.score,
                    "solved": rating.solved,
                    "comment": (
                        cipher.decrypt("ratings.comment", rating.comment_enc)
                        if rating.comment_enc
                        else ""
                    ),
                    "created_at": rating.created_at.isoformat(),
                }
                for rating in rated
            ],
            "aid_drafts": [
                {
                    "fields": cipher.decrypt_json("aid_drafts.fields", draft.fields_enc),
                    "active": draft.active,
                    "updated_at": draft.updated_at.isoformat(),
                }
                for draft in drafts
            ],
            "aid_applications": [
                {
                    "number": application.number,
                    "state": application.state,
                    "matter": application.matter,
                    "fields": cipher.decrypt_json(
                        "aid_applications.fields", application.fields_enc
                    ),
                    "place": application.place,
                    "urgent": application.urgent,
                    "decide_by": application.decide_by.isoformat(),
                    "ground": application.ground,
                    "papers": papers.get(application.id, []),
                    "created_at": application.created_at.isoformat(),
                    "updated_at": application.updated_at.isoformat(),
                }
                for application in applications
            ],
        }

    def _accounts(self, connection: Connection, conversation_id: str) -> list[dict[str, Any]]:
        """Return who hears of the conversation in WeChat, JSON-ready."""
        query = (
            select(
                wechat_followers,
                wechat_bindings.c.is_own,
                wechat_bindings.c.created_at.label("since"),
            )
            .join(wechat_bindings, wechat_bindings.c.follower_id == wechat_followers.c.id)
            .where(wechat_bindings.c.conversation_id == conversation_id)
        )
        return [
            {
                "account": row.account,
                "openid": self._store.cipher.decrypt(OPENID, row.openid_enc),
                "following": row.following,
                "office_id": row.office_id,
                "is_own": row.is_own,
                "since": row.since.isoformat(),
                "heard_at": row.heard_at and row.heard_at.isoformat(),
            }
            for row in connection.execute(query)
        ]

    def _papers(
        self, connection: Connection, applications: Sequence[int]
    ) -> dict[int, list[dict[str, Any]]]:
        """Return the materials of each application, JSON-ready."""
        query = (
            select(aid_papers)
            .where(aid_papers.c.application_id.in_(applications))
            .order_by(aid_papers.c.id)
        )
        found: dict[int, list[dict[str, Any]]] = {}
        for row in connection.execute(query):
            asked = row.asked_enc and self._store.cipher.decrypt(ASKED, row.asked_enc)
            paper = {
                "key": row.key,
                "asked": asked or "",
                "state": row.state,
                "due_on": row.due_on and row.due_on.isoformat(),
            }
            found.setdefault(row.application_id, []).append(paper)
        return found

    def note(self, conversation_id: str, action: str) -> None:
        """Write into the audit trail that a visitor used a right; no content is noted."""
        with self._store.write() as connection:
            connection.execute(
                insert(audit).values(
                    at=self._clock.now(), actor="visitor", action=action, subject=conversation_id
                )
            )
