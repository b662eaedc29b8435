"""Who is 社会救助对象 on which day: 法律援助法 42(2) with 社会救助法 13 and what held before."""

from __future__ import annotations

import datetime as dt
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from knowledge_base.loader import load
from knowledge_base.rules.eligibility import Assessment, assess
from knowledge_base.rules.facts import SHORT_GROUPS, Facts, Group
from knowledge_base.rules.terms import terms_of

FACTS = TypeAdapter(Facts)
BEFORE, SINCE = dt.date(2026, 6, 30), dt.date(2026, 7, 1)
ALWAYS = ["特困人员", "最低生活保障家庭", "受灾人员", "基本生活暂时出现严重困难的人员",
          "需要疾病应急救助人员", "生活无着的流散人员"]  # fmt: skip
NEW = ["最低生活保障边缘家庭", "刚性支出困难家庭"]


def judged(group: str, on: dt.date | None, **facts: Any) -> Assessment:
    given = {"applicant": "person", "matter": "support", "groups": [group], **facts}
    return assess(FACTS.validate_json(FACTS.dump_json(FACTS.validate_python(given))), on)


@pytest.mark.parametrize("group", ALWAYS + NEW)
@pytest.mark.parametrize("on", [SINCE, dt.date(2027, 1, 1), None])
def test_every_group_of_the_statute_counts_since_it_is_in_force(
    group: str, on: dt.date | None
) -> None:
    found = judged(group, on)
    assert (found.outcome, found.means_state) == ("MAY_QUALIFY", "NO_CHECK")
    assert found.articles == ("法律援助法/31(4)", "法律援助法/42(2)", "社会救助法/13")


@pytest.mark.parametrize("group", ALWAYS)
def test_who_had_relief_before_counted_before(group: str) -> None:
    found = judged(group, BEFORE)
    assert found.outcome == "MAY_QUALIFY"
    assert found.articles == ("法律援助法/31(4)", "法律援助法/42(2)")


@pytest.mark.parametrize("group", NEW)
def test_the_new_groups_did_not_count_before(group: str) -> None:
    assert judged(group, BEFORE).missing == ("means",)
    rich = judged(group, BEFORE, means="above_standard", fixed_income=True)
    assert (rich.outcome, rich.flip) == ("LIKELY_NOT", "means")


@pytest.mark.parametrize("group", ["社会救助对象", "特困"])
@pytest.mark.parametrize("on", [BEFORE, SINCE, None])
def test_the_old_names_count_on_any_day_and_name_no_other_statute(
    group: str, on: dt.date | None
) -> None:
    assert judged(group, on).articles == ("法律援助法/31(4)", "法律援助法/42(2)")


@pytest.mark.parametrize(("short", "name"), sorted(SHORT_GROUPS.items()))
def test_what_people_say_is_read_as_the_name_in_the_statute(short: str, name: str) -> None:
    assert FACTS.validate_python({"groups": [short]}).groups == (name,)


def test_a_group_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError):
        FACTS.validate_python({"groups": ["富人"]})


def test_the_names_are_those_of_the_statute_and_its_article_is_curated() -> None:
    relief = terms_of(SINCE, None).relief
    assert set(relief) == {*ALWAYS, *NEW}
    assert set(relief) <= set(get_args(Group))
    assert set(relief.values()) <= load().articles.keys()
