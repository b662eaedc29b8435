"""Filling in an application: one draft behind the chat and the web form.

Each method is one short transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from bot.aid.eligibility import stopped_by
from bot.aid.form import AidForm, Field, load_form
from bot.aid.reading import Wrong, check
from bot.aid.repository import AidRepository
from bot.domain.aid import Draft
from bot.domain.clock import Clock, china_date
from bot.errors import NotFound

LONGEST_TYPED = 1600
"""Characters kept of one half-written field of the web form."""


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


class Filling:
    """The draft of each conversation, from its first question to the last."""

    def __init__(self, repository: AidRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock
        self._store = repository.store
        self.form: AidForm = load_form()

    def today(self) -> dt.date:
        return china_date(self._clock.now())

    def draft(self, conversation_id: str) -> Draft | None:
        """Return the draft, active or put aside."""
        return self._repository.draft(conversation_id)

    def open_draft(self, conversation_id: str) -> Draft | None:
        """Return the draft if its questions are being asked now."""
        draft = self._repository.draft(conversation_id)
        return draft if draft is not None and draft.active else None

    def counter(self, office_id: int) -> str:
        """Return the name of the office at whose counter an application may be filled in."""
        return self._repository.office_in_use(office_id)

    def open(self, conversation_id: str, at: int | None = None) -> Draft:
        """Begin an application, or take up the one put aside; ``at`` is the office's counter.

        Raises:
            NotFound: there is no such conversation.
        """
        counter = at if at is not None and self.counter(at) else None
        with self._store.write() as connection:
            self._repository.lock(connection, conversation_id)
            found = self._repository.draft_in(connection, conversation_id)
            if found is not None and found.active and counter in (None, found.lodged_at):
                return found
            draft = Draft(conversation_id) if found is None else self._resumed(found)
            draft = replace(draft, lodged_at=counter or draft.lodged_at)
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


def _without(values: Mapping[str, str], key: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if name != key}
