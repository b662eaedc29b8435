"""Granting, refusing and ending legal aid, objections and what came of them (43, 48, 49)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from bot.aid.form import day_in_chinese
from bot.aid.paperwork import PaperItem, PaperState, Paperwork, Wanted, default_due
from bot.casework.stepping import Stepping, optional, written
from bot.casework.words import own_words, refusal
from bot.domain.aid import AidState, Application
from bot.domain.clock import china_date
from bot.domain.people import Staff
from bot.errors import BadInput
from knowledge_base.rules.aid_periods import TERMINATION_HEADS, answer_objection_by

NOBODY = {"staff_id": None, "assigned_at": None, "taken_at": None}
_CAN_OBJECT = (AidState.REFUSED, AidState.TERMINATED)


class Deciding:
    def __init__(self, stepping: Stepping, paperwork: Paperwork) -> None:
        self._stepping = stepping
        self._paperwork = paperwork

    def approve(self, number: str, person: Staff, note: str = "", seen: str = "") -> None:
        """Grant aid; papers that may come later keep their day, or are given one.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: an indispensable paper is missing and the case is not urgent (44).
        """
        stepping, said = self._stepping, optional(note)
        with stepping.step(number, person, seen) as (connection, application):
            # From a refusal it is granted by what came of an objection, and not here.
            if application.state in (AidState.REFUSED, AidState.ASSIGNED, AidState.TERMINATED):
                raise stepping.impossible(application, AidState.APPROVED)
            stepping.require_move(application, AidState.APPROVED)
            lacking = self._open(connection, application)
            needed = [item for item in lacking if not item.deferrable]
            if needed and not application.urgent:
                labels = own_words().say("and").join(item.label for item in needed)
                raise BadInput(refusal("papers_needed", labels=labels))
            undated = [Wanted(key=item.key) for item in lacking if item.due_on is None]
            if undated:
                due = default_due(stepping.today())
                self._paperwork.ask(connection, application, undated, due)
            stepping.move(
                connection,
                application,
                person,
                AidState.APPROVED,
                note=self._granted(said, connection, application),
                values={"decided_at": stepping.now()},
            )

    def refuse(self, number: str, person: Staff, reasons: str, seen: str = "") -> None:
        """Refuse aid, in writing and with the reasons (43(1)).

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: there are no reasons.
        """
        said = written(reasons, "reasons_needed")
        with self._stepping.step(number, person, seen) as (connection, application):
            self._stepping.move(
                connection,
                application,
                person,
                AidState.REFUSED,
                note=said,
                values={"decided_at": self._stepping.now()},
            )

    def file_objection(
        self, number: str, person: Staff, filed: dt.date | None, note: str = "", seen: str = ""
    ) -> None:
        """Record that the applicant objects: the judicial bureau answers in five days (49).

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: the day lies ahead or before the decision, or an objection waits already.
        """
        stepping, own, said = self._stepping, own_words(), optional(note)
        with stepping.step(number, person, seen) as (connection, application):
            if application.state not in _CAN_OBJECT:
                raise stepping.impossible(application)
            if application.objected_on is not None:
                raise BadInput(refusal("objection_waits"))
            decided = application.closed_at or application.decided_at
            is_late = decided is not None and filed is not None and filed < china_date(decided)
            if filed is None or filed > stepping.today() or is_late:
                raise BadInput(refusal("objection_day"))
            by = day_in_chinese(answer_objection_by(filed))
            told = own.say("objection_filed", day=day_in_chinese(filed), by=by) + said
            stepping.apply(
                connection,
                application,
                person,
                "objection_filed",
                note=told,
                values={"objected_on": filed},
                news=own.say("news.objection_filed", number=number, note=told),
            )

    def objection(
        self, number: str, person: Staff, result: str, words: str, seen: str = ""
    ) -> None:
        """Record what the judicial bureau decided on an objection (49), recorded before or not.

        ``result`` is ``upheld``, or ``corrected``: then aid is granted (again).

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: there is no such result, or nothing was written.
        """
        stepping, own = self._stepping, own_words()
        if result not in own.get("objection"):
            raise BadInput(refusal("objection_result"))
        said = written(words, "objection_words")
        note = own.say("objection_note", result=own.say(f"objection.{result}"), words=said)
        with stepping.step(number, person, seen) as (connection, application):
            if application.state not in _CAN_OBJECT:
                raise stepping.impossible(application)
            is_upheld = result == "upheld"
            stepping.apply(
                connection,
                application,
                person,
                "objection",
                note=note,
                values={"objected_on": None},
                news=own.say("news.upheld", number=number, note=note) if is_upheld else "",
            )
            if is_upheld:
                return
            stepping.move(
                connection,
                application,
                person,
                AidState.APPROVED,
                note=note,
                values={**NOBODY, "decided_at": stepping.now(), "closed_at": None, "ground": ""},
            )

    def terminate(
        self, number: str, person: Staff, head: str, reasons: str, seen: str = ""
    ) -> None:
        """End the aid by one of the eight heads of article 48, with the reasons.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: there is no such head, or there are no reasons.
        """
        if head not in TERMINATION_HEADS:
            raise BadInput(refusal("head_needed"))
        said = written(reasons, "reasons_needed")
        note = own_words().say("terminated", head=TERMINATION_HEADS[head], reasons=said)
        with self._stepping.step(number, person, seen) as (connection, application):
            self._stepping.move(
                connection,
                application,
                person,
                AidState.TERMINATED,
                note=note,
                values={"ground": head, "closed_at": self._stepping.now()},
            )

    def _open(self, connection: Connection, application: Application) -> list[PaperItem]:
        items = self._paperwork.of_in(connection, application.id)
        return [item for item in items if item.state is PaperState.OPEN]

    def _granted(self, note: str, connection: Connection, application: Application) -> str:
        """Return what is said with the grant: own words, and the papers still to come."""
        lacking = self._open(connection, application)
        if not lacking:
            return note
        later = own_words().say("papers.later", listed=self._paperwork.listed(lacking))
        return f"{note}\n{later}".strip()
