"""The offices as places to go to: the nearest ones, and the code of each in its QR code.

Distances are in a straight line; roads and buses are the map's business.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from bot.domain.clock import Clock, china_date
from bot.domain.points import Point, distance_km, in_china
from bot.domain.roster import is_open, next_opening
from bot.roster.repository import Office, RosterRepository
from bot.roster.words import own_words, spoken_day, spoken_spans

NEAREST = 3
MOST_LISTED = 8
"""Offices named where no distance can be told: a message that is still read on a phone."""

_SCENE = re.compile(r"office-([1-9][0-9]{0,8})")


class Centres:
    """Satisfies ``bot.wechat.ports.Centres``; every method but ``scene_of`` blocks."""

    def __init__(self, repository: RosterRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    def nearest(self, latitude: float | None, longitude: float | None) -> str:
        """Return what somebody who is there is told about the nearest offices, and 12348."""
        words, now = own_words(), self._clock.now()
        offices = [office for office in self._repository.offices() if office.active]
        if not offices:
            return words.say("centres.none")
        placed = [(office, office.point) for office in offices if office.point is not None]
        if not placed:
            return self._listed("without_places", offices, now)
        if latitude is None or longitude is None or not in_china(latitude, longitude):
            return self._listed("without_position", offices, now)
        here = Point(latitude, longitude)
        by_distance = sorted(
            ((distance_km(here, point), office) for office, point in placed),
            key=lambda pair: (pair[0], pair[1].name),
        )
        blocks = [
            words.say("centres.at", place=place, name=office.name, distance=spoken_distance(km))
            + _about(office, now)
            for place, (km, office) in enumerate(by_distance[:NEAREST], start=1)
        ]
        return "\n".join((words.say("centres.nearest"), *blocks, words.say("centres.hotline")))

    def _listed(self, head: str, offices: Sequence[Office], now: dt.datetime) -> str:
        words = own_words()
        blocks = [
            words.say("centres.one", place=place, name=office.name) + _about(office, now)
            for place, office in enumerate(offices[:MOST_LISTED], start=1)
        ]
        return "\n".join((words.say(f"centres.{head}"), *blocks, words.say("centres.hotline")))

    def office_of_scene(self, scene: str) -> tuple[int, str] | None:
        """Return the office in use that a QR code leads to, by id and name."""
        found = _SCENE.fullmatch(scene)
        if found is None:
            return None
        office_id = int(found[1])
        offices = self._repository.offices()
        return next(((o.id, o.name) for o in offices if o.id == office_id and o.active), None)


def scene_of(office_id: int) -> str:
    """Return what the QR code of an office says."""
    return f"office-{office_id}"


def spoken_distance(km: float) -> str:
    """Return a distance in words, no more exact than a straight line can be."""
    words = own_words()
    if km < 0.1:
        return words.say("centres.here")
    if km < 0.95:
        return words.say("centres.metres", metres=round(km * 10) * 100)
    return words.say("centres.km", km=f"{km:.1f}" if km < 9.95 else round(km))


def _about(office: Office, now: dt.datetime) -> str:
    """Return the lines under the name of an office: where, by which number, when."""
    words = own_words()
    lines = []
    if office.address:
        lines.append(words.say("centres.address", address=office.address))
    if office.phone:
        lines.append(words.say("centres.phone", phone=office.phone))
    hours = spoken_spans(office.hours.spans_on(china_date(now)))
    opens = next_opening(office.hours, now)
    if is_open(office.hours, now):
        state = words.say("centres.open")
    elif opens is None:
        state = words.say("centres.closed_for_long")
    else:
        state = words.say("centres.closed", next=spoken_day(opens, now))
    lines.append(words.say("centres.today", hours=hours, state=state))
    return "".join(f"\n{line}" for line in lines)
