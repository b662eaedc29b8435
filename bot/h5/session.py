"""Whose browser it is: the cookie with a pass, its limits, the CSRF rule, large print.

A pass never stands in an address, and no script can read the cookie.
"""

from __future__ import annotations

from anyio import to_thread
from fastapi import Request
from fastapi.responses import Response

from bot.errors import Forbidden, NotSignedIn
from bot.h5.links import Links
from bot.h5.ports import ApplyDoor
from bot.h5.repository import Visit
from bot.h5.service import load_words
from bot.web.frames import mark_follower, unmark_follower
from bot.web.large import LARGE
from bot.web.staff import comes_from_here
from connectors.web.limits import Allowance, limit_of
from connectors.web.ports import Feed, Visitors, WebOptions
from connectors.web.session import address_of

COOKIE = "lawbridge_h5"
PATH = "/m"
WAY = "lawbridge_h5_way"
"""The cookie of a browser that is on its way over the platform."""
WAY_S = 600
LARGE_S = 365 * 24 * 3600
"""One's own phone, unlike a shared computer, keeps large print."""


class FollowerDoor:
    """Lets followers' browsers in and out; ``apply`` opens the application with the same pass."""

    def __init__(
        self,
        links: Links,
        visitors: Visitors,
        feed: Feed,
        options: WebOptions,
        allowance: Allowance,
        apply: ApplyDoor,
        *,
        secure: bool,
    ) -> None:
        self.links = links
        self.visitors = visitors
        self.feed = feed
        self.options = options
        self._allowance = allowance
        self._apply = apply
        self._secure = secure
        self._per_visitor = limit_of(options.messages_per_visitor)
        self._per_address = limit_of(options.messages_per_address)

    # --- who it is ----------------------------------------------------------------------------

    async def held(self, request: Request) -> Visit | None:
        """Return whose pass the browser holds; None without a valid one."""
        return await to_thread.run_sync(self.links.admit, request.cookies.get(COOKIE, ""))

    async def visit(self, request: Request) -> Visit:
        """Return whose pass the browser holds.

        Raises:
            NotSignedIn: it holds none that is valid.
        """
        found = await self.held(request)
        if found is None:
            raise NotSignedIn
        return found

    async def change(self, request: Request) -> Visit:
        """As ``visit``, for forms: from our own pages only, and counted as messages are.

        Raises:
            Forbidden: the form was sent from another site.
            NotSignedIn: see ``visit``.
            TooManyRequests: too many at a time.
        """
        await self.from_here(request)
        return await self.counted(request)

    async def strong(self, request: Request) -> Visit:
        """As ``visit``, for what takes everything along, cannot be undone, or is an application.

        Raises:
            Forbidden: the pass was got by a link that may have been passed on.
            NotSignedIn: see ``visit``.
        """
        return _strong(await self.visit(request))

    async def strong_change(self, request: Request) -> Visit:
        """As ``change`` and ``strong``."""
        return _strong(await self.change(request))

    async def counted(self, request: Request) -> Visit:
        """As ``visit``, for what costs something."""
        found = await self.visit(request)
        await self._allowance.take(self._per_visitor, "visitor", found.conversation_id)
        return found

    async def from_here(self, request: Request) -> None:
        """Raise unless a form was sent from a page of our own, and count it for the address."""
        if not comes_from_here(request):
            raise Forbidden(load_words().say("foreign"))
        await self.count(request)

    async def count(self, request: Request) -> None:
        """Count a request for its address."""
        address = address_of(request, trust_proxy=self.options.trust_proxy)
        await self._allowance.take(self._per_address, "message", address)

    # --- cookies ------------------------------------------------------------------------------

    def let_in(self, response: Response, key: str, *, is_strong: bool) -> None:
        """Let the browser in for as long as the pass is valid; a strong one at the application."""
        valid_s = int(self.links.pass_valid.total_seconds())
        self._set(response, COOKIE, key, valid_s)
        mark_follower(response, valid_s)
        if is_strong:
            self._apply.let_in(response, key, remember=True)

    def let_out(self, response: Response) -> None:
        self.forget(response)
        self._apply.let_out(response)

    def forget(self, response: Response) -> None:
        """Take a pass that opens nothing; at the application another session may have begun."""
        self._unset(response, COOKIE)
        unmark_follower(response)

    def send_off(self, response: Response, way: str) -> None:
        """Remember in the browser which link it follows over the platform."""
        self._set(response, WAY, way, WAY_S)

    def has_come(self, response: Response) -> None:
        self._unset(response, WAY)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path=PATH,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def _unset(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path=PATH, secure=self._secure, httponly=True, samesite="lax")


def _strong(visit: Visit) -> Visit:
    if not visit.is_strong:
        raise Forbidden(load_words().say("weak"))
    return visit


def switch_large(request: Request, response: Response) -> None:
    """Turn large print on or off, here and in the application."""
    for path in (PATH, "/apply"):
        if LARGE in request.cookies:
            response.delete_cookie(LARGE, path=path)
        else:
            response.set_cookie(LARGE, "1", max_age=LARGE_S, path=path, samesite="lax")
