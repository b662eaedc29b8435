"""The calculators as pages: what people type, what they are told."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient

from bot.calculators.endpoints import create_calculator_pages
from bot.dialogue.typed import Unreadable, read_field
from bot.texts import load_texts
from bot.web.http import Protections, install_error_handlers
from bot.web.pages import not_found_page
from knowledge_base.rules.calculators import CALCULATORS
from knowledge_base.tools import Field, FieldKind, load_calculators
from tests.conftest import ROOT, FixedClock

PLAIN = re.compile(r"<[^>]+>|\s+")
CALCULATORS_OF_THE_BASE = load_calculators(ROOT / "knowledge_base")


def make_app() -> FastAPI:
    app = FastAPI()
    templates = Jinja2Templates(ROOT / "bot" / "web" / "templates")
    install_error_handlers(app, not_found_page(templates, "示范司法局"))
    app.add_middleware(Protections, embedding_sites=(), https=False)
    app.mount("/static", StaticFiles(directory=ROOT / "bot" / "web" / "static"))
    pages = create_calculator_pages(
        CALCULATORS_OF_THE_BASE, templates, load_texts(), "示范司法局", FixedClock()
    )
    app.include_router(pages)
    return app


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(make_app()) as client:
        yield client


def words(page: str) -> str:
    return PLAIN.sub("", html.unescape(page))


def test_every_calculator_is_listed_and_opens(client: TestClient) -> None:
    listed = client.get("/calculate").text
    for calculator in CALCULATORS_OF_THE_BASE:
        assert f'href="/calculate/{calculator.name}"' in listed
        page = client.get(f"/calculate/{calculator.name}")
        assert page.status_code == 200
        assert "onclick" not in page.text
        for field in calculator.fields:
            assert f'name="{field.name}"' in page.text


@pytest.mark.parametrize("calculator", CALCULATORS_OF_THE_BASE, ids=lambda c: c.name)
def test_the_fields_are_those_of_the_rule(calculator: Any) -> None:
    shape = CALCULATORS[calculator.name].shape
    taken = {"from" if name == "start" and calculator.name == "deadline" else name
             for name in (field.name for field in dataclasses.fields(shape))}  # fmt: skip
    assert {field.name for field in calculator.fields} == taken


def test_a_result_shows_figure_steps_and_basis(client: TestClient) -> None:
    given = {"kind": "property", "amount": "5万", "halved": "on"}
    page = words(client.post("/calculate/court_fee", data=given).text)
    assert "525.00元" in page
    assert "诉讼费用交纳办法第十三条第一项" in page


def test_a_day_is_written_as_people_write_it(client: TestClient) -> None:
    given = {"kind": "appeal_judgment", "from": "2026年11月23日"}
    assert "2026年12月8日" in words(client.post("/calculate/deadline", data=given).text)


def test_a_range_shows_both_ends(client: TestClient) -> None:
    given = {"monthly_income": "10,000元", "children": "两个"}
    page = words(client.post("/calculate/child_support", data=given).text)
    assert "2,000.00至5,000.00元/月" in page


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("overtime", {"monthly_wage": ""}, "这一项要填"),
        ("overtime", {"monthly_wage": "很多"}, "请填金额"),
        ("overtime", {"monthly_wage": "-5"}, "请填金额"),
        ("overtime", {"monthly_wage": "9" * 39}, "请核对这一项"),
        ("deadline", {"kind": "x", "from": "2026-02-30"}, "请选一项"),
        ("deadline", {"kind": "enforcement", "from": "2026-02-30"}, "请核对这一项"),
        ("injury_lump_sum", {"grade": "十一级", "monthly_wage": "6000"}, "请核对这一项"),
        ("court_fee", {"kind": "property"}, "这一项要填"),
        ("loan_interest", {"principal": "1", "annual_rate": "12", "start": "2025-01-02",
                           "end": "2025-01-01", "lpr_1y": "3"}, "结束的日子早于开始的日子"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    client: TestClient, name: str, given: dict[str, str], told: str
) -> None:
    answer = client.post(f"/calculate/{name}", data=given)
    assert answer.status_code == 422
    assert told in words(answer.text)
    for value in given.values():
        assert value in html.unescape(answer.text) or value == "x"


def test_markup_is_shown_as_text(client: TestClient) -> None:
    page = client.post("/calculate/overtime", data={"monthly_wage": '"><script>1</script>'}).text
    assert "<script>1" not in page


def test_an_unknown_calculator_is_not_found(client: TestClient) -> None:
    assert client.get("/calculate/horoscope", headers={"accept": "text/html"}).status_code == 404
    assert client.post("/calculate/horoscope").status_code == 404


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("money", "１.２万", 12_000), ("money", "8000.50元", "8000.5"), ("money", "一万二", 12_000),
        ("money", "3千5", 3_500), ("number", "三十", 30), ("number", "3年", 3),
        ("percent", "12%", "0.12"),
        ("percent", "0", 0), ("day", "2026/1/2", "2026-01-02"), ("day", "1月2日", None),
        ("whether", "是", True), ("whether", "", False), ("whether", "也许", None),
        ("money", "1" * 50, None),
    ],
)  # fmt: skip
def test_what_people_type_is_read(kind: FieldKind, typed: str, value: Any) -> None:
    field = Field("x", "问", kind)
    if value is None:
        with pytest.raises(Unreadable):
            read_field(field, typed)
    else:
        assert read_field(field, typed) == value
