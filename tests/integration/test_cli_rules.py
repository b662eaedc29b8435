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


def test_assess_takes_a_region_and_a_day(tmp_path: Path) -> None:
    poor = {"applicant": "person", "age": 40, "matter": "dismissal", "means": "below_standard"}
    edge = {"applicant": "person", "matter": "support", "groups": ["低保边缘家庭"]}
    found = lines(
        tmp_path,
        "assess",
        [
            {"id": 1, "on": "2026-11-23", "facts": poor},
            {"id": 2, "on": "2026-11-23", "region": "530102", "facts": poor},
            {"id": 3, "on": "2026-11-23", "region": "110101", "facts": poor},
            {"id": 4, "region": "昆明", "facts": poor},
            {"id": 5, "on": "2026-06-30", "facts": edge},
            {"id": 6, "on": "2026-07-01", "facts": edge},
        ],
    )
    assert found[0]["outcome"] == "LIKELY_NOT"
    assert "region" not in found[0]
    assert found[1]["articles"] == ["法律援助法/31(9)", "法律援助法/34"]
    assert (found[1]["region"], found[1]["local"][0]["example"]) == ("昆明市", True)
    assert "示例数据" in found[1]["say"]
    assert (found[2]["outcome"], found[2]["region"], found[2]["local"]) == ("LIKELY_NOT", None, [])
    assert found[3]["error"] == "region 要是六位行政区划代码，如 530100"
    assert found[4]["missing"] == ["means"]
    assert found[5]["articles"][-1] == "社会救助法/13"


def test_calc_takes_a_region_and_the_prime_rate_of_the_day(tmp_path: Path) -> None:
    pay = {"start": "2009-01-01", "end": "2026-06-30", "monthly_wage": 50000, "ground": 40}
    loan = {"principal": 100000, "annual_rate": 0.24, "end": "2027-12-31"}
    found = lines(
        tmp_path,
        "calc",
        [
            {"id": 1, "calc": "severance", "input": pay},
            {"id": 2, "calc": "severance", "region": "530100", "input": pay},
            {
                "id": 3,
                "calc": "loan_interest",
                "region": "530100",
                "input": {**loan, "start": "2025-01-01"},
            },
            {"id": 4, "calc": "loan_interest", "input": {**loan, "start": "2025-01-01"}},
        ],
    )
    assert found[0]["result"] == 900000.0
    assert found[1]["result"] < found[0]["result"]
    assert any("示例数据" in step for step in found[1]["steps"])
    assert "2024-10-21" in found[2]["steps"][0]
    assert (found[3]["result"], found[3]["missing"]) == (None, ["lpr_1y"])
