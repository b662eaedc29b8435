"""The copilot over HTTP: suggestions and corrections for the desk, and the pages that review them.

Every handler here blocks and is therefore no coroutine: it runs in a thread.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.copilot.schemas import ConversationId, CorrectionBody, CorrectionId, Proposed, row_of
from bot.copilot.service import CopilotService, Suggestion
from bot.domain.people import Staff
from bot.errors import BadInput, Forbidden, IllegalMove, LawbridgeError, StorageUnavailable
from bot.web.staff import StaffGuard

PAGE = "/desk/corrections"
_NO_VISITORS = "您的账号不接待来访者。"

Done = Literal["accepted", "declined", "undone", "saved", ""]
Decision = Literal["accept", "decline", "undo", "save"]
_DONE: dict[Decision, Done] = {
    "accept": "accepted",
    "decline": "declined",
    "undo": "undone",
    "save": "saved",
}


def create_copilot_router(
    service: CopilotService, guard: StaffGuard, templates: Jinja2Templates
) -> APIRouter:
    """Return ``/api/desk/conversations/*/copilot``, ``…/corrections`` and ``/desk/corrections``."""
    router = APIRouter()
    _add_interface(router, service, guard)
    _add_pages(router, service, guard, templates)
    return router


def _add_interface(router: APIRouter, service: CopilotService, guard: StaffGuard) -> None:
    api = APIRouter(prefix="/api/desk/conversations/{conversation_id}", tags=["copilot"])

    def lawyer(request: Request) -> Staff:
        person = guard.of_script(request)
        if not person.may_receive:
            raise Forbidden(_NO_VISITORS)
        return person

    @api.get("/copilot", summary="给律师的依据、案例、草稿和还要问的要点")
    def suggest(conversation_id: ConversationId, person: Staff = Depends(lawyer)) -> Suggestion:
        return service.suggest(conversation_id, person)

    @api.post("/corrections", status_code=201, summary="更正或不采用系统给的条文，交主管审核")
    def correct(
        conversation_id: ConversationId, body: CorrectionBody, person: Staff = Depends(lawyer)
    ) -> Proposed:
        found = service.corrections.correct(
            person, conversation_id, body.question, body.offered, body.chosen
        )
        return Proposed(id=found)

    router.include_router(api)


def _add_pages(
    router: APIRouter, service: CopilotService, guard: StaffGuard, templates: Jinja2Templates
) -> None:
    pages = APIRouter(prefix=PAGE, tags=["copilot"], include_in_schema=False)
    corrections = service.corrections
    own = corrections.texts

    def page(
        request: Request,
        person: Staff,
        *,
        done: str = "",
        failed: int = 0,
        typed: tuple[str, str] | None = None,
        error: str = "",
    ) -> HTMLResponse:
        found = corrections.review(person)
        rows = {
            name: [
                row_of(
                    one,
                    service.kb,
                    own,
                    typed=typed if one.id == failed else None,
                    error=error if one.id == failed else "",
                )
                for one in listed
            ]
            for name, listed in (("pending", found.pending), ("decided", found.decided))
        }
        shown = {row.id for listed in rows.values() for row in listed}
        context = {
            "staff": person,
            **rows,
            "done": own.say(f"corrections.done.{done}") if done else "",
            # Of a line that has left the list meanwhile, the sentence stands above the list.
            "error": error if failed not in shown else "",
        }
        return templates.TemplateResponse(request, "corrections.html", context)

    @pages.get("", response_class=HTMLResponse)
    def listing(
        request: Request, person: Staff = Depends(guard.of_page), done: Done = ""
    ) -> HTMLResponse:
        return page(request, person, done=done)

    @pages.post("/{correction_id}", response_model=None)
    def decide(
        request: Request,
        correction_id: CorrectionId,
        decision: Annotated[Decision, Form()],
        person: Staff = Depends(guard.of_page),
        question: Annotated[str, Form(max_length=2000)] = "",
        articles: Annotated[str, Form(max_length=2000)] = "",
    ) -> Response:
        try:
            if decision == "accept":
                corrections.accept(person, correction_id, question, articles)
            elif decision == "save":
                corrections.save(person, correction_id, question, articles)
            else:
                corrections.decline(person, correction_id)
        except (BadInput, IllegalMove, StorageUnavailable) as error:
            typed = (question, articles) if isinstance(error, BadInput) else None
            again = page(request, person, failed=correction_id, typed=typed, error=error.detail)
            return _with_status(again, error)
        return RedirectResponse(f"{PAGE}?done={_DONE[decision]}", status_code=303)

    router.include_router(pages)


def _with_status(response: HTMLResponse, error: LawbridgeError) -> HTMLResponse:
    response.status_code = error.status
    return response
