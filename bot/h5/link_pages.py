"""Coming from the official account: a link is opened once, or the platform says who it is.

Crawlers and previews fetch links, so that a GET without a pass never uses one up.
"""

from __future__ import annotations

import secrets
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

import structlog
from anyio import to_thread
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from bot.errors import NotFound
from bot.h5.links import is_lasting, path_of
from bot.h5.pages import Pages, go
from bot.h5.repository import Link, Visit
from bot.h5.session import COOKIE, WAY
from connectors.wechat.failures import ApiFailed

log = structlog.get_logger(__name__)

AUTHORIZE = "https://open.weixin.qq.com/connect/oauth2/authorize"
LONGEST_CODE = 200

Typed = Annotated[str, Form()]


def add_link_pages(router: APIRouter, pages: Pages) -> None:
    """Add what a link leads to; the pages that have an address of their own come before it."""
    door, links, platform = pages.door, pages.door.links, pages.platform

    def gone(request: Request, why: str, status: int) -> Response:
        sentence = pages.words.say(f"links.{why}")
        return pages.show(request, "closed", status, follower=False, sentence=sentence)

    async def held_for(request: Request, token: str, link: Link) -> Response | None:
        """Lead on a browser that has been let in before, for the same follower.

        The link is used up all the same: whom it is forwarded to afterwards is not let in.
        """
        visit = await door.held(request)
        if visit is None or visit.follower_id != link.follower_id:
            return None
        was_open = await to_thread.run_sync(links.use_up, token, link)
        is_strong = visit.is_strong or (was_open and not is_lasting(link.target))
        wanted = Visit(link.follower_id, link.conversation_id, is_strong)
        response = go(path_of(link.target))
        if wanted != visit:
            key = await to_thread.run_sync(links.switch, request.cookies[COOKIE], wanted)
            door.let_in(response, key, is_strong=is_strong)
        return response

    async def enter(
        request: Request, token: str, link: Link, device: str, *, is_named: bool = False
    ) -> Response:
        key = await to_thread.run_sync(partial(links.open, token, device, is_named=is_named))
        if not key:
            return gone(request, "used", 410)
        response = go(path_of(link.target))
        door.let_in(response, key, is_strong=is_named or not is_lasting(link.target))
        return response

    def by_platform(token: str, link: Link) -> Response:
        """Let the platform say who opens the link; what it brings back is bound to the browser."""
        device = secrets.token_hex(16)
        wanted = {
            "appid": link.account,
            "redirect_uri": f"{links.public_url}/m/oauth",
            "response_type": "code",
            "scope": "snsapi_base",
            "state": links.state(token, device),
        }
        response = RedirectResponse(f"{AUTHORIZE}?{urlencode(wanted)}#wechat_redirect", 303)
        door.send_off(response, f"{device}.{token}")
        return response

    @router.get("/m/oauth")
    async def returned(request: Request, code: str = "", state: str = "") -> Response:
        """Let in whom the platform names, if the link is that follower's."""
        await door.count(request)
        response = await named(request, code, state)
        door.has_come(response)
        return response

    async def named(request: Request, code: str, state: str) -> Response:
        device, _, token = request.cookies.get(WAY, "").partition(".")
        if not code or len(code) > LONGEST_CODE or not links.is_state(state, token, device):
            return gone(request, "way", 403)
        link = await to_thread.run_sync(links.find, token)
        if link is None or not platform.uses_oauth(link.account):
            return gone(request, "unknown", 404)
        try:
            openid = await to_thread.run_sync(platform.oauth_openid, link.account, code)
        except ApiFailed as error:
            log.warning("h5_oauth_failed", failure=error.failure.value, code=error.code)
            sentence = pages.words.say("links.busy")
            return pages.show(
                request, "closed", 503, follower=False, sentence=sentence, again=token
            )
        found = await to_thread.run_sync(pages.followers.find, link.account, openid)
        if found is None or found.id != link.follower_id:
            return gone(request, "other", 403)
        return await enter(request, token, link, device, is_named=True)

    @router.get("/m/{token}")
    async def arrive(request: Request, token: str) -> Response:
        link = await to_thread.run_sync(links.find, token)
        if link is None:
            return gone(request, "unknown", 404)
        led_on = await held_for(request, token, link)
        if led_on is not None:
            return led_on
        if not link.is_open:
            return gone(request, "used", 410)
        if platform.uses_oauth(link.account):
            return by_platform(token, link)
        device = secrets.token_hex(16)
        return pages.show(request, "open", follower=False, token=token, device=device)

    @router.post("/m/{token}")
    async def enter_by_button(request: Request, token: str, device: Typed = "") -> Response:
        await door.from_here(request)
        link = await to_thread.run_sync(links.find, token)
        if link is None:
            return gone(request, "unknown", 404)
        if platform.uses_oauth(link.account):
            return go(f"/m/{token}")
        led_on = await held_for(request, token, link)
        if led_on is not None:
            return led_on
        try:
            return await enter(request, token, link, device)
        except NotFound:
            return gone(request, "unknown", 404)
