"""The roster over HTTP: its pages, plain forms without script, and what the desk's scripts ask."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.domain.people import Staff
from bot.errors import BadInput, Forbidden, LawbridgeError
from bot.roster.pages import (
    OfficeForm,
    PersonForm,
    ShiftForm,
    office_form,
    person_form,
    roster_page,
)
from bot.roster.repository import Office
from bot.roster.schemas import (
    Away,
    ColleagueShown,
    Noted,
    Opponents,
    typed_areas,
    typed_hours,
    typed_point,
)
from bot.roster.service import Colleague, RosterService
from bot.roster.words import own_words
from bot.web.staff import StaffGuard

HOME = "/desk/roster"

Page = Callable[..., HTMLResponse]
Typed = Annotated[str, Form(max_length=100)]
Long = Annotated[str, Form(max_length=20_000)]
ConversationId = Annotated[str, Query(pattern=r"^[0-9a-f]{32}$", description="会话编号")]


def create_roster_router(
    service: RosterService, guard: StaffGuard, templates: Jinja2Templates
) -> APIRouter:
    """Return the pages under /desk/roster, and /api/desk/colleagues, /away and /opponents."""
    router = APIRouter()
    _add_interface(router, service, guard)
    pages = APIRouter(prefix=HOME, include_in_schema=False)
    receiving = _receiving(guard.of_page)
    _add_plan(pages, service, receiving, templates)
    _add_offices(pages, service, receiving, templates)
    _add_people(pages, service, receiving, templates)
    _add_clients(pages, service, receiving, templates)
    router.include_router(pages)
    return router


def _receiving(signed_in: Callable[[Request], Staff]) -> Callable[[Request], Staff]:
    def person(request: Request) -> Staff:
        found = signed_in(request)
        if not found.may_receive:
            raise Forbidden(own_words().say("errors.receiving"))
        return found

    return person


def _add_interface(router: APIRouter, service: RosterService, guard: StaffGuard) -> None:
    api = APIRouter(prefix="/api/desk", tags=["desk"])
    receiving = _receiving(guard.of_script)

    @api.get("/colleagues", summary="同事：在不在岗、手头几件、擅长什么")
    def colleagues(
        person: Staff = Depends(receiving), conversation: ConversationId | None = None
    ) -> list[ColleagueShown]:
        service.seen(person.id)
        found = service.colleagues(conversation or "")
        return [_shown(colleague, asked=conversation is not None) for colleague in found]

    @api.post("/away", summary="暂离或恢复接单")
    def away(body: Away, person: Staff = Depends(receiving)) -> Away:
        service.set_away(person, person.id, body.away)
        return body

    @api.post("/opponents", summary="登记一个会话的对方当事人（只存加密指纹）")
    def opponents(
        body: Opponents,
        conversation: ConversationId,
        person: Staff = Depends(receiving),
    ) -> Noted:
        barred = service.note_opponents(conversation, body.names, person)
        return Noted(conflict=person.id in barred, colleagues=sorted(barred))

    router.include_router(api)


def _shown(colleague: Colleague, *, asked: bool) -> ColleagueShown:
    person = colleague.person
    return ColleagueShown(
        id=person.staff.id,
        name=person.staff.name,
        role=person.staff.role,
        office=colleague.office,
        present=colleague.present,
        away=person.away,
        load=person.load,
        capacity=person.capacity,
        topics=list(person.topics),
        conflict=colleague.conflict if asked else None,
    )


def _add_plan(
    router: APIRouter,
    service: RosterService,
    receiving: Callable[[Request], Staff],
    templates: Jinja2Templates,
) -> None:
    def page(
        request: Request,
        staff: Staff,
        error: LawbridgeError | None = None,
        shift: ShiftForm | None = None,
    ) -> HTMLResponse:
        context = {
            "staff": staff,
            "page": roster_page(service, staff, shift),
            "done": _done(request),
            "error": error.detail if error else "",
        }
        status = error.status if error else 200
        return templates.TemplateResponse(request, "roster_plan.html", context, status_code=status)

    @router.get("", response_class=HTMLResponse)
    def plan(request: Request, staff: Staff = Depends(receiving)) -> HTMLResponse:
        service.seen(staff.id)
        return page(request, staff)

    @router.post("/away")
    def away(away: Typed = "", staff: Staff = Depends(receiving)) -> Response:
        service.set_away(staff, staff.id, away == "1")
        return _back("away" if away == "1" else "back")

    @router.post("/shifts", response_model=None)
    def add_shift(
        request: Request,
        staff_id: Typed = "",
        day: Typed = "",
        starts: Typed = "",
        ends: Typed = "",
        staff: Staff = Depends(receiving),
    ) -> Response:
        typed = ShiftForm(staff_id, day, starts, ends)
        try:
            service.add_shift(staff, *_shift(typed))
        except LawbridgeError as error:
            return page(request, staff, error, typed)
        return _back("shift_added")

    @router.post("/shifts/{shift_id}/remove", response_model=None)
    def remove_shift(
        request: Request, shift_id: int, staff: Staff = Depends(receiving)
    ) -> Response:
        try:
            service.remove_shift(staff, shift_id)
        except LawbridgeError as error:
            return page(request, staff, error)
        return _back("shift_removed")

    @router.post("/weeks", response_model=None)
    def copy_week(
        request: Request, monday: Typed = "", staff: Staff = Depends(receiving)
    ) -> Response:
        try:
            count = service.copy_week(staff, _monday(monday))
        except LawbridgeError as error:
            return page(request, staff, error)
        return _back("copied", count)


def _shift(typed: ShiftForm) -> tuple[int, dt.date, dt.time, dt.time]:
    try:
        return (
            int(typed.staff_id),
            dt.date.fromisoformat(typed.day),
            dt.time.fromisoformat(typed.starts).replace(tzinfo=None),
            dt.time.fromisoformat(typed.ends).replace(tzinfo=None),
        )
    except ValueError:
        raise BadInput(own_words().say("errors.shift_times")) from None


def _monday(typed: str) -> dt.date:
    try:
        return dt.date.fromisoformat(typed)
    except ValueError:
        raise BadInput(own_words().say("errors.week")) from None


def _add_offices(
    router: APIRouter,
    service: RosterService,
    receiving: Callable[[Request], Staff],
    templates: Jinja2Templates,
) -> None:
    def supervising(staff: Staff = Depends(receiving)) -> Staff:
        if not staff.may_supervise:
            raise Forbidden(own_words().say("errors.supervisors"))
        return staff

    def page(
        request: Request, staff: Staff, form: OfficeForm, error: LawbridgeError | None = None
    ) -> HTMLResponse:
        context = {
            "staff": staff,
            "form": form,
            "weekdays": own_words().get("hours.weekdays"),
            "error": error.detail if error else "",
        }
        status = error.status if error else 200
        return templates.TemplateResponse(
            request, "roster_office.html", context, status_code=status
        )

    @router.get("/offices/new", response_class=HTMLResponse)
    def new(request: Request, staff: Staff = Depends(supervising)) -> HTMLResponse:
        return page(request, staff, office_form(None))

    @router.get("/offices/{office_id}", response_class=HTMLResponse)
    def edit(request: Request, office_id: int, staff: Staff = Depends(supervising)) -> HTMLResponse:
        return page(request, staff, office_form(service.office(office_id)))

    @router.post("/offices/{office_id}", response_model=None)
    def save(
        request: Request,
        office_id: int,
        name: Typed = "",
        phone: Typed = "",
        week: Annotated[list[str], Form(max_length=7)] = [],  # noqa: B006  FastAPI copies it
        exceptions: Long = "",
        areas: Long = "",
        address: Long = "",
        point: Typed = "",
        active: Typed = "1",
        staff: Staff = Depends(supervising),
    ) -> Response:
        lines = (*week, *[""] * 7)[:7]
        is_active = active == "1"
        form = OfficeForm(
            office_id, name, phone, lines, exceptions, is_active, areas, address, point
        )
        try:
            hours = typed_hours(lines, exceptions)
            served = typed_areas(areas)
            office = Office(
                office_id,
                name.strip(),
                phone.strip(),
                hours,
                is_active,
                served,
                " ".join(address.split()),
                typed_point(point),
            )
            service.save_office(staff, office)
        except LawbridgeError as error:
            return page(request, staff, form, error)
        return _back("office")


def _add_people(
    router: APIRouter,
    service: RosterService,
    receiving: Callable[[Request], Staff],
    templates: Jinja2Templates,
) -> None:
    def page(
        request: Request, staff: Staff, form: PersonForm, error: LawbridgeError | None = None
    ) -> HTMLResponse:
        context = {
            "staff": staff,
            "form": form,
            "topics": service.topics,
            "offices": [office for office in service.offices() if office.active],
            "error": error.detail if error else "",
        }
        status = error.status if error else 200
        return templates.TemplateResponse(
            request, "roster_person.html", context, status_code=status
        )

    @router.get("/people/{staff_id}", response_class=HTMLResponse)
    def edit(request: Request, staff_id: int, staff: Staff = Depends(receiving)) -> HTMLResponse:
        if staff.id != staff_id and not staff.may_supervise:
            raise Forbidden(own_words().say("errors.supervisors"))
        return page(request, staff, person_form(service.colleague(staff_id)))

    @router.post("/people/{staff_id}", response_model=None)
    def save(
        request: Request,
        staff_id: int,
        capacity: Typed = "",
        topics: Annotated[list[str], Form(max_length=60)] = [],  # noqa: B006  FastAPI copies it
        office: Typed = "",
        away: Typed = "",
        staff: Staff = Depends(receiving),
    ) -> Response:
        present = service.colleague(staff_id).person
        # A lawyer's own form has no office in it, and must not empty it.
        office_id = _number(office) if staff.may_supervise else present.staff.office_id
        form = PersonForm(
            staff_id, present.staff.name, office_id, capacity, frozenset(topics), away == "1"
        )
        try:
            service.save_person(staff, staff_id, _number(capacity) or 0, topics, office_id)
            service.set_away(staff, staff_id, form.away)
        except Forbidden:
            raise
        except LawbridgeError as error:
            return page(request, staff, form, error)
        return _back("person")


def _number(typed: str) -> int | None:
    """Return the number typed; None for anything else, which the service refuses where it must."""
    is_number = typed.strip().isdecimal() and len(typed.strip()) <= 9
    return int(typed) if is_number else None


def _add_clients(
    router: APIRouter,
    service: RosterService,
    receiving: Callable[[Request], Staff],
    templates: Jinja2Templates,
) -> None:
    def page(
        request: Request, staff: Staff, names: str = "", error: LawbridgeError | None = None
    ) -> HTMLResponse:
        context = {
            "staff": staff,
            "names": names,
            "count": service.represented_count(staff.id),
            "done": _done(request),
            "error": error.detail if error else "",
        }
        status = error.status if error else 200
        return templates.TemplateResponse(
            request, "roster_clients.html", context, status_code=status
        )

    @router.get("/clients", response_class=HTMLResponse)
    def show(request: Request, staff: Staff = Depends(receiving)) -> HTMLResponse:
        return page(request, staff)

    @router.post("/clients", response_model=None)
    def change(
        request: Request,
        names: Long = "",
        act: Typed = "record",
        staff: Staff = Depends(receiving),
    ) -> Response:
        lines = names.splitlines()
        try:
            if act == "remove":
                count = service.no_longer_represent(staff, lines)
                return _back("unnamed", count, f"{HOME}/clients")
            count = service.represent(staff, lines)
        except LawbridgeError as error:
            return page(request, staff, names, error)
        return _back("named", count, f"{HOME}/clients")


def _back(done: str, count: int | None = None, to: str = HOME) -> RedirectResponse:
    """Send the browser back to a page that says what was done."""
    how_many = "" if count is None else f"&count={count}"
    return RedirectResponse(f"{to}?done={done}{how_many}", status_code=303)


def _done(request: Request) -> str:
    words: dict[str, Any] = own_words().get("pages.done")
    sentence = str(words.get(request.query_params.get("done", ""), ""))
    return sentence.format(count=_number(request.query_params.get("count", "")) or 0)
