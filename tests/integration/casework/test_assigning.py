"""Passing on to the right office, choosing a lawyer, replacement, progress and the close."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from bot.casework.closing import Report, read_report
from bot.dialogue.names import name_index
from bot.domain.aid import AidState
from bot.errors import BadInput, Forbidden, IllegalMove, NotFound
from bot.store.tables import represented
from tests.integration.casework.conftest import Bureau

REPORT = {
    "form": "22(6)",
    "result": "agreed",
    "hearings": "1",
    "days": "2.5",
    "documents": ["agreement", "report"],
    "summary": "调解结案",
}


def represents(bureau: Bureau, login: str, name: str) -> None:
    """Record that this lawyer acts for somebody."""
    with bureau.store.write() as connection:
        connection.execute(
            insert(represented).values(
                staff_id=bureau.person(login).id,
                name_index=name_index(bureau.store.cipher, name),
                created_at=bureau.clock.now(),
            )
        )


def ranked(bureau: Bureau, number: str) -> list[int]:
    return [c.person.id for c in bureau.casework.assigning.candidates(bureau.get(number))]


# --- offices --------------------------------------------------------------------------------------


def test_what_is_passed_on_keeps_its_day_and_period_and_changes_hands(bureau: Bureau) -> None:
    number, zhao, qian = bureau.hand_in(), bureau.person("zhao"), bureau.person("qian")
    before = bureau.get(number)
    assert before.office_id == bureau.offices["官渡"]
    passing = bureau.casework.passing
    for office, reason in ((None, "r"), (999, "r"), (bureau.offices["官渡"], "r"),
                           (bureau.offices["盘龙"], " ")):  # fmt: skip
        with pytest.raises(BadInput):
            passing.forward(number, zhao, office, reason)
    bureau.clock.advance(days=1)
    passing.forward(number, zhao, bureau.offices["盘龙"], "事情发生在盘龙区")
    after = bureau.get(number)
    assert (after.created_at, after.decide_by) == (before.created_at, before.decide_by)
    told = bureau.news(number)[-1]
    for said in ("盘龙区法律援助中心", "审查期限不变", "2026年11月30日", "0871-1"):
        assert said in told
    with pytest.raises(NotFound):
        bureau.casework.get(number, zhao)
    bureau.casework.reviewing.accept(number, qian)
    assert bureau.state(number) is AidState.ACCEPTED


def test_what_a_lawyer_has_is_not_passed_on(bureau: Bureau) -> None:
    number, zhao = bureau.assigned(), bureau.person("zhao")
    with pytest.raises(IllegalMove):
        bureau.casework.passing.forward(number, zhao, bureau.offices["盘龙"], "理由")
    assert bureau.get(number).office_id == bureau.offices["官渡"]


def test_the_place_is_set_by_name_and_what_the_applicant_wrote_stays(bureau: Bureau) -> None:
    number, zhao = bureau.hand_in(), bureau.person("zhao")
    for said, says in (("火星", "没认出"), ("云南省", "没认出"), ("朝阳区", "几个同名")):
        with pytest.raises(BadInput, match=says):
            bureau.casework.passing.set_place(number, zhao, said)
    bureau.casework.passing.set_place(number, zhao, "昆明市盘龙区")
    found = bureau.get(number)
    assert (found.place, found.fields["place"]) == ("530103", "云南省昆明市官渡区")
    assert "盘龙区" in bureau.trail(number)[-1].note
    assert bureau.news(number) == []


# --- the choice -----------------------------------------------------------------------------------


def test_lawyers_stand_by_field_office_and_load(bureau: Bureau) -> None:
    li, zhou, boss = (bureau.person(login) for login in ("li", "zhou", "boss"))
    number = bureau.granted()
    assert ranked(bureau, number) == [li.id, zhou.id, boss.id]
    bureau.set_staff("zhou", topics="劳动", office_id=bureau.offices["盘龙"])
    bureau.set_staff("boss", topics="劳动", office_id=bureau.offices["官渡"])
    bureau.casework.assigning.assign(bureau.granted(), bureau.person("admin"), li.id)
    assert ranked(bureau, number) == [boss.id, li.id, zhou.id]
    bureau.set_staff("zhou", active=False)
    assert ranked(bureau, number) == [boss.id, li.id]


def test_who_acts_for_the_other_side_cannot_be_chosen(bureau: Bureau) -> None:
    number, zhao, li = bureau.granted(), bureau.person("zhao"), bureau.person("li")
    represents(bureau, "li", " 城东建筑 公司")
    assert ranked(bureau, number)[-1] == li.id
    with pytest.raises(BadInput, match="利益冲突"):
        bureau.casework.assigning.assign(number, zhao, li.id)
    assert bureau.state(number) is AidState.APPROVED


def test_who_acts_in_another_case_against_the_applicant_cannot_be_chosen(bureau: Bureau) -> None:
    bureau.assigned("li", name="何建国", opponent="王小芳", phone="13800138001")
    number = bureau.granted(name="王小芳", opponent="何建国", phone="13800138002")
    with pytest.raises(BadInput, match="利益冲突"):
        bureau.casework.assigning.assign(number, bureau.person("zhao"), bureau.person("li").id)
    bureau.casework.assigning.assign(number, bureau.person("zhao"), bureau.person("zhou").id)
    assert bureau.get(number).staff_id == bureau.person("zhou").id


def test_only_lawyers_are_chosen_and_the_applicant_hears_whom(bureau: Bureau) -> None:
    number, zhao = bureau.granted(), bureau.person("zhao")
    for wrong in (None, 999, bureau.person("wu").id, zhao.id):
        with pytest.raises(BadInput, match="列表里的一位律师"):
            bureau.casework.assigning.assign(number, zhao, wrong)
    bureau.casework.assigning.assign(number, zhao, bureau.person("li").id)
    found = bureau.get(number)
    assert (found.state, found.assigned_at) == (AidState.ASSIGNED, bureau.clock.now())
    assert "指派lawyerli承办" in bureau.news(number)[-1]


def test_where_life_is_at_stake_the_years_of_practice_are_confirmed(bureau: Bureau) -> None:
    # Such an answer ends the form (the organ must notify), but may stand in what was kept before.
    number, zhao, li = bureau.granted(), bureau.person("zhao"), bureau.person("li")
    fields = {**bureau.get(number).fields, "matter": "刑事辩护", "special": "可能判无期徒刑或死刑"}
    sealed = bureau.store.cipher.encrypt_json("aid_applications.fields", fields)
    bureau.set(number, fields_enc=sealed)
    with pytest.raises(BadInput, match="三年以上"):
        bureau.casework.assigning.assign(number, zhao, li.id)
    bureau.casework.assigning.assign(number, zhao, li.id, has_years=True)
    assert bureau.state(number) is AidState.ASSIGNED


# --- the lawyer -----------------------------------------------------------------------------------


def test_a_lawyer_accepts_once_and_tells_the_recipient_of_progress(bureau: Bureau) -> None:
    number, li, zhou = bureau.assigned(), bureau.person("li"), bureau.person("zhou")
    with pytest.raises(Forbidden, match="先接受"):
        bureau.casework.closing.progress(number, li, "写好了申请书")
    with pytest.raises(NotFound):
        bureau.casework.assigning.take(number, zhou)
    bureau.casework.assigning.take(number, li)
    assert bureau.get(number).taken_at == bureau.clock.now()
    assert "lawyerli已接受指派" in bureau.news(number)[-1]
    with pytest.raises(BadInput, match="已经接受过"):
        bureau.casework.assigning.take(number, li)
    bureau.casework.closing.progress(number, li, "仲裁申请书已经交了")
    assert "仲裁申请书已经交了" in bureau.news(number)[-1]
    told = len(bureau.news(number))
    bureau.casework.closing.note(number, li, "当事人电话不好打")
    assert len(bureau.news(number)) == told
    assert bureau.actions(number)[-3:] == ["lawyer_taken", "progress", "internal_note"]


def test_a_second_tap_does_not_tell_the_progress_twice(bureau: Bureau) -> None:
    number, li = bureau.assigned(taken=True), bureau.person("li")
    closing = bureau.casework.closing
    told = len(bureau.news(number))
    for words in ("开庭改期了", "开庭改期了 ", "下周开庭"):
        closing.progress(number, li, words)
        bureau.clock.advance(minutes=1)
    assert len(bureau.news(number)) == told + 2
    closing.progress(number, li, "开庭改期了")
    bureau.clock.advance(days=1)
    closing.progress(number, li, "开庭改期了")
    assert bureau.actions(number).count("progress") == 4
    assert len(bureau.news(number)) == told + 4


def test_a_lawyer_who_declines_gives_a_reason_and_sees_the_case_no_more(bureau: Bureau) -> None:
    number, li = bureau.assigned(), bureau.person("li")
    with pytest.raises(BadInput, match="理由"):
        bureau.casework.assigning.decline(number, li, "")
    bureau.casework.assigning.decline(number, li, "住院两个月")
    found = bureau.get(number)
    assert (found.state, found.staff_id, found.assigned_at) == (AidState.APPROVED, None, None)
    assert "正在另行指派" in bureau.news(number)[-1]
    assert "住院" not in bureau.news(number)[-1]
    with pytest.raises(NotFound):
        bureau.casework.get(number, li)
    assert ranked(bureau, number)[-1] == li.id


def test_a_replaced_lawyer_sees_the_case_no_more(bureau: Bureau) -> None:
    number, zhao, li = bureau.assigned(taken=True), bureau.person("zhao"), bureau.person("li")
    assert bureau.casework.get(number, li).number == number
    with pytest.raises(BadInput):
        bureau.casework.assigning.replace(number, zhao, " ")
    bureau.casework.assigning.replace(number, zhao, "两个月没有联系受援人", asked=True)
    note = bureau.trail(number)[-1].note
    assert "受援人请求更换" in note
    assert "原承办lawyerli" in note
    assert "没有联系" not in bureau.news(number)[-1]
    for act in (
        lambda: bureau.casework.get(number, li),
        lambda: bureau.casework.reveal(number, li),
        lambda: bureau.casework.closing.progress(number, li, "还在办"),
    ):
        with pytest.raises(NotFound):
            act()
    bureau.casework.assigning.assign(number, zhao, bureau.person("zhou").id)
    assert bureau.get(number).taken_at is None


# --- the close ------------------------------------------------------------------------------------


def test_the_lawyers_report_is_kept_and_an_officer_closes_for_good(bureau: Bureau) -> None:
    number, zhao, li = bureau.assigned(taken=True), bureau.person("zhao"), bureau.person("li")
    closing = bureau.casework.closing
    closing.report(number, li, read_report(REPORT))
    assert bureau.state(number) is AidState.ASSIGNED
    kept = Report.model_validate(bureau.get(number).closing)
    assert (kept.form, kept.days, kept.documents) == ("22(6)", 2.5, ("agreement", "report"))
    told = len(bureau.news(number))
    closing.close(number, zhao, read_report({**REPORT, "hearings": "2"}))
    found = bureau.get(number)
    assert (found.state, found.closed_at) == (AidState.CLOSED, bureau.clock.now())
    assert found.closing["hearings"] == 2
    assert len(bureau.news(number)) == told + 1
    for again in (
        lambda: closing.close(number, zhao, read_report(REPORT)),
        lambda: closing.report(number, li, read_report(REPORT)),
        lambda: bureau.casework.assigning.replace(number, zhao, "重开"),
    ):
        with pytest.raises(IllegalMove, match="现在是“办结”"):
            again()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("form", "22(8)"),
        ("result", ""),
        ("hearings", "一次"),
        ("hearings", "-1"),
        ("days", "1.3"),
        ("days", ""),
        ("documents", ["nonsense"]),
        ("summary", "长" * 2001),
    ],
)
def test_a_report_with_a_wrong_part_is_refused_by_name(part: str, value: object) -> None:
    with pytest.raises(BadInput) as refused:
        read_report({**REPORT, part: value})
    assert refused.value.detail != BadInput.sentence
