"""Opening hours at the edges: as JSON in the database, as typed in a form; and the API's shapes."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.domain.places import find_places, place_name
from bot.domain.points import Point, in_china
from bot.domain.roster import OfficeHours, Span
from bot.errors import BadInput
from bot.roster.words import clock_time, own_words

MOST_EXCEPTIONS = 400
MOST_AREAS = 28
"""What the column offices.areas holds."""
MOST_NAMED = 4

_SPAN = re.compile(
    r"(\d{1,2})[:.时点](\d{2})?分?\s*(?:-|–|—|~|至|到)\s*(\d{1,2})[:.时点](\d{2})?分?"
)
_LINE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:\s*(?:~|—|–|至|到)\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?)?\s*[:,]?\s*(.*)"
)
_BETWEEN_SPANS = re.compile(r"[\s,;、和]*")
_BETWEEN_AREAS = re.compile(r"[\n,;、]+")
_CODE = re.compile(r"\d{6}|\d{4}|\d{2}")
_POINT = re.compile(
    r"[(（]?\s*(\d{1,3}(?:\.\d{1,15})?)\s*[\s,;、]\s*(\d{1,3}(?:\.\d{1,15})?)\s*[)）]?"
)

_Time = Annotated[str, Field(pattern=r"^(?:[01]\d|2[0-3]):[0-5]\d$")]


class StoredSpan(BaseModel):
    """A stretch of a day; ``00:00`` as its end is midnight."""

    model_config = ConfigDict(extra="forbid")

    opens: _Time
    closes: _Time

    @model_validator(mode="after")
    def ends_after_it_begins(self) -> StoredSpan:
        self.span()
        return self

    def span(self) -> Span:
        return Span(dt.time.fromisoformat(self.opens), dt.time.fromisoformat(self.closes))


class StoredHours(BaseModel):
    """The JSON of offices.hours."""

    model_config = ConfigDict(extra="forbid")

    weekly: dict[Annotated[int, Field(ge=0, le=6)], list[StoredSpan]]
    exceptions: dict[dt.date, list[StoredSpan]] = Field(
        default_factory=dict, max_length=MOST_EXCEPTIONS
    )


def hours_from_json(stored: str) -> OfficeHours:
    """Read what ``hours_to_json`` wrote.

    Raises:
        pydantic.ValidationError: it is something else.
    """
    read = StoredHours.model_validate_json(stored)
    return OfficeHours(
        {day: tuple(s.span() for s in spans) for day, spans in read.weekly.items() if spans},
        {day: tuple(s.span() for s in spans) for day, spans in read.exceptions.items()},
    )


def hours_to_json(hours: OfficeHours) -> str:
    return StoredHours(
        weekly={day: _stored(spans) for day, spans in hours.weekly.items() if spans},
        exceptions={day: _stored(spans) for day, spans in sorted(hours.exceptions.items())},
    ).model_dump_json()


def _stored(spans: Sequence[Span]) -> list[StoredSpan]:
    return [
        StoredSpan(opens=f"{span.opens:%H:%M}", closes=f"{span.closes:%H:%M}") for span in spans
    ]


# --- as typed ---------------------------------------------------------------------------------


def typed_hours(week: Sequence[str], exceptions: str) -> OfficeHours:
    """Read a week of seven lines, Monday first, and the lines of the days that differ.

    Raises:
        BadInput: a line cannot be read; the sentence names it.
    """
    words = own_words()
    weekly: dict[int, tuple[Span, ...]] = {}
    for day, line in enumerate(week):
        spans = _spans(line)
        if spans is None:
            weekday = words.get("hours.weekdays")[day]
            raise BadInput(words.say("errors.hours", weekday=weekday))
        if spans:
            weekly[day] = spans
    found: dict[dt.date, tuple[Span, ...]] = {}
    for line in exceptions.splitlines():
        if line.strip():
            found |= _exception(line.strip())
        if len(found) > MOST_EXCEPTIONS:
            raise BadInput(words.say("errors.too_many"))
    return OfficeHours(weekly, found)


def shown_spans(spans: Sequence[Span]) -> str:
    """Return one day's hours as they are typed."""
    return " ".join(
        f"{clock_time(span.opens)}-{clock_time(span.closes, is_end=True)}" for span in spans
    )


def shown_exceptions(hours: OfficeHours) -> str:
    """Return the days that differ as they are typed, one a line."""
    closed = own_words().get("hours.closed_words")[0]
    return "\n".join(
        f"{day.isoformat()} {shown_spans(spans) or closed}"
        for day, spans in sorted(hours.exceptions.items())
    )


def _spans(line: str) -> tuple[Span, ...] | None:
    """Return the hours in a line, in order; None when it says anything else."""
    plain = unicodedata.normalize("NFKC", line).strip()
    if not plain or plain in own_words().get("hours.closed_words"):
        return ()
    try:
        spans = [_span(match) for match in _SPAN.finditer(plain)]
    except ValueError:
        return None
    spans.sort(key=lambda span: span.opens)
    apart = all(
        one.closes != dt.time.min and one.closes <= other.opens for one, other in pairwise(spans)
    )
    is_all = _BETWEEN_SPANS.fullmatch(_SPAN.sub("", plain)) is not None
    return tuple(spans) if spans and apart and is_all else None


def _span(match: re.Match[str]) -> Span:
    opens_h, opens_m, closes_h, closes_m = (int(part or 0) for part in match.groups())
    closes_h = 0 if (closes_h, closes_m) == (24, 0) else closes_h
    return Span(dt.time(opens_h, opens_m), dt.time(closes_h, closes_m))


def _exception(line: str) -> Mapping[dt.date, tuple[Span, ...]]:
    unreadable = BadInput(own_words().say("errors.exception", line=line[:40]))
    match = _LINE.fullmatch(unicodedata.normalize("NFKC", line))
    if match is None or not match[7].strip():
        raise unreadable
    spans = _spans(match[7])
    try:
        first = dt.date(int(match[1]), int(match[2]), int(match[3]))
        last = dt.date(int(match[4]), int(match[5]), int(match[6])) if match[4] else first
    except ValueError:
        raise unreadable from None
    if spans is None or not first <= last <= first + dt.timedelta(days=MOST_EXCEPTIONS):
        raise unreadable
    return dict.fromkeys(_days(first, last), spans)


def _days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    for ahead in range((last - first).days + 1):
        yield first + dt.timedelta(days=ahead)


# --- the places whose legal aid an office decides on --------------------------------------------


def typed_areas(typed: str) -> tuple[str, ...]:
    """Read names and codes of places, one a line; return the beginnings of their codes.

    Raises:
        BadInput: one of them is unknown, is not the only one of its name, or there are too many.
    """
    words = own_words()
    parts = _BETWEEN_AREAS.split(unicodedata.normalize("NFKC", typed))
    areas = dict.fromkeys(_area(part.strip()) for part in parts if part.strip())
    if len(areas) > MOST_AREAS:
        raise BadInput(words.say("errors.area_many", most=MOST_AREAS))
    return tuple(areas)


def area_names(areas: Sequence[str]) -> tuple[str, ...]:
    """Return the names of places by the beginnings of their codes."""
    return tuple(place_name(area.ljust(6, "0")) or area for area in areas)


def _area(said: str) -> str:
    words = own_words()
    if _CODE.fullmatch(said):
        code = said.ljust(6, "0")
        if not place_name(code):
            raise BadInput(words.say("errors.area_code", code=said))
    else:
        found = find_places(said)
        if not found:
            raise BadInput(words.say("errors.area_unknown", said=said[:20]))
        if len(found) > 1:
            names = words.say("hours.between").join(place.name for place in found[:MOST_NAMED])
            raise BadInput(words.say("errors.area_several", said=said[:20], names=names))
        code = found[0].code
    return re.sub(r"^(\d\d|\d{4})(?:00)+$", r"\1", code)


# --- where an office is -------------------------------------------------------------------------


def typed_point(typed: str) -> Point | None:
    """Read coordinates as a map gives them: 24.8801, 102.8329; None where nothing was typed.

    Some maps put the longitude first. Within China no number can be both, so either is read.

    Raises:
        BadInput: these are no two numbers, or they are not in China.
    """
    plain = unicodedata.normalize("NFKC", typed).strip()
    if not plain:
        return None
    found = _POINT.fullmatch(plain)
    if found is None:
        raise BadInput(own_words().say("errors.point"))
    one, other = float(found[1]), float(found[2])
    if in_china(other, one):
        one, other = other, one
    if not in_china(one, other):
        raise BadInput(own_words().say("errors.point_far"))
    return Point(one, other)


def shown_point(point: Point | None) -> str:
    """Return coordinates as they are typed."""
    return "" if point is None else f"{point.latitude}, {point.longitude}"


# --- the interface ----------------------------------------------------------------------------


class Away(BaseModel):
    """Whether a lawyer takes no new conversations for a while."""

    away: bool = Field(description="true 为暂离：不再派单，手头的会话不变")


class Opponents(BaseModel):
    """Names of the other side of a conversation."""

    names: list[Annotated[str, Field(max_length=60)]] = Field(
        min_length=1, max_length=50, description="对方当事人的姓名或单位名称；只保存加密指纹"
    )


class Noted(BaseModel):
    """Who may not take the conversation after the names were noted."""

    conflict: bool
    """The one who noted them acts for the other side."""
    colleagues: list[int]


class ColleagueShown(BaseModel):
    """One colleague as the desk's scripts see one."""

    id: int
    name: str
    role: str
    office: str
    present: bool
    away: bool
    load: int
    capacity: int
    topics: list[str]
    conflict: bool | None = Field(
        default=None, description="问的是某个会话时，这位同事有没有利益冲突"
    )
