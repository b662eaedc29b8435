"""The page of the figures and the files to take along, under /desk/statistics. It only reads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates

from bot.domain.people import Staff
from bot.errors import BadInput, NotFound
from bot.statistics.schemas import Asked, page_of
from bot.statistics.service import Export, StatisticsService
from bot.statistics.sheets import MIMES, Kind
from bot.web.staff import StaffGuard
from connectors.web.files import attachment

PAGE = "/desk/statistics"

Typed = Annotated[str, Query(max_length=40)]


def create_statistics_router(
    service: StatisticsService, guard: StaffGuard, templates: Jinja2Templates
) -> APIRouter:
    """Return /desk/statistics and the files below it."""
    router = APIRouter(prefix=PAGE, include_in_schema=False)

    def asked(
        first: Annotated[str, Query(alias="from", max_length=40)] = "",
        last: Annotated[str, Query(alias="to", max_length=40)] = "",
        level: Typed = "",
    ) -> Asked:
        return Asked(first, last, level)

    def page(request: Request, person: Staff, asked: Asked) -> HTMLResponse:
        error, found, status = "", None, 200
        service.require_reader(person)
        try:
            period, level = service.period(asked.first, asked.last), service.level(asked.level)
            found = service.shown(person, period, level)
        except BadInput as refused:
            error, status = refused.detail, refused.status
        context = {
            "staff": person,
            "page": page_of(asked, found, service.usual()),
            "levels": service.levels(),
            "may_export_cases": service.may_export_cases(person),
            "error": error,
        }
        return templates.TemplateResponse(
            request, "statistics_page.html", context, status_code=status
        )

    @router.get("", response_class=HTMLResponse)
    def show(
        request: Request, asked: Asked = Depends(asked), person: Staff = Depends(guard.of_page)
    ) -> HTMLResponse:
        return page(request, person, asked)

    @router.get("/{what}.{ending}", response_model=None)
    def take(
        request: Request,
        what: str,
        ending: str,
        asked: Asked = Depends(asked),
        person: Staff = Depends(guard.of_page),
    ) -> Response:
        if what not in ("figures", "cases", "subsidy") or ending not in set(Kind):
            raise NotFound
        try:
            export = taken(person, what, Kind(ending), asked)
        except BadInput:
            # The page says what is wrong and keeps what was typed.
            return page(request, person, asked)
        return attachment(export.name, MIMES[export.kind], export.body)

    def taken(person: Staff, what: str, kind: Kind, asked: Asked) -> Export:
        service.require_reader(person)
        period = service.period(asked.first, asked.last)
        if what == "cases":
            return service.export_cases(person, period, kind)
        if what == "subsidy":
            return service.export_subsidy(person, period, kind)
        return service.export_figures(person, period, service.level(asked.level), kind)

    return router
