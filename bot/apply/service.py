"""An application as its applicant sees it on the web: where it stands, what is still wanted."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import yaml

from bot.aid.changes import AidChanges
from bot.aid.form import OPTION, Field, day_in_chinese
from bot.aid.paperwork import RECEIVED, VISITOR, PaperItem, PaperState, Paperwork
from bot.aid.repository import AidRepository
from bot.aid.service import Accepted, AidService, Found, Lookup, Rejected, Stopped
from bot.aid.timeline import Step
from bot.domain.aid import ENDED, AidState, Application, Draft, WrongNumber, find_number
from bot.domain.clock import CHINA, Clock, china_date
from bot.errors import BadInput, NotFound
from bot.letters.service import Letter, LetterKind, Letters
from bot.texts import Texts
from bot.uploads.repository import FileRecord

WORDS = Path(__file__).with_name("words.yml")

_PHONE_END = re.compile(r"(?:\d{7})?\d{4}", re.ASCII)


class KnownFiles(Protocol):
    """What is known of uploaded files without their contents."""

    def find(self, conversation_id: str, file_id: str) -> FileRecord | None: ...


@dataclass(frozen=True)
class Standing:
    """What a visitor has begun and what they have handed in."""

    draft: Draft | None
    stop: str
    """Why the draft leads to no application; empty where nothing stops it."""
    step: int
    count: int
    filed: tuple[Application, ...]

    @property
    def is_open(self) -> bool:
        """Say whether questions are being answered now."""
        return self.draft is not None and self.draft.active


@dataclass(frozen=True)
class Paper:
    """A material with the receipt of what was uploaded for it."""

    item: PaperItem
    receipt: FileRecord | None
    is_late: bool

    @property
    def is_open(self) -> bool:
        return self.item.state is PaperState.OPEN

    @property
    def due(self) -> str:
        return day_in_chinese(self.item.due_on) if self.item.due_on else ""


@dataclass(frozen=True)
class Filed:
    """A submitted application; ``is_own`` says whether it was made in this conversation."""

    application: Application
    label: str
    steps: tuple[Step, ...]
    papers: tuple[Paper, ...]
    is_own: bool
    decide_by: str
    """Until when it is decided, empty where that does not run."""
    supplement_by: str

    @property
    def is_ended(self) -> bool:
        return self.application.state in ENDED

    @property
    def is_waiting(self) -> bool:
        """Say whether it counts as withdrawn unless papers come (法律援助法 43)."""
        return self.application.state is AidState.NEED_SUPPLEMENT


class ApplyService:
    """Every method blocks and is one short transaction or a few reads."""

    def __init__(
        self,
        aid: AidService,
        repository: AidRepository,
        changes: AidChanges,
        paperwork: Paperwork,
        letters: Letters,
        files: KnownFiles,
        clock: Clock,
    ) -> None:
        self.aid = aid
        self._repository = repository
        self._changes = changes
        self._paperwork = paperwork
        self._letters = letters
        self._files = files
        self._clock = clock
        self.words = load_words()

    # --- filling in ---------------------------------------------------------------------------

    def standing(self, conversation_id: str) -> Standing:
        draft = self.aid.draft(conversation_id)
        step, count = 0, 0
        if draft is not None:
            fields = self.aid.fields(draft)
            step, count = sum(f.key in draft.values for f in fields), len(fields)
        own = self.aid.status(conversation_id, "").progress
        stop = "" if draft is None or draft.active else self.aid.stop_of(conversation_id)
        return Standing(draft, stop, step, count, tuple(p.application for p in own))

    def questions(self, draft: Draft) -> tuple[Field, ...]:
        """Return the questions before the pledge, which comes after the answers were checked."""
        pledge = self.pledge
        return tuple(f for f in self.aid.fields(draft) if f is not pledge)

    @property
    def pledge(self) -> Field:
        return self.aid.form.fields[-1]

    def first_open(self, draft: Draft) -> Field | None:
        """Return the first question without an answer; None if only the pledge is left."""
        return next((f for f in self.questions(draft) if f.key not in draft.values), None)

    def submit(self, conversation_id: str, option: str) -> Application | Rejected | Stopped:
        """Take the pledge and hand the application in; a repeat returns what was made before.

        Raises what ``AidService.submit`` raises.
        """
        try:
            taken = self.aid.set(
                conversation_id, self.pledge.key, "", option or f"{OPTION}.{self.pledge.key}."
            )
        except NotFound:
            # Handed in already, by a second click or in the chat: it has the same number.
            return self.aid.submit(conversation_id)
        return self.aid.submit(conversation_id) if isinstance(taken, Accepted) else taken

    def hour_after(self, seconds: int) -> str:
        """Return the time of day in China that many seconds from now."""
        moment = self._clock.now() + dt.timedelta(seconds=seconds)
        return moment.astimezone(CHINA).strftime("%H:%M")

    # --- afterwards ---------------------------------------------------------------------------

    def filed(self, conversation_id: str) -> tuple[Filed, ...]:
        """Return what was handed in in a conversation, newest first."""
        return self._shown(self.aid.status(conversation_id, ""), conversation_id)

    def look_up(
        self, conversation_id: str, number: str, last_four: str
    ) -> tuple[Lookup, tuple[Filed, ...]]:
        """Find an application by its number and the end of the phone number.

        Wrong guesses are counted and answered as ``AidService.status`` does.
        """
        try:
            named = find_number(number)
        except WrongNumber:
            named = None
        if named is None:
            return Lookup.WRONG_NUMBER, ()
        digits = "".join(c for c in unicodedata.normalize("NFKC", last_four) if not c.isspace())
        # One guess at a time: the service takes every four digits that it is given.
        if not _PHONE_END.fullmatch(digits):
            return Lookup.NEED_PHONE, ()
        found = self.aid.status(conversation_id, f"{named} {digits}")
        return found.result, self._shown(found, conversation_id)

    def _shown(self, found: Found, conversation_id: str) -> tuple[Filed, ...]:
        return tuple(self._filed(p.application, conversation_id) for p in found.progress)

    def _filed(self, application: Application, conversation_id: str) -> Filed:
        today = self.aid.today()
        is_own = application.conversation_id == conversation_id
        runs = application.days_left(today) is not None
        supplement = application.supplement_by
        return Filed(
            application,
            self.aid.form.texts.say(f"states.{application.state}.label"),
            self.aid.history(application),
            tuple(
                self._paper(item, conversation_id if is_own else "", today)
                for item in self._paperwork.of(application.id)
            ),
            is_own,
            day_in_chinese(application.decide_by) if runs else "",
            day_in_chinese(supplement) if supplement else "",
        )

    def _paper(self, item: PaperItem, conversation_id: str, today: dt.date) -> Paper:
        receipt = None
        if conversation_id and item.file_id:
            receipt = self._files.find(conversation_id, item.file_id)
        return Paper(item, receipt, item.due_on is not None and item.due_on < today)

    def awaits(self, conversation_id: str, number: str, item_id: int) -> str:
        """Return what an upload is for, so that it is known before anything is stored.

        Raises:
            NotFound: this conversation has no such application or material.
            BadInput: nothing is taken for it any more.
        """
        with self._repository.store.read() as connection:
            application = self._repository.application(connection, number)
            own = self._own(application, conversation_id)
            return self._item(own, self._paperwork.of_in(connection, own.id), item_id).label

    def hand_in(self, conversation_id: str, number: str, item_id: int, file_id: str) -> bool:
        """Join an uploaded file to a material; the same file again changes nothing.

        Returns false where a member of staff has marked the material as received: that stays as
        it is, and the file stays in the conversation, where the office finds it.

        Raises:
            NotFound: this conversation has no such application or material.
            BadInput: nothing is taken for it any more.
        """
        with self._repository.store.write() as connection:
            application = self._repository.application(connection, number, lock=True)
            own = self._own(application, conversation_id)
            item = self._item(own, self._paperwork.of_in(connection, own.id), item_id)
            if item.file_id == file_id:
                return True
            is_settled = item.state is PaperState.RECEIVED and item.settled_by is not None
            if is_settled and self._was_last(number, item):
                return False
            if not is_settled:
                self._paperwork.settle(connection, own.id, item.id, PaperState.RECEIVED, file_id)
            told = "uploads.kept_news" if is_settled else "uploads.news"
            news = self.words.say(told, number=number, label=item.label)
            self._changes.apply(connection, own, VISITOR, RECEIVED, note=item.label, news=news)
            return not is_settled

    def _was_last(self, number: str, item: PaperItem) -> bool:
        """Say whether an upload for this material is the last that happened: a second tap."""
        last = self._repository.trail(number)[-1]
        return (last.actor, last.action, last.note) == (VISITOR, RECEIVED, item.label)

    def _own(self, application: Application | None, conversation_id: str) -> Application:
        if application is None or application.conversation_id != conversation_id:
            raise NotFound
        if application.state in ENDED:
            raise BadInput(self.words.say("uploads.ended"))
        return application

    def _item(
        self, application: Application, items: tuple[PaperItem, ...], item_id: int
    ) -> PaperItem:
        found = next((item for item in items if item.id == item_id), None)
        if found is None:
            raise NotFound
        if found.state is PaperState.WAIVED:
            raise BadInput(self.words.say("uploads.waived"))
        return found

    def letter(self, conversation_id: str, number: str) -> Letter:
        """Return the application as a Word file, with the numbers in full.

        Raises:
            NotFound: it was not made in this conversation.
        """
        application = self._repository.find(number)
        if application is None or application.conversation_id != conversation_id:
            raise NotFound
        return self._letters.write(
            LetterKind.APPLICATION,
            application,
            on=china_date(application.created_at),
            items=self._paperwork.of(application.id),
        )


@cache
def load_words() -> Texts:
    """Load the words of the pages that are not in the templates."""
    return Texts(yaml.safe_load(WORDS.read_text(encoding="utf-8")))
