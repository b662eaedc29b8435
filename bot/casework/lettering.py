"""The letters of one application: which there are now, and what is filled into each."""

from __future__ import annotations

import datetime as dt

from bot.aid.paperwork import PaperItem, PaperState
from bot.aid.repository import AuditEntry
from bot.aid.service import STATE_ACTION
from bot.casework.service import CaseworkService
from bot.casework.stepping import require_handling
from bot.casework.words import own_words, refusal
from bot.domain.aid import AidState, Application
from bot.domain.clock import china_date
from bot.domain.people import Staff
from bot.errors import NotFound
from bot.letters.service import Letter, LetterKind, Letters
from knowledge_base.rules.aid_periods import TERMINATION_HEADS

LETTER = "letter"

_FOLLOWS = {
    LetterKind.NOTICE: AidState.NEED_SUPPLEMENT,
    LetterKind.GRANT: AidState.APPROVED,
    LetterKind.REFUSAL: AidState.REFUSED,
    LetterKind.TERMINATION: AidState.TERMINATED,
    LetterKind.ASSIGNMENT: AidState.ASSIGNED,
}
"""Each letter follows a change of state; the application form is there from the start."""
_GRANTED = frozenset({AidState.APPROVED, AidState.ASSIGNED, AidState.CLOSED, AidState.TERMINATED})


class Lettering:
    def __init__(self, service: CaseworkService, letters: Letters) -> None:
        self._service = service
        self._letters = letters

    def kinds(self, application: Application, trail: list[AuditEntry]) -> tuple[LetterKind, ...]:
        """Return the letters that can be written now."""
        return tuple(kind for kind in LetterKind if self._is_due(kind, application, trail))

    def title(self, kind: LetterKind) -> str:
        return self._letters.title(kind)

    def write(self, kind: LetterKind, number: str, person: Staff) -> Letter:
        """Return a letter as a file, and record who took it.

        Raises:
            Forbidden: this person does not handle applications.
            NotFound: there is no such application, or no such letter of it yet.
            BrokenTemplate: the office's own template cannot be used.
        """
        require_handling(person)
        service = self._service
        application = service.get(number, person)
        trail = service.trail(number, person)
        if not self._is_due(kind, application, trail):
            raise NotFound(refusal("no_letter"))
        items = self._items(kind, application)
        entry = _last(kind, trail)
        letter = self._letters.write(
            kind,
            application,
            on=service.today() if entry is None else china_date(entry.at),
            reasons=_reasons(kind, application, entry),
            items=items,
            due_on=application.supplement_by or _earliest(items),
            ground=application.ground,
            office=self._office(application),
            lawyer=self._lawyer(application),
        )
        service.record(number, person, LETTER, letter.name)
        return letter

    def _is_due(self, kind: LetterKind, application: Application, trail: list[AuditEntry]) -> bool:
        state = application.state
        if kind is LetterKind.APPLICATION:
            return True
        if kind is LetterKind.GRANT:
            return state in _GRANTED and _last(kind, trail) is not None
        if kind is LetterKind.ASSIGNMENT:
            return application.staff_id is not None and _last(kind, trail) is not None
        if kind is LetterKind.NOTICE:
            return state is AidState.NEED_SUPPLEMENT
        return state is _FOLLOWS[kind]

    def _items(self, kind: LetterKind, application: Application) -> tuple[PaperItem, ...]:
        if kind not in (LetterKind.NOTICE, LetterKind.GRANT, LetterKind.APPLICATION):
            return ()
        items = self._service.items(application)
        if kind is LetterKind.APPLICATION:
            return items
        open_ones = (item for item in items if item.state is PaperState.OPEN)
        return tuple(item for item in open_ones if item.due_on is not None)

    def _office(self, application: Application) -> str:
        known = self._service.offices()
        return next((o.name for o in known if o.id == application.office_id), "")

    def _lawyer(self, application: Application) -> str:
        people = self._service.colleagues()
        lawyer = next((p for p in people if p.id == application.staff_id), None)
        return "" if lawyer is None else lawyer.titled


def _last(kind: LetterKind, trail: list[AuditEntry]) -> AuditEntry | None:
    """Return the line of the trail that a letter follows."""
    state = _FOLLOWS.get(kind)
    found = [e for e in trail if state is not None and e.action == STATE_ACTION + state]
    return found[-1] if found else None


def _reasons(kind: LetterKind, application: Application, entry: AuditEntry | None) -> str:
    """Return the reasons of a refusal or an end, without the head that stands beside them."""
    if entry is None or kind not in (LetterKind.REFUSAL, LetterKind.TERMINATION):
        return ""
    head = TERMINATION_HEADS.get(application.ground, "")
    return entry.note.removeprefix(own_words().say("terminated", head=head, reasons=""))


def _earliest(items: tuple[PaperItem, ...]) -> dt.date | None:
    return min((item.due_on for item in items if item.due_on is not None), default=None)
