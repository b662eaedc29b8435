"""What is a follower's own: the overview, the progress, a rating, files sent in, one's data."""

from __future__ import annotations

import json
import secrets
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from bot.errors import BadFile, BadInput, LawbridgeError, NotFound
from bot.h5.pages import Pages, go
from bot.h5.repository import Visit
from bot.h5.session import COOKIE
from bot.h5.views import local
from connectors.messages import Chat, Inbound
from connectors.web.files import ai_marks, attachment, read_upload

Typed = Annotated[str, Form()]

MOST_COMMENT = 500
SMALLEST = 1024
"""Bytes of an upload's request below which no file was chosen."""


def add_own_pages(router: APIRouter, pages: Pages, chat: Chat) -> None:
    """Add what a follower sees and does about matters and data of his own."""
    service, door, words = pages.service, pages.door, pages.words
    visitors = door.visitors
    visit, change = Depends(door.visit), Depends(door.change)
    strong, strong_change = Depends(door.strong), Depends(door.strong_change)

    @router.get("/m")
    def start() -> Response:
        return go("/m/me")

    @router.get("/m/me")
    def me(request: Request, who: Visit = visit) -> Response:
        can_notify = bool(pages.platform.notice_template(service.account(who)))
        return pages.show(request, "me", all=service.overview(who), can_notify=can_notify)

    @router.get("/m/progress")
    def progress(request: Request, who: Visit = visit) -> Response:
        return pages.show(request, "progress", all=service.overview(who), local=local)

    @router.get("/m/switch")
    def switched() -> Response:
        return go("/m/me")

    @router.post("/m/switch")
    def switch(
        request: Request, place: Typed = "", to: Typed = "", who: Visit = change
    ) -> Response:
        """Look at another of the bound conversations."""
        if not (place.isascii() and place.isdigit() and len(place) < 4):
            raise NotFound
        other = service.other(who, int(place))
        response = go("/m/apply?to=status" if to == "apply" else "/m/talk")
        key = door.links.switch(request.cookies[COOKIE], other)
        door.let_in(response, key, is_strong=other.is_strong)
        return response

    @router.get("/m/apply")
    def apply(to: str = "", _who: Visit = strong) -> Response:
        """Lead to the application, which a weak pass does not open."""
        return go("/apply/status" if to == "status" else "/apply")

    # --- a rating -----------------------------------------------------------------------------

    @router.get("/m/rate")
    def rate_form(request: Request, _who: Visit = visit) -> Response:
        return pages.show(request, "rate", most=MOST_COMMENT)

    @router.post("/m/rate")
    async def rate(
        request: Request,
        score: Typed = "",
        solved: Typed = "",
        comment: Typed = "",
        who: Visit = change,
    ) -> Response:
        given = int(score) if score in ("1", "2", "3", "4", "5") else None
        is_solved = {"yes": True, "no": False}.get(solved)
        try:
            told = await to_thread.run_sync(
                visitors.rate, who.conversation_id, given, is_solved, comment[:MOST_COMMENT]
            )
        except BadInput:
            wrong = words.say("rating.none")
            return pages.show(request, "rate", 422, wrong=wrong, most=MOST_COMMENT)
        if told:
            await stored(who, told)
        return pages.show(
            request, "rate", done=words.say("rating.reopened" if told else "rating.thanks")
        )

    async def stored(who: Visit, message_id: int) -> None:
        event = {"kind": "message", "conversation_id": who.conversation_id, "id": message_id}
        await door.feed.publish(who.conversation_id, event)

    # --- a file -------------------------------------------------------------------------------

    @router.get("/m/upload")
    def upload_form(request: Request, _who: Visit = visit) -> Response:
        return pages.show(request, "upload", id=secrets.token_hex(16))

    @router.post("/m/upload")
    async def upload(request: Request, who: Visit = change) -> Response:
        """Take a picture or PDF into the conversation, as the chat on the web does."""
        try:
            sent = await read_upload(request, BadInput, BadFile)
            part = await to_thread.run_sync(
                visitors.keep_file, who.conversation_id, sent.client_id, sent.name, sent.body
            )
        except LawbridgeError as error:
            length = request.headers.get("content-length", "")
            is_empty = isinstance(error, BadFile) and length.isdigit() and int(length) < SMALLEST
            wrong = words.say("upload.none") if is_empty else error.detail
            return pages.show(
                request, "upload", int(error.status), wrong=wrong, id=secrets.token_hex(16)
            )
        await chat.receive(Inbound(who.conversation_id, sent.client_id, "", parts=(part,)))
        done = words.say("upload.done", name=part.body["name"])
        return pages.show(request, "upload", done=done, id=secrets.token_hex(16))

    # --- one's data ---------------------------------------------------------------------------

    @router.get("/m/data")
    def data(request: Request, who: Visit = visit) -> Response:
        return pages.show(request, "data", all=service.overview(who))

    @router.get("/m/export", response_class=Response)
    def export(show: str = "", who: Visit = strong) -> Response:
        """Return everything that is held, as a file or, where none can be saved, to be read."""
        held = visitors.export(who.conversation_id)
        body = json.dumps(held, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        marks = ai_marks(door.options.provider, who.conversation_id)
        response = attachment(words.say("export_name"), "application/json", body, marks)
        if show:
            response.headers["Content-Disposition"] = "inline"
            response.headers["Content-Type"] = "text/plain; charset=utf-8"
        return response

    @router.get("/m/erase")
    def ask_to_erase(request: Request, _who: Visit = strong) -> Response:
        return pages.show(request, "erase")

    @router.post("/m/erase")
    async def erase(who: Visit = strong_change) -> Response:
        await to_thread.run_sync(visitors.erase, who.conversation_id)
        await door.feed.publish(who.conversation_id, {"kind": "erased"})
        response = go("/m/erased")
        door.let_out(response)
        return response

    @router.get("/m/erased")
    def erased(request: Request) -> Response:
        return pages.show(request, "erased", follower=False)
