"""Legal-aid applications as their applicants see them: fill in, submit, ask about.

Each method is one short transaction; nothing here knows the chat, HTTP or Rasa.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.aid.asking import (
    DENIED,
    LOOKUP_WINDOW,
    MOST_WRONG_LOOKUPS,
    VISITOR,
    Asking,
    Found,
    Lookup,
    Progress,
)
from bot.aid.eligibility import urgent_by
from bot.aid.filling import Accepted, Rejected, Stopped
from bot.aid.form import day_in_chinese
from bot.aid.paperwork import Paperwork, missing
from bot.aid.repository import AidRepository, Lodged
from bot.dialogue.repository import ConversationRepository
from bot.domain.aid import ENDED, AidState, Application, Draft
from bot.domain.clock import Clock
from bot.domain.conversation import Sender
from bot.domain.places import place_code
from bot.errors import NotFound
from connectors.messages import Outbound, notice
from knowledge_base.rules.aid_periods import decide_by

__all__ = [
    "DENIED", "LOOKUP_WINDOW", "MOST_WRONG_LOOKUPS", "STATE_ACTION", "VISITOR",
    "Accepted", "AidService", "AlreadyApplied", "Found", "Incomplete", "Lookup", "Progress",
    "PutAside", "Rejected", "Stopped",
]  # fmt: skip

log = structlog.get_logger(__name__)

STATE_ACTION = "state."
ANSWERED_WITHIN = dt.timedelta(seconds=30)
"""An answer in the chat is stored by then, or it got lost."""
NEWEST = 2**31 - 1
LATELY = 20
OF_THE_MATTER = (
    "matter", "stage", "counsel", "special", "place", "opponent", "facts", "request", "evidence",
    "deadline", "pledge",
)  # fmt: skip
"""Answers that belong to one matter and not to the person."""


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


class AidService(Asking):
    """The whole of it; what else is done with a draft or an application is inherited."""

    def __init__(
        self, repository: AidRepository, conversations: ConversationRepository, clock: Clock
    ) -> None:
        super().__init__(repository, clock)
        self._conversations = conversations
        self.paperwork = Paperwork(repository.store, clock, self.form)

    def submit(self, conversation_id: str, *, in_chat: bool = False) -> Application:
        """Turn the draft into an application; a repeat returns the application made before.

        With ``in_chat`` the caller's own answer confirms it; the notice comes only where that
        answer did not.

        Raises:
            Incomplete: a question is still open.
            PutAside: the draft was put aside.
            AlreadyApplied: there is an open application in the matter; the draft is put aside.
            NotFound: there is neither a draft nor an application.
        """
        try:
            return self._submit(conversation_id, ANSWERED_WITHIN if in_chat else dt.timedelta())
        except AlreadyApplied as twice:
            # Another matter can be chosen; who was not told of it may have mistyped a number.
            gone = ("pledge",) if twice.known is None else OF_THE_MATTER
            self._put_aside(conversation_id, gone)
            raise

    def _submit(self, conversation_id: str, confirm_after: dt.timedelta) -> Application:
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
                connection, number, conversation_id, self._lodged(draft, today), confirm_after
            )
            self.paperwork.open_for(connection, application)
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
            draft.lodged_at,
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
        if self._is_told(conversation_id, number):
            return None
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

    def _is_told(self, conversation_id: str, number: str) -> bool:
        """Say whether the bot has told the applicant this number, as it does in the chat."""
        lately = self._conversations.before(conversation_id, NEWEST, LATELY)
        return any(
            number in str(part.body)
            for message in lately
            if message.sender == Sender.BOT
            for part in message.parts
        )

    def papers_wanted(self, application: Application) -> str:
        """Return the materials still to be handed in, as numbered lines; empty for none."""
        return self.paperwork.listed(missing(self.paperwork.of(application.id)))
