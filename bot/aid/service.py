"""Legal-aid applications as their applicants see them: fill in, submit, ask about.

Each method is one short transaction; nothing here knows the chat, HTTP or Rasa.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.aid.eligibility import stopped_by, urgent_by
from bot.aid.form import AidForm, Field, day_in_chinese, load_form
from bot.aid.paperwork import Paperwork, missing
from bot.aid.reading import Wrong, check
from bot.aid.repository import AidRepository, Lodged
from bot.aid.timeline import Step, timeline
from bot.dialogue.repository import ConversationRepository
from bot.domain.aid import (
    ENDED,
    AidState,
    Application,
    Draft,
    WrongNumber,
    find_number,
    without_number,
)
from bot.domain.clock import Clock, china_date
from bot.domain.conversation import Sender
from bot.domain.places import place_code
from bot.errors import NotFound
from connectors.messages import Outbound, notice
from knowledge_base.rules.aid_periods import decide_by

log = structlog.get_logger(__name__)

MOST_WRONG_LOOKUPS = 5
LOOKUP_WINDOW = dt.timedelta(hours=1)
DENIED = "status_denied"
VISITOR = "visitor"
STATE_ACTION = "state."
OF_THE_MATTER = (
    "matter", "stage", "counsel", "special", "place", "opponent", "facts", "request", "evidence",
    "deadline", "pledge",
)  # fmt: skip
"""Answers that belong to one matter and not to the person."""
LONGEST_TYPED = 1600
"""Characters kept of one half-written field of the web form."""

_FOUR_DIGITS = re.compile(r"(?<!\d)(?:\d{7})?(\d{4})(?!\d)")


@dataclass(frozen=True)
class Accepted:
    """An answer was taken."""

    draft: Draft
    is_complete: bool


@dataclass(frozen=True)
class Stopped:
    """An answer after which there is nothing to apply for, and what to tell the visitor."""

    sentence: str


@dataclass(frozen=True)
class Rejected:
    """An answer was not taken; the question stays open."""

    sentence: str


class Incomplete(Exception):
    """An application was to be submitted before every question was answered."""


class PutAside(Exception):
    """The draft is not being filled in any more, so it is not submitted."""


class AlreadyApplied(Exception):
    """The same person has an open application in the same matter.

    ``known`` is that application if the applicant may hear of it: somebody else who knows the
    identity number must not learn from us that there is one.
    """

    def __init__(self, known: Application | None) -> None:
        super().__init__()
        self.known = known


class Lookup(StrEnum):
    """What came of asking about an application."""

    FOUND = "found"
    NONE = "none"
    NEED_PHONE = "need_phone"
    WRONG_NUMBER = "wrong_number"
    NO_MATCH = "no_match"
    LOCKED = "locked"


@dataclass(frozen=True)
class Progress:
    """An application as its applicant sees it, with what was done to it, oldest first."""

    application: Application
    history: tuple[Step, ...]


@dataclass(frozen=True)
class Found:
    result: Lookup
    progress: tuple[Progress, ...] = ()


class AidService:
    def __init__(
        self, repository: AidRepository, conversations: ConversationRepository, clock: Clock
    ) -> None:
        self._repository = repository
        self._conversations = conversations
        self._clock = clock
        self._store = repository.store
        self.form: AidForm = load_form()
        self._paperwork = Paperwork(repository.store, clock, self.form)

    # --- filling in ---------------------------------------------------------------------------

    def draft(self, conversation_id: str) -> Draft | None:
        """Return the draft, active or put aside."""
        return self._repository.draft(conversation_id)

    def open_draft(self, conversation_id: str) -> Draft | None:
        """Return the draft if its questions are being asked now."""
        draft = self._repository.draft(conversation_id)
        return draft if draft is not None and draft.active else None

    def open(self, conversation_id: str) -> Draft:
        """Begin an application, or take up the one put aside.

        Raises:
            NotFound: there is no such conversation.
        """
        with self._store.write() as connection:
            self._repository.lock(connection, conversation_id)
            found = self._repository.draft_in(connection, conversation_id)
            if found is not None and found.active:
                return found
            draft = Draft(conversation_id) if found is None else self._resumed(found)
            self._repository.save_draft(connection, draft)
            return draft

    def _resumed(self, draft: Draft) -> Draft:
        """Take up a draft again; the answer after which there was nothing to apply for is open."""
        values = dict(draft.values)
        while self._stopped(values):
            answered = [f.key for f in reversed(self.fields(replace(draft, values=values)))
                        if f.key in values]  # fmt: skip
            if not answered:
                break
            lifting = (key for key in answered if not self._stopped(_without(values, key)))
            values = _without(values, next(lifting, answered[0]))
        return replace(draft, values=values, active=True)

    def _stopped(self, values: Mapping[str, str]) -> str:
        return stopped_by(self.form.facts(values, self.today()))

    def stop_of(self, conversation_id: str) -> str:
        """Return why the draft put aside leads to no application, empty where nothing stops it."""
        draft = self._repository.draft(conversation_id)
        return "" if draft is None else self._stopped(draft.values)

    def answer(
        self, conversation_id: str, text: str, option: str | None = None, *, inbound_id: int = 0
    ) -> Accepted | Rejected | Stopped:
        """Take a message as the answer to the open question; the same message answers once.

        Raises:
            NotFound: no application is being filled in.
        """
        with self._store.write() as connection:
            draft = self._open_draft(connection, conversation_id)
            if inbound_id and inbound_id <= draft.inbound_id:
                return Accepted(draft, self.form.is_complete(draft.values, self.today()))
            asked = self.asked(draft)
            if option is not None and not option.startswith(f"aid.{asked.key}."):
                return Rejected(self.form.texts.say("reply.stale_option"))
            draft = replace(draft, inbound_id=inbound_id)
            return self._take(connection, draft, asked, text, option)

    def set(
        self, conversation_id: str, key: str, text: str, option: str | None = None
    ) -> Accepted | Rejected | Stopped:
        """Answer any question that is asked, whether it was answered before or not.

        Raises:
            NotFound: no application is being filled in, or this question is not asked in it.
        """
        with self._store.write() as connection:
            draft = self._open_draft(connection, conversation_id)
            asked = self._asked_in(draft, key)
            return self._take(connection, draft, asked, text, option)

    def keep_typed(self, conversation_id: str, key: str, text: str) -> None:
        """Keep what stands half written in a field of the web form, unchecked.

        Raises:
            NotFound: no application is being filled in, or this question is not asked in it.
        """
        with self._store.write() as connection:
            draft = self._open_draft(connection, conversation_id)
            self._asked_in(draft, key)
            typed = {**draft.typed, key: text[:LONGEST_TYPED]}
            self._repository.save_draft(connection, replace(draft, typed=typed))

    def asked(self, draft: Draft) -> Field:
        """Return the open question of a draft."""
        return self.form.pending(draft.values, self.today())

    def fields(self, draft: Draft) -> tuple[Field, ...]:
        """Return the questions that a draft's answers lead to, in order."""
        return self.form.relevant(draft.values, self.today())

    def _open_draft(self, connection: Connection, conversation_id: str) -> Draft:
        self._repository.lock(connection, conversation_id)
        draft = self._repository.draft_in(connection, conversation_id)
        if draft is None or not draft.active:
            raise NotFound
        return draft

    def _asked_in(self, draft: Draft, key: str) -> Field:
        found = (f for f in self.fields(draft) if f.key == key)
        asked = next(found, None)
        if asked is None:
            raise NotFound
        return asked

    def _take(
        self, connection: Connection, draft: Draft, asked: Field, text: str, option: str | None
    ) -> Accepted | Rejected | Stopped:
        result = check(asked, text, option, self.today())
        if isinstance(result, Wrong):
            return Rejected(result.sentence)
        values = {**draft.values, asked.key: result.value}
        stop = self._stopped(values)
        if stop:
            self._repository.save_draft(connection, replace(draft, values=values, active=False))
            return Stopped(stop)
        typed = {key: words for key, words in draft.typed.items() if key != asked.key}
        draft = replace(draft, values=values, typed=typed)
        self._repository.save_draft(connection, draft)
        return Accepted(draft, self.form.is_complete(values, self.today()))

    def correct_last(self, conversation_id: str) -> Field | None:
        """Forget the last answer; return its question, or None if nothing was answered."""
        with self._store.write() as connection:
            self._repository.lock_if_there(connection, conversation_id)
            draft = self._repository.draft_in(connection, conversation_id)
            if draft is None:
                return None
            filled = [f for f in self.fields(draft) if f.key in draft.values]
            if not filled:
                return None
            self._forget_answer(connection, draft, filled[-1])
            return filled[-1]

    def correct(self, conversation_id: str, key: str, *, inbound_id: int = 0) -> Field:
        """Forget one answer, so that its question is asked again.

        Raises:
            NotFound: no application is being filled in, or this question is not asked in it.
        """
        with self._store.write() as connection:
            draft = self._open_draft(connection, conversation_id)
            asked = self._asked_in(draft, key)
            self._forget_answer(connection, replace(draft, inbound_id=inbound_id), asked)
            return asked

    def _forget_answer(self, connection: Connection, draft: Draft, asked: Field) -> None:
        kept = {key: value for key, value in draft.values.items() if key != asked.key}
        self._repository.save_draft(connection, replace(draft, values=kept, active=True))

    def close(self, conversation_id: str) -> bool:
        """Put the draft aside and keep it; say whether one was being filled in."""
        with self._store.write() as connection:
            self._repository.lock_if_there(connection, conversation_id)
            draft = self._repository.draft_in(connection, conversation_id)
            if draft is None or not draft.active:
                return False
            self._repository.save_draft(connection, replace(draft, active=False))
            return True

    def discard(self, conversation_id: str) -> bool:
        """Delete the draft; say whether there was one."""
        with self._store.write() as connection:
            return self._repository.delete_draft(connection, conversation_id)

    # --- submitting ---------------------------------------------------------------------------

    def submit(self, conversation_id: str) -> Application:
        """Turn the draft into an application; a repeat returns the application made before.

        Raises:
            Incomplete: a question is still open.
            PutAside: the draft was put aside.
            AlreadyApplied: there is an open application in the matter; the draft is put aside.
            NotFound: there is neither a draft nor an application.
        """
        try:
            return self._submit(conversation_id)
        except AlreadyApplied as twice:
            # Another matter can be chosen; who was not told of it may have mistyped a number.
            gone = ("pledge",) if twice.known is None else OF_THE_MATTER
            self._put_aside(conversation_id, gone)
            raise

    def _submit(self, conversation_id: str) -> Application:
        repository = self._repository
        with self._store.write() as connection:
            repository.lock(connection, conversation_id)
            draft = repository.draft_in(connection, conversation_id)
            if draft is None:
                made = repository.latest_of(connection, conversation_id)
                if made is None:
                    raise NotFound
                return made
            if not draft.active:
                raise PutAside
            today = self.today()
            if not self.form.is_complete(draft.values, today):
                raise Incomplete
            # The counter's row is locked from here on: two submissions cannot miss each other.
            number = repository.issue_number(connection)
            self._refuse_a_second(connection, draft)
            application = repository.insert_application(
                connection, number, conversation_id, self._lodged(draft, today)
            )
            self._paperwork.open_for(connection, application)
            repository.record(connection, VISITOR, STATE_ACTION + AidState.SUBMITTED, number)
            repository.delete_draft(connection, conversation_id)
        log.info("aid_submitted", number=application.number, conversation_id=conversation_id)
        return application

    def _lodged(self, draft: Draft, today: dt.date) -> Lodged:
        """Return what is stored of a draft: the answers to what was asked, and what follows."""
        values = self.form.kept(draft.values, today)
        return Lodged(
            self._matter(draft),
            values,
            decide_by(today),
            place_code(values["place"]),
            urgent_by(self.form.facts(values, today)),
            self._opponent(values),
        )

    def _opponent(self, values: Mapping[str, str]) -> str:
        told = values.get("opponent", "")
        return "" if self.form.field_of("opponent").chosen(told) else told

    def _refuse_a_second(self, connection: Connection, draft: Draft) -> None:
        values = draft.values
        if values["matter"] == self.form.texts.say("matter_other"):
            return
        twin = self._repository.twin(connection, values["id_number"], values["matter"], ENDED)
        if twin is None:
            return
        own = twin.conversation_id == draft.conversation_id
        same_phone = twin.fields["phone"] == values["phone"]
        raise AlreadyApplied(twin if own or same_phone else None)

    def _put_aside(self, conversation_id: str, gone: tuple[str, ...]) -> None:
        """Put the draft aside without the answers named."""
        with self._store.write() as connection:
            self._repository.lock_if_there(connection, conversation_id)
            draft = self._repository.draft_in(connection, conversation_id)
            if draft is not None:
                kept = {key: value for key, value in draft.values.items() if key not in gone}
                self._repository.save_draft(connection, replace(draft, values=kept, active=False))

    def _matter(self, draft: Draft) -> str:
        """Return the matter in the clear only if it is one of ours, not the applicant's words."""
        field = next(f for f in self.form.fields if f.key == "matter")
        told = draft.values["matter"]
        known = {option.label for option in field.options}
        return told if told in known else self.form.texts.say("matter_other")

    def notify_submitted(self, payload: Mapping[str, Any]) -> Outbound | None:
        """Confirm an application in its conversation, once however often it is called."""
        number, conversation_id = str(payload["number"]), str(payload["conversation_id"])
        client_id = f"aid_submitted:{number}"
        repository = self._repository
        with self._store.write() as connection:
            application = repository.application(connection, number)
            if application is None or not repository.lock_if_there(connection, conversation_id):
                return None
            if application.state is not AidState.SUBMITTED:
                # Staff was faster, and the applicant has heard of the later state already.
                return None
            if repository.was_sent(connection, conversation_id, client_id):
                return None
            words = self.form.texts.say(
                "received", number=number, day=day_in_chinese(application.decide_by)
            )
            return self._conversations.append(
                connection,
                conversation_id,
                Sender.SYSTEM,
                (notice(words, "aid"),),
                client_id=client_id,
            )

    def papers_wanted(self, application: Application) -> str:
        """Return the materials still to be handed in, as numbered lines; empty for none."""
        return self._paperwork.listed(missing(self._paperwork.of(application.id)))

    # --- asking about it ----------------------------------------------------------------------

    def status(self, conversation_id: str, text: str) -> Found:
        """Find the application meant: this conversation's own, or by number and phone.

        A wrong guess is answered the same whether or not the number exists, and is counted.
        """
        own = self._repository.of_conversation(conversation_id)
        try:
            number = find_number(text)
        except WrongNumber:
            return Found(Lookup.WRONG_NUMBER)
        if number is None:
            return self._found(own) if own else Found(Lookup.NONE)
        named = [application for application in own if application.number == number]
        if named:
            return self._found(named)
        endings = set(_FOUR_DIGITS.findall(without_number(text)))
        if len(endings) != 1:
            # Several are guesses, which would count as one.
            return Found(Lookup.NEED_PHONE)
        return self._by_phone(number, endings.pop(), conversation_id)

    def _by_phone(self, number: str, last_four: str, conversation_id: str) -> Found:
        repository = self._repository
        since = self._clock.now() - LOOKUP_WINDOW
        with self._store.write() as connection:
            wrong = repository.count_recorded(connection, number, DENIED, since)
            if wrong >= MOST_WRONG_LOOKUPS:
                return Found(Lookup.LOCKED)
            application = repository.application(connection, number)
            if application is None or application.fields["phone"][-4:] != last_four:
                actor = f"{VISITOR}:{conversation_id}"
                repository.record(connection, actor, DENIED, number)
                return Found(Lookup.NO_MATCH)
        return self._found([application])

    def _found(self, applications: list[Application]) -> Found:
        progress = (Progress(a, self.history(a)) for a in applications)
        return Found(Lookup.FOUND, tuple(progress))

    def history(self, application: Application) -> tuple[Step, ...]:
        """Return what was done to an application, as its applicant may read it."""
        return timeline(self._repository.trail(application.number), self.form)

    def today(self) -> dt.date:
        return china_date(self._clock.now())


def _without(values: Mapping[str, str], key: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if name != key}
