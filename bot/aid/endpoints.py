"""Staff pages of legal-aid applications: a list, one application, and its changes of state.

Plain forms without script. Every signed-in member of staff may read the masked pages; deciding and
seeing full numbers is for those who handle applications.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.aid.schemas import detail_of, file_of, row_of, state_choices
from bot.aid.service import AidService
from bot.domain.aid import AidState
from bot.domain.people import Role, Staff
from bot.errors import BadInput, Forbidden, IllegalMove, LawbridgeError
from bot.web.staff import StaffGuard
from connectors.web.files import attachment

HANDLING = frozenset({Role.OFFICER, Role.ADMIN})
"""Roles that decide on applications; lawyers see them masked."""


FileId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]

Announce = Callable[[str, int], Awaitable[None]]
"""Tell open connections that a conversation has a new message: its id and the message's."""


def create_aid_router(
    service: AidService,
    guard: StaffGuard,
    templates: Jinja2Templates,
    announce: Announce | None = None,
) -> APIRouter:
    """Return the pages under /desk/aid; changes are refused from other sites by the guard."""
    router = APIRouter(prefix="/desk/aid", tags=["legal aid"], include_in_schema=False)
    form = service.form

    def handling(staff: Staff = Depends(guard.of_page)) -> Staff:
        if staff.role not in HANDLING:
            raise Forbidden(form.texts.say("staff.not_allowed"))
        return staff

    def page(
        request: Request,
        staff: Staff,
        number: str,
        *,
        revealed: bool = False,
        error: str = "",
        chosen: str = "",
        note: str = "",
    ) -> HTMLResponse:
        application = service.get(number)
        handles = staff.role in HANDLING
        trail = service.trail(number)
        detail = detail_of(
            application, trail, form, service.today(), revealed=revealed, handles=handles
        )
        context = {
            "staff": staff,
            "detail": detail,
            "may_handle": handles,
            "files": [file_of(paper) for paper in service.papers(number)],
            "error": error,
            "chosen": chosen,
            "note": note,
        }
        return templates.TemplateResponse(request, "aid_detail.html", context)

    @router.get("", response_class=HTMLResponse)
    def listing(
        request: Request, staff: Staff = Depends(guard.of_page), state: str = ""
    ) -> HTMLResponse:
        chosen = _state(state) if state else None
        context = {
            "staff": staff,
            "rows": [row_of(a, form, service.today()) for a in service.newest(chosen)],
            "states": state_choices(form),
            "chosen": chosen or "",
        }
        return templates.TemplateResponse(request, "aid_list.html", context)

    @router.get("/{number}", response_class=HTMLResponse)
    def detail(
        request: Request, number: str, staff: Staff = Depends(guard.of_page)
    ) -> HTMLResponse:
        return page(request, staff, number)

    @router.post("/{number}/reveal", response_class=HTMLResponse)
    def reveal(request: Request, number: str, staff: Staff = Depends(handling)) -> HTMLResponse:
        service.reveal(number, actor_of(staff))
        return page(request, staff, number, revealed=True)

    @router.get("/{number}/files/{file_id}", response_class=Response)
    def file(number: str, file_id: FileId, staff: Staff = Depends(handling)) -> Response:
        paper, body = service.paper(number, file_id, actor_of(staff))
        return attachment(paper.name, paper.mime, body)

    @router.post("/{number}/state", response_model=None)
    async def change(
        request: Request,
        number: str,
        to: Annotated[str, Form()],
        staff: Staff = Depends(handling),
        note: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        def work() -> Response | tuple[str, int] | None:
            try:
                changed = service.change_state(number, _state(to), actor_of(staff), note)
            except (IllegalMove, BadInput) as error:
                again = page(request, staff, number, error=error.detail, chosen=to, note=note)
                return _with_status(again, error)
            message = changed.message
            return None if message is None else (message.conversation_id, message.id)

        done = await to_thread.run_sync(work)
        if isinstance(done, Response):
            return done
        if done is not None and announce is not None:
            await announce(*done)
        return RedirectResponse(f"/desk/aid/{number}", status_code=303)

    return router


def actor_of(staff: Staff) -> str:
    return f"{staff.id}:{staff.name}"


def _state(value: str) -> AidState:
    try:
        return AidState(value)
    except ValueError as error:
        raise BadInput from error


def _with_status(response: HTMLResponse, error: LawbridgeError) -> HTMLResponse:
    response.status_code = error.status
    return response
