"""The pages themselves: what they show to whom, what they take, and what they leave out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.domain.aid import AidState
from bot.domain.conversation import HandoverReason, Mode, Sender
from bot.h5.service import HEAVIEST
from bot.h5.session import COOKIE
from bot.store.tables import conversations
from bot.store.unit import Store
from bot.web.large import LARGE
from connectors.messages import Part, notice, text
from tests.conftest import FixedClock
from tests.integration.h5.conftest import (
    OTHER_OPENID,
    PAGES,
    House,
    Phone,
    Phones,
    open_house,
    posted_to,
)
from tests.integration.web.small_app import LABEL
from tests.pictures import PNG

MOST_BYTES = 100 * 1024
REFRESH = 'http-equiv="refresh"'


@pytest.fixture
def house(light_house: House) -> House:
    return light_house


# --- an answer ------------------------------------------------------------------------------------


def test_the_label_is_the_one_of_the_day_of_the_answer(house: House, phone: Phone) -> None:
    dated = f"{LABEL}法律库截至 2026-03-01。"
    home = house.talk_of(house.follow())
    asked = house.ask(home, "欠薪", (text("可以仲裁。"), notice(dated, "ai_label")))
    words = phone.get(f"/m/answer/{asked}").words
    assert dated in words
    assert words.count(LABEL) == 1


def test_a_lawyer_s_words_are_not_labelled_as_made_by_ai(house: House, phone: Phone) -> None:
    home = house.talk_of(house.follow())
    sent = house.small.conversations.append_one(
        home, Sender.LAWYER, [text("请带合同来。")], "王律师（执业证 15301200012345678）"
    )
    words = phone.get(f"/m/answer/{sent.id}").words
    assert "请带合同来。" in words
    assert "王律师（执业证 15301200012345678）" in words
    assert "AI" not in words


def test_a_page_that_waits_for_its_answer_looks_again_but_not_for_ever(
    house: House, phone: Phone
) -> None:
    asked = house.ask(house.talk_of(house.follow()), "欠薪", ())
    page = f"/m/answer/{asked}"
    assert f'content="4; url={page}?look=1"' in phone.get(page).page.text
    assert "正在生成" in phone.words
    assert 'http-equiv="refresh"' not in phone.get(f"{page}?look=12").page.text
    assert "还没有答复" in phone.words
    house.small.conversations.finish(house.talk_of(house.follow()), asked, [[text("可以仲裁。")]])
    assert 'http-equiv="refresh"' not in phone.get(page).page.text
    assert "可以仲裁。" in phone.words


@pytest.mark.parametrize("path", [p for p in PAGES if p != "/m/services"] + ["/m/export"])
def test_without_a_pass_there_is_only_the_way_back(
    light_house: House, phones: Phones, path: str
) -> None:
    stranger = phones(light_house)
    for key in ("", "x", "0" * 64, "钥匙".encode().hex()):
        stranger.client.cookies.clear()
        if key:
            stranger.client.cookies.set(COOKIE, key)
        assert stranger.get(path).page.status_code == 401
        assert "公众号" in stranger.words


def test_changes_without_a_pass_are_refused(light_house: House, phones: Phones) -> None:
    stranger = phones(light_house)
    for path in ("/m/rate", "/m/erase", "/m/switch", "/m/upload"):
        assert stranger.post(path, score="5", place="0").page.status_code == 401


def test_forms_of_other_sites_change_nothing(house: House, phone: Phone) -> None:
    for path in ("/m/rate", "/m/erase", "/m/switch", "/m/upload"):
        for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = phone.client.post(path, data={"score": "1"}, headers=foreign)
            assert answer.status_code == 403, path
    with house.store.read() as connection:
        assert len(connection.execute(select(conversations.c.id)).all()) == 1


@pytest.mark.parametrize(
    ("path", "page"),
    [("rate", "rate"), ("erase", "erase"), ("switch", "me"), ("upload", "upload")],
)
def test_the_address_of_a_form_leads_to_its_page(phone: Phone, path: str, page: str) -> None:
    assert phone.get(f"/m/{path}").page.status_code == 200
    assert phone.path == f"/m/{page}"


def test_no_form_has_an_address_that_cannot_be_read(house: House, phone: Phone) -> None:
    forms = {path for path in posted_to(house.small.app) if path.startswith("/m/")}
    assert forms == {"/m/rate", "/m/erase", "/m/switch", "/m/upload", "/m/{token}"}
    for path in forms - {"/m/{token}"}:
        assert phone.get(path).page.status_code == 200, path
        assert "/static/h5.css" in phone.page.text, path


# --- the talk -------------------------------------------------------------------------------------


def test_a_talk_that_waits_for_its_answer_does_not_look_finished(
    house: House, phone: Phone
) -> None:
    home = house.talk_of(house.follow())
    asked = house.ask(home, "欠薪", ())
    assert 'content="4; url=/m/talk?look=1#newest"' in phone.get("/m/talk").page.text
    assert "正在准备答复，页面会自动刷新。" in phone.words
    assert "以上是最新的" not in phone.words
    assert 'content="4; url=/m/talk?look=2#newest"' in phone.get("/m/talk?look=1").page.text
    # Not for ever, and without saying that it will.
    assert REFRESH not in phone.get("/m/talk?look=12").page.text
    assert "正在准备答复，请过一会儿点“刷新”。" in phone.words
    house.small.conversations.finish(home, asked, [[text("可以仲裁。")]])
    assert REFRESH not in phone.get("/m/talk").page.text
    assert "以上是最新的" in phone.words


def test_a_question_of_two_minutes_ago_is_waited_for_no_longer(house: House, phone: Phone) -> None:
    house.ask(house.talk_of(house.follow()), "欠薪", ())
    house.clock.advance(minutes=1, seconds=59)
    assert REFRESH in phone.get("/m/talk").page.text
    house.clock.advance(seconds=1)
    assert REFRESH not in phone.get("/m/talk").page.text
    assert "以上是最新的" in phone.words


def test_a_talk_with_a_lawyer_is_not_said_to_be_getting_an_answer(
    house: House, phone: Phone
) -> None:
    home = house.talk_of(house.follow())
    talks = house.small.conversations
    talks.move(home, Mode.QUEUED, reason=HandoverReason.ASKED)
    house.ask(home, "还在吗", ())
    assert REFRESH in phone.get("/m/talk").page.text
    talks.move(home, Mode.HUMAN)
    assert REFRESH not in phone.get("/m/talk").page.text
    assert "正在准备答复" not in phone.words


def test_an_older_page_of_the_talk_does_not_turn_itself(house: House, phone: Phone) -> None:
    asked = house.ask(house.talk_of(house.follow()), "欠薪", ())
    assert REFRESH not in phone.get(f"/m/talk?before={asked + 1}").page.text
    assert "后面还有新的" in phone.words


def test_numbers_that_a_visitor_wrote_are_hidden(house: House, phone: Phone) -> None:
    home = house.talk_of(house.follow())
    asked = house.ask(home, "我叫张小明，身份证 11010519491231002X，电话 13800138000")
    card = Part("card", {"title": "来源网站", "rows": [["手机", "13800138000"]]})
    house.small.conversations.append_one(home, Sender.SYSTEM, [card])
    for path in ("/m/talk", f"/m/answer/{asked}"):
        text_of = phone.get(path).page.text
        assert "11010519491231002X" not in text_of
        assert "13800138000" not in text_of
        assert "〔身份证号〕" in text_of


def test_long_talks_stay_light(house: House, phone: Phone) -> None:
    home = house.talk_of(house.follow())
    for _ in range(15):
        house.ask(home, "很长的话" * 500, (text("很长的回答" * 800),))
    assert len(phone.get("/m/talk").page.content) < HEAVIEST + 20_000 < MOST_BYTES
    assert "看更早的" in phone.words


def test_what_is_folded_in_the_chat_is_one_tap_away(house: House, phone: Phone) -> None:
    house.ask(house.talk_of(house.follow()), "没签合同")
    phone.get("/m/talk")
    assert "工资转账、考勤" not in phone.words
    assert "劳动合同法第三十条" not in phone.words
    more = phone.page.text.split('href="/m/answer/')[1].split('"')[0]
    assert "工资转账、考勤" in phone.get(f"/m/answer/{more}").words


def test_what_is_written_shows_as_it_was_written(house: House, phone: Phone) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    house.ask(house.talk_of(house.follow()), attack, (text(attack, title=attack),))
    page = phone.get("/m/talk").page.text
    assert "<script" not in page
    assert "<img src=x" not in page
    assert page.count("&lt;script&gt;alert(1)") == 3


def test_a_picture_is_shown_and_anything_else_is_offered(house: House, phone: Phone) -> None:
    home = house.talk_of(house.follow())
    part = house.small.door.visitors.keep_file(home, "f1", "欠条.png", PNG)
    sent = house.small.conversations.append_one(home, Sender.LAWYER, [part], "王律师")
    link = f"/m/files/{part.body['id']}"
    assert link in phone.get(f"/m/answer/{sent.id}").page.text
    shown = phone.get(link).page
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-disposition"].startswith("inline")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    part = house.small.door.visitors.keep_file(home, "f2", "合同.pdf", pdf)
    offered = phone.get(f"/m/files/{part.body['id']}").page
    assert offered.headers["content-disposition"].startswith("attachment")


def upload(phone: Phone, body: bytes, name: str = "欠条.png", kind: str = "image/png") -> Phone:
    phone.get("/m/upload")
    phone.page = phone.client.post(
        "/m/upload", data={"id": phone.value("id")}, files={"file": (name, body, kind)}
    )
    return phone


def test_a_photograph_can_be_handed_in(house: House, phone: Phone) -> None:
    upload(phone, PNG)
    assert phone.page.status_code == 200
    assert "收到“欠条.png”" in phone.words
    assert "文件已收到并加密保存" in phone.get("/m/talk").words
    assert "欠条.png" in phone.words


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"", "application/octet-stream", "还没有选文件"),
        (b"MZ" * 2000, "image/png", "只支持 10 MB 以内"),
    ],
)
def test_what_is_no_photograph_is_refused_in_words(
    house: House, phone: Phone, body: bytes, kind: str, said: str
) -> None:
    upload(phone, body, kind=kind)
    assert phone.page.status_code == 422
    assert said in phone.words
    assert house.small.chat.received == []


def test_too_big_a_file_gets_a_page(phone: Phone) -> None:
    upload(phone, b"\0" * (11 * 1024 * 1024 + 1))
    assert phone.page.status_code == 413
    assert "太大" in phone.words
    assert "/static/h5.css" in phone.page.text


# --- the overview and the progress ----------------------------------------------------------------


def test_the_progress_has_every_step_and_promises_nothing(house: House, phone: Phone) -> None:
    home = house.talk_of(house.follow())
    mine = house.applicant(home)
    application = mine.apply()
    mine.move(application.number, AidState.NEED_SUPPLEMENT, "请交工资条")
    words = phone.get("/m/progress").words
    assert application.number in words
    assert "请交工资条" in words
    assert "没按要求补的，视为撤回申请" in words
    assert "交材料" in words
    assert "结果由工作人员依法决定" in words
    for promise in ("一定", "保证", "肯定", "胜诉"):
        assert promise not in words
    phone.get("/apply/status")
    assert application.number in phone.words


# --- rating ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [{"score": "5"}, {"solved": "yes"}, {"comment": "说得很清楚"}, {"score": "1", "solved": "yes"}],
)
def test_a_rating_is_taken(house: House, phone: Phone, given: Mapping[str, str]) -> None:
    phone.get("/m/rate")
    phone.post("/m/rate", **given)
    assert phone.page.status_code == 200
    assert "谢谢" in phone.words
    home = house.talk_of(house.follow())
    held = house.small.door.visitors.export(home)["ratings"]
    assert len(held) == 1
    assert str(held[0]["score"] or "") == given.get("score", "")
    assert held[0]["comment"] == given.get("comment", "")


@pytest.mark.parametrize("given", [{}, {"score": "9"}, {"score": "x", "solved": "?"}])
def test_an_empty_rating_is_asked_for_again(phone: Phone, given: Mapping[str, str]) -> None:
    phone.post("/m/rate", **given)
    assert phone.page.status_code == 422
    assert "还没有选" in phone.words


# --- one's data -----------------------------------------------------------------------------------


def test_everything_held_can_be_taken_away_or_read_on_the_spot(house: House, phone: Phone) -> None:
    house.ask(house.talk_of(house.follow()), "老板拖欠工资")
    saved = phone.get("/m/export").page
    assert saved.headers["content-disposition"].startswith("attachment")
    assert "老板拖欠工资" in json.dumps(saved.json(), ensure_ascii=False)
    assert saved.headers["x-ai-generated"] == "true"
    read = phone.get("/m/export?show=1").page
    assert read.headers["content-type"] == "text/plain; charset=utf-8"
    assert "老板拖欠工资" in read.text
    assert read.headers["cache-control"] == "no-store"


# --- what every page has --------------------------------------------------------------------------


def test_large_print_is_switched_on_every_page_and_remembered(house: House, phone: Phone) -> None:
    for path in PAGES:
        phone.get(path)
        assert 'href="/m/large"' in phone.page.text, path
        assert "返回键" in phone.words, path
    phone.get("/m/large", headers={"Referer": "http://testserver/m/talk"})
    assert phone.path == "/m/talk"
    assert '<html lang="zh-Hans" class="large">' in phone.page.text
    # In the application too, and after the browser was closed.
    assert 'class="large"' in phone.get("/apply").page.text
    cookies = [c for c in phone.client.cookies.jar if c.name == LARGE]
    assert {c.path for c in cookies} == {"/m", "/apply"}
    assert all(c.expires for c in cookies)
    phone.get("/m/large", headers={"Referer": "http://testserver/m/me"})
    assert 'class="large"' not in phone.page.text
    assert 'class="large"' not in phone.get("/apply").page.text


def test_the_switch_leads_to_no_other_site(phone: Phone) -> None:
    for foreign in ("https://evil.example/", "https://evil.example//evil.example/m/", "//x"):
        phone.get("/m/large", headers={"Referer": foreign})
        assert str(phone.page.url).startswith("http://testserver/m/")


def test_pages_are_light_need_no_script_and_nothing_from_elsewhere(
    house: House, phone: Phone
) -> None:
    asked = house.ask(house.talk_of(house.follow()), "没签合同")
    house.applicant(house.talk_of(house.follow())).apply()
    css = len(phone.get("/static/h5.css").page.content)
    emblem = len(phone.get("/static/emblem.svg").page.content)
    for path in (*PAGES, f"/m/answer/{asked}", "/m/erased", "/m/none"):
        page = phone.get(path).page
        assert "<script" not in page.text
        assert "@import" not in page.text
        loaded = page.text.count("/static/")
        assert loaded == 3, path
        assert len(page.content) + css + emblem < 40_000, path


def test_pages_carry_the_headers_of_private_pages(house: House, phone: Phone) -> None:
    asked = house.ask(house.talk_of(house.follow()), "没签合同")
    link = house.link(house.follow(OTHER_OPENID))
    for path in (*PAGES, f"/m/answer/{asked}", link, "/m/none"):
        headers = phone.get(path).page.headers
        assert headers["cache-control"] == "no-store", path
        assert headers["x-robots-tag"] == "noindex"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


def test_no_page_holds_the_pass_or_a_conversation_s_id(house: House, phone: Phone) -> None:
    home = house.talk_of(house.follow())
    asked = house.ask(home, "没签合同")
    for path in (*PAGES, f"/m/answer/{asked}"):
        text_of = phone.get(path).page.text
        assert phone.key not in text_of
        assert home not in text_of


def test_too_many_changes_at_a_time_are_refused(
    sqlite_store: Store, clock: FixedClock, phones: Phones
) -> None:
    house = open_house(sqlite_store, clock, messages_per_visitor="2/minute")
    phone = phones(house).open(house.link(house.follow()))
    for _ in range(2):
        assert phone.post("/m/rate", score="5").page.status_code == 200
    assert phone.post("/m/rate", score="5").page.status_code == 429
    assert "稍等" in phone.words


# --- the platform's files -------------------------------------------------------------------------


@pytest.fixture
def verifying(sqlite_store: Store, clock: FixedClock, phones: Phones, tmp_path: Path) -> Phone:
    folder = tmp_path / "wechat-verify"
    folder.mkdir()
    (folder / "MP_verify_AbC123xyz.txt").write_text("AbC123xyz")
    (folder / "MP_verify_page.txt").write_text("<script>alert(1)</script>\nmore")
    (folder / "MP_verify_long.txt").write_text("x" * 1000)
    (folder / "secret.txt").write_text("secret")
    return phones(open_house(sqlite_store, clock, data=folder))


def test_the_platform_finds_its_file(verifying: Phone) -> None:
    page = verifying.get("/MP_verify_AbC123xyz.txt").page
    assert (page.status_code, page.text) == (200, "AbC123xyz")
    assert page.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "name",
    [
        "MP_verify_other.txt", "MP_verify_page.txt", "MP_verify_long.txt", "secret.txt",
        "MP_verify_..%2Fsecret.txt", "MP_verify_../secret.txt", "MP_verify_.txt",
        "MP_verify_AbC123xyz.TXT", "MP_verify_AbC123xyz.txt.bak",
    ],
)  # fmt: skip
def test_no_other_file_is_given_out(verifying: Phone, name: str) -> None:
    page = verifying.get(f"/{name}").page
    assert page.status_code == 404
    assert "secret" not in page.text
