"""What a follower reads: the whole answer, the talk, files, the catalogue of services."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from bot.errors import NotFound
from bot.h5.pages import Pages, go
from bot.h5.repository import Visit
from bot.h5.service import NEWEST
from bot.h5.session import PATH, switch_large
from bot.web.frames import mark_follower
from connectors.web.files import attachment
from knowledge_base.models import ServiceItem

LOOKS = 12
"""How often a page that waits for its answer looks again by itself."""


def add_reading_pages(router: APIRouter, pages: Pages, services: Sequence[ServiceItem]) -> None:
    """Add every page that only shows something."""
    service, door = pages.service, pages.door
    visitors = door.visitors
    visit = Depends(door.visit)

    @router.get("/m/answer/{message_id}")
    def answer(request: Request, message_id: str, look: str = "", who: Visit = visit) -> Response:
        found = service.answer(who, _number(message_id))
        again = _again(look) if not found.messages else 0
        return pages.show(request, "answer", answer=found, again=again)

    @router.get("/m/talk")
    def talk(request: Request, before: str = "", look: str = "", who: Visit = visit) -> Response:
        found = service.talk(who, _number(before) if before else 0)
        if not before and found.newest:
            # What was read here need not be sent to the phone once more.
            visitors.receipt(who.conversation_id, found.newest, found.newest)
        again = _again(look) if found.is_awaited else 0
        return pages.show(request, "talk", talk=found, before=before, again=again)

    @router.get("/m/files/{file_id}")
    def file(file_id: str, who: Visit = visit) -> Response:
        """Show a picture, offer anything else; nothing of it is run."""
        for talked in service.talked(who):
            home = service.other(who, talked.place).conversation_id
            try:
                found = visitors.read_file(home, file_id)
            except NotFound:
                continue
            response = attachment(found.name, found.mime, found.body)
            if found.mime.startswith("image/"):
                name = quote(found.name, safe="")
                response.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{name}"
            return response
        raise NotFound

    @router.get("/m/services")
    async def catalogue(request: Request) -> Response:
        held = await door.held(request)
        shown = pages.show(request, "services", follower=held is not None, services=services)
        mark_follower(shown)
        return shown

    @router.get("/m/calculate")
    def calculate() -> Response:
        """Lead from the account's menu to the calculators, which have no chat then."""
        response = go("/calculate")
        mark_follower(response)
        return response

    @router.get("/m/large")
    def large(request: Request) -> Response:
        """Switch large print and return to the page it was asked on."""
        back = urlsplit(request.headers.get("referer", "")).path
        response = go(back if back.startswith((f"{PATH}/", "/apply")) else f"{PATH}/me")
        switch_large(request, response)
        return response


def _again(look: str) -> int:
    """Return which look of a page that waits is the next; 0 after the last one."""
    looks = int(look) if look.isascii() and look.isdigit() and len(look) < 3 else 0
    return looks + 1 if looks < LOOKS else 0


def _number(said: str) -> int:
    """Return the id of a message.

    Raises:
        NotFound: it is none.
    """
    if not (said.isascii() and said.isdigit() and len(said) <= 10 and int(said) < NEWEST):
        raise NotFound
    return int(said)
