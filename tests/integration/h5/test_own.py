"""What is a follower's own and nobody else's, on both databases: answers, talks, bindings."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from bot.apply.session import COOKIE as APPLY_COOKIE
from bot.domain.conversation import HandoverReason, Mode, Sender
from bot.h5.service import MOST_MESSAGES
from bot.h5.session import COOKIE
from bot.store.tables import conversations
from connectors.messages import text
from tests.integration.h5.conftest import OTHER_OPENID, PAGES, House, Phone, Phones
from tests.integration.web.small_app import LABEL
from tests.pictures import PNG


def test_the_whole_answer_is_on_one_page(house: House, phone: Phone) -> None:
    asked = house.ask(house.talk_of(house.follow()), "没签合同，老板拖欠工资")
    words = phone.get(f"/m/answer/{asked}").words
    for said in (
        "没签合同，老板拖欠工资",
        "劳动合同法第八十二条",
        "劳动合同法第三十条",
        "2012-12-28 版，2013-07-01 起施行",
        "2. 向劳动监察投诉",
        "工资转账、考勤、工作群记录、工友证言。",
        "饭店没签合同欠薪案",
        "服务员工作五个月未签合同",
        "9. 法律援助（申请类）",
    ):
        assert said in words
    assert words.count(LABEL) == 1
    # Buttons of the chat cannot be pressed here.
    assert "转律师" not in words


def test_one_reply_alone_can_be_asked_for(house: House, phone: Phone) -> None:
    home = house.talk_of(house.follow())
    asked = house.ask(home, "欠薪")
    reply = house.small.conversations.replies_to(home, asked)[0]
    assert "劳动合同法第八十二条" in phone.get(f"/m/answer/{reply.id}").words


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999", "2147483647", "１"])
def test_an_answer_that_is_not_there_is_not_found(phone: Phone, number: str) -> None:
    assert phone.get(f"/m/answer/{number}").page.status_code == 404
    assert "没有找到" in phone.words


def test_nobody_reads_what_is_another_s(house: House, phones: Phones, phone: Phone) -> None:
    other = house.follow(OTHER_OPENID)
    home = house.talk_of(other)
    asked = house.ask(home, "别人的事")
    reply = house.small.conversations.replies_to(home, asked)[0]
    part = house.small.door.visitors.keep_file(home, "f1", "别人的.png", PNG)
    applied = house.applicant(home).apply()
    for path in (f"/m/answer/{asked}", f"/m/answer/{reply.id}", f"/m/files/{part.body['id']}"):
        assert phone.get(path).page.status_code == 404, path
        assert "别人" not in phone.words
    for path in PAGES:
        phone.get(path)
        assert "别人的事" not in phone.words
        assert applied.number not in phone.words
    assert phones(house).open(house.link(other, "talk")).words.count("别人的事") == 1


def test_the_talk_is_read_in_pages_with_the_newest_last(house: House, phone: Phone) -> None:
    home = house.talk_of(house.follow())
    for number in range(25):
        house.ask(home, f"问题{number:02}", (text(f"回答{number:02}"),))
    phone.get("/m/talk")
    assert "回答24" in phone.words
    assert phone.words.index("回答23") < phone.words.index("问题24") < phone.words.index("回答24")
    shown = phone.page.text.count('<li class="said')
    while older := re.search(r'href="(/m/talk\?before=\d+)"', phone.page.text):
        phone.get(older[1])
        assert phone.page.text.count('<li class="said') <= MOST_MESSAGES
        shown += phone.page.text.count('<li class="said')
    assert shown == len(house.small.conversations.after(home, 0))
    assert "您好，这里是公共法律服务助手。" in phone.words


def test_what_was_read_here_is_not_sent_once_more(house: House, phone: Phone) -> None:
    home = house.talk_of(house.follow())
    talks = house.small.conversations
    talks.move(home, Mode.QUEUED, reason=HandoverReason.ASKED)
    talks.move(home, Mode.HUMAN)
    sent = talks.append_one(home, Sender.LAWYER, [text("请带合同来。")], "王律师")
    phone.get("/m/talk")
    with house.store.read() as connection:
        assert connection.execute(select(conversations.c.visitor_seen)).scalar_one() == sent.id


def test_the_overview_names_what_is_running_and_what_comes_next(house: House, phone: Phone) -> None:
    home = house.talk_of(house.follow())
    application = house.applicant(home).apply()
    talks = house.small.conversations
    talks.move(home, Mode.QUEUED, reason=HandoverReason.ASKED)
    words = phone.get("/m/me").words
    assert application.number in words
    assert "给不给援助由工作人员决定" in words
    assert house.matters.spoken(home) in words
    assert "等律师接" in words
    assert "13800138000" not in words
    assert "张小明" not in words


def test_everything_that_is_bound_stands_in_one_place(house: House, phone: Phone) -> None:
    follower = house.follow()
    web = house.on_the_web(follower)
    application = house.applicant(web).apply()
    house.small.conversations.move(web, Mode.QUEUED, reason=HandoverReason.ASKED)
    for path in ("/m/me", "/m/progress"):
        words = phone.get(path).words
        assert application.number in words
        assert house.matters.spoken(web) in words
    # Until the other conversation is looked at, nothing of it can be changed.
    phone.get("/apply/status")
    assert application.number not in phone.words


def test_another_bound_conversation_can_be_looked_at(house: House, phone: Phone) -> None:
    follower = house.follow()
    web = house.on_the_web(follower)
    house.ask(web, "网页上问的")
    assert "网页上问的" not in phone.get("/m/talk").words
    phone.get("/m/me")
    former = phone.key
    phone.post("/m/switch", place=phone.value("place"))
    assert phone.path == "/m/talk"
    assert "网页上问的" in phone.words
    assert house.small.conversations.by_token(former) is None
    found = house.small.conversations.by_token(phone.client.cookies.get(APPLY_COOKIE) or "")
    assert found is not None
    assert found.id == web


@pytest.mark.parametrize("place", ["1", "-1", "x", "", "99999"])
def test_there_is_no_way_to_what_is_not_bound(house: House, phone: Phone, place: str) -> None:
    house.follow(OTHER_OPENID)
    assert phone.post("/m/switch", place=place).page.status_code == 404


def test_a_message_of_another_bound_conversation_is_shown(house: House, phone: Phone) -> None:
    web = house.on_the_web(house.follow())
    asked = house.ask(web, "网页上问的")
    assert "网页上问的" in phone.get(f"/m/answer/{asked}").words


def test_what_is_not_solved_goes_to_a_person(house: House, phone: Phone) -> None:
    phone.post("/m/rate", solved="no")
    assert "转给值班律师" in phone.words
    home = house.talk_of(house.follow())
    assert house.small.conversations.get(home).mode is Mode.QUEUED


def test_erasing_leaves_nothing_and_lets_the_browser_out(house: House, phone: Phone) -> None:
    house.ask(house.talk_of(house.follow()), "老板拖欠工资")
    phone.post("/m/erase")
    assert phone.path == "/m/erased"
    assert not {COOKIE, APPLY_COOKIE} & set(phone.client.cookies)
    with house.store.read() as connection:
        assert connection.execute(select(conversations)).all() == []
    assert phone.get("/m/me").page.status_code == 401
