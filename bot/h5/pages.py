"""How the pages are drawn, and what a page says where a request cannot be served."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from anyio import to_thread
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from fastapi.templating import Jinja2Templates

from bot.errors import LawbridgeError, NotSignedIn
from bot.h5.ports import Followers, Platform
from bot.h5.service import H5Service
from bot.h5.session import COOKIE, FollowerDoor

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Pages:
    """What the routes share: the service, the session, the platform, and drawing a page."""

    def __init__(
        self,
        service: H5Service,
        door: FollowerDoor,
        followers: Followers,
        platform: Platform,
        templates: Jinja2Templates,
    ) -> None:
        self.service = service
        self.door = door
        self.followers = followers
        self.platform = platform
        self.words = service.words
        self._templates = templates

    def show(
        self, request: Request, name: str, status: int = 200, *, follower: bool = True, **more: Any
    ) -> Response:
        """Draw a page; ``follower`` says whether the way to the others stands below it."""
        context = {"bureau": self.door.options.bureau, "follower": follower, **more}
        return self._templates.TemplateResponse(
            request, f"h5_{name}.html", context, status_code=status
        )

    def turned_away(self, request: Request, error: LawbridgeError) -> Response:
        """Say on a page why a request was not served."""
        if isinstance(error, NotSignedIn):
            sentence = self.words.say("no_pass")
            response = self.show(request, "closed", 401, follower=False, sentence=sentence)
            if COOKIE in request.cookies:
                self.door.forget(response)
            return response
        status = int(error.status)
        return self.show(request, "problem", status, sentence=error.detail)


def go(to: str) -> RedirectResponse:
    """Send the browser on to another page."""
    return RedirectResponse(to, 303)


def route_class(pages: Pages) -> type[APIRoute]:
    """Return a kind of route whose failures are pages, for browsers that look for one."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> _Handler:
            serve = super().get_route_handler()

            async def served(request: Request) -> Response:
                try:
                    return await serve(request)
                except LawbridgeError as error:
                    if "text/html" not in request.headers.get("accept", ""):
                        raise
                    return await to_thread.run_sync(pages.turned_away, request, error)

            return served

    return PageRoute
