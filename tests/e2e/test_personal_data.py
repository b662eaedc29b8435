"""Planted personal data must not turn up in logs, metrics, Rasa's store or the database's bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.live import LiveApp, running

pytestmark = pytest.mark.rasa

NAME = "欧阳铁柱"
ID_NUMBER = "11010519491231002X"
PHONE = "13912345678"
EMAIL = "tiezhu.ouyang@example.com"
CARD = "6222021234567890123"
SECRET = "藏在后山水井里的欠条"
COMPLAINT = "刘科长态度恶劣"
PLANTED = (NAME, ID_NUMBER, PHONE, EMAIL, CARD, SECRET, COMPLAINT)


@pytest.fixture(scope="module")
def used_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApp]:
    """A product through every route of which personal data went."""
    with running(tmp_path_factory.mktemp("personal"), BOT_LOG_LEVEL="DEBUG") as app:
        visitor = app.visitor()
        visitor.say(f"我叫{NAME}，电话{PHONE}，身份证{ID_NUMBER}，老板欠我工资，{SECRET}")
        visitor.say(f"转账到{CARD}，邮箱{EMAIL}，{SECRET}，民法典第一千零七十九条是什么")
        visitor.say("我想申请法律援助")
        for words in (
            "我自己",
            "讨要工资",
            NAME,
            "110105194912310021",
            ID_NUMBER,
            f"{PHONE}x",
            PHONE,
            "昆明市官渡区",
            f"官渡区某村，{SECRET}那家",
            f"包工头{NAME}",
            f"工地老板拖欠三个月工资，{SECRET}，可以作证。",
            "要回三个月工资",
            SECRET,
            "没有",
            "农民工",
            "同意",
        ):
            visitor.say(words)
        visitor.say(f"我的申请到哪了 {PHONE}")
        visitor.say(f"评价5分 {COMPLAINT}")
        visitor.say(f"我要投诉，{COMPLAINT}，{PHONE}")
        visitor.say(f"{SECRET}，打我电话{PHONE}")
        for path in ("/api/web/export", "/api/web/transcript"):
            visitor._client.get(path)
        visitor._client.post("/api/web/rating", json={"score": 5, "comment": COMPLAINT})
        httpx2.get(f"{app.url}/nowhere", params={"q": PHONE})
        httpx2.post(f"{app.url}/api/web/messages", json={"id": "1", "text": NAME})
        httpx2.post(
            f"{app.url}/desk/login",
            data={"login": PHONE, "password": SECRET},
            headers={"origin": app.url},
        )
        yield app


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("planted", PLANTED)
def test_no_file_holds_planted_data_in_clear(used_app: LiveApp, planted: str) -> None:
    """Logs, Rasa's tracker with its write-ahead log, and our database, byte by byte."""
    written = files_of(used_app.data_dir)
    assert {"up.log", "lawbridge.db", "tracker.db", "rasa.log"} <= {p.name for p in written}
    forms = (planted.encode(), planted.encode("unicode_escape"))
    found = [p.name for p in written if any(form in p.read_bytes() for form in forms)]
    if planted in (SECRET, COMPLAINT, NAME):
        # A free sentence reaches Rasa in clear once and is erased by retention; numbers never do.
        found = [name for name in found if not name.startswith("tracker.db")]
    assert found == []


def test_metrics_hold_no_planted_data(used_app: LiveApp) -> None:
    text = httpx2.get(f"{used_app.url}/metrics").text
    assert "http_request" in text
    assert not any(planted in text for planted in PLANTED)


def test_answers_of_a_form_never_reach_rasa(used_app: LiveApp) -> None:
    tracker = b"".join(
        path.read_bytes()
        for path in files_of(used_app.data_dir)
        if path.name.startswith("tracker.db")
    )
    assert "〔已填写〕".encode("unicode_escape") in tracker or "〔已填写〕".encode() in tracker
    planted = "可以作证"
    assert planted.encode() not in tracker
    assert planted.encode("unicode_escape") not in tracker


def test_erasing_takes_the_conversation_out_of_rasa_as_well(used_app: LiveApp) -> None:
    visitor = used_app.visitor()
    visitor.say("我家的独特暗号是芝麻开门八八八")
    assert visitor._client.delete("/api/web/session").status_code in (200, 204)
    tracker = b"".join(
        path.read_bytes()
        for path in files_of(used_app.data_dir)
        if path.name.startswith("tracker.db")
    )
    for form in ("芝麻开门八八八".encode(), "芝麻开门八八八".encode("unicode_escape")):
        assert form not in tracker
    assert visitor._client.get("/api/web/messages").status_code == 401
