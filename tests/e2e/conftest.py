"""One running product for all end-to-end tests, and a browser to visit it with."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT, missing
from tests.live import LiveApp, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def require_rasa() -> None:
    if not (ROOT / ".venv-rasa" / "bin" / "python").exists():
        missing("没有 Rasa 环境 .venv-rasa（运行 make setup）")


@pytest.fixture(scope="package")
def live_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApp]:
    require_rasa()
    with running(tmp_path_factory.mktemp("live")) as app:
        yield app


@pytest.fixture(autouse=True)
def nobody_left_waiting(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what a test leaves open: unanswered, it would come up in a later test's queue."""
    yield
    if "live_app" in request.fixturenames:
        app: LiveApp = request.getfixturevalue("live_app")
        with closing(sqlite3.connect(app.data_dir / "lawbridge.db", timeout=20)) as database:
            database.execute(
                "UPDATE conversations SET mode = 'closed', lawyer_id = NULL"
                " WHERE mode IN ('queued', 'human')"
            )
            database.commit()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    if program is None:
        missing("没有安装 Chromium")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield found
        found.close()
