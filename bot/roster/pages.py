"""What the roster's pages show: rows made of words, and forms with what was typed kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.clock import CHINA, china_date
from bot.domain.people import Staff
from bot.domain.roster import Shift
from bot.roster.repository import Office
from bot.roster.schemas import area_names, shown_exceptions, shown_point, shown_spans
from bot.roster.service import Colleague, RosterService
from bot.roster.words import clock_time, own_words, spoken_hours, spoken_spans


@dataclass(frozen=True)
class Row:
    """One colleague in the list of who is there."""

    id: int
    name: str
    role: str
    office: str
    state: str
    state_label: str
    load: int
    capacity: int
    topics: str
    may_edit: bool


@dataclass(frozen=True)
class ShiftShown:
    id: int
    name: str
    times: str
    is_now: bool


@dataclass(frozen=True)
class Day:
    label: str
    shifts: tuple[ShiftShown, ...]


@dataclass(frozen=True)
class OfficeShown:
    id: int
    name: str
    phone: str
    active: bool
    hours: str
    exceptions: tuple[str, ...]
    areas: str = ""
    address: str = ""


@dataclass(frozen=True)
class OfficeForm:
    """The fields of an office as they stand in its form."""

    id: int = 0
    name: str = ""
    phone: str = ""
    week: tuple[str, ...] = ("",) * 7
    exceptions: str = ""
    active: bool = True
    areas: str = ""
    address: str = ""
    point: str = ""


@dataclass(frozen=True)
class PersonForm:
    id: int
    name: str
    office_id: int | None
    capacity: str
    topics: frozenset[str]
    away: bool


@dataclass(frozen=True)
class ShiftForm:
    """What was typed into the form of a new shift."""

    staff_id: str = ""
    day: str = ""
    starts: str = "09:00"
    ends: str = "17:00"


@dataclass(frozen=True)
class RosterPage:
    rows: tuple[Row, ...]
    mine: Row | None
    is_away: bool
    days: tuple[Day, ...]
    offices: tuple[OfficeShown, ...]
    weeks: tuple[tuple[str, str], ...]
    """ISO date of each Monday that can be filled, and its label."""
    first_day: str
    last_day: str
    shift: ShiftForm = field(default_factory=ShiftForm)


def roster_page(service: RosterService, person: Staff, shift: ShiftForm | None) -> RosterPage:
    """Collect everything the roster's page shows."""
    now = service.now()
    colleagues = service.colleagues()
    rows = {c.person.staff.id: _row(c, person) for c in colleagues}
    today = china_date(now)
    return RosterPage(
        tuple(rows.values()),
        rows.get(person.id),
        any(c.person.away for c in colleagues if c.person.staff.id == person.id),
        _days(service.planned(), {key: row.name for key, row in rows.items()}, now),
        tuple(_office(office, today) for office in service.offices()),
        tuple((monday.isoformat(), _week(monday)) for monday in service.weeks()),
        today.isoformat(),
        (today + dt.timedelta(days=60)).isoformat(),
        shift or ShiftForm(day=today.isoformat()),
    )


def _row(colleague: Colleague, viewer: Staff) -> Row:
    words, person = own_words(), colleague.person
    state = _state(colleague)
    return Row(
        person.staff.id,
        person.staff.name,
        words.say(f"pages.roles.{person.staff.role}"),
        colleague.office or words.say("pages.no_office"),
        state,
        words.say(f"pages.states.{state}"),
        person.load,
        person.capacity,
        words.say("hours.between").join(person.topics),
        viewer.may_supervise or viewer.id == person.staff.id,
    )


def _state(colleague: Colleague) -> str:
    if not colleague.present:
        return "absent"
    if colleague.person.away:
        return "away"
    return "receiving" if colleague.receiving else "present"


def _days(planned: Sequence[Shift], names: Mapping[int, str], now: dt.datetime) -> tuple[Day, ...]:
    found: dict[dt.date, list[ShiftShown]] = {}
    for shift in planned:
        if shift.staff_id not in names:
            continue
        # A night shift that began yesterday stands under today, where it still counts.
        day = max(china_date(shift.starts_at), china_date(now))
        shown = ShiftShown(shift.id, names[shift.staff_id], _times(shift), shift.holds(now))
        found.setdefault(day, []).append(shown)
    return tuple(Day(_day(day), tuple(shifts)) for day, shifts in sorted(found.items()))


def _times(shift: Shift) -> str:
    starts, ends = shift.starts_at.astimezone(CHINA), shift.ends_at.astimezone(CHINA)
    to = own_words().say("hours.to")
    is_midnight = ends.date() > starts.date()
    until = clock_time(ends.time(), is_end=is_midnight)
    overnight = is_midnight and ends.time() != dt.time.min
    mark = own_words().say("pages.next_day") if overnight else ""
    return f"{clock_time(starts.time())}{to}{mark}{until}"


def _day(day: dt.date) -> str:
    weekday = own_words().get("hours.weekdays")[day.weekday()]
    return own_words().say("pages.day", month=day.month, day=day.day, weekday=weekday)


def _week(monday: dt.date) -> str:
    return f"{_day(monday)}{own_words().say('hours.to')}{_day(monday + dt.timedelta(days=6))}"


def _office(office: Office, today: dt.date) -> OfficeShown:
    coming = sorted((day, spans) for day, spans in office.hours.exceptions.items() if day >= today)
    return OfficeShown(
        office.id,
        office.name,
        office.phone,
        office.active,
        spoken_hours(office.hours),
        tuple(f"{_day(day)} {spoken_spans(spans)}" for day, spans in coming[:10]),
        own_words().say("hours.between").join(area_names(office.areas)),
        office.address,
    )


def office_form(office: Office | None) -> OfficeForm:
    """Return the form of an office, or an empty one with the usual week proposed."""
    if office is None:
        week = own_words().get("pages.usual_week")
        return OfficeForm(week=tuple(week))
    week = tuple(shown_spans(office.hours.weekly.get(day, ())) for day in range(7))
    return OfficeForm(
        office.id,
        office.name,
        office.phone,
        week,
        shown_exceptions(office.hours),
        office.active,
        "\n".join(area_names(office.areas)),
        office.address,
        shown_point(office.point),
    )


def person_form(colleague: Colleague) -> PersonForm:
    person = colleague.person
    return PersonForm(
        person.staff.id,
        person.staff.name,
        person.staff.office_id,
        str(person.capacity),
        frozenset(person.topics),
        person.away,
    )
