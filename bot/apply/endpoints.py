"""The application for legal aid as pages that need no script: one question a page."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.templating import Jinja2Templates

from bot.apply.entry_pages import add_entry_pages, add_leaving_pages
from bot.apply.filed_pages import add_filed_pages
from bot.apply.form_pages import add_question_pages, add_submission_pages
from bot.apply.pages import Pages, route_class
from bot.apply.service import ApplyService
from bot.apply.session import Door


def create_apply_router(service: ApplyService, door: Door, templates: Jinja2Templates) -> APIRouter:
    """Return every page below /apply; ``door`` knows who is asking."""
    pages = Pages(service, door, templates)
    router = APIRouter(include_in_schema=False)
    router.route_class = route_class(pages)
    add_entry_pages(router, pages)
    add_question_pages(router, pages)
    add_submission_pages(router, pages)
    add_leaving_pages(router, pages)
    add_filed_pages(router, pages)
    return router
