"""An application from its first question to its end, on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from bot.aid.service import (
    MOST_WRONG_LOOKUPS,
    Accepted,
    AlreadyApplied,
    Incomplete,
    Lookup,
    PutAside,
    Rejected,
    Stopped,
)
from bot.domain.aid import AidState, application_number
from bot.domain.conversation import Sender
from bot.errors import NotFound
from bot.store.outbox import OutboxRunner
from bot.store.tables import aid_applications, aid_drafts, aid_numbers, offices, outbox
from bot.store.unit import Store
from connectors.messages import Part
from tests.conftest import FixedClock
from tests.integration.aid.conftest import (
    ANSWERS,
    Applicant,
    identity_number,
    make_applicant,
)

FIRST_NUMBER = application_number(dt.date(2026, 11, 23), 1)


def count(store: Store, table: object) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_full_walk_ends_in_one_application(applicant: Applicant, store: Store) -> None:
    application = applicant.apply()
    assert application.number == FIRST_NUMBER
    assert application.state is AidState.SUBMITTED
    assert dict(application.fields) == dict(ANSWERS)
    assert applicant.stored(FIRST_NUMBER) == application
    assert applicant.service.draft(applicant.conversation_id) is None
    assert count(store, outbox) == 1
    assert [e.action for e in applicant.repository.trail(FIRST_NUMBER)] == ["state.submitted"]


def test_any_office_takes_what_another_one_decides(applicant: Applicant, store: Store) -> None:
    with store.write() as connection:
        for number, areas in ((1, "530111"), (2, "530103"), (3, "5301")):
            connection.execute(
                insert(offices).values(
                    id=number,
                    name=f"中心{number}",
                    hours='{"weekly": {}}',
                    active=True,
                    areas=areas,
                )
            )
    service, mine = applicant.service, applicant.conversation_id
    assert service.open(mine, at=99).lodged_at is None
    assert service.open(mine, at=2).lodged_at == 2
    assert service.open(mine).lodged_at == 2
    application = applicant.apply()
    assert (application.lodged_at, application.office_id) == (2, 1)
    elsewhere = applicant.apply(matter="工伤", place="昆明市西山区")
    assert (elsewhere.lodged_at, elsewhere.office_id) == (None, 3)
    abroad = applicant.apply(matter="医疗事故", place="不清楚")
    assert (abroad.lodged_at, abroad.office_id, abroad.place) == (None, None, "")


def test_what_is_applied_for_in_a_chat_begun_by_an_offices_qr_code_is_lodged_there(
    applicant: Applicant, store: Store
) -> None:
    with store.write() as connection:
        for number, areas in ((1, "530111"), (2, "530103")):
            connection.execute(
                insert(offices).values(
                    id=number,
                    name=f"中心{number}",
                    hours='{"weekly": {}}',
                    active=True,
                    areas=areas,
                )
            )
    assert applicant.conversations.set_office(applicant.conversation_id, 2)
    application = applicant.apply()
    assert (application.lodged_at, application.office_id) == (2, 1)
    # Whoever fills it in at another counter, from the page with its number, hands it in there.
    applicant.service.open(applicant.conversation_id, at=1)
    other = applicant.apply(matter="工伤")
    assert (other.lodged_at, other.office_id) == (1, 1)
    elsewhere = applicant.apply(matter="医疗事故", place="不清楚")
    assert (elsewhere.lodged_at, elsewhere.office_id) == (2, 2)


def test_questions_come_one_by_one_in_order(applicant: Applicant) -> None:
    service, asked = applicant.service, []
    draft = service.open(applicant.conversation_id)
    for words in ANSWERS.values():
        asked.append(service.asked(draft).key)
        result = applicant.say(words)
        assert isinstance(result, Accepted)
        draft = result.draft
    assert asked == list(ANSWERS)
    assert result.is_complete


def test_a_wrong_check_digit_three_times_keeps_the_draft(applicant: Applicant) -> None:
    applicant.fill(until="id_number")
    for _ in range(3):
        result = applicant.say("110105194912310021")
        assert isinstance(result, Rejected)
        assert "校验位" in result.sentence
    draft = applicant.service.draft(applicant.conversation_id)
    assert draft is not None
    assert set(draft.values) == {"for_whom", "matter", "name"}
    assert isinstance(applicant.say(ANSWERS["id_number"]), Accepted)


def test_the_last_answer_can_be_corrected(applicant: Applicant) -> None:
    applicant.fill(until="place")
    field = applicant.service.correct_last(applicant.conversation_id)
    assert field is not None
    assert field.key == "phone"
    result = applicant.say("13900139000")
    assert isinstance(result, Accepted)
    assert result.draft.values["phone"] == "13900139000"
    assert result.draft.values["name"] == "张小明"


def test_there_is_nothing_to_correct_before_the_first_answer(applicant: Applicant) -> None:
    applicant.service.open(applicant.conversation_id)
    assert applicant.service.correct_last(applicant.conversation_id) is None


def test_the_same_message_answers_only_one_question(applicant: Applicant) -> None:
    service, conversation_id = applicant.service, applicant.conversation_id
    service.open(conversation_id)
    service.answer(conversation_id, "我自己", inbound_id=5)
    again = service.answer(conversation_id, "我自己", inbound_id=5)
    assert isinstance(again, Accepted)
    assert dict(again.draft.values) == {"for_whom": "我自己"}


def test_an_old_button_does_not_answer_the_present_question(applicant: Applicant) -> None:
    applicant.fill(until="group")
    result = applicant.say("工伤", "aid.matter.injury")
    assert isinstance(result, Rejected)
    assert "前面" in result.sentence


def test_a_draft_survives_a_restart(applicant: Applicant, store: Store, clock: FixedClock) -> None:
    applicant.fill(until="facts")
    later = make_applicant(store, clock, applicant.conversation_id)
    draft = later.service.open(later.conversation_id)
    assert later.service.asked(draft).key == "facts"
    later.fill()
    assert later.service.submit(later.conversation_id).fields["name"] == "张小明"


def test_a_cancelled_draft_is_kept_aside_and_taken_up_again(applicant: Applicant) -> None:
    applicant.fill(until="phone")
    assert applicant.service.close(applicant.conversation_id)
    assert applicant.service.open_draft(applicant.conversation_id) is None
    with pytest.raises(NotFound):
        applicant.say("13800138000")
    resumed = applicant.service.open(applicant.conversation_id)
    assert set(resumed.values) == {"for_whom", "matter", "name", "id_number"}


def test_a_discarded_draft_is_gone(applicant: Applicant) -> None:
    applicant.fill(until="phone")
    assert applicant.service.discard(applicant.conversation_id)
    assert not applicant.service.open(applicant.conversation_id).values


def test_an_unfinished_application_is_not_submitted(applicant: Applicant, store: Store) -> None:
    applicant.fill(until="pledge")
    with pytest.raises(Incomplete):
        applicant.service.submit(applicant.conversation_id)
    assert count(store, aid_applications) == 0


def test_without_the_pledge_nothing_is_submitted(applicant: Applicant) -> None:
    applicant.fill(until="pledge")
    assert isinstance(applicant.say("不同意"), Rejected)
    with pytest.raises(Incomplete):
        applicant.service.submit(applicant.conversation_id)


def test_submitting_twice_gives_one_number(applicant: Applicant, store: Store) -> None:
    first = applicant.apply()
    assert applicant.service.submit(applicant.conversation_id) == first
    assert count(store, aid_applications) == 1
    assert count(store, outbox) == 1


def test_whoever_turns_into_a_company_by_mistake_loses_one_answer(applicant: Applicant) -> None:
    applicant.fill(until="pledge")
    stopped = applicant.service.set(applicant.conversation_id, "for_whom", "公司或单位")
    assert isinstance(stopped, Stopped)
    resumed = applicant.service.open(applicant.conversation_id)
    assert set(ANSWERS) - set(resumed.values) == {"for_whom", "pledge"}


def test_a_second_matter_gets_a_number_of_its_own(applicant: Applicant) -> None:
    first, second = applicant.apply(), applicant.apply(matter="工伤")
    assert first.number != second.number


def test_the_same_matter_is_not_accepted_twice(applicant: Applicant, store: Store) -> None:
    first = applicant.apply()
    applicant.fill(name="张大明")
    with pytest.raises(AlreadyApplied) as refused:
        applicant.service.submit(applicant.conversation_id)
    assert refused.value.known == first
    assert count(store, aid_applications) == 1
    draft = applicant.service.draft(applicant.conversation_id)
    assert draft is not None
    assert not draft.active
    assert not {"matter", "facts", "place", "opponent", "pledge"} & set(draft.values)
    assert {"name", "id_number", "phone", "group"} <= set(draft.values)


def test_a_matter_that_ended_can_be_applied_for_again(applicant: Applicant) -> None:
    first = applicant.apply()
    applicant.move(first.number, AidState.REFUSED, "不属于援助范围")
    assert applicant.apply().number != first.number


def test_two_other_matters_are_not_taken_for_the_same(applicant: Applicant) -> None:
    assert applicant.apply(matter="其他").number != applicant.apply(matter="其他").number


def test_a_stranger_with_the_identity_number_does_not_learn_of_the_application(
    applicant: Applicant, store: Store, clock: FixedClock
) -> None:
    first = applicant.apply(matter="家庭暴力")
    own = make_applicant(store, clock)
    own.fill(matter="家庭暴力")
    with pytest.raises(AlreadyApplied) as by_phone:
        own.service.submit(own.conversation_id)
    assert by_phone.value.known == first
    other = make_applicant(store, clock)
    other.fill(matter="家庭暴力", phone="13900139000")
    with pytest.raises(AlreadyApplied) as by_stranger:
        other.service.submit(other.conversation_id)
    assert by_stranger.value.known is None


def test_a_refused_second_application_uses_up_no_number(
    applicant: Applicant, store: Store, clock: FixedClock
) -> None:
    applicant.apply()
    applicant.fill()
    with pytest.raises(AlreadyApplied):
        applicant.service.submit(applicant.conversation_id)
    other = make_applicant(store, clock).apply(id_number=identity_number(7))
    assert other.number == application_number(dt.date(2026, 11, 23), 2)


def test_a_draft_put_aside_is_not_submitted(applicant: Applicant, store: Store) -> None:
    applicant.fill()
    applicant.service.close(applicant.conversation_id)
    with pytest.raises(PutAside):
        applicant.service.submit(applicant.conversation_id)
    assert count(store, aid_applications) == 0


def test_no_confirmation_comes_after_the_news_of_a_later_state(
    applicant: Applicant, store: Store, clock: FixedClock
) -> None:
    number = applicant.apply().number
    applicant.move(number, AidState.ACCEPTED)
    told = applicant.told()
    assert len(told) == 1
    assert "accepted" in told[0]


def test_a_stop_in_the_middle_of_submitting_leaves_the_draft(
    applicant: Applicant, store: Store, clock: FixedClock
) -> None:
    applicant.fill()
    taken = {
        "kind": "aid_submitted",
        "unique_key": f"aid_submitted:{FIRST_NUMBER}",
        "payload_enc": b"",
        "due_at": clock.now(),
        "created_at": clock.now(),
        "attempts": 0,
    }
    with store.write() as connection:
        connection.execute(insert(outbox).values(taken))
    with pytest.raises(IntegrityError):
        applicant.service.submit(applicant.conversation_id)
    assert count(store, aid_applications) == 0
    assert count(store, aid_numbers) == 0
    assert applicant.service.open_draft(applicant.conversation_id) is not None
    with store.write() as connection:
        connection.execute(delete(outbox))
    assert applicant.service.submit(applicant.conversation_id).number == FIRST_NUMBER
    assert count(store, aid_drafts) == 0


def test_many_at_once_get_different_numbers(store: Store, clock: FixedClock) -> None:
    applicants = [make_applicant(store, clock) for _ in range(8)]
    for serial, one in enumerate(applicants):
        one.fill(id_number=identity_number(serial))
    numbers: list[str] = []
    start = threading.Barrier(len(applicants))

    def submit(one: Applicant) -> None:
        start.wait()
        numbers.append(one.service.submit(one.conversation_id).number)

    threads = [threading.Thread(target=submit, args=(one,)) for one in applicants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    day = dt.date(2026, 11, 23)
    assert sorted(numbers) == [application_number(day, n) for n in range(1, 9)]


def test_one_visitor_submitting_twice_at_once_gets_one_application(
    applicant: Applicant, store: Store
) -> None:
    applicant.fill()
    numbers: list[str] = []
    start = threading.Barrier(4)

    def submit() -> None:
        start.wait()
        numbers.append(applicant.service.submit(applicant.conversation_id).number)

    threads = [threading.Thread(target=submit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers == [FIRST_NUMBER] * 4
    assert count(store, aid_applications) == 1


def test_numbers_begin_again_each_chinese_day(store: Store, clock: FixedClock) -> None:
    assert make_applicant(store, clock).apply().number == FIRST_NUMBER
    clock.advance(hours=16)
    tomorrow = make_applicant(store, clock).apply(matter="工伤")
    assert tomorrow.number == application_number(dt.date(2026, 11, 24), 1)


def test_free_words_of_the_matter_are_not_stored_in_the_clear(applicant: Applicant) -> None:
    application = applicant.apply(matter="邻居张大力占了我家宅基地", means="不算困难")
    assert application.matter == "其他"
    assert application.fields["matter"] == "邻居张大力占了我家宅基地"


def test_the_confirmation_comes_once_however_often_it_is_delivered(
    applicant: Applicant, store: Store, clock: FixedClock
) -> None:
    number = applicant.apply().number
    handlers = {"aid_submitted": applicant.service.notify_submitted}
    assert OutboxRunner(store, clock, handlers).run_once() == 1
    applicant.service.notify_submitted(
        {"number": number, "conversation_id": applicant.conversation_id}
    )
    told = applicant.told()
    assert len(told) == 1
    assert number in told[0]


def test_who_read_the_number_in_the_chat_is_not_told_it_again(
    applicant: Applicant, store: Store, clock: FixedClock
) -> None:
    applicant.fill()
    number = applicant.service.submit(applicant.conversation_id, in_chat=True).number
    clock.advance(seconds=2)
    assert applicant.deliver() == 0
    card = Part("card", {"title": "已提交", "rows": [["申请编号", number]]})
    applicant.conversations.append_one(applicant.conversation_id, Sender.BOT, (card,))
    clock.advance(minutes=1)
    assert applicant.deliver() == 1
    assert applicant.told() == []


def test_who_never_got_the_answer_of_the_chat_is_told(
    applicant: Applicant, clock: FixedClock
) -> None:
    applicant.fill()
    number = applicant.service.submit(applicant.conversation_id, in_chat=True).number
    clock.advance(minutes=1)
    assert applicant.deliver() == 1
    [told] = applicant.told()
    assert number in told


def test_a_confirmation_for_an_erased_conversation_is_dropped(
    applicant: Applicant, store: Store, clock: FixedClock
) -> None:
    number = applicant.apply().number
    applicant.conversations.erase(applicant.conversation_id)
    handlers = {"aid_submitted": applicant.service.notify_submitted}
    assert OutboxRunner(store, clock, handlers).run_once() == 1
    assert applicant.stored(number).conversation_id is None


# --- asking about it --------------------------------------------------------------------------


def test_the_own_conversation_sees_its_application(applicant: Applicant) -> None:
    application = applicant.apply()
    found = applicant.service.status(applicant.conversation_id, "我的申请到哪了")
    assert found.result is Lookup.FOUND
    assert [p.application.number for p in found.progress] == [application.number]


def test_another_conversation_needs_number_and_phone(
    applicant: Applicant, store: Store, clock: FixedClock
) -> None:
    number = applicant.apply().number
    other = make_applicant(store, clock)

    def ask(words: str) -> Lookup:
        return other.service.status(other.conversation_id, words).result

    assert ask("我的申请到哪了") is Lookup.NONE
    assert ask(number) is Lookup.NEED_PHONE
    assert ask(f"{number} 后四位 1234") is Lookup.NO_MATCH
    assert ask(f"{number} 后四位 8000") is Lookup.FOUND
    assert ask(f"{number} 13800138000") is Lookup.FOUND
    # One message is one guess.
    assert ask(f"{number} 8000 8001 8002") is Lookup.NEED_PHONE
    assert ask("FY20261123-0001-1 后四位 8000") is Lookup.WRONG_NUMBER


def test_a_number_that_does_not_exist_is_answered_like_a_wrong_phone(applicant: Applicant) -> None:
    number = application_number(dt.date(2026, 11, 23), 99)
    found = applicant.service.status(applicant.conversation_id, f"{number} 8000")
    assert found.result is Lookup.NO_MATCH


def test_guessing_the_phone_is_stopped_for_an_hour(
    applicant: Applicant, store: Store, clock: FixedClock
) -> None:
    number = applicant.apply().number
    other = make_applicant(store, clock)

    def ask(four: str) -> Lookup:
        return other.service.status(other.conversation_id, f"{number} {four}").result

    for guess in range(MOST_WRONG_LOOKUPS):
        assert ask(f"{guess:04d}") is Lookup.NO_MATCH
    assert ask("8000") is Lookup.LOCKED
    clock.advance(minutes=61)
    assert ask("8000") is Lookup.FOUND


# --- what the staff changes -------------------------------------------------------------------


def test_a_change_is_recorded_and_told_to_the_citizen_once(applicant: Applicant) -> None:
    number = applicant.apply().number
    applicant.deliver()
    applicant.move(number, AidState.NEED_SUPPLEMENT, "请补交劳动合同。")
    assert applicant.stored(number).state is AidState.NEED_SUPPLEMENT
    assert "请补交劳动合同。" in applicant.told()[-1]
    last = applicant.repository.trail(number)[-1]
    assert (last.actor, last.action, last.note) == (
        "1:王",
        "state.need_supplement",
        "请补交劳动合同。",
    )
    found = applicant.service.status(applicant.conversation_id, "查进度")
    assert "请补交劳动合同。" in found.progress[0].history[-1].says
    assert applicant.deliver() == 0
    assert len(applicant.told()) == 2


def test_a_change_after_the_conversation_was_erased_tells_nobody(applicant: Applicant) -> None:
    number = applicant.apply().number
    applicant.conversations.erase(applicant.conversation_id)
    applicant.move(number, AidState.ACCEPTED)
    assert applicant.stored(number).state is AidState.ACCEPTED


def test_a_notice_whose_conversation_went_meanwhile_is_dropped(applicant: Applicant) -> None:
    told = {"key": "aid_news:1", "conversation_id": applicant.conversation_id, "text": "受理"}
    assert applicant.changes.deliver(told) is not None
    assert applicant.changes.deliver(told) is None
    applicant.conversations.erase(applicant.conversation_id)
    assert applicant.changes.deliver({**told, "key": "aid_news:2"}) is None


# --- at rest ----------------------------------------------------------------------------------


def test_nothing_personal_stands_in_the_database_file(
    sqlite_store: Store, clock: FixedClock
) -> None:
    applicant = make_applicant(sqlite_store, clock)
    applicant.fill(until="pledge")
    _assert_hidden(sqlite_store)
    applicant.say("同意")
    number = applicant.service.submit(applicant.conversation_id).number
    applicant.move(number, AidState.REFUSED, "张小明材料不实")
    _assert_hidden(sqlite_store)


def _assert_hidden(store: Store) -> None:
    path = store.engine.url.database
    assert path is not None
    raw = b""
    for suffix in ("", "-wal"):
        with open(path + suffix, "rb") as file:
            raw += file.read()
    assert b"aid_drafts" in raw
    for planted in ("张小明", "11010519491231002X", "13800138000", "城东工地"):
        assert planted.encode() not in raw
