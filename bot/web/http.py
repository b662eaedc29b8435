"""What every HTTP answer shares: one error shape, security headers, and limits on the body."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import BadInput, BodyTooLarge, Forbidden, LawbridgeError, NotFound

log = structlog.get_logger(__name__)

JSON_LIMIT = 64 * 1024
FILE_LIMIT = 11 * 1024 * 1024

STRICT = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors {ancestors}"
)


def error_response(error: LawbridgeError, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the one error shape: a code for machines, a sentence for people."""
    body = {"error": {"code": error.code, "message": error.detail}}
    return JSONResponse(body, status_code=error.status, headers=headers)


def install_error_handlers(
    app: FastAPI,
    not_found_page: Callable[[Request], Response] | None = None,
    refused_page: Callable[[Request, str], Response] | None = None,
) -> None:
    """Translate every failure once.

    A browser that looks for a page gets ``not_found_page``; one that a member of staff may not
    read or use is answered by ``refused_page`` with the sentence why, which may block.
    """

    async def expected(request: Request, error: Exception) -> Response:
        assert isinstance(error, LawbridgeError)
        if isinstance(error, Forbidden) and refused_page is not None and _of_staff(request):
            return await to_thread.run_sync(refused_page, request, error.detail)
        if isinstance(error, NotFound) and not_found_page is not None and _reads_pages(request):
            return not_found_page(request)
        return error_response(error)

    async def invalid(_request: Request, _error: Exception) -> Response:
        return error_response(BadInput())

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code < 400:
            # The staff's pages send a visitor without a session to the sign-in page this way.
            return Response(status_code=error.status_code, headers=error.headers)
        if error.status_code == 404 and not_found_page is not None and _reads_pages(request):
            return not_found_page(request)
        known: LawbridgeError = NotFound() if error.status_code == 404 else BadInput()
        body = {"error": {"code": known.code, "message": known.detail}}
        return JSONResponse(body, status_code=error.status_code, headers=error.headers)

    async def unexpected(request: Request, error: Exception) -> Response:
        # The route and not the address, which may be a link that opens somebody's pages.
        route = getattr(request.scope.get("route"), "path", "")
        log.exception("request_failed", path=route, error=type(error).__name__)
        return error_response(LawbridgeError())

    app.add_exception_handler(LawbridgeError, expected)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)


def _reads_pages(request: Request) -> bool:
    wants = "text/html" in request.headers.get("accept", "")
    return wants and not request.url.path.startswith(("/api/", "/static/"))


def _of_staff(request: Request) -> bool:
    return _reads_pages(request) and request.url.path.startswith("/desk/")


class Protections:
    """Security headers on every answer, and a limit on every body while it is read."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        embedding_sites: Sequence[str],
        https: bool,
        too_large: Callable[[Request, str], Response] | None = None,
    ) -> None:
        """``too_large`` is the page that a citizen's browser gets for a file that is too big."""
        self._app = app
        self._too_large = too_large
        self._https = https
        sites = " ".join(("'self'", *embedding_sites))
        self._embeddable = STRICT.format(ancestors=sites)
        self._strict = STRICT.format(ancestors="'none'")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        is_upload = (
            path in ("/api/web/files", "/m/upload")
            or path.startswith("/apply/papers/")
            or (path.startswith("/api/desk/conversations/") and path.endswith("/files"))
        )
        limit = FILE_LIMIT if is_upload else JSON_LIMIT
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > limit:
            await self._refusal(Request(scope))(scope, receive, send)
            return
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                # Chunked bodies declare nothing, so they are counted as they come.
                raise BodyTooLarge
            return message

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), path)
            await send(message)

        await self._app(scope, limited, protected)

    def _refusal(self, request: Request) -> Response:
        error = BodyTooLarge()
        is_page = request.url.path.startswith(("/apply/", "/m/")) and _reads_pages(request)
        if self._too_large is None or not is_page:
            return error_response(error)
        return self._too_large(request, error.detail)

    def _add(self, headers: MutableHeaders, path: str) -> None:
        if path.startswith("/widget/"):
            policy = self._embeddable
        else:
            policy = self._strict
            headers["X-Frame-Options"] = "DENY"
        headers.setdefault("Content-Security-Policy", policy)
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if self._https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if path.startswith(("/api/", "/desk", "/apply", "/m/")):
            headers.setdefault("Cache-Control", "no-store")
        if path.startswith(("/apply", "/m/")):
            headers["X-Robots-Tag"] = "noindex"
