"""After the submission: the receipt, the progress, the papers that are still to come."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from bot.aid.service import Lookup
from bot.apply.pages import Pages
from bot.apply.service import Filed
from bot.apply.session import COOKIE
from bot.domain.clock import CHINA
from bot.errors import BadFile, BadInput, ContinuedElsewhere, LawbridgeError, NotFound
from connectors.web.files import attachment, read_upload

SMALLEST = 1024
"""Bytes of an upload's request below which no file was chosen."""

Typed = Annotated[str, Form()]


def add_filed_pages(router: APIRouter, pages: Pages) -> None:
    """Add what an applicant sees and does after handing in."""
    service, words, door = pages.service, pages.words, pages.door
    visit, change = Depends(door.visit), Depends(door.change)

    def filed_page(
        request: Request, name: str, filed: tuple[Filed, ...], status: int = 200, **more: Any
    ) -> Response:
        told = {e.application.number: _local(e.application.created_at) for e in filed}
        now = words.get("now")
        # One id for each form: the same upload sent twice is one file.
        context = {
            "filed": filed, "received": told, "now": now, "upload": secrets.token_hex, "at": _local,
        }  # fmt: skip
        return pages.show(request, name, status, **context, **more)

    @router.get("/apply/done")
    def done(request: Request, conversation_id: str = visit) -> Response:
        """Show the newest application as received."""
        filed = service.filed(conversation_id)
        return filed_page(request, "done", filed[:1]) if filed else pages.go("/fill")

    @router.get("/apply/status")
    async def status(request: Request) -> Response:
        """Show the applications of one's own session; without one, ask for number and phone."""
        try:
            conversation_id = await door.admitted(request.cookies.get(COOKIE, ""))
        except ContinuedElsewhere:
            conversation_id = None
        filed = await to_thread.run_sync(service.filed, conversation_id) if conversation_id else ()
        return filed_page(request, "status", filed)

    @router.post("/apply/status")
    async def look_up(request: Request, number: Typed = "", phone: Typed = "") -> Response:
        await door.from_here(request)
        try:
            conversation_id = await door.admitted(request.cookies.get(COOKIE, "")) or ""
        except ContinuedElsewhere:
            conversation_id = ""
        result, filed = await to_thread.run_sync(
            service.look_up, conversation_id, number[:60], phone[:20]
        )
        if result is Lookup.FOUND:
            return filed_page(request, "status", filed, looked_up=True)
        wrong = words.say(f"lookup.{result}")
        at = "phone" if result is Lookup.NEED_PHONE else "number"
        return filed_page(
            request, "status", (), 422, wrong=wrong, at_field=at, number=number[:60], looked_up=True
        )

    @router.post("/apply/papers/{number}/{item}")
    async def upload(
        request: Request, number: str, item: str, conversation_id: str = change
    ) -> Response:
        item_id = int(item) if item.isascii() and item.isdigit() and len(item) < 10 else 0
        await to_thread.run_sync(service.awaits, conversation_id, number, item_id)
        problem, kept, receipt = "", "", None
        try:
            sent = await read_upload(request, BadInput, BadFile)
            part = await to_thread.run_sync(
                door.visitors.keep_file, conversation_id, sent.client_id, sent.name, sent.body
            )
            is_joined = await to_thread.run_sync(
                service.hand_in, conversation_id, number, item_id, str(part.body["id"])
            )
            kept = "" if is_joined else words.say("uploads.kept")
            receipt = part.body
        except NotFound:
            raise
        except LawbridgeError as error:
            length = request.headers.get("content-length", "")
            is_empty = isinstance(error, BadFile) and length.isdigit() and int(length) < SMALLEST
            problem = words.say("uploads.none") if is_empty else error.detail
            code = int(error.status)
        filed = await to_thread.run_sync(service.filed, conversation_id)
        return filed_page(
            request,
            "status",
            filed,
            code if problem else 200,
            item_id=item_id,
            problem=problem,
            kept=kept,
            receipt=receipt,
        )

    @router.get("/apply/letter/{number}", response_class=Response)
    def letter(number: str, conversation_id: str = visit) -> Response:
        """Return the application as a Word file to its own applicant."""
        made = service.letter(conversation_id, number)
        return attachment(made.name, made.mime, made.body)


def _local(moment: dt.datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
