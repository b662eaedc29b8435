"""Mark applications whose period ends within days by now: aid may come before the papers (44(1)).

The answer is judged at the submission; here it is judged again each day until the decision. An
application that was marked or unmarked before is a person's, and is left as it is.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path

import structlog
import yaml
from cryptography.fernet import InvalidToken
from sqlalchemy import select

from bot.aid.changes import AidChanges
from bot.aid.form import AidForm, day_in_chinese
from bot.aid.materials import load_materials
from bot.aid.paperwork import SYSTEM
from bot.aid.repository import AidRepository
from bot.domain.aid import UNDER_REVIEW, AidState, Application
from bot.domain.clock import CHINA, Clock, china_date
from bot.store.crypto import ContextMismatch
from bot.store.tables import aid_applications, audit
from bot.texts import Texts
from knowledge_base.rules.eligibility import SOON_DAYS

log = structlog.get_logger(__name__)

FILE = Path(__file__).with_name("urgency.yml")
URGENT, URGENT_OFF = "urgent", "urgent_off"
SOON = "44(1)"
_OPEN = UNDER_REVIEW | {AidState.NEED_SUPPLEMENT}


class Urgency:
    def __init__(
        self, repository: AidRepository, changes: AidChanges, form: AidForm, clock: Clock
    ) -> None:
        self._repository = repository
        self._changes = changes
        self._form = form
        self._clock = clock
        # Its notices are told in the hours in which applicants are reminded.
        self._hours = load_materials().reminding.hours

    def run_once(self) -> int:
        """Mark what has become urgent and tell the applicants; return how many."""
        first, end = self._hours
        if not first <= self._clock.now().astimezone(CHINA).hour < end:
            return 0
        marked = sum(self._mark(number) for number in self._candidates())
        if marked:
            log.info("aid_urgent", count=marked)
        return marked

    def _candidates(self) -> list[str]:
        """Return the applications that nobody has marked; each is judged under its lock."""
        table = aid_applications.c
        judged = select(audit.c.id).where(
            audit.c.subject == table.number, audit.c.action.in_((URGENT, URGENT_OFF))
        )
        query = select(table.number).where(
            table.state.in_(_OPEN), table.urgent == "", ~judged.exists()
        )
        with self._repository.store.read() as connection:
            return [*connection.execute(query).scalars()]

    def _mark(self, number: str) -> int:
        repository = self._repository
        try:
            found = repository.find(number)
            if found is None or self._ends(found) is None:
                # Most have no period that is near, and a look takes no lock.
                return 0
            with repository.store.write() as connection:
                application = repository.application(connection, number, lock=True)
                ends = None if application is None else self._ends(application)
                if application is None or ends is None:
                    return 0
                words = _words()
                self._changes.apply(
                    connection,
                    application,
                    SYSTEM,
                    URGENT,
                    note=words.say("note", day=day_in_chinese(ends)),
                    values={"urgent": SOON},
                    news=words.say("news", number=number),
                )
                return 1
        except (InvalidToken, ContextMismatch) as error:
            # One row that no key opens must not keep all others from being marked.
            log.warning("aid_urgent_failed", number=number, error=type(error).__name__)
            return 0

    def _ends(self, application: Application) -> dt.date | None:
        """Return the day of a period that makes an unmarked application urgent today."""
        if application.urgent or application.state not in _OPEN:
            return None
        today = china_date(self._clock.now())
        left = self._form.facts(application.fields, today).limitation_days_left
        if left is None or not 0 <= left < SOON_DAYS:
            return None
        return today + dt.timedelta(days=left)


@cache
def _words() -> Texts:
    return Texts(yaml.safe_load(FILE.read_text(encoding="utf-8")))
