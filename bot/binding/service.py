"""Joining what a person has on the web with a follower of an official account, and parting it.

The chat and the page do the same by it. What proves that something is somebody's: a code that only
his browser shows, a number with the telephone registered there, or a message to that telephone.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog
from sqlalchemy import Connection

from bot.binding.proof_repository import ProofRepository, subject_of
from bot.binding.records import Answer, Bound, Held, Joined, SentCode, Talk, Told
from bot.binding.repository import VISITOR, BindingRepository, actor
from bot.binding.sms import Gateway, Undelivered
from bot.binding.words import own_words
from bot.dialogue.phones import mobile_of, phone_of
from bot.domain.clock import CHINA
from bot.domain.matter import spoken
from connectors.messages import Outbound, Part, notice

log = structlog.get_logger(__name__)

MOST_UNDER_ONE_PHONE = 10
"""A telephone under which more is registered is one that several people share."""
SHOWN = 5
"""Numbers that are named in one sentence."""


class Codes(Protocol):
    """The codes by which a conversation goes on elsewhere."""

    def issue(self, conversation_id: str) -> tuple[str, dt.timedelta]:
        """Return a new code for a conversation and how long it is valid."""
        ...

    def whose(self, connection: Connection, typed: str) -> str | None:
        """Return the conversation of a valid code."""
        ...

    def use_up(self, connection: Connection, typed: str) -> str | None:
        """Use a code up and return its conversation, if it is still valid."""
        ...

    def revoke(self, connection: Connection, conversation_id: str) -> None:
        """Let no code that was given out open the conversation."""
        ...


def draw_code() -> str:
    return f"{secrets.randbelow(10**6):06}"


def tell_nobody(conversation_id: str, message_id: int) -> None:
    """Let open connections find out by themselves."""


class BindingService:
    """Every method blocks; those for a follower raise ``NotFound`` when he is gone."""

    def __init__(
        self,
        repository: BindingRepository,
        proofs: ProofRepository,
        codes: Codes,
        gateway: Gateway | None,
        *,
        bureau: str,
        public_url: str = "",
        announce: Callable[[str, int], None] = tell_nobody,
        draw: Callable[[], str] = draw_code,
    ) -> None:
        """``announce`` tells the open connections of a conversation that a message was stored."""
        self.words = own_words()
        self.proofs = proofs
        self.offers_sms = gateway is not None
        self._repository = repository
        self._store = repository.store
        self._codes = codes
        self._gateway = gateway
        self._bureau = bureau
        self._public_url = public_url
        self._announce = announce
        self._draw = draw

    # --- ways to bind -------------------------------------------------------------------------

    def by_code(self, follower_id: int, typed: str) -> Answer:
        """Bind the conversation whose code the browser shows; the browser keeps it."""
        with self._store.write() as connection:
            found = self._codes.whose(connection, typed)
            held = self._repository.hold(connection, follower_id, [found] if found else ())
            refusal = self._refused(connection, held)
            if refusal is not None:
                return refusal
            if found not in held.there or found is None:
                self.proofs.deny(connection, follower_id)
                return self._answer(Told.WRONG_CODE)
            if self._is_taken(connection, held, found, proven=True):
                # The code stays valid: where it should have been typed, it still can be.
                return self._answer(Told.TAKEN)
            if self._codes.use_up(connection, typed) is None:
                self.proofs.deny(connection, follower_id)
                return self._answer(Told.WRONG_CODE)
            joined, what = self._join(connection, held, (found,))
        return self._joined(joined, what)

    def by_number(self, follower_id: int, number: str, phone: str) -> Answer:
        """Bind the conversation of an application or a matter to who has its telephone.

        The number alone proves nothing: it stands on papers that the other side sees. A code has
        to come from the telephone. Where none can be sent, knowing it is enough to hear how far
        things are, and no more: a wife or an employer knows it as well.
        """
        typed = phone_of(phone)
        if not typed:
            return self._answer(Told.NO_PHONE)
        if self._gateway is not None and mobile_of(phone):
            # To what was typed, whatever is registered: who tries out numbers learns nothing.
            return self.send_code(follower_id, phone, number)
        with self._store.write() as connection:
            found = self.proofs.registered(connection, number)
            talk = None if found is None else found.conversation_id
            held = self._repository.hold(connection, follower_id, [talk] if talk else ())
            refusal = self._refused(connection, held)
            if refusal is not None:
                return refusal
            if self.proofs.is_locked(connection, subject_of(number)):
                return self._answer(Told.LOCKED_NUMBER)
            if found is None or phone_of(found.phone) != typed:
                self.proofs.deny(connection, follower_id, number)
                return self._answer(Told.NO_MATCH)
            if talk is None or talk not in held.there:
                return self._answer(Told.NOT_ONLINE)
            if self._is_taken(connection, held, talk, proven=False):
                return self._answer(Told.TAKEN)
            joined, what = self._join(connection, held, (talk,), proven=False)
        return self._joined(joined, what)

    def send_code(self, follower_id: int, phone: str, about: str = "") -> Answer:
        """Send a code to a telephone, whatever is registered under its number.

        ``about`` is the one application or matter that is to be bound, empty for all.
        """
        if self._gateway is None:
            return self._answer(Told.NO_GATEWAY)
        number = mobile_of(phone)
        if not number:
            return self._answer(Told.NO_MOBILE)
        code = self._draw()
        with self._store.write() as connection:
            held = self._repository.hold(connection, follower_id)
            if held.is_talking:
                return self._answer(Told.TALKING)
            if about and (locked := self._locked(connection, held, about)) is not None:
                return self._answer(locked)
            refusal = self.proofs.keep_code(connection, follower_id, number, code, about)
            if refusal is not None:
                return self._answer(refusal)
        try:
            self._gateway.send(number, self.words.say("sms", bureau=self._bureau, code=code))
        except Undelivered as error:
            log.warning("binding_code_undelivered", may_have_gone=error.may_have_gone)
            if not error.may_have_gone:
                self.proofs.unsend(follower_id, number)
            return self._answer(Told.UNSENT)
        return self._answer(Told.SENT)

    def by_sms(self, follower_id: int, typed: str) -> Answer:
        """Bind what is registered under the telephone to which a code was sent."""
        with self._store.write() as connection:
            code = self.proofs.sent_code(connection, follower_id)
            is_there, there = (False, []) if code is None else self._meant(connection, code)
            held = self._repository.hold(connection, follower_id, there)
            if held.is_talking:
                return self._answer(Told.TALKING)
            if code is None or self.proofs.sent_code(connection, follower_id) != code:
                return self._answer(Told.NO_SMS)
            if not self.proofs.try_code(connection, follower_id, typed):
                gone = self.proofs.sent_code(connection, follower_id) is None
                return self._answer(Told.NO_SMS if gone else Told.WRONG_SMS)
            if code.number and not is_there:
                self.proofs.deny(connection, follower_id, code.number)
                return self._answer(Told.NO_MATCH)
            there = [talk for talk in there if talk in held.there]
            if not there:
                return self._answer(Told.NOT_ONLINE if is_there else Told.NOTHING_THERE)
            if len(there) > MOST_UNDER_ONE_PHONE:
                return self._answer(Told.TOO_MANY_THERE)
            joined, what = self._join(connection, held, there)
        return self._joined(joined, what)

    def _meant(self, connection: Connection, code: SentCode) -> tuple[bool, list[str]]:
        """Return whether what was named has this telephone, and the conversations to bind."""
        if not code.number:
            return False, self.proofs.under(connection, code.phone_index)
        found = self.proofs.registered(connection, code.number)
        if found is None or not self.proofs.is_phone_of(found, code.phone_index):
            return False, []
        return True, [found.conversation_id] if found.conversation_id else []

    def _locked(self, connection: Connection, held: Held, number: str) -> Told | None:
        if self.proofs.is_locked(connection, actor(held.id)):
            return Told.LOCKED
        if self.proofs.is_locked(connection, subject_of(number)):
            return Told.LOCKED_NUMBER
        return None

    def _refused(self, connection: Connection, held: Held) -> Answer | None:
        """Return why a follower may not bind or guess now."""
        if held.is_talking:
            return self._answer(Told.TALKING)
        if self.proofs.is_locked(connection, actor(held.id)):
            return self._answer(Told.LOCKED)
        return None

    def _is_taken(
        self, connection: Connection, held: Held, conversation_id: str, *, proven: bool
    ) -> bool:
        known = self._repository.is_known(connection, held.id, conversation_id)
        free = self._repository.is_free(connection, conversation_id, proven=proven)
        return not known and not free

    def _join(
        self,
        connection: Connection,
        held: Held,
        conversation_ids: Iterable[str],
        *,
        proven: bool = True,
    ) -> tuple[Joined, str]:
        part = self._notice("bound" if proven else "bound_unproven")
        joined = self._repository.join(
            connection, held, tuple(conversation_ids), part, proven=proven
        )
        return joined, self._inside(*self._repository.numbers(connection, joined.new))

    def _joined(self, joined: Joined, what: str) -> Answer:
        self._tell(joined.notices)
        if joined.new:
            log.info("wechat_bound", conversations=len(joined.new))
        if not (joined.new or joined.known):
            return self._answer(Told.TAKEN)
        if not joined.is_proven:
            return self._answer(Told.BOUND_UNPROVEN, what=what)
        if not joined.new:
            return self._answer(Told.KNOWN)
        told = Told.BOUND_CLOSED if joined.current is None else Told.BOUND
        answer = self._answer(told, what=what)
        if not joined.taken:
            return answer
        left = self.words.say("told.some_taken", count=len(joined.taken))
        return Answer(told, answer.words + left)

    # --- the other way, and back --------------------------------------------------------------

    def leave(self, follower_id: int) -> Answer:
        """Give out a code by which the present conversation goes on in a browser."""
        conversation_id, _ = self._repository.current(follower_id)
        if conversation_id is None:
            return self._answer(Told.NO_TALK)
        code, valid = self._codes.issue(conversation_id)
        url = self._public_url
        place = self.words.say("told.site", url=url) if url else self.words.say("told.some_site")
        return self._answer(
            Told.CODE,
            place=place,
            code=f"{code[:4]} {code[4:]}",
            minutes=int(valid.total_seconds()) // 60,
        )

    def unbind(self, follower_id: int) -> Answer:
        """Part the follower from all that did not begin in the account; nothing of it stays."""
        with self._store.write() as connection:
            bound = self._repository.elsewhere(connection, follower_id)
            held = self._repository.hold(connection, follower_id, bound)
            notices = self._repository.end(connection, held, self._notice("unbound"))
            self._revoke(connection, notices)
        self.proofs.remember(follower_id, None)
        self._tell(notices)
        if not notices:
            return self._answer(Told.NOT_BOUND)
        log.info("wechat_unbound", conversations=len(notices))
        left = held.is_talking and held.current in bound
        return self._answer(Told.UNBOUND_TALKING if left else Told.UNBOUND)

    def release(self, conversation_id: str, by: str = VISITOR, why: str = "") -> int:
        """Part a conversation from whoever is bound to it, for its visitor; return how many.

        ``by`` and ``why`` stand in the trail where somebody does it for the visitor.
        """
        name = "unbound" if by == VISITOR else "unbound_by_staff"
        with self._store.write() as connection:
            self._repository.lock(connection, (conversation_id,))
            notices = self._repository.release(
                connection, conversation_id, self._notice(name), by, why
            )
            self._revoke(connection, notices)
        self._tell(notices)
        if notices:
            log.info("wechat_released", conversation_id=conversation_id, followers=len(notices))
        return len(notices)

    def _revoke(self, connection: Connection, notices: Iterable[Outbound]) -> None:
        """End the codes that may have been given out to who has been parted."""
        for message in notices:
            self._codes.revoke(connection, message.conversation_id)

    # --- looking ------------------------------------------------------------------------------

    def bound_under(self, number: str) -> tuple[str, tuple[Bound, ...]] | None:
        """Return the conversation of an application or a matter, and who is bound to it.

        None where there is no such number, or nothing of it is online.
        """
        with self._store.read() as connection:
            found = self.proofs.registered(connection, number)
        if found is None or found.conversation_id is None:
            return None
        return found.conversation_id, self._repository.bound_to(found.conversation_id)

    def talks(self, follower_id: int) -> tuple[Talk, ...]:
        """Return what the follower is bound to, newest first."""
        return self._repository.talks(follower_id)

    def is_talking(self, follower_id: int) -> bool:
        """Say whether the follower waits for a lawyer or talks to one."""
        return self._repository.current(follower_id)[1]

    def current(self, follower_id: int) -> str | None:
        """Return where the follower's next message goes."""
        return self._repository.current(follower_id)[0]

    def listed(self, follower_id: int) -> str:
        """Say what the follower is bound to."""
        say = self.words.say
        talks = self.talks(follower_id)
        if not talks:
            return say("listed.none")
        lines = [
            say(
                "listed.one",
                since=f"{talk.started_at.astimezone(CHINA):%Y-%m-%d}",
                what=self._inside(talk.applications, talk.matters),
                now=say("listed.now") if talk.is_current else "",
                how="" if talk.is_proven else say("listed.unproven"),
            )
            for talk in talks
        ]
        return "\n".join([say("listed.head"), *lines, say("listed.tail")])

    def forget_expired(self) -> int:
        """Delete codes past their time and questions nobody answered; return how many."""
        return self.proofs.forget_expired()

    # --- words --------------------------------------------------------------------------------

    def _inside(self, applications: tuple[str, ...], matters: tuple[str, ...]) -> str:
        """Name what a conversation is about, by its numbers."""
        say = self.words.say
        between = say("what.between")
        named = {
            "applications": applications[-SHOWN:],
            "matters": tuple(spoken(number) for number in matters[-SHOWN:]),
        }
        said = [
            say(f"what.{kind}", numbers=between.join(numbers))
            for kind, numbers in named.items()
            if numbers
        ]
        return say("what.inside", numbers=between.join(said)) if said else ""

    def _answer(self, told: Told, **values: object) -> Answer:
        return Answer(told, self.words.say(f"told.{told}", **values))

    def _notice(self, name: str) -> Part:
        return notice(self.words.say(f"notice.{name}"), "info" if name == "unbound" else "warning")

    def _tell(self, notices: Iterable[Outbound]) -> None:
        for message in notices:
            self._announce(message.conversation_id, message.id)
