"""Objections: their receipt with its clock, their result, and what the applicant reads of both."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.aid.timeline import timeline
from bot.casework.listing import Flag, Wanted
from bot.domain.aid import AidState
from bot.errors import BadInput, IllegalMove
from tests.conftest import FixedClock
from tests.integration.casework.conftest import Bureau, Pages, china_days

TODAY = dt.date(2026, 11, 23)


def refused(bureau: Bureau) -> str:
    number = bureau.hand_in()
    bureau.casework.deciding.refuse(number, bureau.person("zhao"), "不在援助范围")
    return number


def test_an_objection_is_registered_with_the_day_by_which_it_is_answered(bureau: Bureau) -> None:
    number, zhao = refused(bureau), bureau.person("zhao")
    bureau.clock.advance(days=2)
    filed = TODAY + dt.timedelta(days=1)
    bureau.casework.deciding.file_objection(number, zhao, filed, "认为属于劳动报酬")
    found = bureau.get(number)
    assert (found.state, found.objected_on) == (AidState.REFUSED, filed)
    assert bureau.actions(number)[-1] == "objection_filed"
    told = bureau.news(number)[-1]
    # Five days from the 24th end on Sunday the 29th, so on Monday.
    for said in ("已经登记", "5 日内", "2026年11月24日", "2026年11月30日前", "认为属于劳动报酬"):
        assert said in told
    with pytest.raises(BadInput, match="已经登记过异议"):
        bureau.casework.deciding.file_objection(number, zhao, filed)


@pytest.mark.parametrize("days", [None, 1, -1])
def test_an_objection_has_a_day_between_the_decision_and_today(
    bureau: Bureau, days: int | None
) -> None:
    number, zhao = refused(bureau), bureau.person("zhao")
    day = None if days is None else TODAY + dt.timedelta(days=days)
    with pytest.raises(BadInput, match="收到异议的日期"):
        bureau.casework.deciding.file_objection(number, zhao, day)
    assert bureau.get(number).objected_on is None


def test_only_a_refusal_and_an_end_are_objected_to(bureau: Bureau) -> None:
    with pytest.raises(IllegalMove):
        bureau.casework.deciding.file_objection(bureau.hand_in(), bureau.person("zhao"), TODAY)


def test_the_result_ends_the_wait_and_its_words_are_the_applicants(bureau: Bureau) -> None:
    number, zhao = refused(bureau), bureau.person("zhao")
    deciding = bureau.casework.deciding
    deciding.file_objection(number, zhao, TODAY)
    deciding.objection(number, zhao, "upheld", "经审查，不属于援助范围")
    assert bureau.get(number).objected_on is None
    filed, result = timeline(bureau.trail(number), bureau.casework.form)[-2:]
    assert (filed.title, result.title) == ("提出异议", "异议有了结果")
    assert "2026年11月30日前答复" in filed.says
    assert result.says == "维持原决定。经审查，不属于援助范围"
    # Once more, as a new one, and then corrected.
    deciding.file_objection(number, zhao, TODAY)
    deciding.objection(number, zhao, "corrected", "应当给予")
    found = bureau.get(number)
    assert (found.state, found.objected_on) == (AidState.APPROVED, None)


def test_what_is_objected_to_is_open_until_it_is_answered(
    bureau: Bureau, clock: FixedClock
) -> None:
    number, zhao = refused(bureau), bureau.person("zhao")
    listing = bureau.casework.listing

    def numbers(wanted: Wanted) -> list[str]:
        return [a.number for a in listing(zhao, wanted).applications]

    assert numbers(Wanted()) == []
    bureau.casework.deciding.file_objection(number, zhao, TODAY)
    for wanted in (Wanted(), Wanted(flag=Flag.OBJECTED)):
        assert numbers(wanted) == [number]
    assert numbers(Wanted(flag=Flag.OVERDUE)) == []
    clock.advance(days=7)
    # The fifth day is a Saturday: the end moves to Monday the 30th.
    assert numbers(Wanted(flag=Flag.OVERDUE)) == []
    clock.advance(days=1)
    assert numbers(Wanted(flag=Flag.OVERDUE)) == [number]
    assert bureau.casework.counts(zhao, Wanted()).flags[Flag.OBJECTED] == 1
    bureau.casework.deciding.objection(number, zhao, "upheld", "维持")
    assert numbers(Wanted()) == numbers(Wanted(flag=Flag.OVERDUE)) == []


def test_the_page_registers_shows_the_clock_and_takes_the_result(
    pages: Pages, clock: FixedClock
) -> None:
    number = refused(pages.bureau)
    page = pages.read("zhao", number)
    assert 'name="filed" type="date" required value="2026-11-23"' in page
    wrong = pages.step("zhao", number, "objected", {"filed": "昨天", "note": "书面<提出"})
    assert wrong.status_code == 422
    assert ">书面&lt;提出</textarea>" in wrong.text
    form = {"filed": china_days(clock, 0).isoformat(), "note": "书面提出"}
    assert pages.step("zhao", number, "objected", form).status_code == 303
    page = pages.read("zhao", number)
    for says in ("答复异议还剩 7 天", "2026-11-23 收到，2026-11-30 前答复", "收到异议"):
        assert says in page
    assert "/objected" not in page
    assert "答复异议还剩 7 天" in pages.of("zhao").get("/desk/aid").text
    form = {"result": "upheld", "words": "维持"}
    assert pages.step("zhao", number, "objection", form).status_code == 303
    assert "2026-11-23 结束" in pages.read("zhao", number)
