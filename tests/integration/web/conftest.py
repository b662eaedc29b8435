from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.store.unit import Store
from tests.conftest import FixedClock
from tests.integration.web.small_app import SmallApp, build


@dataclass
class Caller:
    """A visitor's browser as the API sees it."""

    client: TestClient
    token: str
    session: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def post(self, path: str, **more: Any) -> Any:
        return self.client.post(f"/api/web{path}", headers=self.headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(f"/api/web{path}", headers=self.headers, **more)

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/web{path}", headers=self.headers)

    def say(self, words: str, client_id: str, **more: Any) -> Any:
        return self.post("/messages", json={"id": client_id, "text": words, **more})

    def live(self, after: int | str = 0) -> AbstractContextManager[Any]:
        return _greeted(self.client, {"token": self.token, "after": after})


class _greeted:
    def __init__(self, client: TestClient, hello: dict[str, Any]) -> None:
        self._session = client.websocket_connect("/api/web/ws")
        self._hello = hello

    def __enter__(self) -> Any:
        socket = self._session.__enter__()
        socket.send_json(self._hello)
        return socket

    def __exit__(self, *error: Any) -> None:
        self._session.__exit__(*error)


@pytest.fixture
def tracker(tmp_path: Path) -> Path:
    return tmp_path / "tracker.db"


@pytest.fixture
def small(sqlite_store: Store, clock: FixedClock, tracker: Path) -> SmallApp:
    return build(
        sqlite_store,
        clock,
        tracker,
        identity_secret="host-secret",
        allowed_sites=("https://www.example.gov.cn",),
    )


@pytest.fixture
def client(small: SmallApp) -> Iterator[TestClient]:
    with TestClient(small.app) as found:
        yield found


@pytest.fixture
def arrive(client: TestClient) -> Callable[[], Caller]:
    def open_session() -> Caller:
        body = client.post("/api/web/sessions", json={"consent": "2026-11"}).json()
        return Caller(client, body["token"], body["session"])

    return open_session


@pytest.fixture
def visitor(arrive: Callable[[], Caller]) -> Caller:
    return arrive()
