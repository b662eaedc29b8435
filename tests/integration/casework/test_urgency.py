"""A period that comes near while an application is reviewed: marked once, by the system."""

from __future__ import annotations

import pytest

from bot.aid.changes import AidChanges
from bot.aid.urgency import Urgency
from bot.casework.schemas import urgent_words
from bot.domain.aid import AidState
from bot.store.tables import aid_applications
from tests.integration.casework.conftest import Bureau, china_days


@pytest.fixture
def urgency(bureau: Bureau) -> Urgency:
    changes = AidChanges(bureau.aid, bureau.conversations, bureau.clock)
    return Urgency(bureau.aid, changes, bureau.casework.form, bureau.clock)


def test_what_becomes_urgent_is_marked_and_told_once(bureau: Bureau, urgency: Urgency) -> None:
    number, zhao = bureau.hand_in(deadline="2026-12-01"), bureau.person("zhao")
    bureau.hand_in()
    assert bureau.get(number).urgent == ""
    bureau.clock.advance(days=1)
    assert urgency.run_once() == 0, "seven days are left"
    bureau.clock.advance(days=1)
    assert urgency.run_once() == 1
    assert bureau.get(number).urgent == "44(1)"
    last = bureau.trail(number)[-1]
    assert (last.actor, last.action) == ("system", "urgent")
    assert "2026年12月1日" in last.note
    [told] = bureau.news(number)
    assert urgent_words("44(1)") in told
    assert "由工作人员决定" in told
    assert urgency.run_once() == 0
    assert len(bureau.news(number)) == 1
    bureau.casework.reviewing.set_urgent(number, zhao, "", "期限是抄错的")
    assert urgency.run_once() == 0
    assert bureau.get(number).urgent == ""


def test_one_that_waits_for_papers_is_marked_and_goes_on(bureau: Bureau, urgency: Urgency) -> None:
    number, zhao = bureau.hand_in(deadline="2026-12-01"), bureau.person("zhao")
    keys = [item.key for item in bureau.items(number)]
    bureau.casework.reviewing.ask(number, zhao, keys, "", china_days(bureau.clock, 5))
    bureau.clock.advance(days=3)
    assert urgency.run_once() == 1
    bureau.casework.reviewing.resume(number, zhao)
    bureau.casework.deciding.approve(number, zhao)
    assert bureau.state(number) is AidState.APPROVED


def test_what_is_decided_or_past_or_at_night_is_left(bureau: Bureau, urgency: Urgency) -> None:
    past = bureau.hand_in(deadline="2026-12-01")
    bureau.casework.deciding.refuse(bureau.hand_in(deadline="2026-12-01"), bureau.person("zhao"),
                                    "不在范围")  # fmt: skip
    bureau.clock.advance(days=3, hours=14)
    assert urgency.run_once() == 0, "it is 23 o'clock in China"
    bureau.clock.advance(days=10, hours=-14)
    assert urgency.run_once() == 0
    assert bureau.get(past).urgent == ""


def test_one_row_that_no_key_opens_keeps_no_other_from_it(bureau: Bureau, urgency: Urgency) -> None:
    broken, whole = (bureau.hand_in(deadline="2026-12-01") for _ in range(2))
    with bureau.store.write() as connection:
        connection.execute(
            aid_applications.update()
            .where(aid_applications.c.number == broken)
            .values(fields_enc=b"broken")
        )
    bureau.clock.advance(days=3)
    assert urgency.run_once() == 1
    assert bureau.get(whole).urgent == "44(1)"
