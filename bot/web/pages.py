"""The public pages that are not chat, and what stands where a page is not there or not allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.templating import Jinja2Templates

from bot.errors import NotSignedIn
from bot.web.staff import StaffGuard
from knowledge_base.models import KnowledgeBase


def create_pages(
    kb: KnowledgeBase, templates: Jinja2Templates, bureau: str, as_of: date
) -> APIRouter:
    """``as_of`` is the day up to which the law base reaches."""
    router = APIRouter(tags=["pages"])

    @router.head("/", response_class=HTMLResponse, include_in_schema=False)
    @router.get("/", response_class=HTMLResponse, include_in_schema=False)
    def home(request: Request) -> HTMLResponse:
        context = {"bureau": bureau, "services": list(kb.services.values()), "as_of": as_of}
        return templates.TemplateResponse(request, "demo.html", {**context, "is_home": True})

    @router.head("/services", response_model=None, include_in_schema=False)
    @router.get(
        "/services",
        response_model=None,
        summary="公共法律服务事项清单",
        description="浏览器得到网页，Accept: application/json 或 ?format=json 得到数据。",
    )
    def services(request: Request, format: str = "") -> HTMLResponse | JSONResponse:
        wants_json = format == "json" or "application/json" in request.headers.get("accept", "")
        if wants_json:
            return JSONResponse(catalogue(kb))
        context = {"bureau": bureau, "services": list(kb.services.values()), "as_of": as_of}
        return templates.TemplateResponse(request, "services.html", context)

    @router.get("/services.json", summary="公共法律服务事项清单（JSON）")
    def services_json() -> JSONResponse:
        return JSONResponse(catalogue(kb))

    @router.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    def docs(request: Request) -> HTMLResponse:
        return templates.TemplateResponse(request, "docs.html")

    return router


def not_found_page(templates: Jinja2Templates, bureau: str) -> Callable[[Request], Response]:
    """Return what a browser is shown where there is no page."""

    def page(request: Request) -> Response:
        return templates.TemplateResponse(
            request, "not_found.html", {"bureau": bureau}, status_code=404
        )

    return page


def refused_page(
    templates: Jinja2Templates, guard: StaffGuard
) -> Callable[[Request, str], Response]:
    """Return what staff are shown in place of a page that is not for them."""

    def page(request: Request, sentence: str) -> Response:
        try:
            staff = guard.signed_in(request)
        except NotSignedIn:
            staff = None
        context = {"staff": staff, "sentence": sentence}
        return templates.TemplateResponse(request, "refused.html", context, status_code=403)

    return page


def catalogue(kb: KnowledgeBase) -> dict[str, Any]:
    """Return the public export of the sixteen items."""
    items = []
    for item in kb.services.values():
        data = asdict(item)
        data.pop("questions")
        items.append(data)
    return {"source": "司发通〔2019〕97号", "as_of": kb.as_of.isoformat(), "items": items}
