"""Reminders of papers that are due: each once, by the clock, on both databases."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from bot.aid.form import load_form
from bot.aid.paperwork import PaperState, Paperwork, Wanted, missing
from bot.aid.reminders import Reminders
from bot.domain.aid import AidState, Application
from bot.store.tables import aid_applications, audit, conversations
from bot.store.unit import Store
from tests.conftest import FixedClock
from tests.integration.aid.conftest import Applicant, identity_number, make_applicant

ASKED = dt.date(2026, 11, 23)
DUE = dt.date(2026, 12, 8)


@pytest.fixture
def paperwork(store: Store, clock: FixedClock) -> Paperwork:
    return Paperwork(store, clock, load_form())


@pytest.fixture
def reminders(applicant: Applicant, paperwork: Paperwork, clock: FixedClock) -> Reminders:
    return Reminders(applicant.repository, paperwork, clock)


def at(clock: FixedClock, day: dt.date, hour: int = 10) -> None:
    """Set the clock to an hour of a day in China."""
    clock.moment = dt.datetime(day.year, day.month, day.day, hour, tzinfo=dt.UTC) - dt.timedelta(
        hours=8
    )


def change(store: Store, application: Application, **values: Any) -> None:
    with store.write() as connection:
        connection.execute(
            update(aid_applications).where(aid_applications.c.id == application.id).values(**values)
        )


@pytest.fixture
def waiting(
    applicant: Applicant, paperwork: Paperwork, store: Store, clock: FixedClock
) -> Application:
    """An application whose applicant was asked for two papers until 8 December."""
    application = applicant.apply()
    with store.write() as connection:
        wanted = (Wanted(key="identity"), Wanted(key="wages"))
        paperwork.ask(connection, application, wanted, DUE)
    state = AidState.NEED_SUPPLEMENT
    change(store, application, state=state, supplement_by=DUE, waiting_since=clock.now())
    return application


@pytest.fixture
def granted(applicant: Applicant, store: Store, clock: FixedClock) -> Application:
    """An application that was granted with its papers still open."""
    application = applicant.apply()
    change(store, application, state=AidState.APPROVED, decided_at=clock.now())
    return application


def reminded(applicant: Applicant) -> list[str]:
    applicant.deliver()
    return [words for words in applicant.told() if "提醒您" in words or "已经过了" in words]


def lines(store: Store, number: str) -> list[tuple[str, str]]:
    with store.read() as connection:
        query = select(audit.c.actor, audit.c.action).where(audit.c.subject == number)
        return [(row.actor, row.action) for row in connection.execute(query)]


def test_three_days_and_one_day_before_and_the_day_after(
    waiting: Application,
    applicant: Applicant,
    reminders: Reminders,
    store: Store,
    clock: FixedClock,
) -> None:
    given = {}
    for ahead in range(25):
        day = ASKED + dt.timedelta(days=ahead)
        for hour in (9, 14, 20):
            at(clock, day, hour)
            if reminders.run_once():
                given[day] = reminded(applicant)[-1]
    assert list(given) == [dt.date(2026, 12, 5), dt.date(2026, 12, 7), dt.date(2026, 12, 9)]
    first, second, last = given.values()
    assert "还有 3 天" in first
    assert "还有 1 天" in second
    for words in (first, second):
        assert waiting.number in words
        assert "1. 申请人身份证明：" in words
        assert "2. 欠薪的材料：" in words
        assert "回形针" in words
        assert "撤回" not in words
    assert "2026年12月8日）已经过了" in last
    assert "可能按撤回处理，由工作人员决定" in last
    assert "现在还可以交" in last
    assert "驳回" not in last
    assert lines(store, waiting.number).count(("system", "reminded")) == 3
    assert applicant.stored(waiting.number).state is AidState.NEED_SUPPLEMENT


def test_a_reminder_missed_is_given_with_the_days_that_are_left(
    waiting: Application, applicant: Applicant, reminders: Reminders, clock: FixedClock
) -> None:
    at(clock, dt.date(2026, 12, 6))
    assert reminders.run_once() == 1
    assert "还有 2 天" in reminded(applicant)[-1]
    at(clock, DUE)
    assert reminders.run_once() == 1
    assert "今天是最后一天" in reminded(applicant)[-1]


def test_nobody_is_reminded_at_night(
    waiting: Application, reminders: Reminders, clock: FixedClock
) -> None:
    for hour in (0, 7, 21, 23):
        at(clock, dt.date(2026, 12, 5), hour)
        assert reminders.run_once() == 0
    at(clock, dt.date(2026, 12, 5), 8)
    assert reminders.run_once() == 1


def test_who_was_asked_yesterday_for_tomorrow_is_not_reminded_at_once(
    waiting: Application, reminders: Reminders, store: Store, clock: FixedClock
) -> None:
    at(clock, dt.date(2026, 12, 7), 9)
    change(store, waiting, waiting_since=clock.now())
    assert reminders.run_once() == 0
    at(clock, dt.date(2026, 12, 9), 9)
    assert reminders.run_once() == 1


def test_more_time_begins_the_reminders_anew(
    waiting: Application,
    applicant: Applicant,
    reminders: Reminders,
    store: Store,
    clock: FixedClock,
) -> None:
    at(clock, dt.date(2026, 12, 7))
    assert reminders.run_once() == 1
    change(store, waiting, supplement_by=dt.date(2026, 12, 20))
    assert reminders.run_once() == 0
    at(clock, dt.date(2026, 12, 17))
    assert reminders.run_once() == 1
    assert "2026年12月20日到期" in reminded(applicant)[-1]


def test_what_came_is_not_asked_for_again(
    waiting: Application,
    applicant: Applicant,
    paperwork: Paperwork,
    reminders: Reminders,
    store: Store,
    clock: FixedClock,
) -> None:
    first, second = (i for i in paperwork.of(waiting.id) if i.due_on is not None)
    with store.write() as connection:
        paperwork.settle(connection, waiting.id, first.id, PaperState.RECEIVED)
        paperwork.note_upload(connection, applicant.conversation_id, "a")
    at(clock, dt.date(2026, 12, 5))
    assert reminders.run_once() == 1
    told = reminded(applicant)[-1]
    assert first.label not in told
    assert second.label in told
    assert "您后来上传的文件工作人员正在核对" in told
    with store.write() as connection:
        paperwork.settle(connection, waiting.id, second.id, PaperState.WAIVED)
    at(clock, dt.date(2026, 12, 9))
    assert reminders.run_once() == 0


@pytest.mark.parametrize(
    "state", [AidState.ACCEPTED, AidState.WITHDRAWN, AidState.REFUSED, AidState.CLOSED]
)
def test_only_who_is_waited_for_is_reminded(
    waiting: Application,
    reminders: Reminders,
    store: Store,
    clock: FixedClock,
    state: AidState,
) -> None:
    change(store, waiting, state=state)
    at(clock, dt.date(2026, 12, 9))
    assert reminders.run_once() == 0


def test_an_explanation_in_words_alone_is_reminded_of_as_well(
    applicant: Applicant, reminders: Reminders, store: Store, clock: FixedClock
) -> None:
    application = applicant.apply()
    state = AidState.NEED_SUPPLEMENT
    change(store, application, state=state, supplement_by=DUE, waiting_since=clock.now())
    at(clock, dt.date(2026, 12, 7))
    assert reminders.run_once() == 1
    assert "还有 1 天" in reminded(applicant)[-1]


def test_a_day_long_past_is_left_to_the_office(
    waiting: Application, reminders: Reminders, clock: FixedClock
) -> None:
    at(clock, dt.date(2027, 1, 5))
    assert reminders.run_once() == 0


def test_who_erased_the_conversation_is_not_reminded(
    waiting: Application,
    applicant: Applicant,
    reminders: Reminders,
    store: Store,
    clock: FixedClock,
) -> None:
    with store.write() as connection:
        gone = conversations.c.id == applicant.conversation_id
        connection.execute(delete(conversations).where(gone))
    at(clock, dt.date(2026, 12, 9))
    assert reminders.run_once() == 0
    assert ("system", "reminded") not in lines(store, waiting.number)


def test_after_the_grant_what_may_follow_is_reminded_of_mildly(
    granted: Application,
    applicant: Applicant,
    paperwork: Paperwork,
    reminders: Reminders,
    clock: FixedClock,
) -> None:
    given = {}
    for ahead in range(30):
        day = ASKED + dt.timedelta(days=ahead)
        at(clock, day)
        if reminders.run_once():
            given[day] = reminded(applicant)[-1]
    assert list(given) == [dt.date(2026, 12, 5), dt.date(2026, 12, 7)]
    for words in given.values():
        assert "请在2026年12月8日前补交" in words
        assert "拿不到的，在这里说一声就行" in words
        assert "撤回" not in words
        assert all(item.label in words for item in missing(paperwork.of(granted.id)))


def test_several_processes_remind_once(
    waiting: Application,
    applicant: Applicant,
    paperwork: Paperwork,
    store: Store,
    clock: FixedClock,
) -> None:
    at(clock, dt.date(2026, 12, 5))
    start = threading.Barrier(4)
    done: list[int] = []

    def work() -> None:
        own = Reminders(applicant.repository, paperwork, clock)
        start.wait()
        done.append(own.run_once())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, 1]
    assert lines(store, waiting.number).count(("system", "reminded")) == 1
    assert len(reminded(applicant)) == 1


def test_a_row_that_no_key_opens_does_not_keep_the_others_waiting(
    waiting: Application, reminders: Reminders, store: Store, clock: FixedClock
) -> None:
    other = make_applicant(store, clock).apply(id_number=identity_number(7), phone="13900139000")
    state = AidState.NEED_SUPPLEMENT
    change(store, other, state=state, supplement_by=DUE, waiting_since=clock.now())
    change(store, waiting, fields_enc=b"unreadable")
    at(clock, dt.date(2026, 12, 5))
    assert reminders.run_once() == 1
    assert ("system", "reminded") in lines(store, other.number)
