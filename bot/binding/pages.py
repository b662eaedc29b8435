"""The page on which a supervisor parts what somebody has from a WeChat that is not his.

Whoever finds his matter in a stranger's hands, and has no browser at hand, rings up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.binding.records import Bound
from bot.binding.service import BindingService
from bot.binding.typed import LONGEST, read_typed
from bot.binding.words import own_words
from bot.dialogue.normalise import clean
from bot.domain.clock import CHINA
from bot.domain.people import Staff
from bot.errors import BadInput, Forbidden
from bot.web.staff import StaffGuard

PAGE = "/desk/binding"
LONGEST_REASON = 200


def create_parting_router(
    service: BindingService, guard: StaffGuard, templates: Jinja2Templates
) -> APIRouter:
    """Return ``/desk/binding``, for whoever supervises."""
    router = APIRouter(prefix=PAGE, include_in_schema=False)
    say = own_words().say

    def supervisor(person: Staff = Depends(guard.of_page)) -> Staff:
        if not person.may_supervise:
            raise Forbidden(say("desk.not_yours"))
        return person

    def found(typed: str) -> tuple[str, tuple[Bound, ...]]:
        """Return the conversation of a number and who is bound to it; BadInput without one."""
        read = read_typed(typed)
        if read is None or not read.number:
            is_wrong = read is not None and (read.is_wrong or read.code)
            raise BadInput(say("desk.wrong_number" if is_wrong else "desk.no_number"))
        held = service.bound_under(read.number)
        if held is None:
            raise BadInput(say("desk.not_online"))
        return held

    def show(
        request: Request,
        person: Staff,
        typed: str,
        done: str = "",
        problem: str = "",
        reason: str = "",
    ) -> Response:
        bound, error = None, problem
        if typed.strip():
            try:
                bound = found(typed)[1]
            except BadInput as refused:
                error = refused.detail
        context = {
            "staff": person,
            "number": typed,
            "bound": bound,
            "error": error,
            "no_reason": bool(problem) and not reason,
            "reason": reason,
            "newest": _newest(bound or ()),
            "done": done,
            "nothing": say("desk.none"),
            "longest": LONGEST,
            "longest_reason": LONGEST_REASON,
            "local": lambda moment: f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}",
        }
        status = 422 if error else 200
        return templates.TemplateResponse(request, "binding_desk.html", context, status_code=status)

    @router.get("", response_class=HTMLResponse)
    def page(
        request: Request,
        number: Annotated[str, Query(max_length=LONGEST)] = "",
        done: bool = False,
        person: Staff = Depends(supervisor),
    ) -> Response:
        return show(request, person, number, say("desk.parted") if done else "")

    @router.post("/find", response_class=HTMLResponse)
    def find(
        request: Request,
        number: Annotated[str, Form()] = "",
        person: Staff = Depends(supervisor),
    ) -> Response:
        """Only a number of ours gets into an address; a telephone typed by mistake does not."""
        typed = number[:LONGEST]
        try:
            found(typed)
        except BadInput:
            return show(request, person, typed)
        return RedirectResponse(f"{PAGE}?{urlencode({'number': typed})}", 303)

    @router.post("", response_class=HTMLResponse)
    def part(
        request: Request,
        number: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
        shown: Annotated[str, Form()] = "",
        person: Staff = Depends(supervisor),
    ) -> Response:
        typed, why = number[:LONGEST], clean(reason)[:LONGEST_REASON]
        if not why:
            return show(request, person, typed, problem=say("desk.no_reason"))
        try:
            conversation_id, bound = found(typed)
        except BadInput:
            return show(request, person, typed)
        if _newest(bound) > shown:
            # Whoever has bound it since may be the right person, with a code of his own.
            return show(request, person, typed, problem=say("desk.changed"), reason=why)
        done = service.release(conversation_id, person.login, why)
        asked = {"number": typed, **({"done": 1} if done else {})}
        return RedirectResponse(f"{PAGE}?{urlencode(asked)}", 303)

    return router


def _newest(bound: Iterable[Bound]) -> str:
    """Return when the last of them was bound, in a form that sorts; empty for none."""
    return max((one.since.isoformat() for one in bound), default="")
