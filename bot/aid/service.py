"""Legal-aid applications: fill in, submit, ask about, decide.

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

from bot.aid.form import AidForm, Field, Wrong, check, day_in_chinese, load_form
from bot.aid.papers import Paper, Papers
from bot.aid.repository import AidRepository, AuditEntry
from bot.dialogue.repository import ConversationRepository
from bot.domain.aid import (
    NEEDS_NOTE,
    AidState,
    Application,
    Draft,
    WrongNumber,
    find_number,
    may_change,
    without_number,
)
from bot.domain.clock import Clock, china_date
from bot.domain.conversation import Sender
from bot.errors import BadInput, IllegalMove, NotFound
from connectors.messages import Outbound, notice

log = structlog.get_logger(__name__)

MOST_WRONG_LOOKUPS = 5
LOOKUP_WINDOW = dt.timedelta(hours=1)
DENIED = "status_denied"
REVEALED = "reveal"
VISITOR = "visitor"
STATE_ACTION = "state."
DOWNLOADED = "file"
ENDED = frozenset({AidState.REFUSED, AidState.WITHDRAWN, AidState.CLOSED})
"""After these the same person may apply again in the same matter."""

_FOUR_DIGITS = re.compile(r"(?<!\d)(?:\d{7})?(\d{4})(?!\d)")


@dataclass(frozen=True)
class Accepted:
    """An answer was taken."""

    draft: Draft
    is_complete: bool


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
    """An application as its applicant sees it; ``note`` is what staff wrote last."""

    application: Application
    note: str


@dataclass(frozen=True)
class Found:
    result: Lookup
    progress: tuple[Progress, ...] = ()


@dataclass(frozen=True)
class Changed:
    """A change of state, and the message that told the applicant, if the chat still exists."""

    application: Application
    message: Outbound | None


class AidService:
    def __init__(
        self, repository: AidRepository, conversations: ConversationRepository, clock: Clock
    ) -> None:
        self._repository = repository
        self._conversations = conversations
        self._clock = clock
        self._store = repository.store
        self._papers = Papers(repository.store)
        self.form: AidForm = load_form()

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
            draft = Draft(conversation_id) if found is None else replace(found, active=True)
            self._repository.save_draft(connection, draft)
            return draft

    def answer(
        self, conversation_id: str, text: str, option: str | None = None, *, inbound_id: int = 0
    ) -> Accepted | Rejected:
        """Take a message as the answer to the open question; the same message answers once.

        Raises:
            NotFound: no application is being filled in.
        """
        with self._store.write() as connection:
            self._repository.lock(connection, conversation_id)
            draft = self._repository.draft_in(connection, conversation_id)
            if draft is None or not draft.active:
                raise NotFound
            if inbound_id and inbound_id <= draft.inbound_id:
                return Accepted(draft, self.form.is_complete(draft.values))
            asked = self.form.pending(draft.values)
            if option is not None and not option.startswith(f"aid.{asked.key}."):
                return Rejected(self.form.texts.say("reply.stale_option"))
            result = check(asked, text, option)
            if isinstance(result, Wrong):
                return Rejected(result.sentence)
            draft = replace(
                draft, values={**draft.values, asked.key: result.value}, inbound_id=inbound_id
            )
            self._repository.save_draft(connection, draft)
            return Accepted(draft, self.form.is_complete(draft.values))

    def correct_last(self, conversation_id: str) -> Field | None:
        """Forget the last answer; return its question, or None if nothing was answered."""
        with self._store.write() as connection:
            self._repository.lock_if_there(connection, conversation_id)
            draft = self._repository.draft_in(connection, conversation_id)
            filled = [f for f in self.form.fields if draft is not None and f.key in draft.values]
            if draft is None or not filled:
                return None
            last = filled[-1]
            kept = {key: value for key, value in draft.values.items() if key != last.key}
            self._repository.save_draft(connection, replace(draft, values=kept, active=True))
            return last

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
            gone = ("pledge",) if twice.known is None else ("matter", "facts", "pledge")
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
            if not self.form.is_complete(draft.values):
                raise Incomplete
            # The counter's row is locked from here on: two submissions cannot miss each other.
            number = repository.issue_number(connection)
            self._refuse_a_second(connection, draft)
            application = repository.insert_application(
                connection, number, conversation_id, self._matter(draft), draft.values
            )
            repository.record(connection, VISITOR, STATE_ACTION + AidState.SUBMITTED, number)
            repository.delete_draft(connection, conversation_id)
        log.info("aid_submitted", number=application.number, conversation_id=conversation_id)
        return application

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

    def notify_submitted(self, payload: Mapping[str, Any]) -> None:
        """Confirm an application in its conversation, once however often it is called."""
        number, conversation_id = str(payload["number"]), str(payload["conversation_id"])
        client_id = f"aid_submitted:{number}"
        repository = self._repository
        with self._store.write() as connection:
            application = repository.application(connection, number)
            if application is None or not repository.lock_if_there(connection, conversation_id):
                return
            if application.state is not AidState.SUBMITTED:
                # Staff was faster, and the applicant has heard of the later state already.
                return
            if repository.was_sent(connection, conversation_id, client_id):
                return
            words = self.form.texts.say(
                "received", number=number, day=day_in_chinese(application.decide_by)
            )
            self._conversations.append(
                connection,
                conversation_id,
                Sender.SYSTEM,
                (notice(words, "aid"),),
                client_id=client_id,
            )

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
        last_four = _FOUR_DIGITS.findall(without_number(text))
        if not last_four:
            return Found(Lookup.NEED_PHONE)
        return self._by_phone(number, last_four, conversation_id)

    def _by_phone(self, number: str, last_four: list[str], conversation_id: str) -> Found:
        repository = self._repository
        since = self._clock.now() - LOOKUP_WINDOW
        with self._store.write() as connection:
            wrong = repository.count_recorded(connection, number, DENIED, since)
            if wrong >= MOST_WRONG_LOOKUPS:
                return Found(Lookup.LOCKED)
            application = repository.application(connection, number)
            if application is None or application.fields["phone"][-4:] not in last_four:
                actor = f"{VISITOR}:{conversation_id}"
                repository.record(connection, actor, DENIED, number)
                return Found(Lookup.NO_MATCH)
        return self._found([application])

    def _found(self, applications: list[Application]) -> Found:
        progress = (Progress(a, self._last_note(a)) for a in applications)
        return Found(Lookup.FOUND, tuple(progress))

    def _last_note(self, application: Application) -> str:
        action = STATE_ACTION + application.state
        notes = [e.note for e in self.trail(application.number) if e.action == action]
        return notes[-1] if notes else ""

    # --- staff --------------------------------------------------------------------------------

    def newest(self, state: AidState | None = None) -> list[Application]:
        return self._repository.newest(state)

    def get(self, number: str) -> Application:
        """Return one application.

        Raises:
            NotFound: there is none with this number.
        """
        found = self._repository.find(number)
        if found is None:
            raise NotFound
        return found

    def trail(self, number: str) -> list[AuditEntry]:
        return self._repository.trail(number)

    def today(self) -> dt.date:
        return china_date(self._clock.now())

    def reveal(self, number: str, actor: str) -> Application:
        """Return an application for reading in full, and record who read it.

        Raises:
            NotFound: there is none with this number.
        """
        with self._store.write() as connection:
            found = self._repository.application(connection, number)
            if found is None:
                raise NotFound
            self._repository.record(connection, actor, REVEALED, number)
            return found

    def papers(self, number: str) -> list[Paper]:
        """Return the files uploaded in the application's conversation, newest first.

        Raises:
            NotFound: there is none with this number.
        """
        conversation_id = self.get(number).conversation_id
        return [] if conversation_id is None else self._papers.of_conversation(conversation_id)

    def paper(self, number: str, file_id: str, actor: str) -> tuple[Paper, bytes]:
        """Return an uploaded file with its contents, and record who read it.

        Raises:
            NotFound: there is no such application, or its conversation holds no such file.
        """
        conversation_id = self.get(number).conversation_id
        if conversation_id is None:
            raise NotFound
        found = self._papers.read(conversation_id, file_id)
        with self._store.write() as connection:
            self._repository.record(connection, actor, DOWNLOADED, number, found[0].name)
        return found

    def change_state(self, number: str, to: AidState, actor: str, note: str = "") -> Changed:
        """Move an application on, record it, and tell the applicant in the conversation.

        Raises:
            NotFound: there is no such application.
            IllegalMove: its state does not allow this change.
            BadInput: the law requires a note with this state.
        """
        note = note.strip()
        if to in NEEDS_NOTE and not note:
            raise BadInput(self.form.texts.say("note_needed"))
        repository = self._repository
        conversation_id = self.get(number).conversation_id
        with self._store.write() as connection:
            # The conversation first, as everywhere, so that two transactions cannot deadlock.
            reachable = conversation_id is not None and repository.lock_if_there(
                connection, conversation_id
            )
            application = repository.application(connection, number, lock=True)
            if application is None:
                raise NotFound
            if not may_change(application.state, to):
                raise IllegalMove
            repository.set_state(connection, number, to)
            repository.record(connection, actor, STATE_ACTION + to, number, note)
            message = None
            if reachable and conversation_id is not None:
                message = self._conversations.append(
                    connection,
                    conversation_id,
                    Sender.SYSTEM,
                    (notice(self._news(number, to, note), "aid"),),
                )
        log.info("aid_state_changed", number=number, state=str(to))
        return Changed(replace(application, state=to, updated_at=self._clock.now()), message)

    def _news(self, number: str, to: AidState, note: str) -> str:
        say = self.form.texts.say
        news = say(
            "changed",
            number=number,
            label=say(f"states.{to}.label"),
            says=say(f"states.{to}.says"),
        )
        return f"{news}\n{say('note', note=note)}" if note else news
