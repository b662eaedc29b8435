"""The review of an application: its receipt, its papers, the clock, urgent cases (43, 44)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.aid.form import day_in_chinese
from bot.aid.paperwork import RECEIVED, PaperItem, PaperState, Paperwork, Wanted, missing
from bot.casework.stepping import Stepping, optional, written
from bot.casework.words import own_words, refusal
from bot.dialogue.normalise import clean
from bot.domain.aid import ENDED, UNDER_REVIEW, AidState, Application
from bot.domain.clock import china_date
from bot.domain.people import Staff
from bot.errors import BadInput, IllegalMove, NotFound
from knowledge_base.rules.aid_periods import decide_by

LONGEST_SUPPLEMENT = 90
MOST_OWN = 10
LONGEST_OWN = 200


@dataclass(frozen=True)
class Settled:
    """What an officer says of one paper, and the file in which it came."""

    state: PaperState
    file_id: str | None = None
    was: str = ""
    """The paper as it was shown; empty where nothing was shown."""


class Reviewing:
    def __init__(self, stepping: Stepping, paperwork: Paperwork) -> None:
        self._stepping = stepping
        self._paperwork = paperwork

    def accept(self, number: str, person: Staff, seen: str = "") -> None:
        """Take an application in for review.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
        """
        with self._stepping.step(number, person, seen) as (connection, application):
            if application.state is not AidState.SUBMITTED:
                raise self._stepping.impossible(application, AidState.ACCEPTED)
            self._stepping.move(connection, application, person, AidState.ACCEPTED)

    # --- papers (法律援助法 43(2)) -------------------------------------------------------------

    def ask(
        self,
        number: str,
        person: Staff,
        keys: Sequence[str],
        own: str,
        due_on: dt.date | None,
        seen: str = "",
    ) -> None:
        """Name once and all together what is missing; the review waits until it came.

        ``keys`` are papers of the application, ``own`` names others, one a line.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: nothing was asked for, or the day is not allowed.
        """
        stepping = self._stepping
        lines = _lines(own)
        if not keys and not lines:
            raise BadInput(refusal("papers_none"))
        due = self._due(due_on)
        with stepping.step(number, person, seen) as (connection, application):
            stepping.require_move(application, AidState.NEED_SUPPLEMENT)
            known = {item.key for item in self._paperwork.of_in(connection, application.id)}
            if not set(keys) <= known:
                raise BadInput(refusal("paper_unknown"))
            wanted = [Wanted(key=key) for key in dict.fromkeys(keys)]
            wanted += [Wanted(asked=line) for line in lines]
            items = self._paperwork.ask(connection, application, wanted, due)
            stepping.move(
                connection,
                application,
                person,
                AidState.NEED_SUPPLEMENT,
                note=self._paperwork.notice_text(application, items, due),
                values={"supplement_by": due, "waiting_since": stepping.now()},
            )

    def settle(
        self, number: str, person: Staff, settled: Mapping[int, Settled], seen: str = ""
    ) -> None:
        """Say which papers came and which are not needed; the applicant is told of a change.

        Raises:
            Forbidden, NotFound: as for ``Stepping.step``.
            IllegalMove: the same, the case has ended, or one of these papers was changed since it
                was shown.
            BadInput: nothing changed.
        """
        stepping, words = self._stepping, own_words()
        with stepping.step(number, person, seen) as (connection, application):
            if application.state in ENDED:
                raise stepping.impossible(application)
            before = self._paperwork.of_in(connection, application.id)
            if not set(settled) <= {item.id for item in before}:
                raise NotFound(refusal("paper_unknown"))
            if any(
                (wanted := settled.get(item.id)) is not None
                and wanted.was not in ("", shown_of(item))
                for item in before
            ):
                raise IllegalMove(stepping.stale(number))
            changed = [
                self._paperwork.settle(
                    connection,
                    application.id,
                    item.id,
                    wanted.state,
                    wanted.file_id,
                    staff_id=person.id,
                )
                for item in before
                if (wanted := settled.get(item.id)) is not None
                and (wanted.state, wanted.file_id) != (item.state, item.file_id)
            ]
            if not changed:
                raise BadInput(refusal("papers_unchanged"))
            says = [
                words.say(f"papers.{state}", labels=_labels(found))
                for state in PaperState
                if (found := [item for item in changed if item.state is state])
            ]
            said = words.say("between").join(says)
            came = any(item.state is not PaperState.OPEN for item in changed)
            news = words.say("news.papers", number=number, said=said) if came else ""
            action = RECEIVED if came else "papers_reopened"
            stepping.apply(connection, application, person, action, note=said, news=news)

    def resume(self, number: str, person: Staff, seen: str = "") -> None:
        """Go on with the review; the days spent waiting are added to its period.

        In an urgent case every paper may follow (44).

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: an indispensable paper that was asked for is still missing.
        """
        stepping = self._stepping
        with stepping.step(number, person, seen) as (connection, application):
            if application.state is not AidState.NEED_SUPPLEMENT:
                raise stepping.impossible(application, AidState.ACCEPTED)
            lacking = self._asked_for(connection, application, PaperState.OPEN)
            needed = [item for item in lacking if not item.deferrable]
            if needed and not application.urgent:
                raise BadInput(refusal("papers_missing", labels=_labels(needed)))
            waited = application.waited_days + self._waited(application)
            by = decide_by(china_date(application.created_at), waited)
            stepping.move(
                connection,
                application,
                person,
                AidState.ACCEPTED,
                note=own_words().say(
                    "resumed_without" if lacking else "resumed", day=day_in_chinese(by)
                ),
                values={
                    "waited_days": waited,
                    "decide_by": by,
                    "waiting_since": None,
                    "supplement_by": None,
                },
            )

    def withdraw(
        self, number: str, person: Staff, *, warned: bool, note: str = "", seen: str = ""
    ) -> None:
        """Take it that the application was withdrawn, since the papers did not come (43(2)).

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: the day set has not passed, everything came, or nobody confirmed that the
                applicant was warned.
        """
        stepping, said = self._stepping, optional(note)
        with stepping.step(number, person, seen) as (connection, application):
            stepping.require_move(application, AidState.WITHDRAWN)
            by = application.supplement_by
            if by is not None and stepping.today() <= by:
                raise BadInput(refusal("not_yet", day=day_in_chinese(by)))
            asked = self._asked_for(connection, application, *PaperState)
            # Before papers were listed one by one, what was asked for stands only in the notice.
            if asked and not missing(asked):
                raise BadInput(refusal("papers_there"))
            if not warned:
                raise BadInput(refusal("not_warned"))
            stepping.move(
                connection,
                application,
                person,
                AidState.WITHDRAWN,
                note=said,
                values={"waiting_since": None},
            )

    def _waited(self, application: Application) -> int:
        since = application.waiting_since
        return 0 if since is None else (self._stepping.today() - china_date(since)).days

    def _asked_for(
        self, connection: Connection, application: Application, *states: PaperState
    ) -> list[PaperItem]:
        """Return what was asked for and is in one of these states."""
        items = self._paperwork.of_in(connection, application.id)
        return [item for item in items if item.due_on is not None and item.state in states]

    def _due(self, due_on: dt.date | None) -> dt.date:
        today = self._stepping.today()
        if due_on is None or not 0 < (due_on - today).days <= LONGEST_SUPPLEMENT:
            raise BadInput(refusal("due_wrong", most=LONGEST_SUPPLEMENT))
        return due_on

    # --- urgent cases (法律援助法 44) ----------------------------------------------------------

    def set_urgent(
        self, number: str, person: Staff, item: str, reason: str, seen: str = ""
    ) -> None:
        """Mark an application as one where aid may come before the papers, or no longer.

        ``item`` is one of article 44, empty to take the mark away.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``, or it was decided on.
            BadInput: there is no such item, or no reason was given.
        """
        stepping, words = self._stepping, own_words()
        items: Mapping[str, str] = words.get("urgent.items")
        if item and item not in items:
            raise BadInput(refusal("urgent_item"))
        said = written(reason, "urgent_reason")
        with stepping.step(number, person, seen) as (connection, application):
            if application.state not in UNDER_REVIEW | {AidState.NEED_SUPPLEMENT}:
                raise stepping.impossible(application)
            what = items[item] if item else words.say("urgent.dropped")
            news = words.say("news.urgent", number=number, item=what) if item else ""
            stepping.apply(
                connection,
                application,
                person,
                "urgent" if item else "urgent_off",
                note=words.say("urgent.note", what=what, reason=said),
                values={"urgent": item},
                news=news,
            )


def shown_of(item: PaperItem) -> str:
    """Return what a form carries of a paper as it was shown."""
    return f"{item.state}|{item.file_id or ''}"


def _labels(items: Sequence[PaperItem]) -> str:
    return own_words().say("and").join(item.label for item in items)


def _lines(own: str) -> list[str]:
    lines = [line.strip() for line in clean(own).splitlines() if line.strip()]
    if len(lines) > MOST_OWN or any(len(line) > LONGEST_OWN for line in lines):
        raise BadInput(refusal("own_papers", most=MOST_OWN, longest=LONGEST_OWN))
    return lines
