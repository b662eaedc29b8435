"""Agreeing to one notice by the platform: the way there, and what it says on the way back."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from bot.errors import NotFound
from bot.h5.pages import Pages, go
from bot.h5.repository import Visit

AGREED = "confirm"


def add_notice_pages(router: APIRouter, pages: Pages) -> None:
    """Add the pages about notices; without a template they say that there are none."""
    door, links, platform = pages.door, pages.door.links, pages.platform
    service, followers = pages.service, pages.followers
    visit, counted = Depends(door.visit), Depends(door.counted)

    @router.get("/m/notify")
    def notify(request: Request, told: str = "", who: Visit = visit) -> Response:
        template = platform.notice_template(service.account(who))
        return pages.show(request, "notify", is_possible=bool(template), told=told)

    @router.get("/m/notify/ask")
    async def ask(who: Visit = counted) -> Response:
        """Go to the platform's page. A link, as a form may lead to no other site."""
        account = await to_thread.run_sync(service.account, who)
        if not platform.notice_template(account):
            raise NotFound
        reserved = await to_thread.run_sync(links.notice_token, who)
        return RedirectResponse(platform.subscribe_url(account, reserved), 303)

    @router.get("/m/notified")
    async def notified(
        request: Request,
        openid: str = "",
        template_id: str = "",
        action: str = "",
        reserved: str = "",
    ) -> Response:
        """Count one consent, if it is the follower's whom we sent, and only once."""
        await door.count(request)
        is_counted = await to_thread.run_sync(count, openid, template_id, action, reserved)
        # Away from an address that names the follower.
        return go(f"/m/notify?told={'yes' if is_counted else 'no'}")

    def count(openid: str, template_id: str, action: str, reserved: str) -> bool:
        if action != AGREED:
            return False
        follower_id = links.use_notice(reserved)
        if follower_id is None:
            return False
        account = service.account_of(follower_id)
        found = followers.find(account, openid)
        if found is None or found.id != follower_id:
            return False
        if not template_id or template_id != platform.notice_template(account):
            return False
        followers.consent(follower_id, template_id, agreed=True)
        return True
