"""What an application states, in the facts of the rules."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from bot.aid.eligibility import facts_of, trace_of
from bot.aid.form import load_form
from bot.domain.aid import AidState, Application
from knowledge_base.rules.facts import Facts

AT = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
FORM = load_form()


def application(**fields: str) -> Application:
    filled = {"id_number": "11010519491231002X", "pledge": "同意", **fields}
    return Application("FY20261123-0001-6", None, AidState.SUBMITTED, "", filled, AT, AT)


@pytest.mark.parametrize(
    ("field", "option"),
    [(field.key, option.label) for field in FORM.fields for option in field.options],
)
def test_every_option_states_facts_that_the_rules_know(field: str, option: str) -> None:
    stated = next(o.facts for o in FORM.field_of(field).options if o.label == option)
    assert stated.keys() <= {each.name for each in dataclasses.fields(Facts)}
    facts = facts_of(application(**{field: option}), FORM)
    for name, value in stated.items():
        assert getattr(facts, name) == (tuple(value) if isinstance(value, list) else value)


def test_the_age_is_that_of_the_day_of_the_application() -> None:
    assert facts_of(application(), FORM).age == 76
    assert facts_of(application(id_number="110105200811230012"), FORM).age == 18
    assert facts_of(application(id_number="110105200811240010"), FORM).age == 17
    assert facts_of(application(id_number="?"), FORM).age is None


@pytest.mark.parametrize(
    ("matter", "group", "outcome", "means"),
    [
        ("讨要工资", "农民工", "可能符合条件", "免予核查经济困难状况"),
        ("家庭暴力", "以上都不是", "可能符合条件", "不看经济状况"),
        ("交通事故", "以上都不是", "可能符合条件", "个人诚信承诺"),
        ("交通事故", "低保", "可能符合条件", "免予核查经济困难状况"),
        ("其他", "低保", "还不能判断", ""),
    ],
)
def test_the_trace_names_outcome_and_means(
    matter: str, group: str, outcome: str, means: str
) -> None:
    trace = trace_of(application(matter=matter, group=group), FORM)
    assert (trace.outcome, trace.means) == (outcome, means)
