"""The pages of matters: what is shown to whom, and what their forms do."""

from __future__ import annotations

import re

import pytest

from bot.bus import QUEUE_TOPIC, conversation_topic
from bot.domain.conversation import Mode
from bot.domain.matter import MatterState, Referral, next_number, spoken
from bot.matters.referral_repository import ReferralRepository
from bot.ratings.repository import RatingRepository
from tests.integration.matters.conftest import Building

CALL = {
    "channel": "hotline",
    "topic": "劳动",
    "about": "张小明问工资怎么要，电话13812345678",
    "name": "张小明",
    "phone": "138 1234 5678",
}
PERSONAL = ("张小明<", "13812345678")


def opened(building: Building, login: str = "wang", **more: str) -> str:
    answer = building.browser(login).post("/desk/matters/new", data={**CALL, **more})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rsplit("/", 1)[1]


def state(building: Building, number: str) -> str:
    found = building.house.repository.find(number)
    assert found is not None
    return found.state


def words(page: str) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", page)


def test_strangers_are_sent_to_the_sign_in_page(building: Building) -> None:
    number = opened(building)
    stranger = building.browser()
    for answer in (
        stranger.get("/desk/matters"),
        stranger.get("/desk/matters/new"),
        stranger.get(f"/desk/matters/{number}"),
        stranger.post("/desk/matters/new", data=CALL),
        stranger.post(f"/desk/matters/{number}/close", data={"outcome": "advised"}),
        stranger.post(f"/desk/matters/{number}/reveal", data={"reason": "回电"}),
    ):
        assert answer.status_code == 303
        assert answer.headers["location"] == "/desk/login"
    assert state(building, number) == MatterState.WAITING


def test_a_form_sent_from_another_site_is_refused(building: Building) -> None:
    number = opened(building)
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for path, typed in (
        ("new", CALL),
        (f"{number}/take", {}),
        (f"{number}/dispatch", {"office": str(building.house.east)}),
        (f"{number}/note", {"note": "x"}),
        (f"{number}/close", {"outcome": "advised"}),
        (f"{number}/reopen", {}),
        (f"{number}/reveal", {"reason": "x"}),
    ):
        answer = building.browser("zhou").post(f"/desk/matters/{path}", data=typed, headers=foreign)
        assert answer.status_code == 403, path
    assert state(building, number) == MatterState.WAITING
    assert len(building.house.repository.log(1)) == 1


def test_who_receives_nobody_is_refused(building: Building) -> None:
    number = opened(building)
    officer = building.browser("sun")
    for path in ("/desk/matters", "/desk/matters/new", f"/desk/matters/{number}"):
        assert officer.get(path).status_code == 403, path
    assert officer.post("/desk/matters/new", data=CALL).status_code == 403


def test_a_call_is_opened_by_hand_and_its_number_shown_to_be_read_out(building: Building) -> None:
    number = opened(building)
    page = building.browser("wang").get(f"/desk/matters/{number}").text
    assert spoken(number) in page
    for shown in ("热线", "劳动", "张**", "138****5678", "等人接", "开单", "王敏"):
        assert shown in page, shown
    for hidden in PERSONAL:
        assert hidden not in page


def test_a_wrong_entry_is_said_in_a_sentence_and_what_was_typed_is_kept(
    building: Building,
) -> None:
    seat = building.browser("wang")
    answer = seat.post("/desk/matters/new", data={**CALL, "phone": "12345", "note": "请快点"})
    assert answer.status_code == 422
    assert "电话号码不对" in answer.text
    for kept in ("张小明问工资怎么要", 'value="12345"', 'value="张小明"', "请快点"):
        assert kept in answer.text
    assert re.search(r"<option selected>劳动", answer.text)
    assert building.house.repository.find(next_number(26, 0)) is None


def test_a_call_is_dispatched_as_it_is_opened(building: Building) -> None:
    house = building.house
    number = opened(building, office=str(house.west), due="2026-11-25T18:00", note="请回电")
    page = words(building.browser("li").get(f"/desk/matters/{number}").text)
    assert "已派单" in page
    assert "2026-11-25 18:00" in page
    assert "请回电" in page


def test_a_term_without_anybody_to_keep_it_is_asked_about(building: Building) -> None:
    answer = building.browser("wang").post(
        "/desk/matters/new", data={**CALL, "due": "2026-11-25T18:00"}
    )
    assert answer.status_code == 422
    assert "请选择派给哪个机构或哪位同事" in answer.text
    assert 'value="2026-11-25T18:00"' in answer.text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "请选择派给哪个机构或哪位同事"),
        ({"office": "999"}, "没有这个机构"),
        ({"office": "1;drop"}, "没有这个机构"),
        ({"to": "999"}, "没有这位同事"),
        ({"to": "²"}, "没有这位同事"),
        ({"office": "1", "due": "明天"}, "期限没有看懂"),
        ({"office": "1", "due": "2026-11-01T09:00"}, "期限要晚于现在"),
        ({"office": "1", "due": "9999-12-31T23:59"}, "期限没有看懂"),
    ],
)
def test_a_dispatch_that_makes_no_sense_is_explained(
    building: Building, typed: dict[str, str], sentence: str
) -> None:
    number = opened(building)
    answer = building.browser("zhou").post(
        f"/desk/matters/{number}/dispatch", data={**typed, "note": "请尽快办"}
    )
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "请尽快办" in answer.text
    assert state(building, number) == MatterState.WAITING


def test_a_matter_goes_from_hand_to_hand_and_every_move_is_shown(building: Building) -> None:
    house = building.house
    number = opened(building)
    supervisor, mediator = building.browser("zhou"), building.browser("li")
    path = f"/desk/matters/{number}"
    dispatched = supervisor.post(f"{path}/dispatch", data={"to": str(house.li.id), "note": "调解"})
    assert dispatched.headers["location"] == path
    assert "由我承办" in mediator.get(path).text
    assert mediator.post(f"{path}/take").status_code == 303
    assert mediator.post(f"{path}/note", data={"note": "已联系双方"}).status_code == 303
    closed = mediator.post(
        f"{path}/close", data={"outcome": "referred_mediation", "advice": "周五到中心调解"}
    )
    assert closed.status_code == 303
    page = words(mediator.get(path).text)
    log = page[page.index("流转记录") :]
    order = [log.index(word) for word in (" 开单 ", " 派单 ", " 接手 ", " 备注 ", " 结单 ")]
    assert order == sorted(order)
    for shown in ("已结", "转调解", "周五到中心调解", "已联系双方", "李强", "周静"):
        assert shown in page, shown
    assert mediator.post(f"{path}/reopen", data={"note": "没来"}).status_code == 303
    assert state(building, number) == MatterState.WAITING


def test_reopening_a_visitors_matter_is_told_to_the_desks_and_to_his_screen(
    building: Building,
) -> None:
    house = building.house
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    browser, path = building.browser("wang"), f"/desk/matters/{matter.number}/reopen"
    assert browser.post(path, data={"note": "来电说没拿到钱"}).status_code == 303
    assert house.conversations.get(conversation_id).mode is Mode.QUEUED
    assert [topic for topic, _ in building.bus.told] == [
        conversation_topic(conversation_id),
        QUEUE_TOPIC,
    ]
    assert {event["conversation_id"] for _, event in building.bus.told} == {conversation_id}
    # Refused the second time, and of a matter without a visitor, nobody is told.
    assert browser.post(path).status_code == 403
    number = opened(building)
    supervisor = building.browser("zhou")
    supervisor.post(f"/desk/matters/{number}/close", data={"outcome": "unreachable"})
    assert supervisor.post(f"/desk/matters/{number}/reopen").status_code == 303
    assert len(building.bus.told) == 2


def test_a_close_without_outcome_keeps_the_advice_that_was_typed(building: Building) -> None:
    number = opened(building)
    answer = building.browser("zhou").post(
        f"/desk/matters/{number}/close", data={"advice": "写了很久的意见"}
    )
    assert answer.status_code == 422
    assert "请选择办理结果" in answer.text
    assert "写了很久的意见" in answer.text


def test_the_page_offers_only_what_this_person_may_do(building: Building) -> None:
    path = f"/desk/matters/{opened(building)}"
    seat, supervisor = building.browser("wang").get(path).text, building.browser("zhou").get(path)
    assert f'action="{path}/take"' in seat
    for step in ("dispatch", "close", "reopen"):
        assert f'action="{path}/{step}"' not in seat
    for step in ("dispatch", "close", "take"):
        assert f'action="{path}/{step}"' in supervisor.text


def test_another_offices_matter_is_refused(building: Building) -> None:
    number = opened(building)
    mediator = building.browser("li")
    assert mediator.get(f"/desk/matters/{number}").status_code == 403
    answer = mediator.post(f"/desk/matters/{number}/note", data={"note": "x"})
    assert answer.status_code == 403
    assert "劳动" not in answer.text
    assert number not in mediator.get("/desk/matters").text


def test_a_step_refused_meanwhile_is_explained_on_the_page(building: Building) -> None:
    number = opened(building)
    building.house.service.take(number, building.house.zhou)
    answer = building.browser("wang").post(f"/desk/matters/{number}/take")
    assert answer.status_code == 403
    assert "这张工单已有承办人" in answer.text
    assert spoken(number) in answer.text


def test_numbers_are_shown_in_full_with_a_reason_only(building: Building) -> None:
    number = opened(building)
    lawyer = building.browser("wang")
    without = lawyer.post(f"/desk/matters/{number}/reveal", data={"reason": " "})
    assert without.status_code == 422
    assert "请写明查看的原因" in without.text
    shown = lawyer.post(f"/desk/matters/{number}/reveal", data={"reason": "回电"}).text
    for word in PERSONAL:
        assert word in shown
    assert "回电" in lawyer.get(f"/desk/matters/{number}").text
    assert building.house.audited()[-1] == ("wang", "matter_revealed", f"matter:{number}")


def test_a_visitor_who_is_there_is_received_at_the_desk(building: Building) -> None:
    _, matter = building.house.queued()
    page = building.browser("zhou").get(f"/desk/matters/{matter.number}").text
    assert "请到<a href=" in page
    assert "/take" not in page
    assert "/close" not in page
    assert "来访者要求人工" in page


def test_the_visitors_rating_stands_on_the_page(building: Building) -> None:
    house = building.house
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    RatingRepository(house.store, house.clock).upsert(
        conversation_id, 2, False, "还没拿到钱，电话13812345678"
    )
    page = building.browser("wang").get(f"/desk/matters/{matter.number}").text
    assert "没解决 2 分" in page
    assert "还没拿到钱" in page
    assert "13812345678" not in page


# --- the list


def test_the_list_marks_what_is_late_and_counts(building: Building) -> None:
    number = opened(building)
    building.house.clock.advance(days=2)
    page = building.browser("wang").get("/desk/matters").text
    assert spoken(number) in page
    assert "已超时 2026-11-24 09:00" in page
    assert re.search(r"超时 <b class=\"late\">1</b>", page)


def test_the_list_is_narrowed_by_its_form(building: Building) -> None:
    house = building.house
    waiting, taken = opened(building), opened(building)
    house.service.take(taken, house.wang)
    lawyer = building.browser("wang")

    def listed(**query: str) -> set[str]:
        page = lawyer.get("/desk/matters", params=query).text
        return {number for number in (waiting, taken) if f"/desk/matters/{number}" in page}

    assert listed() == {waiting, taken}
    assert listed(state="in_progress") == {taken}
    assert listed(mine="1") == {taken}
    assert listed(overdue="1") == set()
    assert listed(office=str(house.east)) == {waiting, taken}
    assert listed(office=str(house.west)) == set()
    assert listed(state="closed") == set()
    assert listed(state="all") == {waiting, taken}


@pytest.mark.parametrize("written", ["{0}{1}", "{0} {1}", " {0}-{1} "])
def test_a_number_read_out_over_the_phone_is_found_however_it_is_typed(
    building: Building, written: str
) -> None:
    number = opened(building)
    query = written.format(number[:4], number[4:])
    page = building.browser("wang").get("/desk/matters", params={"q": query}).text
    assert f"/desk/matters/{number}" in page


def test_a_misheard_number_is_said_to_be_wrong(building: Building) -> None:
    number = opened(building)
    wrong = f"{number[:-1]}{(int(number[-1]) + 1) % 10}"
    answer = building.browser("wang").get("/desk/matters", params={"q": wrong})
    assert answer.status_code == 422
    assert "这个工单号不对" in answer.text
    assert f'value="{wrong}"' in answer.text


def test_a_wrong_filter_is_explained(building: Building) -> None:
    lawyer = building.browser("wang")
    for query in ({"state": "nonsense"}, {"office": "x"}):
        answer = lawyer.get("/desk/matters", params=query)
        assert answer.status_code == 422
        assert "筛选条件不对" in answer.text


def test_what_a_caller_says_cannot_become_markup(building: Building) -> None:
    evil = "<script>alert(1)</script>欠薪"
    number = opened(building, about=evil, name='"><img src=x>', note=evil)
    for path in ("/desk/matters", f"/desk/matters/{number}"):
        page = building.browser("zhou").get(path).text
        assert "<script>" not in page
        assert "<img src=x" not in page


def test_the_pages_carry_no_script_and_no_style_of_their_own(building: Building) -> None:
    number = opened(building)
    for path in ("/desk/matters", "/desk/matters/new", f"/desk/matters/{number}"):
        page = building.browser("zhou").get(path).text
        assert "<script" not in page
        assert not re.search(r"\sstyle=|<style|\son\w+=", page)


def test_every_field_has_its_label(building: Building) -> None:
    number = opened(building)
    for path in ("/desk/matters", "/desk/matters/new", f"/desk/matters/{number}"):
        page = building.browser("zhou").get(path).text
        fields = re.findall(r"<(?:input|select|textarea)\b[^>]*>", page)
        assert fields
        ids = re.findall(r'\bid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), path
        labelled = set(re.findall(r'<label[^>]*\bfor="([^"]+)"', page))
        for field in fields:
            if 'type="checkbox"' in field:
                continue
            found = re.search(r'\bid="([^"]+)"', field)
            assert found is not None, field
            assert found[1] in labelled, field


def test_the_stylesheet_of_the_pages_is_there(building: Building) -> None:
    page = building.browser("wang").get("/desk/matters").text
    for sheet in re.findall(r'<link rel="stylesheet" href="([^"]+)"', page):
        assert building.browser().get(sheet).status_code == 200, sheet


def test_a_referral_stands_in_the_list_under_its_own_name(building: Building) -> None:
    house = building.house
    conversation_id, own = house.queued()
    repository = ReferralRepository(house.ledger, house.clock)
    found = repository.register(
        conversation_id, Referral.MEDIATION, "13812345678", "楼上漏水不赔，电话13812345678"
    )
    seat = building.browser("wang")
    both = words(seat.get("/desk/matters").text)
    assert "转办：人民调解" in both
    assert spoken(own.number) in both
    only = words(seat.get("/desk/matters?referral=1").text)
    assert spoken(found.number) in only
    assert spoken(own.number) not in only
    page = seat.get(f"/desk/matters/{found.number}").text
    for shown in ("转办：人民调解", "138****5678", "楼上漏水不赔", "由我承办"):
        assert shown in page, shown
    for hidden in PERSONAL:
        assert hidden not in page
    assert "来访者正在排队" not in page


def test_a_referral_taken_up_again_calls_no_visitor(building: Building) -> None:
    house = building.house
    conversation_id = house.talk()
    repository = ReferralRepository(house.ledger, house.clock)
    number = repository.register(conversation_id, Referral.NOTARY, "", "继承公证").number
    supervisor = building.browser("zhou")
    done = {"outcome": "referred_other"}
    assert supervisor.post(f"/desk/matters/{number}/close", data=done).status_code == 303
    building.bus.told.clear()
    assert supervisor.post(f"/desk/matters/{number}/reopen", data={}).status_code == 303
    assert state(building, number) == MatterState.WAITING
    assert house.conversations.get(conversation_id).mode is Mode.BOT
    assert building.bus.told == []
