"""The page on which a follower binds what he has on the web, as the chat does; no script needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from fastapi.templating import Jinja2Templates

from bot.binding.records import Answer, Told
from bot.binding.service import BindingService
from bot.binding.typed import LONGEST, read_typed
from bot.binding.words import own_words
from bot.dialogue.phones import phone_of
from bot.domain.clock import CHINA
from bot.domain.matter import spoken

PATH = "/m/bind"
FORMS = ("code", "number", "mobile", "sms", "leave", "end")
_DONE = frozenset({Told.BOUND, Told.BOUND_CLOSED, Told.BOUND_UNPROVEN, Told.KNOWN, Told.SENT})

Typed = Annotated[str, Form()]


class Who(Protocol):
    """Whose browser it is."""

    @property
    def follower_id(self) -> int: ...


class Options(Protocol):
    @property
    def bureau(self) -> str: ...


class Door(Protocol):
    """The followers' browsers: who they are, and the rules for forms."""

    @property
    def options(self) -> Options: ...

    async def held(self, request: Request) -> Who | None:
        """Return whose pass the browser holds; None without a valid one."""
        ...

    async def visit(self, request: Request) -> Who:
        """As ``held``; raises ``NotSignedIn`` without one."""
        ...

    async def change(self, request: Request) -> Who:
        """As ``visit``, for forms: from our own pages only, and counted."""
        ...

    async def strong_change(self, request: Request) -> Who:
        """As ``change``, for what is not to be done by whom a link was passed on to."""
        ...

    def let_out(self, response: Response) -> None: ...


def create_bind_router(
    service: BindingService,
    door: Door,
    take_code: Callable[[Request], Awaitable[None]],
    templates: Jinja2Templates,
    route: type[APIRoute] = APIRoute,
) -> APIRouter:
    """Return the page and its forms.

    ``take_code`` counts a code that is typed, together with those typed elsewhere on the web.
    ``route`` is the kind of route whose failures are pages.
    """
    router = APIRouter(include_in_schema=False)
    router.route_class = route
    visit, change = Depends(door.visit), Depends(door.change)
    strong_change = Depends(door.strong_change)

    def show(request: Request, who: Who, status: int = 200, **more: Any) -> Response:
        follower_id = who.follower_id
        context = {
            "bureau": door.options.bureau,
            "follower": True,
            "here": PATH,
            "talks": service.talks(follower_id),
            "is_talking": service.is_talking(follower_id),
            "offers_sms": service.offers_sms,
            "awaits_sms": service.proofs.awaits_code(follower_id),
            "spoken": spoken,
            "day": lambda moment: f"{moment.astimezone(CHINA):%Y-%m-%d}",
        }
        return templates.TemplateResponse(
            request, "h5_bind.html", {**context, **more}, status_code=status
        )

    def came(request: Request, who: Who, field: str, answer: Answer, **typed: str) -> Response:
        """Show what came of a form: again with what was typed, or the page as it is now."""
        if answer.is_good:
            return RedirectResponse(f"{PATH}?done={answer.told}", 303)
        wrong = own_words().get("page").get(answer.told) or answer.words
        return show(request, who, 422, field=field, wrong=wrong, typed=typed)

    def refused(request: Request, who: Who, field: str, told: Told, **typed: str) -> Response:
        words = own_words().say(f"told.{told}")
        return came(request, who, field, Answer(told, words), **typed)

    def back() -> Response:
        return RedirectResponse(PATH, 303)

    @router.get(PATH)
    def bind(request: Request, done: str = "", who: Who = visit) -> Response:
        said = own_words().say(f"page.done.{done}") if done in _DONE else ""
        return show(request, who, done=said)

    for form in FORMS:
        # Who loads a form's answer again, or switches large print there, asks for its address.
        router.add_api_route(f"{PATH}/{form}", back, methods=["GET"])

    @router.post(f"{PATH}/code")
    async def by_code(request: Request, code: Typed = "", who: Who = change) -> Response:
        await take_code(request)

        def work() -> Response:
            typed = code[:LONGEST]
            answer = service.by_code(who.follower_id, typed)
            return came(request, who, "code", answer, code=typed)

        return await to_thread.run_sync(work)

    @router.post(f"{PATH}/number")
    def by_number(
        request: Request, number: Typed = "", phone: Typed = "", who: Who = change
    ) -> Response:
        number, phone = number[:LONGEST], phone[:LONGEST]
        kept = {"number": number, "phone": phone}
        found = read_typed(number)
        if found is None or not (found.number or found.is_wrong or found.code):
            return refused(request, who, "number", Told.NO_NUMBER, **kept)
        if not found.number:
            return refused(request, who, "number", Told.WRONG_NUMBER, **kept)
        if not phone_of(phone):
            return refused(request, who, "phone", Told.NO_PHONE, **kept)
        answer = service.by_number(who.follower_id, found.number, phone)
        return came(request, who, "number", answer, **kept)

    @router.post(f"{PATH}/mobile")
    def send_code(request: Request, mobile: Typed = "", who: Who = change) -> Response:
        typed = mobile[:LONGEST]
        answer = service.send_code(who.follower_id, typed)
        return came(request, who, "mobile", answer, mobile=typed)

    @router.post(f"{PATH}/sms")
    async def by_sms(request: Request, sms: Typed = "", who: Who = change) -> Response:
        await take_code(request)

        def work() -> Response:
            found = read_typed(sms[:LONGEST])
            if found is None or not found.sms:
                return refused(request, who, "sms", Told.WRONG_SMS)
            answer = service.by_sms(who.follower_id, found.sms)
            # Without a code that can be tried there is no field for one.
            field = "sms" if service.proofs.awaits_code(who.follower_id) else "mobile"
            return came(request, who, field, answer)

        return await to_thread.run_sync(work)

    @router.post(f"{PATH}/leave")
    def leave(request: Request, who: Who = strong_change) -> Response:
        return show(request, who, leaving=service.leave(who.follower_id))

    @router.post(f"{PATH}/end")
    async def end(request: Request, who: Who = strong_change) -> Response:
        answer = await to_thread.run_sync(service.unbind, who.follower_id)
        # The pass was perhaps one of a conversation that is no longer his.
        stays = await door.held(request) is not None
        response = templates.TemplateResponse(
            request,
            "h5_bind_ended.html",
            {"bureau": door.options.bureau, "follower": stays, "said": answer.words},
        )
        if not stays:
            door.let_out(response)
        return response

    return router
