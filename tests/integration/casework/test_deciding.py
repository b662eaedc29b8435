"""Granting, refusing, ending, and objections; two officers at once."""

from __future__ import annotations

import threading

import pytest

from bot.casework.stepping import mark_of
from bot.domain.aid import AidState
from bot.errors import BadInput, IllegalMove, LawbridgeError
from tests.integration.casework.conftest import Bureau, china_days


def test_aid_is_granted_and_papers_that_may_follow_keep_or_get_a_day(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    with pytest.raises(BadInput, match="必须先有的材料还没收到：申请人身份证明"):
        bureau.casework.deciding.approve(number, zhao)
    needed = [item for item in bureau.items(number) if not item.deferrable]
    with bureau.store.write() as connection:
        for item in needed:
            bureau.paperwork.settle(
                connection, bureau.get(number).id, item.id, type(item.state)("received")
            )
    bureau.casework.deciding.approve(number, zhao, "请尽快联系我们")
    found = bureau.get(number)
    assert (found.state, found.decided_at) == (AidState.APPROVED, bureau.clock.now())
    later = [item for item in bureau.items(number) if item.deferrable]
    assert later
    assert all(item.due_on is not None for item in later)
    told = bureau.news(number)[-1]
    for said in ("决定给您法律援助", "请尽快联系我们", later[0].label):
        assert said in told


def test_in_an_urgent_case_aid_comes_before_every_paper(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(deadline="2026-11-27"), bureau.person("zhao")
    assert bureau.get(number).urgent == "44(1)"
    bureau.casework.deciding.approve(number, zhao)
    assert bureau.state(number) is AidState.APPROVED


def test_a_refusal_is_told_with_its_reasons_and_the_way_to_object(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    with pytest.raises(BadInput, match="写明理由"):
        bureau.casework.deciding.refuse(number, zhao, " \n")
    with pytest.raises(BadInput, match="最多 1000 字"):
        bureau.casework.deciding.refuse(number, zhao, "长" * 1001)
    assert bureau.state(number) is AidState.SUBMITTED
    bureau.casework.deciding.refuse(number, zhao, "不在援助范围")
    assert bureau.state(number) is AidState.REFUSED
    told = bureau.news(number)[-1]
    for said in ("不在援助范围", "有异议的", "司法行政部门", "5 日内"):
        assert said in told
    with pytest.raises(IllegalMove, match="不能改为“决定给予”"):
        bureau.casework.deciding.approve(number, zhao)


def test_an_objection_upheld_changes_nothing_and_one_granted_gives_aid(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    deciding = bureau.casework.deciding
    with pytest.raises(IllegalMove):
        deciding.objection(number, zhao, "upheld", "维持")
    deciding.refuse(number, zhao, "不在援助范围")
    for result, words in (("nonsense", "维持"), ("upheld", "")):
        with pytest.raises(BadInput):
            deciding.objection(number, zhao, result, words)
    deciding.objection(number, zhao, "upheld", "五日内审查，维持")
    assert bureau.state(number) is AidState.REFUSED
    assert "行政复议" in bureau.news(number)[-1]
    bureau.clock.advance(days=3)
    deciding.objection(number, zhao, "corrected", "属于劳动报酬，应当给予")
    found = bureau.get(number)
    assert (found.state, found.decided_at) == (AidState.APPROVED, bureau.clock.now())
    assert bureau.actions(number)[-3:] == ["objection", "objection", "state.approved"]
    assert "应当给予" in bureau.news(number)[-1]


def test_aid_ends_by_a_head_of_article_48_and_can_be_given_again_on_objection(
    bureau: Bureau,
) -> None:
    number, zhao = bureau.assigned(taken=True), bureau.person("zhao")
    deciding = bureau.casework.deciding
    for head, reasons in (("48(9)", "理由"), ("", "理由"), ("48(6)", "")):
        with pytest.raises(BadInput):
            deciding.terminate(number, zhao, head, reasons)
    deciding.terminate(number, zhao, "48(6)", "另请了律师，有委托书")
    found = bureau.get(number)
    assert (found.state, found.ground) == (AidState.TERMINATED, "48(6)")
    told = bureau.news(number)[-1]
    for said in ("自己另外委托了律师", "另请了律师，有委托书", "有异议的"):
        assert said in told
    deciding.objection(number, zhao, "corrected", "委托没有成立")
    again = bureau.get(number)
    assert (again.state, again.ground, again.staff_id) == (AidState.APPROVED, "", None)


def test_what_was_changed_meanwhile_is_not_decided_by_an_old_page(bureau: Bureau) -> None:
    number, zhao, sun = bureau.hand_in(), bureau.person("zhao"), bureau.person("sun")
    bureau.papers_came(number)
    shown = mark_of(bureau.get(number))
    bureau.casework.reviewing.accept(number, zhao, shown)
    with pytest.raises(IllegalMove, match=f"{zhao.name}在 .*刚办过这件（受理）"):
        bureau.casework.deciding.approve(number, sun, seen=shown)
    bureau.casework.closing.note(number, zhao, "等电话")
    # A note changes nothing that a decision rests on.
    bureau.casework.deciding.approve(number, sun, seen=mark_of(bureau.get(number)))
    assert bureau.state(number) is AidState.APPROVED


def test_of_two_officers_at_once_one_decides_and_the_other_is_told(bureau: Bureau) -> None:
    number = bureau.hand_in()
    bureau.papers_came(number)
    shown, gate = mark_of(bureau.get(number)), threading.Barrier(2)
    came: list[object] = []

    def decide(login: str) -> None:
        person, deciding = bureau.person(login), bureau.casework.deciding
        gate.wait(10)
        try:
            if login == "zhao":
                deciding.approve(number, person, seen=shown)
            else:
                deciding.refuse(number, person, "不在范围", seen=shown)
            came.append(login)
        except LawbridgeError as error:
            came.append(error)

    threads = [threading.Thread(target=decide, args=(login,)) for login in ("zhao", "sun")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    winners = [one for one in came if isinstance(one, str)]
    losers = [one for one in came if isinstance(one, IllegalMove)]
    assert (len(winners), len(losers)) == (1, 1)
    won = {"zhao": AidState.APPROVED, "sun": AidState.REFUSED}[winners[0]]
    assert bureau.state(number) is won
    assert len(bureau.news(number)) == 1
    assert bureau.person(winners[0]).name in losers[0].detail


def test_what_waits_for_papers_is_neither_granted_nor_refused(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    due = china_days(bureau.clock, 9)
    bureau.casework.reviewing.ask(number, zhao, (), "合同", due)
    for step in (
        lambda: bureau.casework.deciding.approve(number, zhao),
        lambda: bureau.casework.deciding.refuse(number, zhao, "材料不齐"),
    ):
        with pytest.raises(IllegalMove, match="现在是“待补正”"):
            step()
    assert bureau.state(number) is AidState.NEED_SUPPLEMENT
