"""The loader and the frame as files: what a host page and a browser fetch, and for how long."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from connectors.web.assets import Assets
from connectors.web.ports import Refusals, WebOptions

FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "public, max-age=300"
ASK_FIRST = "no-cache"


def create_page_routes(options: WebOptions, refusals: Refusals) -> APIRouter:
    """Return the routes of the loader, the frame and its files."""
    router = APIRouter(include_in_schema=False)
    assets = Assets()
    page = assets.page(
        "frame/index.html",
        {
            "bureau": options.bureau,
            "consent": options.consent_version,
            "days": options.retention_days,
            "label": options.ai_label,
            "sites": list(options.allowed_sites),
            "exit": options.exit_url,
        },
    )

    @router.get("/widget.js")
    def loader(request: Request) -> Response:
        served = assets.serve(request, "widget.js", BRIEFLY)
        assert served is not None
        served.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return served

    @router.get("/widget/frame", response_class=HTMLResponse)
    def frame() -> HTMLResponse:
        return HTMLResponse(page, headers={"Cache-Control": ASK_FIRST})

    @router.get("/widget/assets/{version}/{name:path}")
    def asset(request: Request, version: str, name: str) -> Response:
        cache = FOREVER if version == assets.version else ASK_FIRST
        served = assets.serve(request, f"frame/{name}", cache)
        if served is None:
            raise refusals.not_found()
        return served

    return router
