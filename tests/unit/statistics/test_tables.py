"""The tables in words: reports that lack something, and codes without words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from bot.aid.form import load_form
from bot.statistics.records import Finished
from bot.statistics.tables import Drawing, Reported
from bot.statistics.wording import load_wording
from knowledge_base.rules.aid_periods import FORMS

DRAWING = Drawing(load_form(), load_wording(), Reported({"won": "调解结案"}, {"claim": "起诉状"}))
FULL = {
    "form": "22(4)",
    "result": "won",
    "hearings": 2,
    "days": 3.5,
    "documents": ["claim", "other"],
    "summary": "张小明的工资要回来了",
}


def line(closing: dict[str, Any]) -> dict[str, Any]:
    day = dt.date(2026, 11, 20)
    finished = Finished(
        "FY1", "讨要工资", "王敏", "153", "官渡", dt.date(2026, 11, 2), day, closing
    )
    sheet = DRAWING.subsidy([finished])
    return dict(zip(sheet.header, sheet.rows[0], strict=True))


def test_a_full_report_gives_every_value_of_the_subsidy_and_nothing_of_the_person() -> None:
    found = line(FULL)
    assert found["援助形式"] == FORMS["22(4)"]
    assert (found["开庭次数"], found["工作天数"], found["办理结果"]) == (2, 3.5, "调解结案")
    assert found["文书"] == "起诉状、other"
    assert found["从指派到办结的天数"] == 18
    assert found["结案报告里没有的"] == ""
    assert "张小明" not in str(found)


@pytest.mark.parametrize("closing", [{}, {"hearings": None, "form": ""}, {"days": {}, "form": []}])
def test_a_report_that_lacks_everything_says_so(closing: dict[str, Any]) -> None:
    found = line(closing)
    assert found["开庭次数"] is None
    assert found["结案报告里没有的"] == "援助形式、开庭次数、工作天数、文书、办理结果"


def test_none_is_an_answer_to_how_many() -> None:
    found = line({**FULL, "hearings": 0, "days": 0, "documents": []})
    assert (found["开庭次数"], found["工作天数"], found["文书"]) == (0, 0, "")
    assert found["结案报告里没有的"] == ""


def test_codes_without_words_stand_for_themselves() -> None:
    found = line({**FULL, "form": "22(9)", "result": "lost"})
    assert (found["援助形式"], found["办理结果"]) == ("22(9)", "lost")
