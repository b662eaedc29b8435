"""Who acts for a recipient of aid: choosing a lawyer, the lawyer's answer, a replacement.

The law behind it: assigned three days after the decision (法律援助法 43), three years of practice
where life is at stake (26), no refusal without good reason (46), replacement on request (55).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from bot.aid.eligibility import facts_of
from bot.casework.deciding import NOBODY
from bot.casework.relations import Relations
from bot.casework.repository import Colleague
from bot.casework.stepping import Stepping, written
from bot.casework.words import own_words, refusal
from bot.domain.aid import AidState, Application
from bot.domain.people import Role, Staff
from bot.errors import BadInput

ACTS = frozenset({Role.LAWYER, Role.SUPERVISOR})
"""Roles to which a case can be assigned: a supervisor is a lawyer as well."""


@dataclass(frozen=True)
class Candidate:
    """A lawyer for a case, with what speaks for and against."""

    person: Colleague
    knows_field: bool
    same_office: bool
    load: int
    conflict: bool
    declined: bool

    @property
    def rank(self) -> tuple[bool, bool, bool, bool, int, int]:
        return (
            self.conflict,
            self.declined,
            not self.knows_field,
            not self.same_office,
            self.load,
            self.person.id,
        )


class Assigning:
    def __init__(self, stepping: Stepping, relations: Relations) -> None:
        self._stepping = stepping
        self._relations = relations

    def candidates(self, application: Application) -> list[Candidate]:
        """Return the lawyers in use, the most suitable first, those with a conflict last."""
        with self._stepping.store.read() as connection:
            return self._candidates(connection, application)

    def needs_years(self, application: Application) -> bool:
        """Say whether the lawyer must have practised for three years (法律援助法 26)."""
        criminal = facts_of(application, self._stepping.form).criminal
        return bool(criminal.life_or_death or criminal.death_review)

    def assign(
        self,
        number: str,
        person: Staff,
        staff_id: int | None,
        *,
        has_years: bool = False,
        seen: str = "",
    ) -> None:
        """Assign a lawyer; the applicant hears who it is.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: there is no such lawyer, the lawyer has a conflict of interest, or nobody
                confirmed the years of practice that article 26 asks for.
        """
        stepping = self._stepping
        with stepping.step(number, person, seen) as (connection, application):
            stepping.require_move(application, AidState.ASSIGNED)
            known = {c.person.id: c for c in self._candidates(connection, application)}
            chosen = known.get(staff_id or 0)
            if chosen is None:
                raise BadInput(refusal("no_lawyer"))
            if chosen.conflict:
                raise BadInput(refusal("conflict", name=chosen.person.name))
            if self.needs_years(application) and not has_years:
                raise BadInput(refusal("years_needed"))
            stepping.move(
                connection,
                application,
                person,
                AidState.ASSIGNED,
                note=own_words().say("assigned", who=chosen.person.titled),
                values={
                    "staff_id": chosen.person.id,
                    "assigned_at": stepping.now(),
                    "taken_at": None,
                },
            )

    def take(self, number: str, person: Staff, seen: str = "") -> None:
        """Accept the assignment, as the lawyer.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``, or it was accepted before.
        """
        stepping = self._stepping
        with stepping.step(number, person, seen, own=True) as (connection, application):
            self._require_untaken(application)
            stepping.apply(
                connection,
                application,
                person,
                "lawyer_taken",
                values={"taken_at": stepping.now()},
                news=own_words().say("news.taken", number=number, name=person.name),
            )

    def decline(self, number: str, person: Staff, reason: str, seen: str = "") -> None:
        """Give the case back with a good reason (46); another lawyer is to be found.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``, or it was accepted.
            BadInput: no reason was given.
        """
        stepping = self._stepping
        said = written(reason, "decline_reason")
        with stepping.step(number, person, seen, own=True) as (connection, application):
            self._require_untaken(application)
            stepping.apply(
                connection,
                application,
                person,
                "lawyer_declined",
                note=said,
                values={**NOBODY, "state": AidState.APPROVED},
                news=own_words().say("news.declined", number=number),
            )

    def replace(
        self, number: str, person: Staff, reason: str, *, asked: bool = False, seen: str = ""
    ) -> None:
        """Take the case from its lawyer, for another to be assigned (55).

        ``asked``: the recipient asked for it.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: no reason was given.
        """
        stepping, words = self._stepping, own_words()
        said = written(reason, "replace_reason")
        with stepping.step(number, person, seen) as (connection, application):
            if application.state is not AidState.ASSIGNED:
                raise stepping.impossible(application)
            people = stepping.repository.colleagues_in(connection)
            former = next((c.name for c in people if c.id == application.staff_id), "")
            by = words.say("replaced.asked" if asked else "replaced.own")
            stepping.apply(
                connection,
                application,
                person,
                "replaced",
                note=words.say("replaced.note", former=former, by=by, reason=said),
                values={**NOBODY, "state": AidState.APPROVED},
                news=words.say("news.replaced", number=number),
            )

    def _require_untaken(self, application: Application) -> None:
        if application.state is not AidState.ASSIGNED:
            raise self._stepping.impossible(application)
        if application.taken_at is not None:
            raise BadInput(refusal("taken_already"))

    def _candidates(self, connection: Connection, application: Application) -> list[Candidate]:
        fields = frozenset(own_words().get("fields_of_law").get(application.matter, ()))
        barred = self._relations.barred(connection, application)
        loads = self._relations.loads(connection)
        declined = self._relations.declined(connection, application.number)
        found = [
            Candidate(
                each,
                not fields.isdisjoint(each.topics),
                application.office_id is not None and each.office_id == application.office_id,
                loads.get(each.id, 0),
                each.id in barred,
                each.id in declined,
            )
            for each in self._stepping.repository.colleagues_in(connection)
            if each.active and each.role in ACTS
        ]
        return sorted(found, key=lambda candidate: candidate.rank)
