"""Remind applicants of papers that are due: each time once, in their own conversation.

Before the day, on the day after it (法律援助法 43), and of what may follow after the aid was
granted (44). The last reminder changes nothing: that an application counts as withdrawn, a person
decides.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog
from cryptography.fernet import InvalidToken
from sqlalchemy import Connection, or_, select

from bot.aid.changes import NEWS
from bot.aid.form import day_in_chinese
from bot.aid.materials import load_materials
from bot.aid.paperwork import SYSTEM, PaperItem, PaperState, Paperwork, default_due, missing
from bot.aid.repository import AidRepository
from bot.domain.aid import AidState, Application
from bot.domain.clock import CHINA, Clock, china_date
from bot.store.crypto import ContextMismatch
from bot.store.outbox import enqueue
from bot.store.tables import aid_applications, aid_papers, outbox

log = structlog.get_logger(__name__)

REMINDED = "reminded"
PASSED = -1
"""The step on the day after the papers were due."""
STALE = dt.timedelta(days=14)
"""Nobody is told so late that papers were due before: the office has been silent for as long."""
LATEST = dt.timedelta(days=120)
"""How long after a grant its papers are still looked at."""
_GRANTED = (AidState.APPROVED, AidState.ASSIGNED)


@dataclass(frozen=True)
class Due:
    """One reminder that is due: which papers, until when, how many days are left."""

    application: Application
    kind: str
    by: dt.date
    step: int
    left: int
    items: tuple[PaperItem, ...]

    @property
    def key(self) -> str:
        """Name this reminder, so that it is given once; another day due is another reminder."""
        return f"aid_remind:{self.application.number}:{self.kind}:{self.by:%Y%m%d}:{self.step}"


class Reminders:
    def __init__(self, repository: AidRepository, paperwork: Paperwork, clock: Clock) -> None:
        self._repository = repository
        self._paperwork = paperwork
        self._clock = clock
        self._store = repository.store
        materials = load_materials()
        self._rules = materials.reminding
        self._say = materials.texts.say

    def run_once(self) -> int:
        """Enqueue every reminder that is due and was not given yet; return how many."""
        first, end = self._rules.hours
        if not first <= self._clock.now().astimezone(CHINA).hour < end:
            return 0
        reminded = sum(self._remind(number) for number in self._candidates())
        if reminded:
            log.info("aid_reminded", count=reminded)
        return reminded

    def _candidates(self) -> list[str]:
        """Return the applications that may be reminded; each is looked at again under its lock."""
        now, today = self._clock.now(), self._today()
        table = aid_applications.c
        horizon = today + dt.timedelta(days=max(self._rules.supplement + self._rules.deferred))
        supplementing = select(table.number).where(
            table.conversation_id.is_not(None),
            table.state == AidState.NEED_SUPPLEMENT,
            table.supplement_by.between(today - STALE, horizon),
        )
        papers = aid_papers.c
        open_ones = select(papers.id).where(
            papers.application_id == table.id,
            papers.state == PaperState.OPEN,
            or_(papers.due_on.is_(None), papers.due_on <= horizon),
        )
        granted = select(table.number).where(
            table.conversation_id.is_not(None),
            table.state.in_(_GRANTED),
            table.decided_at > now - LATEST,
            open_ones.exists(),
        )
        with self._store.read() as connection:
            found = [*connection.execute(supplementing).scalars()]
            return [*found, *connection.execute(granted).scalars()]

    def _remind(self, number: str) -> int:
        try:
            if not self._has_something_due(number):
                # Most have not, and a look takes no lock.
                return 0
            with self._store.write() as connection:
                application = self._repository.application(connection, number, lock=True)
                if application is None or application.conversation_id is None:
                    return 0
                due = self._due(connection, application)
                return sum(self._give(connection, each) for each in due)
        except (InvalidToken, ContextMismatch) as error:
            # One row that no key opens must not keep all others from being reminded.
            log.warning("aid_reminder_failed", number=number, error=type(error).__name__)
            return 0

    def _has_something_due(self, number: str) -> bool:
        with self._store.read() as connection:
            application = self._repository.application(connection, number)
            if application is None:
                return False
            due = self._due(connection, application)
            return any(not self._was_given(connection, each) for each in due)

    def _due(self, connection: Connection, application: Application) -> Iterator[Due]:
        items = self._paperwork.of_in(connection, application.id)
        if application.state is AidState.NEED_SUPPLEMENT:
            yield from self._supplement(application, items)
        elif application.state in _GRANTED:
            yield from self._deferred(application, missing(items))

    def _supplement(self, application: Application, items: Sequence[PaperItem]) -> Iterator[Due]:
        by = application.supplement_by
        asked = tuple(item for item in items if item.due_on is not None)
        still_open = missing(asked)
        if by is None or (asked and not still_open):
            # Everything asked for is there: what is left is the office's turn.
            return
        since = application.waiting_since
        step = self._step(self._rules.supplement, by, None if since is None else china_date(since))
        if step is not None:
            left = (by - self._today()).days
            yield Due(application, "supplement", by, step, left, still_open)

    def _deferred(self, application: Application, items: Sequence[PaperItem]) -> Iterator[Due]:
        if application.decided_at is None:
            return
        decided = china_date(application.decided_at)
        by_day: Mapping[dt.date, list[PaperItem]] = defaultdict(list)
        for item in items:
            # What was not asked for before the grant follows within the usual days.
            later = item.due_on if item.due_on and item.due_on > decided else default_due(decided)
            by_day[later].append(item)
        for by, together in by_day.items():
            left = (by - self._today()).days
            step = self._step(self._rules.deferred, by, decided) if left >= 0 else None
            if step is not None:
                yield Due(application, "deferred", by, step, left, tuple(together))

    def _step(self, steps: Sequence[int], by: dt.date, asked_on: dt.date | None) -> int | None:
        """Return the latest step that has come; none if the papers were asked for after its day."""
        left = (by - self._today()).days
        reached = [step for step in steps if left <= step]
        if not reached:
            return None
        latest = min(reached)
        day = by - dt.timedelta(days=latest)
        return None if asked_on is not None and day <= asked_on else latest

    def _give(self, connection: Connection, due: Due) -> int:
        if self._was_given(connection, due):
            return 0
        payload = {
            "key": due.key,
            "conversation_id": due.application.conversation_id,
            "text": self._text(connection, due),
        }
        enqueue(connection, self._store.cipher, self._clock.now(), NEWS, due.key, payload)
        note = f"{due.by.isoformat()} {due.step}"
        self._repository.record(connection, SYSTEM, REMINDED, due.application.number, note)
        return 1

    def _was_given(self, connection: Connection, due: Due) -> bool:
        known = select(outbox.c.id).where(outbox.c.unique_key == due.key)
        return connection.execute(known).first() is not None

    def _text(self, connection: Connection, due: Due) -> str:
        name = due.kind if due.step > PASSED else "passed"
        left = "left.today" if due.left == 0 else "left.many"
        words = self._say(
            f"reminders.{name}" if due.items else f"reminders.{name}_plain",
            number=due.application.number,
            day=day_in_chinese(due.by),
            left=self._say(left, count=due.left),
            items=self._paperwork.listed(due.items),
            how=self._say("how"),
            more_time=self._say("more_time"),
        )
        since = due.application.waiting_since or due.application.decided_at
        if since and self._paperwork.was_uploaded(connection, due.application.number, since):
            return f"{words}\n{self._say('reminders.uploaded')}"
        return words

    def _today(self) -> dt.date:
        return china_date(self._clock.now())
