"""Who fills in the form: the cookie with a conversation's token, its limits, the CSRF rule.

The token is the one that the chat uses, so that a draft goes on here and there. It never stands
in an address, and no script can read the cookie.
"""

from __future__ import annotations

from anyio import to_thread
from fastapi import Request
from fastapi.responses import Response

from bot.apply.service import load_words
from bot.errors import Forbidden, NotSignedIn
from bot.web.staff import comes_from_here
from connectors.web.limits import Allowance, limit_of
from connectors.web.ports import Feed, Visitors, WebOptions
from connectors.web.session import address_of

COOKIE = "lawbridge_visit"
PATH = "/apply"
REMEMBER_DAYS = 30
"""How long a phone of one's own keeps the session, if the conversation is kept as long."""


class Door:
    """Lets visitors in and out; the limits are those of the chat, counted together with them."""

    def __init__(
        self,
        visitors: Visitors,
        feed: Feed,
        options: WebOptions,
        allowance: Allowance,
        *,
        secure: bool,
    ) -> None:
        self.visitors = visitors
        self.feed = feed
        self.options = options
        self._allowance = allowance
        self._secure = secure
        self._sessions = limit_of(options.sessions_per_address)
        self._per_visitor = limit_of(options.messages_per_visitor)
        self._per_address = limit_of(options.messages_per_address)
        self._codes = limit_of(options.continuations_per_address)
        self._codes_in_all = limit_of(options.continuations_in_all)
        self.remember_days = min(REMEMBER_DAYS, options.retention_days)

    # --- who it is ----------------------------------------------------------------------------

    async def visit(self, request: Request) -> str:
        """Return the conversation of the cookie.

        Raises:
            NotSignedIn: there is none, it was erased, or it has gone on on another device.
        """
        found = await self.admitted(request.cookies.get(COOKIE, ""))
        if found is None:
            raise NotSignedIn
        return found

    async def change(self, request: Request) -> str:
        """As ``visit``, for forms: from our own pages only, and counted as messages are.

        Raises:
            Forbidden: the form was sent from another site.
            NotSignedIn: see ``visit``.
            TooManyRequests: too many at a time.
        """
        await self.from_here(request)
        conversation_id = await self.visit(request)
        await self._allowance.take(self._per_visitor, "visitor", conversation_id)
        return conversation_id

    async def autosave(self, request: Request) -> str:
        """As ``change``; counted apart, so that typing never keeps an answer from being sent."""
        await self.from_here(request)
        conversation_id = await self.visit(request)
        await self._allowance.take(self._per_visitor, "typed", conversation_id)
        return conversation_id

    async def admitted(self, token: str) -> str | None:
        if not token or not token.isascii():
            return None
        return await to_thread.run_sync(self.visitors.by_token, token)

    async def from_here(self, request: Request) -> None:
        """Raise unless a form was sent from a page of our own, and count it for the address."""
        if not comes_from_here(request):
            raise Forbidden(load_words().say("foreign"))
        await self._allowance.take(self._per_address, "message", self._address(request))

    async def take_session(self, request: Request) -> None:
        await self._allowance.take(self._sessions, "session", self._address(request))

    async def take_code(self, request: Request) -> None:
        await self._allowance.take(self._codes, "code", self._address(request))
        await self._allowance.take(self._codes_in_all, "code")

    def _address(self, request: Request) -> str:
        return address_of(request, trust_proxy=self.options.trust_proxy)

    # --- the cookie ---------------------------------------------------------------------------

    def let_in(self, response: Response, token: str, *, remember: bool = False) -> None:
        """Give the browser the session, until it is closed or for some weeks."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=self.remember_days * 24 * 3600 if remember else None,
            path=PATH,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def let_out(self, response: Response) -> None:
        response.delete_cookie(
            COOKIE, path=PATH, secure=self._secure, httponly=True, samesite="lax"
        )
