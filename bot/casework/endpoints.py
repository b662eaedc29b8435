"""The staff's pages of legal-aid applications under /desk/aid: plain forms without script.

The list, one application, its files and letters, and a form for every step.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.casework.lettering import Lettering
from bot.casework.listing import Wanted
from bot.casework.pages import HOME, CaseworkPages
from bot.casework.service import CaseworkService
from bot.casework.steps import Step, carry_out
from bot.casework.typed import Typed
from bot.domain.people import Staff
from bot.errors import BadInput, BrokenTemplate, Forbidden, LawbridgeError, NotFound
from bot.letters.service import LetterKind
from bot.web.staff import StaffGuard
from connectors.web.files import attachment

MOST_FIELDS = 400

FileId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


async def read_form(request: Request) -> dict[str, tuple[str, ...]]:
    """Return the fields of a form by name; files are not taken."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    return {
        name: tuple(value for value in form.getlist(name) if isinstance(value, str))
        for name in form
    }


def create_casework_router(
    service: CaseworkService,
    lettering: Lettering,
    guard: StaffGuard,
    templates: Jinja2Templates,
) -> APIRouter:
    """Return the pages under /desk/aid; changes are refused from other sites by the guard."""
    router = APIRouter(prefix=HOME, tags=["legal aid"], include_in_schema=False)
    pages = CaseworkPages(service, lettering, templates)
    _add_list(router, pages, guard)
    _add_copies(router, pages, lettering, guard)
    _add_one(router, pages, guard)
    return router


def _add_list(router: APIRouter, pages: CaseworkPages, guard: StaffGuard) -> None:
    service = pages.service

    @router.get("", response_class=HTMLResponse)
    def listing(
        request: Request,
        staff: Staff = Depends(guard.of_page),
        state: str = "",
        flag: str = "",
        scope: str = "",
        office: str = "",
        page: str = "",
    ) -> HTMLResponse:
        try:
            wanted = pages.wanted(state, flag, scope, office, page)
        except BadInput as error:
            again = pages.list_page(request, staff, Wanted(), error=error.detail)
            return _with_status(again, error)
        return pages.list_page(request, staff, wanted)

    @router.post("/search", response_class=HTMLResponse)
    def search(
        request: Request,
        q: Annotated[str, Form(max_length=60)] = "",
        staff: Staff = Depends(guard.of_page),
    ) -> HTMLResponse:
        try:
            found = service.search(staff, q)
        except BadInput as error:
            again = pages.list_page(request, staff, Wanted(), error=error.detail)
            return _with_status(again, error)
        return pages.list_page(request, staff, Wanted(), found=found, looked_for=True)


def _add_copies(
    router: APIRouter, pages: CaseworkPages, lettering: Lettering, guard: StaffGuard
) -> None:
    service = pages.service

    @router.get("/{number}/files/{file_id}", response_class=Response)
    def file(number: str, file_id: FileId, staff: Staff = Depends(guard.of_page)) -> Response:
        found, body = service.file(number, file_id, staff)
        return attachment(found.name, found.mime, body)

    @router.get("/{number}/letters/{kind}", response_class=Response)
    def letter(
        request: Request, number: str, kind: LetterKind, staff: Staff = Depends(guard.of_page)
    ) -> Response:
        try:
            made = lettering.write(kind, number, staff)
        except BrokenTemplate as error:
            page = pages.detail_page(request, staff, number, error=error.detail)
            return _with_status(page, error)
        return attachment(made.name, made.mime, made.body)


def _add_one(router: APIRouter, pages: CaseworkPages, guard: StaffGuard) -> None:
    service = pages.service

    @router.get("/{number}", response_class=HTMLResponse)
    def detail(
        request: Request, number: str, staff: Staff = Depends(guard.of_page)
    ) -> HTMLResponse:
        return pages.detail_page(request, staff, number)

    @router.post("/{number}/reveal", response_class=HTMLResponse)
    def reveal(
        request: Request, number: str, staff: Staff = Depends(guard.of_page)
    ) -> HTMLResponse:
        service.reveal(number, staff)
        return pages.detail_page(request, staff, number, revealed=True)

    @router.post("/{number}/{step}", response_model=None)
    def take_step(
        request: Request,
        number: str,
        step: Step,
        staff: Staff = Depends(guard.of_page),
        values: dict[str, tuple[str, ...]] = Depends(read_form),
    ) -> Response:
        typed = Typed(step, values)
        try:
            carry_out(step, service, number, staff, typed)
        except Forbidden:
            raise
        except NotFound as error:
            return _lost(request, staff, number, typed, error)
        except LawbridgeError as error:
            return _again(request, staff, number, typed, error)
        return RedirectResponse(_after(step, number, staff), status_code=303)

    def _again(
        request: Request, staff: Staff, number: str, typed: Typed, error: LawbridgeError
    ) -> HTMLResponse:
        page = pages.detail_page(request, staff, number, error=error.detail, typed=typed)
        return _with_status(page, error)

    def _lost(
        request: Request, staff: Staff, number: str, typed: Typed, error: NotFound
    ) -> HTMLResponse:
        """Show it again if only a part of it was not found, else that it is gone."""
        try:
            return _again(request, staff, number, typed, error)
        except NotFound:
            return pages.gone_page(request, staff, typed, error.detail)

    def _after(step: Step, number: str, staff: Staff) -> str:
        """Return where to go: to the list once it is somebody else's."""
        try:
            service.get(number, staff)
        except NotFound:
            return f"{HOME}?done={step}"
        return f"{HOME}/{number}?done={step}"


def _with_status(response: HTMLResponse, error: LawbridgeError) -> HTMLResponse:
    response.status_code = error.status
    return response
