"""Coming and going: the start page, consent, codes for another device, one's own data."""

from __future__ import annotations

import json
import re
import secrets
from typing import Annotated, Any
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from bot.apply.consent import consent_of
from bot.apply.pages import Pages
from bot.apply.session import COOKIE, PATH
from bot.errors import BadContinuation, BadInput, ContinuedElsewhere, NotSignedIn
from bot.web.large import LARGE
from connectors.web.files import ai_marks, attachment

_VERSION = re.compile(r"[\w.-]{1,16}")
_GONE = frozenset({"expired", "moved", "left", "erased"})

Typed = Annotated[str, Form()]
_OFFICE = re.compile(r"[1-9]\d{0,8}")


def _office(said: str) -> int:
    """Return the office at whose counter an application is filled in, 0 for none."""
    return int(said) if _OFFICE.fullmatch(said) else 0


def add_entry_pages(router: APIRouter, pages: Pages) -> None:
    """Add the start page and what leads into the form."""
    door, service = pages.door, pages.service
    consent = consent_of(door.options, pages.words)

    async def known(request: Request) -> tuple[str | None, str]:
        """Return the conversation of the cookie if there is one, and why it is gone otherwise."""
        token = request.cookies.get(COOKIE, "")
        try:
            found = await door.admitted(token)
        except ContinuedElsewhere:
            return None, "moved"
        return found, "expired" if token and found is None else ""

    async def start_page(
        request: Request,
        status: int = 200,
        gone: str = "",
        wrong: str = "",
        code: str = "",
        at: int = 0,
    ) -> Response:
        conversation_id, why = await known(request)
        standing = None
        if conversation_id is not None:
            standing = await to_thread.run_sync(service.standing, conversation_id)
        reason = why or (gone if gone in _GONE else "")
        response = pages.show(
            request,
            "start",
            status,
            standing=standing,
            consent=consent,
            gone=pages.words.say(f"gone.{reason}") if reason else "",
            wrong=wrong,
            code=code,
            device=secrets.token_hex(16),
            at=at,
            counter=await to_thread.run_sync(service.aid.counter, at) if at else "",
        )
        if why:
            door.let_out(response)
        return response

    @router.get("/apply")
    async def start(request: Request, gone: str = "", at: str = "") -> Response:
        return await start_page(request, gone=gone, at=_office(at))

    def back() -> Response:
        return pages.go()

    for form in ("begin", "enter", "resume", "code", "keep", "leave", "erase", "submit"):
        # Who loads a form's answer again, or switches large print there, asks for its address.
        router.add_api_route(f"/apply/{form}", back, methods=["GET"])

    @router.post("/apply/begin")
    async def begin(request: Request, consent: Typed = "", at: Typed = "") -> Response:
        await door.from_here(request)
        conversation_id, why = await known(request)
        token = ""
        if conversation_id is None:
            if not consent:
                return pages.go(f"?gone={why or 'expired'}")
            if not _VERSION.fullmatch(consent):
                raise BadInput
            await door.take_session(request)
            opened = await to_thread.run_sync(door.visitors.open, consent, "")
            conversation_id, token = opened.conversation_id, opened.token
        await to_thread.run_sync(service.aid.open, conversation_id, _office(at) or None)
        response = pages.go("/fill")
        if token:
            door.let_in(response, token)
        return response

    @router.post("/apply/enter")
    async def enter(request: Request, token: Typed = "") -> Response:
        """Go on with the conversation of our own chat, whose frame posts its token here."""
        await door.from_here(request)
        found = await door.admitted(token)
        if found is None:
            raise NotSignedIn
        response = pages.go("/fill")
        door.let_in(response, token)
        return response

    @router.post("/apply/resume")
    async def resume(request: Request, code: Typed = "", device: Typed = "") -> Response:
        await door.from_here(request)
        if not 20 <= len(device) <= 80:
            raise BadInput
        await door.take_code(request)
        try:
            opened = await to_thread.run_sync(door.visitors.redeem_code, code[:40], device)
        except BadContinuation as error:
            return await start_page(request, 422, wrong=error.detail, code=code[:40])
        await door.feed.publish(opened.conversation_id, {"kind": "continued"})
        response = pages.go("/fill")
        door.let_in(response, opened.token)
        return response

    @router.get("/apply/large")
    def large(request: Request) -> Response:
        """Switch large print where no script can, and return to the page it was asked on."""
        back = urlsplit(request.headers.get("referer", "")).path
        inside = back.removeprefix(PATH) if back.startswith(f"{PATH}/") else ""
        response = pages.go(inside)
        if LARGE in request.cookies:
            response.delete_cookie(LARGE, path=PATH)
        else:
            # Gone with the browser: a shared computer is used by others.
            response.set_cookie(LARGE, "1", path=PATH, samesite="lax")
        return response


def add_leaving_pages(router: APIRouter, pages: Pages) -> None:
    """Add what saves a draft for later, and one's rights over what is kept."""
    door, service = pages.door, pages.service
    visitors = door.visitors
    visit, change = Depends(door.visit), Depends(door.change)

    def later_page(request: Request, conversation_id: str, **more: Any) -> Response:
        return pages.show(
            request,
            "later",
            standing=service.standing(conversation_id),
            days=door.remember_days,
            **more,
        )

    @router.get("/apply/later")
    def later(request: Request, kept: str = "", conversation_id: str = visit) -> Response:
        return later_page(request, conversation_id, kept=kept == "1")

    @router.post("/apply/code")
    def code(request: Request, conversation_id: str = change) -> Response:
        issued = visitors.issue_code(conversation_id)
        until = service.hour_after(issued.valid_s)
        grouped = f"{issued.code[:4]} {issued.code[4:]}"
        return later_page(
            request, conversation_id, code=grouped, until=until, minutes=issued.valid_s // 60
        )

    @router.post("/apply/keep")
    async def keep(request: Request, _conversation_id: str = change) -> Response:
        response = pages.go("/later?kept=1")
        door.let_in(response, request.cookies[COOKIE], remember=True)
        return response

    @router.post("/apply/leave")
    async def leave(request: Request) -> Response:
        await door.from_here(request)
        response = pages.go("?gone=left")
        door.let_out(response)
        return response

    @router.get("/apply/data")
    def data(request: Request, conversation_id: str = visit) -> Response:
        return pages.show(request, "data", standing=service.standing(conversation_id))

    @router.get("/apply/export", response_class=Response)
    def export(conversation_id: str = visit) -> Response:
        held = visitors.export(conversation_id)
        body = json.dumps(held, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        marks = ai_marks(door.options.provider, conversation_id)
        return attachment(pages.words.say("export_name"), "application/json", body, marks)

    @router.post("/apply/erase")
    async def erase(request: Request, conversation_id: str = change) -> Response:
        await to_thread.run_sync(visitors.erase, conversation_id)
        await door.feed.publish(conversation_id, {"kind": "erased"})
        response = pages.go("?gone=erased")
        door.let_out(response)
        return response
