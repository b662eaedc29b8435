"""By what a person proves that something on the web is his, in the database.

Numbers with the telephone registered there, codes sent to a telephone, how often somebody guessed
wrong, and what was asked last. Methods that take a connection run inside the caller's transaction.
"""

from __future__ import annotations

import datetime as dt
import hmac
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.binding.records import Asked, Registered, SentCode, Step, Told
from bot.binding.repository import actor
from bot.dialogue.phones import phone_index, phone_of
from bot.domain.clock import Clock
from bot.store.tables import aid_applications, audit, matters
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_codes, wechat_followers

FIELDS = "aid_applications.fields"
CONTACT = "matters.contact"
ASKED = "wechat_followers.asked"
CODE = "wechat_codes.code"

DENIED = "binding_denied"
SENT = "binding_code_sent"
UNSENT = "binding_code_unsent"

GUESSES = 5
GUESSES_WITHIN = dt.timedelta(hours=1)
LOCKED_FOR = dt.timedelta(hours=1)
CODE_VALID = dt.timedelta(minutes=5)
CODE_TRIES = 5
CODE_PAUSE = dt.timedelta(minutes=1)
CODES_A_DAY = 5
DAY = dt.timedelta(days=1)
ASKED_FOR = dt.timedelta(minutes=10)

HASH_KEPT = 40
"""Characters of a telephone's hash in the trail, whose columns are shorter than a hash."""


class ProofRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    # --- guesses ------------------------------------------------------------------------------

    def is_locked(self, connection: Connection, subject: str) -> bool:
        """Say whether so many wrong guesses came within an hour that the next has to wait."""
        now = self._clock.now()
        query = (
            select(audit.c.at)
            .where(
                audit.c.subject == subject,
                audit.c.action == DENIED,
                audit.c.at > now - GUESSES_WITHIN - LOCKED_FOR,
            )
            .order_by(audit.c.at.desc())
            .limit(GUESSES)
        )
        times = list(connection.execute(query).scalars())
        return (
            len(times) == GUESSES
            and times[0] - times[-1] < GUESSES_WITHIN
            and now - times[0] < LOCKED_FOR
        )

    def deny(self, connection: Connection, follower_id: int, number: str = "") -> None:
        """Count a wrong guess, for the follower and for the number guessed at."""
        self._note(connection, follower_id, DENIED, actor(follower_id))
        if number:
            self._note(connection, follower_id, DENIED, subject_of(number))

    def _note(self, connection: Connection, follower_id: int, action: str, subject: str) -> None:
        row = {
            "at": self._clock.now(),
            "actor": actor(follower_id),
            "action": action,
            "subject": subject,
        }
        connection.execute(insert(audit).values(row))

    # --- what is registered -------------------------------------------------------------------

    def registered(self, connection: Connection, number: str) -> Registered | None:
        """Return an application or a matter with the telephone that was left for it."""
        table, sealed, context = (
            (aid_applications, aid_applications.c.fields_enc, FIELDS)
            if number.startswith("FY")
            else (matters, matters.c.contact_enc, CONTACT)
        )
        query = select(table.c.conversation_id, sealed.label("sealed")).where(
            table.c.number == number
        )
        row = connection.execute(query).first()
        if row is None:
            return None
        return Registered(row.conversation_id, self._phone(context, row.sealed))

    def is_phone_of(self, found: Registered, index: str) -> bool:
        """Say whether a telephone's hash is that of what is registered."""
        phone = phone_of(found.phone)
        return bool(phone) and phone_index(self.store.cipher, phone) == index

    def _phone(self, context: str, sealed: bytes | None) -> str:
        if sealed is None:
            return ""
        held: dict[str, Any] = self.store.cipher.decrypt_json(context, sealed)
        return str(held.get("phone", ""))

    def under(self, connection: Connection, index: str) -> list[str]:
        """Return the conversations of everything registered under a telephone's hash.

        Matters from before their telephones had a hash are read one by one; they grow old and go.
        """
        applied = select(aid_applications.c.conversation_id).where(
            aid_applications.c.phone_index == index, aid_applications.c.conversation_id.is_not(None)
        )
        found = set(connection.execute(applied).scalars())
        without = and_(matters.c.phone_index == "", matters.c.contact_enc.is_not(None))
        asked = select(matters.c.conversation_id, matters.c.contact_enc).where(
            or_(matters.c.phone_index == index, without), matters.c.conversation_id.is_not(None)
        )
        for row in connection.execute(asked):
            phone = self._phone(CONTACT, row.contact_enc)
            if phone and phone_index(self.store.cipher, phone) == index:
                found.add(row.conversation_id)
        return sorted(found)

    # --- codes to a telephone -----------------------------------------------------------------

    def _not_now(self, connection: Connection, follower_id: int, phone: str) -> Told | None:
        """Return why no code may be sent now."""
        now = self._clock.now()
        times = [
            (
                self._times(connection, subject, SENT, now - DAY),
                self._times(connection, subject, UNSENT, now - DAY),
            )
            for subject in self._counted(follower_id, phone)
        ]
        if any(now - at < CODE_PAUSE for sent, _ in times for at in sent):
            return Told.TOO_SOON
        if any(len(sent) - len(unsent) >= CODES_A_DAY for sent, unsent in times):
            return Told.TOO_MANY
        return None

    def _times(
        self, connection: Connection, subject: str, action: str, since: dt.datetime
    ) -> list[dt.datetime]:
        query = select(audit.c.at).where(
            audit.c.subject == subject, audit.c.action == action, audit.c.at > since
        )
        return list(connection.execute(query).scalars())

    def _counted(self, follower_id: int, phone: str) -> tuple[str, str]:
        index = phone_index(self.store.cipher, phone)
        return actor(follower_id), f"phone:{index[:HASH_KEPT]}"

    def keep_code(
        self, connection: Connection, follower_id: int, phone: str, code: str, number: str = ""
    ) -> Told | None:
        """Keep a code and count it, or return why none may be sent; the follower's row is held.

        There is one code for a telephone: who inserts it counts what all others have sent there.
        """
        index = phone_index(self.store.cipher, phone)
        former = delete(wechat_codes).where(
            or_(wechat_codes.c.follower_id == follower_id, wechat_codes.c.phone_index == index)
        )
        row = {
            "follower_id": follower_id,
            "phone_index": index,
            "number": number,
            "code_index": self._code_index(follower_id, code),
            "tries": 0,
            "expires_at": self._clock.now() + CODE_VALID,
        }
        try:
            with connection.begin_nested() as kept:
                connection.execute(former)
                connection.execute(insert(wechat_codes).values(row))
                refusal = self._not_now(connection, follower_id, phone)
                if refusal is not None:
                    kept.rollback()
        except IntegrityError:
            # Another follower's code for this telephone was a moment faster.
            return Told.TOO_SOON
        if refusal is None:
            for subject in self._counted(follower_id, phone):
                self._note(connection, follower_id, SENT, subject)
        return refusal

    def unsend(self, follower_id: int, phone: str) -> None:
        """Count a code off the day that its gateway did not take."""
        with self.store.write() as connection:
            for subject in self._counted(follower_id, phone):
                self._note(connection, follower_id, UNSENT, subject)

    def sent_code(self, connection: Connection, follower_id: int) -> SentCode | None:
        """Return what a code that can still be tried was sent for."""
        query = select(wechat_codes.c.phone_index, wechat_codes.c.number).where(
            wechat_codes.c.follower_id == follower_id,
            wechat_codes.c.tries < CODE_TRIES,
            wechat_codes.c.expires_at > self._clock.now(),
        )
        row = connection.execute(query).first()
        return None if row is None else SentCode(row.phone_index, row.number)

    def try_code(self, connection: Connection, follower_id: int, code: str) -> bool:
        """Use a code up if it is right, else count the attempt; the follower's row is held."""
        mine = wechat_codes.c.follower_id == follower_id
        kept = connection.execute(select(wechat_codes.c.code_index).where(mine)).scalar_one()
        if hmac.compare_digest(kept, self._code_index(follower_id, code)):
            connection.execute(delete(wechat_codes).where(mine))
            return True
        connection.execute(update(wechat_codes).where(mine).values(tries=wechat_codes.c.tries + 1))
        return False

    def _code_index(self, follower_id: int, code: str) -> str:
        return self.store.cipher.blind_index(CODE, f"{follower_id}:{code}")

    def awaits_code(self, follower_id: int) -> bool:
        """Say whether a code was sent to a telephone and can still be typed."""
        with self.store.read() as connection:
            return self.sent_code(connection, follower_id) is not None

    # --- what was asked -----------------------------------------------------------------------

    def asked(self, follower_id: int) -> Asked | None:
        """Return what was asked last, unless it is too long ago."""
        query = select(wechat_followers.c.asked_enc).where(
            wechat_followers.c.id == follower_id,
            wechat_followers.c.asked_until > self._clock.now(),
        )
        with self.store.read() as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        if sealed is None:
            return None
        kept = self.store.cipher.decrypt_json(ASKED, sealed)
        return Asked(Step(kept["step"]), kept["number"], kept["phone"])

    def remember(self, follower_id: int, asked: Asked | None) -> None:
        """Remember what was asked; None forgets it."""
        mine = wechat_followers.c.id == follower_id
        if asked is None:
            self._set_asked(mine, None, None)
        else:
            sealed = self.store.cipher.encrypt_json(ASKED, asdict(asked))
            self._set_asked(mine, sealed, self._clock.now() + ASKED_FOR)

    def forget_expired(self) -> int:
        """Delete codes past their time and questions nobody answered; return how many."""
        now = self._clock.now()
        with self.store.write() as connection:
            past = delete(wechat_codes).where(wechat_codes.c.expires_at <= now)
            gone = connection.execute(past).rowcount
        return gone + self._set_asked(wechat_followers.c.asked_until <= now, None, None)

    def _set_asked(self, which: Any, sealed: bytes | None, until: dt.datetime | None) -> int:
        with self.store.write() as connection:
            return connection.execute(
                update(wechat_followers).where(which).values(asked_enc=sealed, asked_until=until)
            ).rowcount


def subject_of(number: str) -> str:
    """Return how a number that is guessed at stands in the audit trail, apart from its own."""
    return f"binding:{number}"
