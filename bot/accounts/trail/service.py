"""Who may read the audit trail, what is found in it, and in which words it is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from bot.accounts.trail.repository import Asked, Entry, TrailRepository
from bot.accounts.trail.schemas import Filter, Line, TrailPage
from bot.accounts.wording import Wording, load_wording
from bot.domain.clock import CHINA
from bot.domain.people import Staff
from bot.errors import BadInput, Forbidden

PAGE = 100

_PERSON = "staff"
"""Some rooms write a person as ``staff:7``."""

_NOT_ALLOWED = "只有管理员和值班负责人可以查看审计记录。"
_BAD_DAY = "日期写成 2026-11-23 这样的格式。"

Names = Mapping[str, tuple[int, str]]


class TrailService:
    def __init__(self, repository: TrailRepository, wording: Wording | None = None) -> None:
        self._repository = repository
        self._wording = wording or load_wording()

    def page(self, reader: Staff, wanted: Filter, before: int | None = None) -> TrailPage:
        """Return a page of the trail, newest first; ``before`` continues an earlier one.

        Raises:
            Forbidden: the reader is neither administrator nor supervisor.
            BadInput: the day is not a day.
        """
        if not reader.may_supervise:
            raise Forbidden(_NOT_ALLOWED)
        since, until = _day(wanted.day)
        names = self._repository.names()
        actors = self._actors(wanted.actor.strip(), names)
        asked = Asked(actors, wanted.subject.strip(), since, until, before)
        found = self._repository.newest(asked, PAGE + 1)
        shown = found[:PAGE]
        return TrailPage(
            tuple(self._line(entry, names) for entry in shown),
            shown[-1].id if len(found) > PAGE else None,
        )

    def _actors(self, typed: str, names: Names) -> tuple[str, ...]:
        """Return every way in which the rooms write the person whose login or name was typed."""
        if not typed:
            return ()
        word = self._wording.actor_named(typed)
        if word:
            return (word, f"{word}:")
        found = [
            actor
            for login, (number, name) in names.items()
            if typed.casefold() == login or typed == name
            for actor in (login, f"{number}:")
        ]
        return tuple(found) or (typed,)

    def _line(self, entry: Entry, names: Names) -> Line:
        why = ""
        if entry.note is not None and self._wording.tells_why(entry.action):
            said = self._repository.read(entry.note)
            why = self._wording.say("unreadable") if said is None else said
        return Line(
            f"{entry.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
            self._actor(entry.actor, names),
            self._wording.action(entry.action),
            self._subject(entry.subject, names),
            why,
        )

    def _actor(self, actor: str, names: Names) -> str:
        known = names.get(actor)
        if known is not None:
            return self._wording.say("person", name=known[1], login=actor)
        number, colon, name = actor.partition(":")
        if colon and number.isdecimal():
            return name
        return self._wording.someone(number) or actor

    def _subject(self, subject: str, names: Names) -> str:
        known = names.get(subject)
        if known is not None:
            return self._wording.say("person", name=known[1], login=subject)
        kind, colon, rest = subject.partition(":")
        if kind == _PERSON:
            numbered = {str(number): (login, name) for login, (number, name) in names.items()}
            login, name = numbered.get(rest, (rest, ""))
            return self._wording.say("person", name=name, login=login) if name else subject
        word = self._wording.kind(kind) if colon else ""
        return f"{word} {rest}" if word else subject


def _day(typed: str) -> tuple[dt.datetime | None, dt.datetime | None]:
    if not typed.strip():
        return None, None
    try:
        day = dt.date.fromisoformat(typed.strip())
        start = dt.datetime.combine(day, dt.time(), CHINA)
        return start.astimezone(dt.UTC), (start + dt.timedelta(days=1)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(_BAD_DAY) from error
