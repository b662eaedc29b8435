"""The audit page: newest first, by person, subject and day. It only reads."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates

from bot.accounts.trail.schemas import Filter, TrailPage
from bot.accounts.trail.service import TrailService
from bot.domain.people import Staff
from bot.errors import BadInput
from bot.web.staff import StaffGuard

AUDIT = "/desk/audit"

Typed = Annotated[str, Query(max_length=80)]


def create_audit_router(
    service: TrailService, guard: StaffGuard, templates: Jinja2Templates
) -> APIRouter:
    """Return /desk/audit."""
    router = APIRouter(prefix=AUDIT, include_in_schema=False)

    @router.get("", response_class=HTMLResponse)
    def page(
        request: Request,
        actor: Typed = "",
        subject: Typed = "",
        day: Typed = "",
        before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
        staff: Staff = Depends(guard.of_page),
    ) -> Response:
        wanted = Filter(actor, subject, day)
        error, found = "", TrailPage((), None)
        status = 200
        try:
            found = service.page(staff, wanted, before)
        except BadInput as refused:
            error, status = refused.detail, refused.status
        context = {
            "staff": staff,
            "wanted": wanted,
            "page": found,
            "error": error,
            "older": _older(wanted, found),
            "is_newest": before is None,
        }
        return templates.TemplateResponse(request, "audit.html", context, status_code=status)

    return router


def _older(wanted: Filter, found: TrailPage) -> str:
    """Return the address of the page behind this one; empty when there is none."""
    if found.older is None:
        return ""
    asked = {"actor": wanted.actor, "subject": wanted.subject, "day": wanted.day}
    kept = {name: value for name, value in asked.items() if value}
    return f"{AUDIT}?{urlencode({**kept, 'before': found.older})}"
