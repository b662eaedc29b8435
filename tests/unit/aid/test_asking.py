"""Which questions of the application are asked: only those that the answers so far lead to."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from bot.aid.eligibility import stopped_by, urgent_by
from bot.aid.form import load_form
from knowledge_base.rules.facts import Facts

FORM = load_form()
ON = dt.date(2026, 11, 23)
WAGES = {"for_whom": "我自己", "matter": "讨要工资"}


def asked(**values: str) -> list[str]:
    return [field.key for field in FORM.relevant(values, ON)]


def test_a_worker_is_not_asked_about_criminal_cases_or_agents() -> None:
    keys = asked(**WAGES)
    assert not {"stage", "counsel", "special", "agent_name", "custody"} & set(keys)
    assert {"opponent", "request", "evidence"} <= set(keys)


def test_a_migrant_worker_owed_wages_is_not_asked_about_means() -> None:
    assert "means" in asked(**WAGES)
    assert "means" not in asked(**WAGES, group="农民工")


def test_a_victim_of_violence_is_not_asked_about_means() -> None:
    assert "means" not in asked(for_whom="我自己", matter="家庭暴力", group="以上都不是")


def test_the_same_worker_in_another_matter_is() -> None:
    assert "means" in asked(for_whom="我自己", matter="交通事故", group="农民工")


def test_old_people_are_asked_whether_they_have_an_income() -> None:
    old = {"for_whom": "我自己", "matter": "交通事故", "group": "老年人"}
    assert "income" in asked(**old)
    number = "11010519491231002X"
    assert "means" not in asked(**old, id_number=number, income="没有固定来源")
    assert "means" in asked(**old, id_number=number, income="有固定来源")


def test_who_applies_for_a_detained_relative_is_asked_where_and_who() -> None:
    keys = asked(for_whom="被关押的家人", matter="刑事辩护")
    assert {"stage", "counsel", "special", "agent_name", "agent_relation", "custody"} <= set(keys)
    assert not {"opponent", "request", "evidence"} & set(keys)


def test_a_question_speaks_of_the_relative_where_it_is_about_one() -> None:
    name = FORM.field_of("name")
    assert "这位家人" in FORM.question(name, {"for_whom": "我的未成年孩子"})
    assert "您叫什么" in FORM.question(name, {"for_whom": "我自己"})


def test_an_answer_left_over_from_before_a_correction_states_nothing() -> None:
    old = {**WAGES, "matter": "交通事故", "id_number": "11010519491231002X"}
    assert "means" not in asked(**old, group="老年人", income="没有固定来源")
    assert "means" in asked(**old, group="以上都不是", income="没有固定来源")


def test_answers_that_a_correction_left_over_are_dropped() -> None:
    values = {"for_whom": "我自己", "matter": "讨要工资", "stage": "不清楚", "name": "张小明"}
    assert set(FORM.kept(values, ON)) == {"for_whom", "matter", "name"}


@pytest.mark.parametrize("field", FORM.fields, ids=lambda field: field.key)
def test_every_condition_names_options_that_are_there(field: object) -> None:
    for conditions in (field.when, field.unless):  # type: ignore[attr-defined]
        for key, ids in conditions.items():
            assert set(ids) <= {option.id for option in FORM.field_of(key).options}


@pytest.mark.parametrize(
    ("field", "option"),
    [(field.key, option.label) for field in FORM.fields for option in field.options],
)
def test_every_option_states_facts_that_the_rules_know(field: str, option: str) -> None:
    stated = next(o.facts for o in FORM.field_of(field).options if o.label == option)
    assert stated.keys() <= {each.name for each in dataclasses.fields(Facts)}
    facts = FORM.facts({**led_to(field), field: option}, ON)
    for name, value in stated.items():
        if isinstance(value, dict):
            for part, state in value.items():
                assert getattr(getattr(facts, name), part) == state
        else:
            assert getattr(facts, name) == (tuple(value) if isinstance(value, list) else value)


def led_to(key: str) -> dict[str, str]:
    """Return the answers that lead to a question."""
    when = FORM.field_of(key).when.items()
    return {
        other: next(o.label for o in FORM.field_of(other).options if o.id == ids[0])
        for other, ids in when
    }


def test_the_parts_of_a_criminal_case_come_together() -> None:
    facts = FORM.facts(
        {
            "for_whom": "被关押的家人",
            "matter": "刑事辩护",
            "stage": "已到法院，普通程序",
            "counsel": "没有请律师",
            "special": "可能判无期徒刑或死刑",
        },
        ON,
    )
    case = facts.criminal
    assert (case.role, case.procedure) == ("defendant", "普通")
    assert case.has_counsel is False
    assert case.life_or_death is True
    assert facts.detained is True


@pytest.mark.parametrize(
    ("number", "on", "age"),
    [
        ("11010519491231002X", ON, 76),
        ("110105200811230012", ON, 18),
        ("110105200811240010", ON, 17),
        ("?", ON, None),
        ("11010519491231002X", dt.date(1940, 1, 1), 0),
    ],
)
def test_the_age_is_that_of_the_day(number: str, on: dt.date, age: int | None) -> None:
    assert FORM.facts({"id_number": number}, on).age == age


@pytest.mark.parametrize(
    ("deadline", "left", "item"),
    [("2026-11-28", 5, "44(1)"), ("2026-11-30", 7, ""), ("没有", None, ""), ("2026-11-22", -1, "")],
)
def test_the_days_left_decide_whether_aid_comes_first(
    deadline: str, left: int | None, item: str
) -> None:
    facts = FORM.facts({**WAGES, "group": "农民工", "deadline": deadline}, ON)
    assert facts.limitation_days_left == left
    assert urgent_by(facts) == item


def test_a_preservation_comes_first_too() -> None:
    facts = FORM.facts({**WAGES, "group": "农民工", "deadline": "要马上申请财产保全"}, ON)
    assert urgent_by(facts) == "44(2)"


@pytest.mark.parametrize(
    ("values", "stops"),
    [
        ({"for_whom": "公司或单位"}, True),
        ({"for_whom": "我的未成年孩子", "matter": "刑事辩护"}, True),
        ({"for_whom": "我的未成年孩子", "matter": "赡养抚养"}, False),
        ({"for_whom": "被关押的家人", "matter": "刑事辩护", "special": "都没有"}, False),
        ({"for_whom": "我自己", "matter": "其他", "means": "不算困难"}, False),
    ],
)
def test_only_who_need_not_apply_is_stopped(values: dict[str, str], stops: bool) -> None:
    assert bool(stopped_by(FORM.facts(values, ON))) is stops
