"""The loader, the frame and the public pages: headers, caching, no inline code."""

from __future__ import annotations

import html
import json
import re

import pytest
from fastapi.testclient import TestClient

from bot.store.unit import Store
from knowledge_base.loader import load
from tests.conftest import ROOT, FixedClock
from tests.integration.web.small_app import build

OWN = re.compile(r'(?:href|src)="([^"#]+)"')


def test_the_frame_may_be_embedded_by_the_allowed_sites_only(client: TestClient) -> None:
    answer = client.get("/widget/frame")
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'self' https://www.example.gov.cn" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "x-frame-options" not in answer.headers
    assert "set-cookie" not in answer.headers


def test_the_frame_knows_its_settings_and_refers_only_to_files_that_exist(
    client: TestClient,
) -> None:
    page = client.get("/widget/frame").text
    found = re.search(r'data-config="([^"]*)"', page)
    assert found is not None
    config = json.loads(html.unescape(found[1]))
    assert config["sites"] == ["https://www.example.gov.cn"]
    assert config["days"] == 180
    paths = [path for path in OWN.findall(page) if path.startswith("/")]
    assert len(paths) >= 5
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


def test_a_browser_that_has_the_file_gets_304(client: TestClient) -> None:
    first = client.get("/widget.js")
    assert first.headers["content-type"].startswith("text/javascript")
    again = client.get("/widget.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_an_old_version_still_works_but_is_not_kept(client: TestClient) -> None:
    answer = client.get("/widget/assets/000000000000/main.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["nothing.js", "../widget.js", "..%2f..%2frouter.py", ""])
def test_nothing_outside_the_frame_is_served(client: TestClient, name: str) -> None:
    answer = client.get(f"/widget/assets/x/{name}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.fixture(scope="module")
def kb() -> object:
    return load(ROOT / "knowledge_base")


@pytest.mark.parametrize("path", ["/", "/services", "/docs", "/widget/frame"])
def test_pages_hold_no_inline_code_and_no_third_party(
    sqlite_store: Store, clock: FixedClock, kb: object, path: str
) -> None:
    client = TestClient(build(sqlite_store, clock, kb=kb).app)  # type: ignore[arg-type]
    page = client.get(path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert "<style" not in page
    assert not re.search(r'\s(?:style|on\w+)="', page)
    for address in OWN.findall(page):
        assert address.startswith(("/", "tel:", "data:,")), address


def test_the_catalogue_page_shows_all_sixteen_items(
    sqlite_store: Store, clock: FixedClock, kb: object
) -> None:
    client = TestClient(build(sqlite_store, clock, kb=kb).app)  # type: ignore[arg-type]
    page = client.get("/services").text
    for number in range(1, 17):
        assert f'id="item-{number}"' in page
    assert page.count("服务流程") == 16
    assert "12348" in page


def test_only_the_demonstration_says_that_it_is_one(
    sqlite_store: Store, clock: FixedClock, kb: object
) -> None:
    """Whoever applies for legal aid is not to think that this is a trial."""
    client = TestClient(build(sqlite_store, clock, kb=kb).app)  # type: ignore[arg-type]
    assert "示范网站" in client.get("/").text
    for path in ("/services", "/nowhere"):
        page = client.get(path, headers={"Accept": "text/html"}).text
        assert "公共法律服务" in page
        assert "演示" not in page
        assert "（示范）" not in page


def test_what_the_pages_link_to_exists(sqlite_store: Store, clock: FixedClock, kb: object) -> None:
    client = TestClient(build(sqlite_store, clock, kb=kb).app)  # type: ignore[arg-type]
    for page in ("/", "/services", "/docs"):
        for address in OWN.findall(client.get(page).text):
            if address.startswith("/"):
                assert client.get(address).status_code == 200, address


def test_a_browser_on_a_wrong_address_is_shown_the_way_home(client: TestClient) -> None:
    answer = client.get("/nowhere", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert 'href="/"' in answer.text
    assert 'href="tel:12348"' in answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text)


@pytest.mark.parametrize(
    ("path", "accept"), [("/nowhere", "application/json"), ("/api/web/nowhere", "text/html")]
)
def test_a_program_on_a_wrong_address_gets_the_error_shape(
    client: TestClient, path: str, accept: str
) -> None:
    answer = client.get(path, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_monitors_may_ask_for_the_head_of_a_page(
    sqlite_store: Store, clock: FixedClock, kb: object
) -> None:
    client = TestClient(build(sqlite_store, clock, kb=kb).app)  # type: ignore[arg-type]
    for path in ("/", "/services"):
        assert client.head(path).status_code == 200
    assert "head" not in client.get("/openapi.json").json()["paths"]["/services"]


def test_the_interface_page_needs_no_weaker_policy(
    sqlite_store: Store, clock: FixedClock, kb: object
) -> None:
    client = TestClient(build(sqlite_store, clock, kb=kb).app)  # type: ignore[arg-type]
    answer = client.get("/docs")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "swagger-ui-bundle.js" in answer.text
