"""The roster's own sentences, read from words.yml."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from pathlib import Path

import yaml

from bot.dialogue.normalise import canonical
from bot.domain.clock import CHINA
from bot.domain.roster import OfficeHours, Span, name_key
from bot.texts import Texts

FILE = Path(__file__).with_name("words.yml")


@cache
def own_words() -> Texts:
    return Texts(yaml.safe_load(FILE.read_text(encoding="utf-8")))


@cache
def _only_thanks() -> re.Pattern[str]:
    words = own_words()
    thanks, beside = (
        "|".join(f"(?:{one})" for one in words.get(f"sweep.{name}"))
        for name in ("thanks", "with_thanks")
    )
    return re.compile(f"(?:{beside})*(?:{thanks})(?:{thanks}|{beside})*")


def only_thanks(words: str) -> bool:
    """Say whether a visitor's words are nothing but thanks or a goodbye."""
    return _only_thanks().fullmatch(name_key(canonical(words))) is not None


def spoken_hours(hours: OfficeHours) -> str:
    """Return the usual week in words: 周一至周五 9:00–12:00、14:00–17:30；周六 9:00–12:00."""
    words = own_words()
    names = words.get("hours.weekdays")
    runs: list[tuple[int, int, tuple[Span, ...]]] = []
    for day in range(7):
        spans = hours.weekly.get(day, ())
        if runs and runs[-1][1] == day - 1 and runs[-1][2] == spans:
            runs[-1] = (runs[-1][0], day, spans)
        else:
            runs.append((day, day, spans))
    said = [
        (names[first] + (words.say("hours.days_to") + names[last] if last > first else ""))
        + " "
        + spoken_spans(spans)
        for first, last, spans in runs
        if spans
    ]
    return words.say("hours.groups").join(said) or words.say("duty.no_hours")


def spoken_spans(spans: tuple[Span, ...]) -> str:
    """Return one day's hours in words."""
    words = own_words()
    if not spans:
        return words.say("hours.closed")
    if spans == (Span(dt.time.min, dt.time.min),):
        return words.say("hours.all_day")
    to = words.say("hours.to")
    return words.say("hours.between").join(
        f"{clock_time(span.opens)}{to}{clock_time(span.closes, is_end=True)}" for span in spans
    )


def spoken_day(moment: dt.datetime, now: dt.datetime) -> str:
    """Return a coming moment in words: 今天 14:00, 明天（周二）9:00, 12月1日（周二）9:00."""
    words = own_words()
    local, today = moment.astimezone(CHINA), now.astimezone(CHINA).date()
    name = {0: "today", 1: "tomorrow"}.get((local.date() - today).days, "another_day")
    return words.say(
        f"duty.{name}",
        time=clock_time(local.time()),
        weekday=words.get("hours.weekdays")[local.weekday()],
        month=local.month,
        day=local.day,
    )


def clock_time(time: dt.time, *, is_end: bool = False) -> str:
    if is_end and time == dt.time.min:
        return "24:00"
    return f"{time.hour}:{time.minute:02d}"
