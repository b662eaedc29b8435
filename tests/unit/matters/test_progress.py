"""What a citizen is told of a matter, and what nobody else is."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.domain.conversation import Mode
from bot.domain.matter import Action, next_number, spoken
from bot.errors import BadInput, NotFound
from bot.store.tables import matters
from tests.unit.matters.conftest import House, by_hand

DENIED = "没有可以告诉您的进度"


def test_the_open_matters_number_is_read_out_and_nothing_when_it_is_closed(house: House) -> None:
    conversation_id = house.talk()
    assert house.service.spoken(conversation_id) == ""
    matter = house.ask(conversation_id)
    assert house.service.spoken(conversation_id) == spoken(matter.number)
    house.leave(conversation_id, Mode.BOT)
    assert house.service.spoken(conversation_id) == ""


def test_a_waiting_visitor_leaves_a_number_to_be_called_back(house: House) -> None:
    conversation_id, matter = house.queued()
    house.service.set_phone(conversation_id, "138 1234 5678")
    assert house.matter(conversation_id).contact.phone == "13812345678"
    assert house.actions(matter)[-1] == ("visitor", Action.PHONE, "")
    for wrong in ("", "12345"):
        with pytest.raises(BadInput):
            house.service.set_phone(conversation_id, wrong)
    house.leave(conversation_id, Mode.BOT)
    with pytest.raises(NotFound):
        house.service.set_phone(conversation_id, "13812345678")


def test_the_own_conversation_is_told_where_its_matter_is(house: House) -> None:
    conversation_id, matter = house.queued()
    asked = f"我的工单 {spoken(matter.number)} 到哪了"
    said = house.service.answer(conversation_id, asked)
    assert spoken(matter.number) in said
    assert "等律师接" in said
    assert "2026-11-23 09:00" in said
    house.clock.advance(minutes=30)
    house.claim(conversation_id, house.wang)
    said = house.service.answer(conversation_id, "我的工单到哪了")
    assert "城东公共法律服务中心正在办理" in said
    assert "2026-11-23 09:30" in said
    assert "087112348" in said
    house.finish(conversation_id, house.wang, "referred_aid")
    assert "转法律援助" in house.service.answer(conversation_id, asked)


def test_a_note_does_not_change_since_when_a_matter_is_where_it_is(house: House) -> None:
    conversation_id, matter = house.queued()
    house.clock.advance(hours=3)
    house.service.note(matter.number, house.zhou, "看过")
    assert "2026-11-23 09:00" in house.service.answer(conversation_id, "工单到哪了")


def test_who_knows_the_end_of_the_phone_is_told_from_anywhere(house: House) -> None:
    matter = by_hand(house)
    elsewhere = house.talk()
    for words in ("尾号5678", "5678", "电话13812345678", "五六七八"):
        said = house.service.answer(elsewhere, f"工单{matter.number}，{words}")
        assert "等律师接" in said, words
        assert "张小明" not in said
        assert "13812345678" not in said


def test_everybody_else_hears_the_same_whether_or_not_the_number_exists(house: House) -> None:
    matter = by_hand(house)
    _, silent = house.queued()
    elsewhere = house.talk()
    said = {
        house.service.progress(matter.number, elsewhere),
        house.service.progress(matter.number, elsewhere, "0000"),
        house.service.progress(silent.number, elsewhere, "0000"),
        house.service.progress(next_number(26, 700), elsewhere),
        house.service.progress(next_number(26, 700), elsewhere, "5678"),
    }
    assert len(said) == 1
    assert said.pop().startswith(DENIED)


def test_a_matter_without_phone_is_told_to_nobody_by_phone(house: House) -> None:
    _, matter = house.queued()
    assert house.service.progress(matter.number, house.talk(), "").startswith(DENIED)


def test_a_matter_without_conversation_is_not_everybodys_own(house: House) -> None:
    matter = by_hand(house)
    assert house.service.progress(matter.number, "").startswith(DENIED)


def test_guessing_the_phone_ends_after_five_tries_for_a_day(house: House) -> None:
    matter = by_hand(house)
    elsewhere = house.talk()
    for guess in range(5):
        house.service.progress(matter.number, elsewhere, f"000{guess}")
    assert house.service.progress(matter.number, elsewhere, "5678").startswith(DENIED)
    house.clock.advance(days=1, minutes=1)
    assert "等律师接" in house.service.progress(matter.number, elsewhere, "5678")


def test_a_wrong_number_is_said_to_be_wrong(house: House) -> None:
    said = house.service.answer(house.talk(), "工单26000122到哪了")
    assert "不对" in said


def test_a_question_without_number_or_matter_is_told_what_to_send(house: House) -> None:
    assert "还没有工单" in house.service.answer(house.talk(), "我的工单到哪了")


def test_an_erased_conversations_number_tells_nothing(house: House) -> None:
    conversation_id, matter = house.queued()
    house.service.set_phone(conversation_id, "13812345678")
    with house.store.write() as connection:
        house.follower.forget(connection, (conversation_id,), house.clock.now())
    house.conversations.erase(conversation_id)
    with house.store.read() as connection:
        left = connection.execute(
            select(matters.c.conversation_id).where(matters.c.number == matter.number)
        ).scalar_one()
    assert left is None
    said = house.service.progress(matter.number, conversation_id, "5678")
    assert said.startswith(DENIED)
