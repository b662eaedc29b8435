"""The staff's pages of matters: reading what was typed into their forms, and drawing them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from bot.domain.clock import CHINA
from bot.domain.matter import OPEN, MatterState, WrongNumber, read_number
from bot.domain.people import Staff
from bot.errors import BadInput
from bot.matters.records import Standing, Target, Wanted
from bot.matters.schemas import (
    Showing,
    channels_of,
    local,
    masked_name,
    masked_phone,
    masked_verdict,
    outcomes_of,
    states_of,
)
from bot.matters.service import MatterService
from bot.redact import mask_personal
from bot.texts import Texts
from knowledge_base.models import TOPICS

ALL = "all"
LATEST = dt.date(2100, 1, 1)


class MatterPages:
    """What the routes share: reading what was typed, and drawing the pages."""

    def __init__(self, service: MatterService, templates: Jinja2Templates, texts: Texts) -> None:
        self.service = service
        self._templates = templates
        self._texts = texts

    def showing(self, person: Staff) -> Showing:
        return Showing(self.service, person, self._texts)

    def say(self, name: str) -> str:
        return self.service.words.say(f"refusals.{name}")

    def wanted(
        self, state: str, office: str, mine: bool, overdue: bool, q: str, referrals: bool = False
    ) -> Wanted:
        """Return what a list is narrowed to.

        Raises:
            BadInput: the number is wrong, or there is no such state.
        """
        if q.strip():
            try:
                return Wanted(frozenset(MatterState), number=read_number(q))
            except WrongNumber as error:
                raise BadInput(self.say("number_wrong")) from error
        if state in ("", ALL):
            states = frozenset(MatterState) if state == ALL else OPEN
        elif state in set(MatterState):
            states = frozenset({MatterState(state)})
        else:
            raise BadInput(self.say("filter_wrong"))
        return Wanted(states, self._id(office, "filter_wrong"), mine, overdue, referrals=referrals)

    def target(self, office: str, person: str, due: str) -> Target:
        """Return where a form dispatches to.

        Raises:
            BadInput: the office, the person or the time cannot be read.
        """
        return Target(
            self._id(office, "no_such_office"), self._id(person, "no_such_person"), self._due(due)
        )

    def _id(self, typed: str, sentence: str) -> int | None:
        if not typed:
            return None
        if not (typed.isascii() and typed.isdigit() and len(typed) < 10):
            raise BadInput(self.say(sentence))
        return int(typed)

    def _due(self, typed: str) -> dt.datetime | None:
        if not typed.strip():
            return None
        try:
            moment = dt.datetime.fromisoformat(typed.strip().replace(" ", "T"))
        except ValueError as error:
            raise BadInput(self.say("due_unclear")) from error
        if moment.tzinfo is not None or moment.date() > LATEST:
            raise BadInput(self.say("due_unclear"))
        # The form shows and takes China's time.
        return moment.replace(tzinfo=CHINA)

    def list_page(
        self,
        request: Request,
        person: Staff,
        wanted: Wanted,
        typed: dict[str, Any],
        error: str = "",
    ) -> HTMLResponse:
        showing = self.showing(person)
        found = [] if error else self.service.listing(person, wanted)
        context = {
            "staff": person,
            "rows": [showing.card(matter) for matter in found],
            "counts": showing.counts(),
            "states": states_of(self.service.words),
            "offices": showing.offices(),
            "typed": typed,
            "error": error,
            "local": local,
        }
        return self._templates.TemplateResponse(request, "matters_list.html", context)

    def new_page(
        self, request: Request, person: Staff, typed: dict[str, str], error: str = ""
    ) -> HTMLResponse:
        self.service.counts(person)
        showing = self.showing(person)
        context = {
            "staff": person,
            "channels": channels_of(self.service.words),
            "topics": TOPICS,
            "offices": showing.offices(),
            "people": showing.receivers(),
            "typed": typed,
            "error": error,
        }
        return self._templates.TemplateResponse(request, "matters_new.html", context)

    def matter_page(
        self,
        request: Request,
        person: Staff,
        standing: Standing,
        *,
        revealed: bool = False,
        error: str = "",
        typed: dict[str, str] | None = None,
    ) -> HTMLResponse:
        matter = standing.matter
        showing = self.showing(person)
        card = showing.card(matter, with_log=True)
        name, phone = matter.contact.name, matter.contact.phone
        verdict = self.service.verdict(matter)
        context = {
            "staff": person,
            "matter": card,
            "about": matter.about if revealed else card.about,
            "name": name if revealed or not name else masked_name(name),
            "phone": phone if revealed or not phone else masked_phone(phone),
            "advice": matter.advice if revealed else mask_personal(matter.advice),
            "verdict": None if verdict is None else masked_verdict(verdict),
            "revealed": revealed,
            "may": self.service.allowed(standing, person),
            "live": standing.is_live,
            "outcomes": outcomes_of(self.service.words),
            "offices": showing.offices(),
            "people": showing.receivers(),
            "typed": typed or {},
            "error": error,
            "local": local,
        }
        return self._templates.TemplateResponse(request, "matters_detail.html", context)
