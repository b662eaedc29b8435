"""The administrator's pages: everybody's accounts, and one of them. Plain forms without script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.accounts.people.schemas import FirstPassword, Typed, row_of, rows_of
from bot.accounts.people.service import PeopleService
from bot.accounts.wording import load_wording
from bot.domain.people import Role, Staff
from bot.errors import Forbidden, LawbridgeError, NotFound
from bot.web.staff import StaffGuard

PEOPLE = "/desk/people"

PersonId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Field = Annotated[str, Form(max_length=200)]
Change = Callable[[Staff, int], object]


def create_people_router(
    service: PeopleService, guard: StaffGuard, templates: Jinja2Templates
) -> APIRouter:
    """Return the pages under /desk/people; changes are refused from other sites by the guard."""
    router = APIRouter(prefix=PEOPLE, include_in_schema=False)
    pages = _Pages(service, templates)
    _add_list(router, service, guard, pages)
    _add_one(router, service, guard, pages)
    return router


class _Pages:
    def __init__(self, service: PeopleService, templates: Jinja2Templates) -> None:
        self._service = service
        self._templates = templates
        self._wording = load_wording()

    def everybody(
        self,
        request: Request,
        staff: Staff,
        *,
        typed: Typed | None = None,
        error: LawbridgeError | None = None,
        made: FirstPassword | None = None,
    ) -> Response:
        context = {
            "staff": staff,
            "people": rows_of(self._service.everybody(staff), self._wording),
            "roles": self._wording.roles(),
            "typed": typed or Typed(role=Role.LAWYER),
            "error": error.detail if error else "",
            "made": made,
        }
        return self._render(request, "people.html", context, error)

    def one(
        self,
        request: Request,
        staff: Staff,
        staff_id: int,
        *,
        error: LawbridgeError | None = None,
        made: FirstPassword | None = None,
    ) -> Response:
        context = {
            "staff": staff,
            "person": row_of(self._service.get(staff, staff_id), self._wording),
            "roles": self._wording.roles(),
            "error": error.detail if error else "",
            "made": made,
        }
        return self._render(request, "people_one.html", context, error)

    def _render(
        self,
        request: Request,
        name: str,
        context: dict[str, object],
        error: LawbridgeError | None,
    ) -> Response:
        status = error.status if error else 200
        return self._templates.TemplateResponse(request, name, context, status_code=status)


def _add_list(router: APIRouter, service: PeopleService, guard: StaffGuard, pages: _Pages) -> None:
    @router.get("", response_class=HTMLResponse)
    def listing(request: Request, staff: Staff = Depends(guard.of_page)) -> Response:
        return pages.everybody(request, staff)

    @router.post("", response_class=HTMLResponse)
    def add(
        request: Request,
        login: Field = "",
        name: Field = "",
        licence: Field = "",
        role: Field = "",
        staff: Staff = Depends(guard.of_page),
    ) -> Response:
        try:
            person, password = service.add(staff, login, name, licence, role)
        except Forbidden:
            raise
        except LawbridgeError as error:
            typed = Typed(login, name, licence, role)
            return pages.everybody(request, staff, typed=typed, error=error)
        made = FirstPassword(person.login, person.name, password)
        return pages.everybody(request, staff, made=made)


def _add_one(router: APIRouter, service: PeopleService, guard: StaffGuard, pages: _Pages) -> None:
    def changed(request: Request, staff: Staff, staff_id: int, change: Change) -> Response:
        try:
            change(staff, staff_id)
        except (Forbidden, NotFound):
            raise
        except LawbridgeError as error:
            return pages.one(request, staff, staff_id, error=error)
        return RedirectResponse(f"{PEOPLE}/{staff_id}", 303)

    @router.get("/{staff_id}", response_class=HTMLResponse)
    def one(
        request: Request, staff_id: PersonId, staff: Staff = Depends(guard.of_page)
    ) -> Response:
        return pages.one(request, staff, staff_id)

    @router.post("/{staff_id}/role")
    def set_role(
        request: Request,
        staff_id: PersonId,
        role: Field = "",
        staff: Staff = Depends(guard.of_page),
    ) -> Response:
        def change(admin: Staff, who: int) -> None:
            service.set_role(admin, who, role)

        return changed(request, staff, staff_id, change)

    @router.post("/{staff_id}/password", response_class=HTMLResponse)
    def reset_password(
        request: Request, staff_id: PersonId, staff: Staff = Depends(guard.of_page)
    ) -> Response:
        try:
            password = service.reset_password(staff, staff_id)
        except (Forbidden, NotFound):
            raise
        except LawbridgeError as error:
            return pages.one(request, staff, staff_id, error=error)
        person = service.get(staff, staff_id).staff
        made = FirstPassword(person.login, person.name, password)
        return pages.one(request, staff, staff_id, made=made)

    changes: dict[str, Change] = {
        "deactivate": service.deactivate,
        "activate": service.activate,
        "codes": service.clear_codes,
        "unlock": service.unlock,
        "sessions": service.end_sessions,
    }

    @router.post("/{staff_id}/{name}")
    def change(
        request: Request, staff_id: PersonId, name: str, staff: Staff = Depends(guard.of_page)
    ) -> Response:
        if name not in changes:
            raise NotFound
        return changed(request, staff, staff_id, changes[name])
