"""The pages opened from the official account, as one router."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.templating import Jinja2Templates

from bot.h5.link_pages import add_link_pages
from bot.h5.notice_pages import add_notice_pages
from bot.h5.own_pages import add_own_pages
from bot.h5.pages import Pages, route_class
from bot.h5.ports import Followers, Platform
from bot.h5.reading_pages import add_reading_pages
from bot.h5.service import H5Service
from bot.h5.session import FollowerDoor
from connectors.messages import Chat
from knowledge_base.models import ServiceItem


def create_h5_router(
    service: H5Service,
    door: FollowerDoor,
    followers: Followers,
    platform: Platform,
    chat: Chat,
    services: Sequence[ServiceItem],
    templates: Jinja2Templates,
) -> APIRouter:
    """Return every page below /m; other pages below it are to be included before these.

    The last route takes any single name for a link.
    """
    pages = Pages(service, door, followers, platform, templates)
    router = APIRouter(include_in_schema=False)
    router.route_class = route_class(pages)
    add_reading_pages(router, pages, services)
    add_own_pages(router, pages, chat)
    add_notice_pages(router, pages)
    add_link_pages(router, pages)
    return router
