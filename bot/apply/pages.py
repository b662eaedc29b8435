"""How the pages are drawn, and what a page says where a request cannot be served."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from anyio import to_thread
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from fastapi.templating import Jinja2Templates

from bot.apply.service import ApplyService
from bot.apply.session import PATH, Door
from bot.errors import ContinuedElsewhere, LawbridgeError, NotFound, NotSignedIn
from bot.web.large import LARGE

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Pages:
    """What the routes share: the service, the session, and drawing a page."""

    def __init__(self, service: ApplyService, door: Door, templates: Jinja2Templates) -> None:
        self.service = service
        self.door = door
        self.words = service.words
        self._templates = templates

    def show(self, request: Request, name: str, status: int = 200, **context: Any) -> Response:
        shared = {
            "bureau": self.door.options.bureau,
            "large": LARGE in request.cookies,
            "host": request.headers.get("host", ""),
        }
        return self._templates.TemplateResponse(
            request, f"apply_{name}.html", {**shared, **context}, status_code=status
        )

    def go(self, to: str = "") -> RedirectResponse:
        """Send the browser on; ``to`` is below /apply."""
        return RedirectResponse(f"{PATH}{to}", 303)

    def turned_away(self, request: Request, error: LawbridgeError, typed: str) -> Response:
        """Say on a page why a request was not served; what was typed stands there as well."""
        if not isinstance(error, NotSignedIn):
            return self.show(
                request, "problem", int(error.status), sentence=error.detail, typed=typed
            )
        if typed:
            sentence = self.words.say("lost_session")
            return self.show(request, "problem", 401, sentence=sentence, typed=typed)
        why = "moved" if isinstance(error, ContinuedElsewhere) else "expired"
        response = self.go(f"?gone={why}")
        self.door.let_out(response)
        return response


def route_class(pages: Pages) -> type[APIRoute]:
    """Return a kind of route whose failures are pages, for browsers that look for one."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> _Handler:
            serve = super().get_route_handler()

            async def served(request: Request) -> Response:
                try:
                    return await serve(request)
                except NotFound:
                    raise
                except LawbridgeError as error:
                    if "text/html" not in request.headers.get("accept", ""):
                        raise
                    typed = await _typed_in(request)
                    return await to_thread.run_sync(pages.turned_away, request, error, typed)

            return served

    return PageRoute


async def _typed_in(request: Request) -> str:
    """Return the answer that a form carried, so that a failure never loses it."""
    kind = request.headers.get("content-type", "")
    if request.method != "POST" or not kind.startswith("application/x-www-form-urlencoded"):
        return ""
    return str((await request.form()).get("text", ""))


def too_large_page(templates: Jinja2Templates, bureau: str) -> Callable[[Request, str], Response]:
    """Return what a browser is shown whose file was not even read."""

    def page(request: Request, sentence: str) -> Response:
        context = {"bureau": bureau, "large": LARGE in request.cookies, "sentence": sentence}
        name = "h5_problem.html" if request.url.path.startswith("/m/") else "apply_problem.html"
        return templates.TemplateResponse(request, name, context, status_code=413)

    return page
