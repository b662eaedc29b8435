"""A lawyer is warned before the visitor is given to somebody else."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.dialogue.repository import ConversationRepository
from bot.domain.roster import REPLY
from bot.roster.room import Roster, open_roster
from bot.store.unit import Store
from tests.conftest import FixedClock
from tests.office import NoPhones, Office, furnish


@pytest.fixture
def roster(store: Store, clock: FixedClock) -> Roster:
    return open_roster(store, clock, ConversationRepository(store, clock), NoPhones())


@pytest.fixture
def office(store: Store, clock: FixedClock, roster: Roster) -> Office:
    return furnish(store, clock, roster.service)


def answer_by(office: Office) -> dt.datetime | None:
    [entry] = office.desk.queue(office.wang).mine
    return entry.answer_by


def test_the_time_to_answer_runs_from_the_claim_and_then_from_the_question(office: Office) -> None:
    conversation_id = office.queued()
    office.clock.advance(minutes=2)
    office.desk.claim(conversation_id, office.wang)
    assert answer_by(office) == office.clock.now() + REPLY
    office.desk.say(conversation_id, office.wang, "a", "您好，请讲。")
    assert answer_by(office) is None
    office.clock.advance(minutes=1)
    office.visitor_says(conversation_id, "仲裁要交多少钱？")
    asked = office.clock.now()
    office.clock.advance(minutes=1)
    office.visitor_says(conversation_id, "在吗？")
    assert answer_by(office) == asked + REPLY


def test_thanks_set_no_term(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    office.desk.say(conversation_id, office.wang, "a", "您好，请讲。")
    office.visitor_says(conversation_id, "谢谢")
    assert answer_by(office) is None


def test_what_the_desk_warns_of_is_when_the_visitor_is_taken(
    office: Office, roster: Roster
) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    told = answer_by(office)
    assert told is not None
    office.clock.moment = told - dt.timedelta(seconds=1)
    roster.service.seen(office.wang.id)
    assert roster.dispatcher.sweep_once() == []
    office.clock.moment = told
    roster.service.seen(office.wang.id)
    assert [change.staff_id for change in roster.dispatcher.sweep_once()] == [office.wang.id]


def test_the_view_names_the_servers_time_and_no_term_of_colleagues(office: Office) -> None:
    waiting = office.queued()
    office.desk.claim(office.queued(), office.li)
    view = office.desk.queue(office.wang)
    assert view.now == office.clock.now()
    assert [(entry.id, entry.answer_by) for entry in view.queue] == [(waiting, None)]
    assert view.mine == ()
