"""Passing an application on to the office whose it is, and setting its place (38, 全域通办)."""

from __future__ import annotations

from bot.aid.form import day_in_chinese
from bot.casework.stepping import Stepping, written
from bot.casework.words import own_words, refusal
from bot.domain.aid import UNDER_REVIEW, AidState, Application
from bot.domain.people import Staff
from bot.domain.places import find_places, place_name
from bot.errors import BadInput

CAN_PASS = UNDER_REVIEW | {AidState.NEED_SUPPLEMENT, AidState.APPROVED}
"""Before somebody was assigned; afterwards the office that assigned goes on."""
MOST_NAMED = 4


class Passing:
    def __init__(self, stepping: Stepping) -> None:
        self._stepping = stepping

    def forward(
        self, number: str, person: Staff, office_id: int | None, reason: str, seen: str = ""
    ) -> None:
        """Give an application to another office; its day of receipt and its period stay.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``, or it was assigned.
            BadInput: there is no such office, it has it already, or no reason was given.
        """
        stepping, words = self._stepping, own_words()
        known = {office.id: office for office in stepping.repository.offices() if office.active}
        office = known.get(office_id or 0)
        if office is None:
            raise BadInput(refusal("no_office"))
        said = written(reason, "forward_reason")
        with stepping.step(number, person, seen) as (connection, application):
            if application.state not in CAN_PASS:
                raise stepping.impossible(application)
            if application.office_id == office.id:
                raise BadInput(refusal("same_office"))
            stepping.apply(
                connection,
                application,
                person,
                "forward",
                note=words.say("forwarded", office=office.name, reason=said),
                values={"office_id": office.id},
                news=self._news(application, office.name, office.phone, said),
            )

    def set_place(self, number: str, person: Staff, said: str, seen: str = "") -> None:
        """Set the place by which the office is found; what the applicant wrote stays.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
            BadInput: the place is unknown, too wide, or one of several.
        """
        stepping = self._stepping
        found = find_places(said)
        if len(found) > 1:
            names = own_words().say("and").join(place.name for place in found[:MOST_NAMED])
            raise BadInput(refusal("place_several", names=names))
        if not found or found[0].level == 1:
            raise BadInput(refusal("place_unknown"))
        place = found[0]
        with stepping.step(number, person, seen) as (connection, application):
            if application.state not in CAN_PASS:
                raise stepping.impossible(application)
            before = place_name(application.place) or own_words().say("no_place")
            note = own_words().say("place_set", before=before, after=place.name)
            stepping.apply(
                connection,
                application,
                person,
                "place",
                note=note,
                values={"place": place.code},
            )

    def _news(self, application: Application, office: str, phone: str, reason: str) -> str:
        words = own_words()
        news = words.say("news.forward", number=application.number, office=office, reason=reason)
        if application.state in UNDER_REVIEW:
            by = day_in_chinese(application.decide_by)
            news += words.say("news.forward_clock", day=by)
        return news + (words.say("news.forward_phone", phone=phone) if phone else "")
