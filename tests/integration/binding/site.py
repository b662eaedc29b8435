"""The binding page behind the real door of the follower's pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from bot.apply.session import Door
from bot.binding.endpoints import create_bind_router
from bot.domain.follower import Follower
from bot.h5.links import Links
from bot.h5.pages import Pages, route_class
from bot.h5.repository import LinkRepository
from bot.h5.service import load_words
from bot.h5.session import FollowerDoor
from bot.web.http import Protections, install_error_handlers
from bot.web.pages import not_found_page
from bot.web.visitors import REFUSALS
from connectors.web.limits import Allowance
from connectors.web.ports import WebOptions
from tests.integration.binding.conftest import Room

WEB = Path(__file__).resolve().parents[3] / "bot" / "web"
DEVICE = "0123456789abcdef" * 2


@dataclass
class Site:
    app: FastAPI
    links: Links

    def admit(self, follower: Follower, conversation_id: str = "", target: str = "bind") -> str:
        """Open a link of the follower's; return what the browser's cookie holds."""
        talk = conversation_id or follower.conversation_id
        assert talk is not None
        link = self.links.link(follower.id, talk, target)
        return self.links.open(link.rsplit("/", 1)[1], DEVICE)


def site_of(room: Room, **options: Any) -> Site:
    chosen = WebOptions(
        bureau="示范县司法局", consent_version="v1", retention_days=180, ai_label="AI", **options
    )
    allowance = Allowance("", REFUSALS.too_many_requests)
    links = Links(LinkRepository(room.store, room.clock), room.clock, "https://12348.example.cn")
    nobody: Any = None  # Nobody talks on this page.
    apply = Door(nobody, nobody, chosen, allowance, secure=False)
    door = FollowerDoor(links, nobody, nobody, chosen, allowance, apply, secure=False)
    templates = Jinja2Templates(WEB / "templates")
    service: Any = SimpleNamespace(words=load_words())
    pages = Pages(service, door, nobody, nobody, templates)
    app = FastAPI(docs_url=None)
    install_error_handlers(app, not_found_page(templates, chosen.bureau))
    app.add_middleware(Protections, embedding_sites=(), https=False)
    app.mount("/static", StaticFiles(directory=WEB / "static"))
    app.include_router(
        create_bind_router(room.service, door, apply.take_code, templates, route_class(pages))
    )
    return Site(app, links)
