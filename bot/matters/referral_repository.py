"""Register a referral: one transaction, and one open referral of a kind for a conversation."""

from __future__ import annotations

from sqlalchemy import select

from bot.dialogue.moves import VISITOR
from bot.domain.clock import Clock
from bot.domain.matter import Contact, Matter, Referral
from bot.matters.ledger_repository import ABOUT, MatterLedger, lock_conversations
from bot.store.tables import conversations


class ReferralRepository:
    def __init__(self, ledger: MatterLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def open_of(self, conversation_id: str, kind: Referral) -> Matter | None:
        """Return the conversation's open referral of a kind."""
        with self._ledger.store.read() as connection:
            return self._ledger.open_referral(connection, conversation_id, kind)

    def register(self, conversation_id: str, kind: Referral, phone: str, about: str) -> Matter:
        """Open a referral, or return the one of its kind that is open.

        A message whose answer was lost is answered again: the second time finds the first. The
        conversation is not queued, as nobody is waited for.
        """
        now, ledger = self._clock.now(), self._ledger
        with ledger.store.write() as connection:
            lock_conversations(connection, (conversation_id,))
            known = ledger.open_referral(connection, conversation_id, kind)
            if known is not None:
                return known
            row = connection.execute(
                select(
                    conversations.c.channel, conversations.c.topic, conversations.c.office_id
                ).where(conversations.c.id == conversation_id)
            ).one()
            values = {
                "conversation_id": conversation_id,
                "channel": row.channel,
                "topic": row.topic or "",
                "reason": kind,
                "priority": 0,
                "office_id": row.office_id,
                "about_enc": ledger.seal(ABOUT, about),
                **ledger.contact_values(Contact(phone=phone)),
                "due_at": ledger.targets.to_take(now, 0, is_live=False),
            }
            return ledger.open_in(connection, now, VISITOR, values)
