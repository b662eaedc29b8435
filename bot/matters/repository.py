"""Every step of staff with a matter as one transaction; how matters are read is inherited.

Whoever changes a matter locks its conversation first, as everywhere, so that two transactions
cannot deadlock. The changes themselves are the ledger's.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Protocol

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from bot.dialogue.moves import VISITOR
from bot.domain.clock import Clock
from bot.domain.conversation import HandoverReason, Mode
from bot.domain.matter import OPEN, Action, Contact, Matter, MatterState, Outcome
from bot.domain.people import Staff
from bot.errors import IllegalMove, NotFound
from bot.matters.ledger_repository import ABOUT, MatterLedger, is_own, lock_conversations
from bot.matters.reading_repository import MatterReader
from bot.matters.records import Check, Opening, Standing, Target
from bot.store.tables import audit, conversations, matters

AUDIT_NOTE = "audit.note"
DENIED = "matter_status_denied"

ERASED_AT_ONCE = 500


class Queueing(Protocol):
    """The conversations as reopening a matter needs them."""

    def move_in(
        self,
        connection: Connection,
        conversation_id: str,
        to: Mode,
        *,
        reason: HandoverReason | None = None,
        actor: str = "",
    ) -> Mode:
        """Move a conversation in the caller's transaction, the matters following.

        Raises:
            IllegalMove: it waits already.
            NotFound: there is no such conversation.
        """
        ...


class MatterRepository(MatterReader):
    def __init__(self, ledger: MatterLedger, clock: Clock, queueing: Queueing) -> None:
        super().__init__(ledger, clock)
        self._queueing = queueing

    # --- steps of staff -----------------------------------------------------------------------

    def open_by_hand(self, person: Staff, opening: Opening, to: Target | None, note: str) -> Matter:
        """Open a matter that came over the phone or the counter; dispatch it at once if asked."""
        now = self._clock.now()
        values = {
            "channel": opening.channel,
            "topic": opening.topic,
            "priority": opening.priority,
            "office_id": person.office_id,
            "about_enc": self._ledger.seal(ABOUT, opening.about),
            **self._ledger.contact_values(opening.contact),
            "due_at": self._ledger.targets.to_take(now, opening.priority, is_live=False),
        }
        with self._store.write() as connection:
            found = self._ledger.open_in(connection, now, person.login, values)
            self._audit(connection, person, Action.OPENED, found.number)
            if to is not None:
                self._dispatch(connection, found, person, to, note)
                self._audit(connection, person, Action.DISPATCHED, found.number)
            elif note:
                self._ledger.record(connection, found.id, now, person.login, Action.NOTED, note)
            return self._again(connection, found)

    def dispatch(self, number: str, person: Staff, check: Check, to: Target, note: str) -> Matter:
        """Give a matter to an office or a person.

        Raises:
            NotFound: there is no such matter.
            IllegalMove: it is closed.
        """
        with self._store.write() as connection:
            found = self._checked(connection, number, check)
            self._dispatch(connection, found, person, to, note)
            self._audit(connection, person, Action.DISPATCHED, number)
            return self._again(connection, found)

    def _dispatch(
        self, connection: Connection, found: Matter, person: Staff, to: Target, note: str
    ) -> None:
        now = self._clock.now()
        self._ledger.change(
            connection,
            found,
            MatterState.DISPATCHED,
            office_id=to.office_id,
            staff_id=to.staff_id,
            due_at=to.due_at or self._ledger.targets.to_close(now),
        )
        self._ledger.record(connection, found.id, now, person.login, Action.DISPATCHED, note)
        if found.is_referral:
            return
        # The roster offers a waiting conversation where its matter was sent.
        connection.execute(
            update(conversations)
            .where(
                conversations.c.id == found.conversation_id,
                conversations.c.mode == Mode.QUEUED,
            )
            .values(
                office_id=to.office_id,
                offered_to=to.staff_id,
                offered_at=None if to.staff_id is None else now,
            )
        )

    def take(self, number: str, person: Staff, check: Check) -> Matter:
        """Make this person the matter's holder.

        Raises:
            NotFound: there is no such matter.
            IllegalMove: it is closed.
        """
        with self._store.write() as connection:
            found = self._checked(connection, number, check)
            self._ledger.take_in(connection, found, self._clock.now(), person.login, person.id)
            self._audit(connection, person, Action.TAKEN, number)
            return self._again(connection, found)

    def write(self, number: str, person: Staff, check: Check, action: Action, words: str) -> Matter:
        """Write something into the matter's log that changes nothing else.

        Raises:
            NotFound: there is no such matter.
        """
        with self._store.write() as connection:
            found = self._checked(connection, number, check)
            self._ledger.record(
                connection, found.id, self._clock.now(), person.login, action, words
            )
            self._audit(connection, person, action, number, words)
            return found

    def close(
        self, number: str, person: Staff, check: Check, outcome: Outcome, advice: str
    ) -> Matter:
        """Close a matter with its outcome.

        Raises:
            NotFound: there is no such matter.
            IllegalMove: it is closed already.
        """
        with self._store.write() as connection:
            found = self._checked(connection, number, check)
            self._ledger.close_in(
                connection, found, self._clock.now(), person.login, outcome, advice
            )
            self._audit(connection, person, Action.CLOSED, number)
            return self._again(connection, found)

    def reopen(self, number: str, person: Staff, check: Check, note: str) -> Matter:
        """Take up a closed matter again; it waits for whoever takes it, and its visitor queues.

        Raises:
            NotFound: there is no such matter.
            IllegalMove: it is open.
        """
        with self._store.write() as connection:
            standing = self._lock(connection, number, check)
            found = standing.matter
            if found.is_open:
                raise IllegalMove
            now = self._clock.now()
            self._ledger.wait_in(connection, found, now, person.login, Action.REOPENED, note)
            self._audit(connection, person, Action.REOPENED, number)
            # A visitor who waits already is where the matter wants him; for a referral none waits.
            stays = standing.mode is Mode.QUEUED or found.is_referral
            if found.conversation_id is not None and not stays:
                self._queueing.move_in(
                    connection,
                    found.conversation_id,
                    Mode.QUEUED,
                    reason=HandoverReason.REASSIGNED,
                    actor=person.login,
                )
            return self._again(connection, found)

    def standing(self, number: str) -> Standing | None:
        """Return a matter with what decides which steps are allowed, for showing."""
        with self._store.read() as connection:
            row = connection.execute(select(matters).where(matters.c.number == number)).first()
            if row is None:
                return None
            mode = select(conversations.c.mode).where(conversations.c.id == row.conversation_id)
            return self._standing(connection, row, connection.execute(mode).scalar())

    def _checked(self, connection: Connection, number: str, check: Check) -> Matter:
        return self._lock(connection, number, check).matter

    def _lock(self, connection: Connection, number: str, check: Check) -> Standing:
        """Lock a matter after its conversation, and let ``check`` refuse the step."""
        query = select(matters).where(matters.c.number == number)
        row = connection.execute(query).first()
        if row is None:
            raise NotFound
        mode = connection.execute(
            select(conversations.c.mode)
            .where(conversations.c.id == row.conversation_id)
            .with_for_update()
        ).scalar()
        locked = connection.execute(query.with_for_update()).one()
        standing = self._standing(connection, locked, mode)
        check(standing)
        return standing

    def _standing(self, connection: Connection, row: Row[Any], mode: str | None) -> Standing:
        found = self._ledger.matter(row)
        same = matters.c.reason == found.reason if found.is_referral else is_own()
        other = None
        if row.conversation_id is not None:
            other = connection.execute(
                select(matters.c.id).where(
                    matters.c.conversation_id == row.conversation_id,
                    matters.c.state.in_(OPEN),
                    matters.c.id != row.id,
                    same,
                )
            ).first()
        # Whoever is talked with meanwhile, it is not about the referral.
        talk = None if mode is None or found.is_referral else Mode(mode)
        return Standing(found, talk, other is not None)

    def _again(self, connection: Connection, found: Matter) -> Matter:
        return self._ledger.matter(
            connection.execute(select(matters).where(matters.c.id == found.id)).one()
        )

    def _audit(
        self, connection: Connection, person: Staff, action: Action, number: str, note: str = ""
    ) -> None:
        # The words of a note are in the matter's own log; the trail keeps why numbers were read.
        kept = note if action is Action.REVEALED else ""
        connection.execute(
            insert(audit).values(
                at=self._clock.now(),
                actor=person.login,
                action=f"matter_{action}",
                subject=f"matter:{number}",
                note_enc=self._ledger.seal(AUDIT_NOTE, kept),
            )
        )

    # --- asking about a matter ----------------------------------------------------------------

    def by_phone(
        self, number: str, last_four: str, asking: str, since: dt.datetime, most: int
    ) -> Matter | None:
        """Return a matter to whoever knows the end of its phone number; a wrong guess is counted.

        After ``most`` wrong guesses since a moment nobody is told any more.
        """
        subject = f"matter:{number}"
        wrong = (
            select(func.count())
            .select_from(audit)
            .where(audit.c.subject == subject, audit.c.action == DENIED, audit.c.at > since)
        )
        with self._store.write() as connection:
            if connection.execute(wrong).scalar_one() >= most:
                return None
            row = connection.execute(select(matters).where(matters.c.number == number)).first()
            found = None if row is None else self._ledger.matter(row)
            if found is not None and found.contact.phone[-4:] == last_four:
                return found
            connection.execute(
                insert(audit).values(
                    at=self._clock.now(),
                    actor=f"{VISITOR}:{asking}"[:60],
                    action=DENIED,
                    subject=subject,
                )
            )
            return None

    def set_phone(self, conversation_id: str, phone: str) -> None:
        """Keep the number at which the visitor of an open matter wants to be called back.

        Raises:
            NotFound: the conversation has no open matter.
        """
        with self._store.write() as connection:
            lock_conversations(connection, (conversation_id,))
            found = self._ledger.open_row(connection, conversation_id)
            if found is None:
                raise NotFound
            kept = self._ledger.contact_values(Contact(found.contact.name, phone))
            connection.execute(update(matters).where(matters.c.id == found.id).values(kept))
            self._ledger.record(connection, found.id, self._clock.now(), VISITOR, Action.PHONE)

    # --- forgetting ---------------------------------------------------------------------------

    def forget_by_hand(self, before: dt.datetime) -> int:
        """Erase the personal part of matters without conversation closed before a moment."""
        is_full = or_(
            matters.c.about_enc.is_not(None),
            matters.c.contact_enc.is_not(None),
            matters.c.advice_enc.is_not(None),
        )
        query = select(matters).where(
            matters.c.conversation_id.is_(None), matters.c.closed_at < before, is_full
        )
        with self._store.write() as connection:
            return self._ledger.erase(connection, query.limit(ERASED_AT_ONCE), self._clock.now())
