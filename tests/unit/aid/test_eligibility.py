"""What the rules make of an application, for the officer."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from bot.aid.eligibility import trace_of
from bot.aid.form import load_form
from bot.domain.aid import AidState, Application

AT = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)


def application(**fields: str) -> Application:
    filled = {"id_number": "11010519491231002X", "pledge": "同意", "for_whom": "我自己", **fields}
    by = dt.date(2026, 11, 30)
    return Application("FY20261123-0001-6", None, AidState.SUBMITTED, "", filled, AT, AT, by)


@pytest.mark.parametrize(
    ("fields", "outcome", "means"),
    [
        ({"matter": "讨要工资", "group": "农民工"}, "可能符合条件", "免予核查经济困难状况"),
        ({"matter": "家庭暴力", "group": "以上都不是"}, "可能符合条件", "不看经济状况"),
        (
            {"matter": "交通事故", "group": "老年人", "income": "有固定来源",
             "means": "困难，按标准核查收入"},
            "可能符合条件", "按经济困难标准",
        ),
        (
            {"matter": "交通事故", "group": "以上都不是", "means": "困难，作个人诚信承诺"},
            "可能符合条件", "个人诚信承诺",
        ),
        ({"matter": "交通事故", "group": "低保"}, "可能符合条件", "免予核查经济困难状况"),
        ({"matter": "交通事故", "group": "以上都不是", "means": "不算困难"}, "还不能判断", ""),
        ({"matter": "其他", "group": "低保"}, "还不能判断", ""),
    ],
)  # fmt: skip
def test_the_trace_names_outcome_and_means(
    fields: dict[str, str], outcome: str, means: str
) -> None:
    trace = trace_of(application(**fields), load_form())
    assert (trace.outcome, trace.means) == (outcome, means)
    assert trace.say
    assert "一定" not in trace.say


def test_a_pledge_of_the_former_form_stood_for_the_means() -> None:
    old = application(matter="交通事故", group="以上都不是")
    fields = {key: value for key, value in old.fields.items() if key != "for_whom"}
    trace = trace_of(dataclasses.replace(old, fields=fields), load_form())
    assert (trace.outcome, trace.means) == ("可能符合条件", "个人诚信承诺")
