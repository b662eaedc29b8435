"""Drawing the staff's pages of applications: the list, one application, and what a step left."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from bot.aid.eligibility import trace_of
from bot.aid.paperwork import OWN, PaperState, default_due, missing
from bot.aid.repository import AuditEntry
from bot.aid.service import STATE_ACTION
from bot.aid.venue import office_of
from bot.casework.clocks import clock_of
from bot.casework.heading import facts_of
from bot.casework.lettering import Lettering
from bot.casework.listing import PAGE, Flag, Found, Scope, Wanted
from bot.casework.repository import Office
from bot.casework.schemas import Choice, Showing, choices, file_of
from bot.casework.service import CaseworkService
from bot.casework.settling import rows_of
from bot.casework.stepping import SILENT, handles, mark_of
from bot.casework.steps import Step, allowed
from bot.casework.typed import Typed
from bot.casework.words import own_words, refusal
from bot.domain.aid import AidState, Application
from bot.domain.clock import china_date
from bot.domain.people import Role, Staff
from bot.domain.places import place_name
from bot.errors import BadInput
from knowledge_base.rules.aid_periods import FORMS, TERMINATION_HEADS, assign_by

HOME = "/desk/aid"
EVERY_STATE = "all"
REPLACED = "replaced"
ASKED = STATE_ACTION + AidState.NEED_SUPPLEMENT


class CaseworkPages:
    def __init__(
        self, service: CaseworkService, lettering: Lettering, templates: Jinja2Templates
    ) -> None:
        self.service = service
        self._lettering = lettering
        self._templates = templates

    def _showing(self) -> Showing:
        service = self.service
        return Showing(service.form, service.today(), service.offices(), service.colleagues())

    # --- the list -----------------------------------------------------------------------------

    def wanted(self, state: str, flag: str, scope: str, office: str, page: str) -> Wanted:
        """Return what the list is narrowed to.

        Raises:
            BadInput: there is no such state, filter, office or page.
        """
        try:
            return Wanted(
                AidState(state) if state not in ("", EVERY_STATE) else None,
                state == EVERY_STATE,
                Flag(flag) if flag else None,
                Scope(scope) if scope else Scope.ALL,
                _whole(office) if office else None,
                max(1, _whole(page or "1")),
            )
        except ValueError as error:
            raise BadInput(refusal("filter_wrong")) from error

    def list_page(
        self,
        request: Request,
        person: Staff,
        wanted: Wanted,
        *,
        error: str = "",
        found: Found | None = None,
        looked_for: bool = False,
    ) -> HTMLResponse:
        """Draw the list, or what a search found; what was searched for is not in the address."""
        showing, service = self._showing(), self.service
        if found is None:
            empty = Found((), 0, {}, frozenset())
            found = empty if error else service.listing(person, wanted)
        news = service.with_news(found)
        counts = service.counts(person, wanted)
        sees_all = handles(person) and (person.role is Role.ADMIN or person.office_id is None)
        pages = max(1, -(-found.count // PAGE))
        context = {
            "staff": person,
            "handles": handles(person),
            "sees_all": sees_all,
            "rows": [
                showing.row(
                    each,
                    papers_due=found.papers_due.get(each.id),
                    has_news=each.number in news,
                    replaced=each.number in found.replaced,
                )
                for each in found.applications
            ],
            "count": found.count,
            "counts": counts,
            "states": showing.states(counts.states),
            "flags": choices("flags"),
            "scopes": _scopes(person),
            "offices": [office for office in service.offices() if office.active],
            "wanted": wanted,
            "pages": pages,
            "to": lambda **changed: _address(wanted, **changed),
            "looked_for": looked_for,
            "done": _done(request),
            "error": error,
        }
        return self._templates.TemplateResponse(request, "casework_list.html", context)

    # --- one application ----------------------------------------------------------------------

    def detail_page(
        self,
        request: Request,
        person: Staff,
        number: str,
        *,
        revealed: bool = False,
        error: str = "",
        typed: Typed | None = None,
    ) -> HTMLResponse:
        service, showing = self.service, self._showing()
        application = service.get(number, person)
        trail = service.trail(number, person)
        may = allowed(application, person)
        typed = typed or Typed()
        replaced = any(entry.action == REPLACED for entry in trail)
        may_read, items = service.reveals(application, person), service.items(application)
        silent = frozenset() if handles(person) else SILENT
        context = {
            "staff": person,
            "handles": handles(person),
            "row": showing.row(application, replaced=replaced),
            "clock": clock_of(application, service.today(), replaced=replaced),
            "facts": facts_of(application, showing),
            "groups": showing.groups(
                application, revealed=revealed, handles=handles(person), may_read=may_read
            ),
            "who_applies": showing.who_applies(application, revealed=revealed) if may_read else "",
            "trace": trace_of(application, service.form) if handles(person) else None,
            "tied": showing.tied(service.tied(application, person)),
            "items": items if may_read else tuple(i for i in items if not i.key.startswith(OWN)),
            "papers": rows_of(items, typed),
            "paper_states": choices("paper_states"),
            "files": [file_of(file) for file in service.files(application, person)],
            "may_read": may_read,
            "revealed": revealed,
            "letters": self._letters(application, person, trail),
            "trail": showing.entries(trail, without=silent, noted=may_read),
            "may": may,
            "mark": mark_of(application),
            "typed": typed,
            # The form in which it was typed is gone where the state has changed meanwhile.
            "left_over": typed.written if typed.step and typed.step not in may else "",
            "done": _done(request),
            "error": error,
            "was_asked": any(entry.action == ASKED for entry in trail),
            **self._for_steps(application, may, showing),
        }
        return self._templates.TemplateResponse(request, "casework_detail.html", context)

    def gone_page(self, request: Request, person: Staff, typed: Typed, error: str) -> HTMLResponse:
        """Say that an application is no longer this person's, with what was typed."""
        context = {"staff": person, "error": error, "left_over": typed.written}
        return self._templates.TemplateResponse(
            request, "casework_gone.html", context, status_code=404
        )

    def _letters(
        self, application: Application, person: Staff, trail: list[AuditEntry]
    ) -> list[Choice]:
        if not handles(person):
            return []
        kinds = self._lettering.kinds(application, trail)
        return [Choice(kind, self._lettering.title(kind)) for kind in kinds]

    def _for_steps(
        self,
        application: Application,
        may: frozenset[Step],
        showing: Showing,
    ) -> dict[str, Any]:
        """Return what the forms of the steps need, read only where they are shown."""
        found: dict[str, Any] = {
            "open_items": missing(self.service.items(application)),
            "today": self.service.today().isoformat(),
            "due": default_due(self.service.today()).isoformat(),
            "urgent_items": choices("urgent.items"),
            "heads": [Choice(key, label) for key, label in TERMINATION_HEADS.items()],
            "objections": choices("objection"),
            "OPEN": PaperState.OPEN,
        }
        if Step.ASSIGN in may:
            assigning = self.service.assigning
            found["candidates"] = showing.candidates(assigning.candidates(application))
            found["needs_years"] = assigning.needs_years(application)
            if application.decided_at is not None:
                found["assign_by"] = assign_by(china_date(application.decided_at)).isoformat()
        if Step.FORWARD in may:
            found |= self._for_forward(application, self.service.offices())
        if may & {Step.CLOSE, Step.REPORT}:
            found |= {
                "forms": [Choice(key, label) for key, label in FORMS.items()],
                "results": choices("results"),
                "documents": choices("documents"),
                "closing": application.closing,
            }
        if Step.WITHDRAW in may:
            by = application.supplement_by
            found["may_withdraw"] = by is None or self.service.today() > by
        return found

    def _for_forward(self, application: Application, known: list[Office]) -> dict[str, Any]:
        """Propose the office of the place, with the reason by article 38."""
        others = [o for o in known if o.active and o.id != application.office_id]
        fits = office_of(application.place, {o.id: o.areas for o in known if o.active})
        proposed = next((o for o in others if o.id == fits), None)
        reason = ""
        if proposed is not None:
            place = place_name(application.place)
            reason = own_words().say("forward_reason", place=place, office=proposed.name)
        return {
            "offices": others,
            "proposed": proposed.id if proposed is not None else None,
            "proposed_reason": reason,
        }


def _scopes(person: Staff) -> tuple[Choice, ...]:
    if not handles(person):
        return ()
    found = choices("scopes")
    # Whoever works for every office has none of their own to narrow the list to.
    return tuple(c for c in found if c.value != Scope.OFFICE or person.office_id is not None)


def _address(wanted: Wanted, **changed: object) -> str:
    """Return the address of the list with something else chosen; the page begins anew."""
    asked: dict[str, object] = {
        "state": wanted.state or (EVERY_STATE if wanted.ended else ""),
        "flag": wanted.flag or "",
        "scope": "" if wanted.scope is Scope.ALL else wanted.scope,
        "office": wanted.office_id or "",
    }
    kept = {name: str(value) for name, value in {**asked, **changed}.items() if value}
    return f"{HOME}?{urlencode(kept)}" if kept else HOME


def _whole(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and len(typed) < 8):
        raise ValueError(typed)
    return int(typed)


def _done(request: Request) -> str:
    known: dict[str, str] = own_words().get("done")
    return known.get(request.query_params.get("done", ""), "")
