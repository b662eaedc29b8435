"""Which materials an application needs: for every combination of answers, in plain words."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping

import pytest

from bot.aid.form import AidForm, load_form
from bot.aid.materials import OWN_WORDS, UNKNOWN, load_materials
from bot.domain.aid import AidState, Application

AT = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
MATERIALS = load_materials()
FORM = load_form()
IDENTITY = "11010519491231002X"
MEANS_STATES = {"NO_CONDITION", "NO_CHECK", "SELF_DECLARE", "STANDARD", UNKNOWN}
FOR_ANOTHER = ("我的未成年孩子", "我监护的成年家人", "被关押的家人")


def needed(fields: Mapping[str, str]) -> list[str]:
    filled = {"id_number": IDENTITY, "deadline": "没有", **fields}
    application = Application(
        "FY20261123-0001-7", None, AidState.SUBMITTED, "", filled, AT, AT, AT.date()
    )
    return [material.key for material in MATERIALS.needed(application, FORM)]


def labels(form: AidForm, key: str) -> list[str]:
    return [option.label for option in form.field_of(key).options]


def test_conditions_name_only_options_of_the_form() -> None:
    unknown = []
    for material in MATERIALS.all:
        for key, ids in material.when.items():
            field = FORM.field_of(key)
            known = {option.id for option in field.options}
            if field.free_text or field.kind in ("deadline", "text"):
                known.add(OWN_WORDS)
            unknown += [f"{material.key}: {key}.{each}" for each in ids if each not in known]
        unknown += [f"{material.key}: {m}" for m in material.means if m not in MEANS_STATES]
    assert unknown == []


def test_keys_are_stored_and_so_are_short_and_told_apart() -> None:
    keys = [material.key for material in MATERIALS.all]
    assert len(keys) == len(set(keys))
    assert max(map(len, keys)) <= 40
    assert not [key for key in keys if key.startswith("own.")]


def test_every_combination_needs_the_identity_first_and_nothing_twice() -> None:
    fields = ("matter", "group", "for_whom", "means", "income", "stage")
    combinations = itertools.product(*([*labels(FORM, key), ""] for key in fields[:3]))
    bad = []
    for matter, group, for_whom in combinations:
        for means, income, stage in itertools.product(
            *([*labels(FORM, key), ""] for key in fields[3:])
        ):
            answers = dict(
                zip(fields, (matter, group, for_whom, means, income, stage), strict=True)
            )
            found = needed(answers)
            if not found or found[0] != "identity" or len(found) != len(set(found)):
                bad.append(answers)
    assert bad == []


@pytest.mark.parametrize("matter", [*labels(FORM, "matter"), "宅基地被占"])
def test_every_matter_has_materials_of_its_own(matter: str) -> None:
    always = {"identity"}
    assert set(needed({"matter": matter, "group": "以上都不是"})) - always


def test_words_are_short_and_send_nobody_for_a_stamp() -> None:
    for material in MATERIALS.all:
        assert len(material.label) <= 14, material.key
        assert 5 <= len(material.where) <= 70, material.key
        words = material.label + material.where
        assert "困难证明" not in words
        assert "盖章" not in words.replace("不用找人盖章", "")
        assert "驳回" not in words
        assert "不予" not in words


def test_only_identity_and_the_right_to_apply_are_indispensable() -> None:
    firm = [material.key for material in MATERIALS.all if not material.deferrable]
    assert firm == ["identity", "agent_identity", "relation"]


@pytest.mark.parametrize("for_whom", FOR_ANOTHER)
def test_who_applies_for_another_proves_the_right_to(for_whom: str) -> None:
    found = needed({"for_whom": for_whom, "matter": "讨要工资", "group": "以上都不是"})
    assert found[:3] == ["identity", "agent_identity", "relation"]


def test_who_applies_for_oneself_proves_no_relation() -> None:
    found = needed({"for_whom": "我自己", "matter": "讨要工资", "group": "农民工"})
    assert found == ["identity", "migrant", "employer", "wages"]


def test_the_pledge_needs_no_proof_of_income() -> None:
    told = {"matter": "交通事故", "group": "以上都不是"}
    assert "means" not in needed({**told, "means": "困难，作个人诚信承诺"})
    assert "means" in needed({**told, "means": "困难，按标准核查收入"})


@pytest.mark.parametrize(
    ("group", "income", "key"),
    [
        ("农民工", "", "migrant"),
        ("低保", "", "allowance"),
        ("残疾人", "没有固定来源", "disability"),
        ("老年人", "没有固定来源", "no_income"),
        ("优抚对象", "", "preferential"),
        ("特困人员", "", "destitute"),
    ],
)
def test_whoever_is_exempt_is_asked_for_the_proof(group: str, income: str, key: str) -> None:
    answers = {"matter": "讨要工资", "group": group, "income": income}
    assert key in needed(answers)


def test_where_the_means_do_not_matter_no_proof_of_them_is_asked_for() -> None:
    # 法律援助法 32: aid against violence at home has no condition of means.
    assert needed({"matter": "家庭暴力", "group": "低保"}) == ["identity", "violence"]


def test_a_matter_in_own_words_still_asks_for_the_proof_of_the_group() -> None:
    assert needed({"matter": "宅基地被占", "group": "低保"}) == ["identity", "allowance", "case"]


def test_a_day_that_is_close_asks_for_what_says_so() -> None:
    close = needed({"matter": "讨要工资", "group": "农民工", "deadline": "2026-11-27"})
    assert "deadline" in close
    assert "deadline" not in needed({"matter": "讨要工资", "group": "农民工"})


def test_the_indictment_comes_with_the_court() -> None:
    told = {"matter": "刑事辩护", "group": "以上都不是"}
    assert "indictment" in needed({**told, "stage": "已到法院，简易或速裁程序"})
    assert "indictment" not in needed({**told, "stage": "公安或检察院在办"})


def test_the_usual_day_is_no_day_of_rest() -> None:
    due = MATERIALS.due_on(dt.date(2026, 11, 20))
    assert due == dt.date(2026, 12, 7)  # the fifteenth day is a Saturday
    assert MATERIALS.due_days == 15
