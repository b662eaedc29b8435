"""``bot assess`` and ``bot calc`` as an auditor types them."""

from __future__ import annotations

from pathlib import Path

from tests.integration.test_cli_law import lines


def test_assess_judges_each_line_and_explains_the_wrong_ones(tmp_path: Path) -> None:
    worker = {
        "applicant": "person",
        "age": 45,
        "groups": ["进城务工人员"],
        "matter": "wage_arrears",
    }
    found = lines(
        tmp_path,
        "assess",
        [
            {"id": "a", "on": "2026-11-23", "facts": worker, "expect": {}},
            {"id": "b", "facts": {"applicant": "person", "criminal": None, "matter": None}},
            {"id": "c", "facts": {"age": "forty"}},
            {"id": "d", "facts": {"criminal": {"role": "judge"}}},
            {"id": "e"},
            {"id": "f", "facts": {"detained": 1}},
            "不是 JSON",
        ],
    )
    assert found[0]["outcome"] == "MAY_QUALIFY"
    assert found[0]["articles"] == ["法律援助法/31(5)", "法律援助法/42(3)"]
    assert found[1]["missing"] == ["matter"]
    assert [row["error"] for row in found[2:6]] == [
        "facts.age 写法不对",
        "facts.criminal.role 写法不对",
        "facts 要是一个 {…}",
        "facts.detained 写法不对",
    ]
    assert found[6]["id"] is None


def test_calc_works_out_each_line_and_explains_the_wrong_ones(tmp_path: Path) -> None:
    found = lines(
        tmp_path,
        "calc",
        [
            {"id": 1, "calc": "court_fee", "input": {"kind": "property", "amount": 50000}},
            {"id": 2, "calc": "child_support", "input": {"monthly_income": 10000, "children": 1}},
            {"id": 3, "calc": "deadline", "input": {"kind": "appeal_ruling", "from": "2026-11-23"}},
            {"id": 4, "calc": "double_wage", "on": "2026-11-22",
             "input": {"start": "2026-08-23", "signed": None, "monthly_wage": 5000}},
            {"id": 5, "calc": "severance", "input": {"monthly_wage": 5000}},
            {"id": 6, "calc": "horoscope", "input": {}},
            {"id": 7, "calc": "overtime", "input": {"monthly_wage": "much"}},
            {"id": 8, "calc": "overtime"},
        ],
    )  # fmt: skip
    assert found[0]["result"] == 1050.0
    assert found[1]["range"] == [2000.0, 3000.0]
    assert found[2]["result"] == "2026-12-03"
    assert found[3]["result"] == 10000.0
    assert (found[4]["result"], found[4]["missing"]) == (None, ["start", "end", "ground"])
    assert found[5]["error"] == "没有这个计算项：horoscope"
    assert found[6]["error"] == "这些数据不对：monthly_wage"
    assert found[7]["error"] == "input 要是一个 {…}"
