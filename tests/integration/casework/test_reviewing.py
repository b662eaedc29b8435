"""The review: receipt, papers and the clock that waits for them, urgent cases."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.aid.paperwork import PaperState
from bot.casework.reviewing import Settled
from bot.domain.aid import AidState
from bot.errors import BadInput, Forbidden, IllegalMove, NotFound
from tests.conftest import FixedClock
from tests.integration.casework.conftest import Bureau, china_days


def ask_for_all(bureau: Bureau, number: str, own: str = "", days: int = 15) -> None:
    keys = [item.key for item in bureau.items(number)]
    due = china_days(bureau.clock, days)
    bureau.casework.reviewing.ask(number, bureau.person("zhao"), keys, own, due)


def test_an_application_is_taken_in_once_and_the_applicant_hears_of_it(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    bureau.casework.reviewing.accept(number, zhao)
    assert bureau.state(number) is AidState.ACCEPTED
    assert "已受理" in bureau.news(number)[-1]
    assert bureau.trail(number)[-1].actor == f"{zhao.id}:{zhao.name}"
    with pytest.raises(IllegalMove, match="现在是“受理”"):
        bureau.casework.reviewing.accept(number, zhao)
    assert bureau.actions(number) == ["state.submitted", "state.accepted"]


def test_everything_missing_is_asked_for_in_one_notice_with_its_day(bureau: Bureau) -> None:
    number = bureau.hand_in()
    ask_for_all(bureau, number, own="劳动合同\n\n  说明工资怎么约定  ")
    found = bureau.get(number)
    assert found.state is AidState.NEED_SUPPLEMENT
    assert found.supplement_by == dt.date(2026, 12, 8)
    assert found.waiting_since == bureau.clock.now()
    assert {"劳动合同", "说明工资怎么约定"} <= {item.label for item in bureau.items(number)}
    assert {item.due_on for item in bureau.items(number)} == {dt.date(2026, 12, 8)}
    [notice] = bureau.news(number)
    for said in ("身份证明", "劳动合同", "2026年12月8日", "视为撤回"):
        assert said in notice
    assert bureau.trail(number)[-1].note in notice


@pytest.mark.parametrize(
    ("own", "days", "says"),
    [
        ("", 15, "请勾选要补的材料"),
        ("合同", 0, "要晚于今天"),
        ("合同", 400, "最多 90 天"),
        ("\n".join("合同" for _ in range(11)), 15, "最多 10 样"),
        ("合" * 201, 15, "不超过 200 字"),
    ],
)
def test_a_notice_that_asks_for_nothing_or_without_a_day_is_not_sent(
    bureau: Bureau, own: str, days: int, says: str
) -> None:
    number, due = bureau.hand_in(), china_days(bureau.clock, days)
    with pytest.raises(BadInput, match=says):
        bureau.casework.reviewing.ask(number, bureau.person("zhao"), (), own, due)
    with pytest.raises(BadInput, match="清单已经变了"):
        bureau.casework.reviewing.ask(
            number, bureau.person("zhao"), ("nonsense",), "", china_days(bureau.clock, 9)
        )
    assert bureau.state(number) is AidState.SUBMITTED
    assert bureau.news(number) == []


def test_the_days_spent_waiting_are_added_to_the_period(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    bureau.clock.advance(days=2)
    ask_for_all(bureau, number)
    bureau.clock.advance(days=5, hours=3)
    bureau.papers_came(number)
    bureau.casework.reviewing.resume(number, zhao)
    found = bureau.get(number)
    assert (found.state, found.waited_days) == (AidState.ACCEPTED, 5)
    # Handed in on Monday the 23rd; 7 and 5 days end on Saturday, so on Monday.
    assert found.decide_by == dt.date(2026, 12, 7)
    assert (found.waiting_since, found.supplement_by) == (None, None)
    assert "顺延到2026年12月7日" in bureau.news(number)[-1]


def test_a_second_wait_is_added_to_the_first(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    for _ in range(2):
        ask_for_all(bureau, number)
        bureau.clock.advance(days=3)
        bureau.papers_came(number)
        bureau.casework.reviewing.resume(number, zhao)
    assert bureau.get(number).waited_days == 6


def test_the_review_does_not_go_on_while_an_indispensable_paper_is_missing(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    ask_for_all(bureau, number)
    with pytest.raises(BadInput, match="还没收到：申请人身份证明"):
        bureau.casework.reviewing.resume(number, zhao)
    needed = [item for item in bureau.items(number) if not item.deferrable]
    waived = {item.id: Settled(PaperState.WAIVED) for item in needed}
    bureau.casework.reviewing.settle(number, zhao, waived)
    bureau.casework.reviewing.resume(number, zhao)
    assert bureau.state(number) is AidState.ACCEPTED


def test_an_urgent_case_goes_on_without_its_papers_and_is_granted(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    ask_for_all(bureau, number)
    bureau.casework.reviewing.set_urgent(number, zhao, "44(2)", "对方在转移财产")
    bureau.casework.reviewing.resume(number, zhao)
    assert "还没交的材料可以后补" in bureau.news(number)[-1]
    assert "已经收到" not in bureau.news(number)[-1]
    bureau.casework.deciding.approve(number, zhao)
    assert bureau.state(number) is AidState.APPROVED


def test_what_came_in_since_it_was_shown_is_not_overwritten(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    first, second = bureau.items(number)[:2]
    application = bureau.get(number)
    with bureau.store.write() as connection:
        bureau.paperwork.settle(connection, application.id, first.id, PaperState.RECEIVED)
    late = {
        first.id: Settled(PaperState.WAIVED, was="open|"),
        second.id: Settled(PaperState.WAIVED, was="open|"),
    }
    with pytest.raises(IllegalMove):
        bureau.casework.reviewing.settle(number, zhao, late)
    assert [item.state for item in bureau.items(number)[:2]] == ["received", "open"]
    del late[first.id]
    bureau.casework.reviewing.settle(number, zhao, late)
    assert [item.state for item in bureau.items(number)[:2]] == ["received", "waived"]
    assert [item.settled_by for item in bureau.items(number)[:2]] == [None, zhao.id]


def test_what_came_is_told_and_what_was_marked_by_mistake_is_taken_back_silently(
    bureau: Bureau,
) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    first, second = bureau.items(number)[:2]
    settled = {first.id: Settled(PaperState.RECEIVED), second.id: Settled(PaperState.WAIVED)}
    bureau.casework.reviewing.settle(number, zhao, settled)
    assert [item.state for item in bureau.items(number)[:2]] == ["received", "waived"]
    [told] = bureau.news(number)
    assert f"已收到：{first.label}；不用再交：{second.label}" in told
    with pytest.raises(BadInput, match="没有变化"):
        bureau.casework.reviewing.settle(number, zhao, settled)
    bureau.casework.reviewing.settle(number, zhao, {first.id: Settled(PaperState.OPEN)})
    assert len(bureau.news(number)) == 1
    assert bureau.actions(number)[-2:] == ["papers_received", "papers_reopened"]
    other = bureau.items(bureau.hand_in())[0]
    with pytest.raises(NotFound):
        bureau.casework.reviewing.settle(number, zhao, {other.id: Settled(PaperState.WAIVED)})


def test_an_application_counts_as_withdrawn_only_after_the_day_and_a_warning(
    bureau: Bureau,
) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    ask_for_all(bureau, number, days=4)
    bureau.clock.advance(days=4)
    with pytest.raises(BadInput, match="期限是2026年11月27日，过了才能"):
        bureau.casework.reviewing.withdraw(number, zhao, warned=True)
    bureau.clock.advance(days=1)
    with pytest.raises(BadInput, match="请确认已经提醒过"):
        bureau.casework.reviewing.withdraw(number, zhao, warned=False)
    assert bureau.state(number) is AidState.NEED_SUPPLEMENT
    other = bureau.hand_in()
    ask_for_all(bureau, other, days=1)
    bureau.papers_came(other)
    bureau.clock.advance(days=2)
    with pytest.raises(BadInput, match="都已收到"):
        bureau.casework.reviewing.withdraw(other, zhao, warned=True)
    bureau.casework.reviewing.withdraw(number, zhao, warned=True, note="电话提醒过两次")
    assert bureau.state(number) is AidState.WITHDRAWN
    told = bureau.news(number)[-1]
    assert "视为撤回" in told
    assert "电话提醒过两次" in told
    with pytest.raises(IllegalMove, match="现在是“视为撤回”"):
        bureau.casework.deciding.refuse(number, zhao, "材料不齐")


def test_an_urgent_case_is_marked_with_its_item_and_reason(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    reviewing = bureau.casework.reviewing
    for item, reason, says in (("44(9)", "快到期", "第四十四条"), ("44(1)", " ", "写明为什么")):
        with pytest.raises(BadInput, match=says):
            reviewing.set_urgent(number, zhao, item, reason)
    reviewing.set_urgent(number, zhao, "44(2)", "对方在转移财产")
    assert bureau.get(number).urgent == "44(2)"
    assert "按先行援助办理" in bureau.news(number)[-1]
    assert "对方在转移财产" in bureau.trail(number)[-1].note
    reviewing.set_urgent(number, zhao, "", "查清没有转移")
    assert bureau.get(number).urgent == ""
    assert bureau.actions(number)[-2:] == ["urgent", "urgent_off"]
    assert len(bureau.news(number)) == 1


def test_only_officers_of_the_office_review(bureau: Bureau, clock: FixedClock) -> None:
    number = bureau.hand_in()
    for login in ("li", "wu", "boss"):
        with pytest.raises(Forbidden):
            bureau.casework.reviewing.accept(number, bureau.person(login))
    with pytest.raises(NotFound, match="已经转给别的机构"):
        bureau.casework.reviewing.accept(number, bureau.person("qian"))
    assert bureau.state(number) is AidState.SUBMITTED
    for login in ("zhao", "sun", "admin"):
        fresh = bureau.hand_in()
        bureau.casework.reviewing.accept(fresh, bureau.person(login))
        assert bureau.state(fresh) is AidState.ACCEPTED
