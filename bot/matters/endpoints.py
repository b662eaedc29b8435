"""Matters over HTTP: the staff's pages, plain forms without script, and JSON for the desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.bus import QUEUE_TOPIC, Bus, conversation_topic
from bot.domain.conversation import Mode
from bot.domain.people import Staff
from bot.errors import BadInput, Forbidden, LawbridgeError
from bot.matters.pages import MatterPages
from bot.matters.records import Wanted
from bot.matters.schemas import Card, Choice, Matters, outcomes_of
from bot.matters.service import MatterService
from bot.texts import Texts, load_texts
from bot.web.staff import StaffGuard

PAGE = "/desk/matters"

Number = Annotated[str, Path(pattern=r"^\d{8,9}$", description="工单号")]
ConversationId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="会话编号")]
Short = Annotated[str, Form(max_length=60)]
Long = Annotated[str, Form(max_length=4000)]


def create_matters_router(
    service: MatterService,
    guard: StaffGuard,
    bus: Bus,
    templates: Jinja2Templates,
    texts: Texts | None = None,
) -> APIRouter:
    """Return ``/desk/matters`` and ``/api/desk/matters``."""
    router = APIRouter()
    pages = MatterPages(service, templates, texts or load_texts())
    _add_interface(router, pages, guard)
    _add_list(router, pages, guard)
    _add_matter(router, pages, guard, bus)
    return router


def _add_interface(router: APIRouter, pages: MatterPages, guard: StaffGuard) -> None:
    api = APIRouter(prefix="/api/desk", tags=["matters"])
    service = pages.service

    def receiving(request: Request) -> Staff:
        person = guard.of_script(request)
        if not person.may_receive:
            raise Forbidden(pages.say("no_visitors"))
        return person

    @api.get("/matters", summary="工单列表")
    def listing(
        person: Staff = Depends(receiving),
        state: Annotated[str, Query(description="状态；空为未结，all 为全部")] = "",
        office: Annotated[str, Query(description="机构编号")] = "",
        mine: Annotated[bool, Query(description="只要我承办的")] = False,
        overdue: Annotated[bool, Query(description="只要超时的")] = False,
        referral: Annotated[bool, Query(description="只要转办的")] = False,
        q: Annotated[str, Query(description="工单号，空格和短横可有可无")] = "",
    ) -> Matters:
        wanted = pages.wanted(state, office, mine, overdue, q, referral)
        found = service.listing(person, wanted)
        showing = pages.showing(person)
        return Matters(showing.counts(), tuple(showing.card(matter) for matter in found))

    @api.get("/matters/of/{conversation_id}", summary="会话的工单和流转记录；没有工单为 null")
    def of(conversation_id: ConversationId, person: Staff = Depends(receiving)) -> Card | None:
        found = service.of(conversation_id, person)
        return None if found is None else pages.showing(person).card(found, with_log=True)

    @api.get("/outcomes", summary="结单时可选的办理结果")
    def outcomes(person: Staff = Depends(receiving)) -> tuple[Choice, ...]:
        return outcomes_of(service.words)

    router.include_router(api)


def _add_list(router: APIRouter, pages: MatterPages, guard: StaffGuard) -> None:
    service = pages.service

    @router.get(PAGE, response_class=HTMLResponse, include_in_schema=False)
    def listing(
        request: Request,
        person: Staff = Depends(guard.of_page),
        state: str = "",
        office: str = "",
        mine: bool = False,
        overdue: bool = False,
        referral: bool = False,
        q: str = "",
    ) -> HTMLResponse:
        typed = {
            "state": state,
            "office": office,
            "mine": mine,
            "overdue": overdue,
            "referral": referral,
            "q": q,
        }
        try:
            wanted = pages.wanted(state, office, mine, overdue, q, referral)
        except BadInput as error:
            again = pages.list_page(request, person, Wanted(), typed, error.detail)
            return _with_status(again, error)
        return pages.list_page(request, person, wanted, typed)

    @router.get(f"{PAGE}/new", response_class=HTMLResponse, include_in_schema=False)
    def new(request: Request, person: Staff = Depends(guard.of_page)) -> HTMLResponse:
        return pages.new_page(request, person, {})

    @router.post(f"{PAGE}/new", response_model=None, include_in_schema=False)
    def open_by_hand(
        request: Request,
        person: Staff = Depends(guard.of_page),
        channel: Short = "",
        topic: Short = "",
        about: Long = "",
        name: Short = "",
        phone: Short = "",
        office: Short = "",
        to: Short = "",
        due: Short = "",
        note: Long = "",
    ) -> Response:
        typed = {
            "channel": channel,
            "topic": topic,
            "about": about,
            "name": name,
            "phone": phone,
            "office": office,
            "to": to,
            "due": due,
            "note": note,
        }
        try:
            found = service.open_by_hand(
                person,
                channel=channel,
                topic=topic,
                about=about,
                name=name,
                phone=phone,
                target=pages.target(office, to, due) if office or to or due else None,
                note=note,
            )
        except BadInput as error:
            return _with_status(pages.new_page(request, person, typed, error.detail), error)
        return RedirectResponse(f"{PAGE}/{found.number}", 303)


def _add_matter(router: APIRouter, pages: MatterPages, guard: StaffGuard, bus: Bus) -> None:
    service = pages.service
    one = APIRouter(prefix=f"{PAGE}/{{number}}", include_in_schema=False)

    def attempt(
        request: Request, person: Staff, number: str, typed: dict[str, str], step: Callable[[], Any]
    ) -> Response:
        """Carry out a step and show the matter anew, or the same page with what went wrong."""
        try:
            step()
        except LawbridgeError as error:
            # Whoever may not even read it is told so by this.
            standing = service.see(number, person)
            again = pages.matter_page(request, person, standing, error=error.detail, typed=typed)
            return _with_status(again, error)
        return RedirectResponse(f"{PAGE}/{number}", 303)

    @one.get("", response_class=HTMLResponse)
    def detail(
        request: Request, number: Number, person: Staff = Depends(guard.of_page)
    ) -> HTMLResponse:
        return pages.matter_page(request, person, service.see(number, person))

    @one.post("/dispatch", response_model=None)
    def dispatch(
        request: Request,
        number: Number,
        person: Staff = Depends(guard.of_page),
        office: Short = "",
        to: Short = "",
        due: Short = "",
        note: Long = "",
    ) -> Response:
        typed = {"office": office, "to": to, "due": due, "dispatch_note": note}

        def step() -> None:
            service.dispatch(number, person, pages.target(office, to, due), note)

        return attempt(request, person, number, typed, step)

    @one.post("/take", response_model=None)
    def take(request: Request, number: Number, person: Staff = Depends(guard.of_page)) -> Response:
        return attempt(request, person, number, {}, lambda: service.take(number, person))

    @one.post("/note", response_model=None)
    def note(
        request: Request,
        number: Number,
        person: Staff = Depends(guard.of_page),
        note: Long = "",
    ) -> Response:
        typed = {"note": note}
        return attempt(request, person, number, typed, lambda: service.note(number, person, note))

    @one.post("/close", response_model=None)
    def close(
        request: Request,
        number: Number,
        person: Staff = Depends(guard.of_page),
        outcome: Short = "",
        advice: Long = "",
    ) -> Response:
        typed = {"outcome": outcome, "advice": advice}
        return attempt(
            request, person, number, typed, lambda: service.close(number, person, outcome, advice)
        )

    @one.post("/reopen", response_model=None)
    async def reopen(
        request: Request,
        number: Number,
        person: Staff = Depends(guard.of_page),
        note: Long = "",
    ) -> Response:
        typed, reopened = {"reopen_note": note}, []

        def step() -> None:
            reopened.append(service.reopen(number, person, note))

        answer = await to_thread.run_sync(attempt, request, person, number, typed, step)
        for matter in reopened:
            # Nobody waits for a referral that is taken up again.
            if matter.conversation_id is not None and not matter.is_referral:
                await _announce_queued(bus, matter.conversation_id)
        return answer

    @one.post("/reveal", response_class=HTMLResponse)
    def reveal(
        request: Request,
        number: Number,
        person: Staff = Depends(guard.of_page),
        reason: Long = "",
    ) -> HTMLResponse:
        try:
            service.reveal(number, person, reason)
        except BadInput as error:
            again = pages.matter_page(
                request, person, service.see(number, person), error=error.detail
            )
            return _with_status(again, error)
        return pages.matter_page(request, person, service.see(number, person), revealed=True)

    router.include_router(one)


async def _announce_queued(bus: Bus, conversation_id: str) -> None:
    """Tell the visitor's screen and every desk that a conversation has joined the queue."""
    event = {"kind": "message", "conversation_id": conversation_id, "mode": Mode.QUEUED}
    await bus.publish(conversation_topic(conversation_id), event)
    await bus.publish(QUEUE_TOPIC, event)


def _with_status(response: HTMLResponse, error: LawbridgeError) -> HTMLResponse:
    response.status_code = error.status
    return response
