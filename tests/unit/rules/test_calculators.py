"""The calculators against the figures of the statutes and worked examples."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import knowledge_base
from knowledge_base.citations import key_parts
from knowledge_base.loader import load
from knowledge_base.reading import KnowledgeError
from knowledge_base.rules.calculators import CALCULATORS, calculate
from knowledge_base.rules.calendar import add_months, is_workday, rolled, whole_months
from knowledge_base.rules.deadlines import PERIODS
from knowledge_base.rules.lpr import load_prime_rates
from knowledge_base.rules.regions import Figure, LocalBasis, Region
from knowledge_base.rules.worked import Worked
from knowledge_base.tools import load_calculators

ON = dt.date(2026, 11, 23)
ROOT = Path(knowledge_base.__file__).parent


RATES = load_prime_rates()


def work(calc: str, **given: Any) -> Worked:
    return calculate(calc, given, ON)


def with_rates(calc: str, **given: Any) -> Worked:
    return calculate(calc, given, ON, rates=RATES)


def result(calc: str, **given: Any) -> Any:
    return work(calc, **given).result


@pytest.mark.parametrize(
    ("amount", "fee"),
    [
        (0, "50"), (10_000, "50"), (50_000, "1050"), (100_000, "2300"), (200_000, "4300"),
        (300_000, "5800"), (500_000, "8800"), (1_000_000, "13800"), (2_000_000, "22800"),
        (5_000_000, "46800"), (10_000_000, "81800"), (20_000_000, "141800"),
        (30_000_000, "191800"), (10_000.01, "50.00"),
    ],
)  # fmt: skip
def test_the_fee_of_a_property_case(amount: float, fee: str) -> None:
    assert result("court_fee", kind="property", amount=amount) == Decimal(fee)
    halved = result("court_fee", kind="property", amount=amount, halved=True)
    assert halved == Decimal(fee) / 2


@pytest.mark.parametrize(
    ("kind", "amount", "fee"),
    [
        ("labour", None, "10"), ("non_property", None, "75"), ("divorce", None, "175"),
        ("divorce", 200_000, "175"), ("divorce", 1_000_000, "4175"),
        ("execution", 10_000, "50"), ("execution", 100_000, "1400"),
        ("execution", 500_000, "7400"), ("execution", 1_000_000, "12400"),
        ("execution", 5_000_000, "52400"), ("execution", 10_000_000, "77400"),
        ("execution", 20_000_000, "87400"), ("execution", None, "275"),
        ("preservation", 1_000, "30"), ("preservation", None, "30"),
        ("preservation", 100_000, "1020"), ("preservation", 500_000, "3020"),
        ("preservation", 896_000, "5000"), ("preservation", 9_000_000, "5000"),
    ],
)  # fmt: skip
def test_the_fees_of_other_cases(kind: str, amount: int | None, fee: str) -> None:
    assert result("court_fee", kind=kind, amount=amount) == Decimal(fee)


def test_only_the_acceptance_fee_is_halved() -> None:
    assert result("court_fee", kind="execution", amount=100_000, halved=True) == Decimal(1400)
    assert result("court_fee", kind="labour", halved=True) == Decimal(5)


def test_a_range_shows_both_ends() -> None:
    worked = work("court_fee", kind="divorce", amount=1_000_000)
    assert worked.span == (Decimal("4050.00"), Decimal("4300.00"))


def test_a_missing_amount_is_named() -> None:
    assert work("court_fee", kind="property").missing == ("amount",)


@pytest.mark.parametrize(
    ("start", "end", "wage", "more", "due"),
    [
        ("2020-03-01", "2026-02-28", 7_000, {"ground": 40}, "42000"),
        ("2020-01-01", "2023-07-31", 8_000, {"ground": 40}, "32000"),
        ("2020-01-01", "2020-06-29", 8_000, {"ground": 36}, "4000"),
        ("2020-01-01", "2020-06-30", 8_000, {"ground": 36}, "8000"),
        ("2020-01-01", "2020-01-01", 8_000, {"ground": 38}, "4000"),
        ("2020-01-01", "2020-12-31", 8_000, {"ground": 38}, "8000"),
        ("2009-01-01", "2023-12-31", 50_000, {"ground": 41, "local_average": 10_000}, "360000"),
        ("2009-01-01", "2023-12-31", 30_000, {"ground": 41, "local_average": 10_000}, "450000"),
        ("2020-01-01", "2023-07-31", 8_000, {"ground": 37}, "0"),
        ("2020-01-01", "2023-07-31", 8_000, {"ground": 39}, "0"),
        ("2020-01-01", "2023-07-31", 8_000, {"ground": 39, "double": True}, "64000"),
        ("2020-01-01", "2023-07-31", 8_000, {"ground": 40, "double": True}, "64000"),
        ("2000-01-01", "2009-12-31", 5_000, {"ground": 44}, "10000"),
        ("2000-01-01", "2009-12-31", 5_000, {"ground": 40, "double": True}, "100000"),
    ],
)
def test_severance(start: str, end: str, wage: int, more: dict[str, Any], due: str) -> None:
    assert result("severance", start=start, end=end, monthly_wage=wage, **more) == Decimal(due)


def test_service_before_2008_names_its_article() -> None:
    worked = work("severance", start="2000-01-01", end="2009-12-31", monthly_wage=1, ground=40)
    assert "劳动合同法/97" in worked.articles


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"start": "2025-03-01", "end": "2025-12-31", "monthly_wage": 5_000}, "45000"),
        ({"start": "2025-03-01", "end": "2025-03-31", "monthly_wage": 5_000}, "0"),
        ({"start": "2025-03-01", "signed": "2025-03-20", "monthly_wage": 5_000}, "0"),
        ({"start": "2020-03-01", "monthly_wage": 5_000}, "55000"),
        ({"start": "2020-03-01", "signed": "2022-01-01", "monthly_wage": 5_000}, "55000"),
        ({"start": "2026-08-23", "monthly_wage": 4_350}, "8900"),
        ({"start": "2025-03-01", "signed": "2025-06-16", "monthly_wage": 5_000}, "12068.97"),
    ],
)
def test_double_wage(given: dict[str, Any], due: str) -> None:
    assert result("double_wage", **given) == Decimal(due)


def test_overtime() -> None:
    assert result("overtime", monthly_wage=9000, weekday_h=10) == Decimal("775.86")
    assert result("overtime", monthly_wage=9000, restday_h=8) == Decimal("827.59")
    assert result("overtime", monthly_wage=9000, holiday_h=8) == Decimal("1241.38")
    assert result("overtime", monthly_wage=9000) == Decimal("0.00")


@pytest.mark.parametrize(
    ("years", "taken", "due"),
    [(5, 2, "2482.76"), (0.5, 0, "0"), (10, 0, "8275.86"), (20, 0, "12413.79"), (5, 9, "0")],
)
def test_annual_leave(years: float, taken: int, due: str) -> None:
    found = result("annual_leave", total_years=years, days_taken=taken, monthly_wage=9000)
    assert found == Decimal(due)


@pytest.mark.parametrize(
    ("grade", "months"),
    list(enumerate([27, 25, 23, 21, 18, 16, 13, 11, 9, 7], start=1)),
)
def test_the_injury_allowance(grade: int, months: int) -> None:
    assert result("injury_lump_sum", grade=grade, monthly_wage=1000) == Decimal(1000 * months)


def test_the_own_wage_has_a_floor_and_a_ceiling() -> None:
    low = result("injury_lump_sum", grade=10, monthly_wage=1000, local_average=10_000)
    high = result("injury_lump_sum", grade=10, monthly_wage=50_000, local_average=10_000)
    assert (low, high) == (Decimal(42_000), Decimal(210_000))


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"annual_rate": 0.12, "lpr_1y": 0.031, "start": "2025-01-01", "end": "2025-12-31"},
         "12000"),
        ({"annual_rate": 0.24, "lpr_1y": 0.03, "start": "2025-01-01", "end": "2025-12-31"},
         "12000"),
        ({"annual_rate": 0, "start": "2025-01-01", "end": "2025-12-31"}, "0"),
        ({"annual_rate": 0.36, "start": "2019-01-01", "end": "2019-12-31"}, "24000"),
        ({"annual_rate": 0.10, "start": "2019-01-01", "end": "2019-12-31"}, "10000"),
    ],
)  # fmt: skip
def test_loan_interest(given: dict[str, Any], due: str) -> None:
    assert result("loan_interest", principal=100_000, **given) == Decimal(due)


def test_a_loan_over_the_change_of_2020_has_two_caps() -> None:
    worked = work(
        "loan_interest", principal=100_000, annual_rate=0.36, lpr_1y=0.0385,
        start="2019-08-20", end="2020-08-31",
    )  # fmt: skip
    assert worked.result == Decimal("24572.05")
    assert worked.articles[-1].endswith("/31")


AFTER_TABLE = RATES.known_until + dt.timedelta(1)


@pytest.mark.parametrize("start", [AFTER_TABLE.isoformat(), "2020-08-19", "2015-01-01"])
def test_without_the_prime_rate_nothing_is_guessed(start: str) -> None:
    # Later than the table; or a contract that takes the rate of the day of filing (规定 31).
    worked = with_rates(
        "loan_interest", principal=1, annual_rate=0.2, start=start, end="2027-02-01"
    )  # fmt: skip
    assert (worked.result, worked.missing) == (None, ("lpr_1y",))


@pytest.mark.parametrize(
    ("start", "end", "due", "told"),
    [
        ("2020-08-20", "2021-08-19", "15400.00", "3.85%"),
        ("2021-12-19", "2022-12-18", "15400.00", "3.85%"),
        ("2021-12-20", "2022-12-19", "15200.00", "3.8%"),
        ("2025-01-01", "2025-12-31", "12400.00", "3.1%"),
        ("2025-05-19", "2026-05-18", "12400.00", "3.1%"),
        ("2025-05-20", "2026-05-19", "12000.00", "3%"),
    ],
)
def test_the_cap_is_four_times_the_rate_of_the_contract_s_day(
    start: str, end: str, due: str, told: str
) -> None:
    given = {"principal": 100_000, "annual_rate": 0.24, "start": start, "end": end}
    worked = with_rates("loan_interest", **given)
    assert worked.result == Decimal(due)
    assert f"一年期LPR为{told}" in worked.steps[0]
    assert str(RATES.on(dt.date.fromisoformat(start)).since) in worked.steps[0]  # type: ignore[union-attr]


def test_the_table_is_used_only_where_it_is_asked_for() -> None:
    given = {"principal": 100_000, "annual_rate": 0.24, "start": "2025-01-01", "end": "2025-12-31"}
    assert work("loan_interest", **given).missing == ("lpr_1y",)


def test_a_rate_that_is_given_comes_before_the_table() -> None:
    worked = with_rates(
        "loan_interest", principal=100_000, annual_rate=0.24, lpr_1y=0.05,
        start="2025-01-01", end="2025-12-31",
    )  # fmt: skip
    assert worked.result == Decimal(20_000)
    assert not any("公布" in step for step in worked.steps)


def test_a_low_rate_is_not_raised_to_the_cap() -> None:
    given = {"principal": 100_000, "annual_rate": 0.06, "start": "2025-01-01", "end": "2025-12-31"}
    assert with_rates("loan_interest", **given).result == Decimal(6000)


def test_the_table_of_prime_rates_begins_with_the_first_and_names_its_source() -> None:
    assert RATES.rates[0].since == dt.date(2019, 8, 20)
    assert RATES.on(dt.date(2019, 8, 19)) is None
    assert "全国银行间同业拆借中心" in RATES.source
    assert all(is_workday(each.since) for each in RATES.rates)


@pytest.mark.parametrize(
    "rates",
    [
        "[{from: 2025-05-20, percent: 3}, {from: 2024-10-21, percent: 3.1}]",
        "[{from: 2027-01-20, percent: 3}]",
        "[]",
    ],
)
def test_a_table_out_of_order_is_refused(tmp_path: Path, rates: str) -> None:
    file = tmp_path / "lpr.yml"
    text = f"source: 源\nknown_until: 2026-01-01\nsay: 说\nrates: {rates}\n"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"lpr\.yml"):
        load_prime_rates(file)


# --- figures of a region --------------------------------------------------------------------------

_SINCE = LocalBasis("昆明市", "市公告", dt.date(2025, 1, 1), dt.date(2025, 12, 31))
_NOW = LocalBasis("昆明市", "示例", dt.date(2026, 1, 1), dt.date(2026, 12, 31), example=True)
KUNMING = Region(
    "530100",
    "昆明市",
    figures=(
        Figure("local_average", Decimal(10_000), _SINCE),
        Figure("local_average", Decimal(12_000), _NOW),
        Figure("minimum_wage", Decimal(2_000), _NOW),
    ),
)
LONG = {"start": "2009-01-01", "monthly_wage": 50_000, "ground": 41}


@pytest.mark.parametrize(
    ("end", "due", "example"),
    [("2025-12-31", "360000", False), ("2026-06-30", "432000", True)],
)
def test_the_average_of_the_last_day_caps_severance(end: str, due: str, example: bool) -> None:
    worked = calculate("severance", {**LONG, "end": end}, ON, KUNMING)
    assert worked.result == Decimal(due)
    told = " ".join(worked.steps)
    assert "昆明市" in told
    assert ("示例数据" in told) is example


def test_without_a_figure_for_the_day_nothing_is_capped() -> None:
    worked = calculate("severance", {**LONG, "end": "2024-12-31"}, ON, KUNMING)
    assert worked.result == Decimal(800_000)
    assert any("未核对" in step for step in worked.steps)
    assert calculate("severance", {**LONG, "end": "2026-06-30"}, ON).result == Decimal(900_000)


def test_an_average_that_is_given_comes_before_the_region_s() -> None:
    given = {**LONG, "end": "2026-06-30", "local_average": 10_000}
    assert calculate("severance", given, ON, KUNMING).result == Decimal(360_000)


@pytest.mark.parametrize(("double", "due"), [(False, "4000"), (True, "8000")])
def test_severance_counts_at_least_the_minimum_wage(double: bool, due: str) -> None:
    given = {"start": "2024-07-01", "end": "2026-06-30", "monthly_wage": 1_500, "ground": 40,
             "double": double}  # fmt: skip
    worked = calculate("severance", given, ON, KUNMING)
    assert worked.result == Decimal(due)
    assert worked.articles.count("劳动合同法实施条例/27") == 1
    assert calculate("severance", {**given, "monthly_wage": 2_000}, ON, KUNMING).result == (
        worked.result
    )


@pytest.mark.parametrize(("wage", "due"), [(1_000, "50400"), (50_000, "252000"), (9_000, "63000")])
def test_the_average_of_the_region_bounds_the_injured_wage(wage: int, due: str) -> None:
    worked = calculate("injury_lump_sum", {"grade": 10, "monthly_wage": wage}, ON, KUNMING)
    assert worked.result == Decimal(due)
    assert "昆明市" in worked.steps[0]


@pytest.mark.parametrize(
    ("age", "years"), [(0, 20), (59, 20), (60, 20), (61, 19), (70, 10), (74, 6), (75, 5), (99, 5)]
)
def test_years_of_compensation(age: int, years: int) -> None:
    assert result("disability_years", age=age) == years


def test_child_support_is_a_range() -> None:
    one = work("child_support", monthly_income=10_000, children=1)
    assert (one.result, one.span) == (Decimal(2500), (Decimal(2000), Decimal(3000)))
    two = work("child_support", monthly_income=10_000, children=2)
    assert two.span is not None
    assert two.span[1] == Decimal(5000)


def test_interest_for_late_performance() -> None:
    assert result("delayed_performance", principal=100_000, days=365) == Decimal("6387.50")


@pytest.mark.parametrize(
    ("kind", "start", "last"),
    [
        ("appeal_judgment", "2026-11-23", "2026-12-08"),
        ("appeal_ruling", "2026-11-23", "2026-12-03"),
        ("labour_arbitration", "2025-11-23", "2026-11-23"),
        ("labour_arbitration", "2024-02-29", "2025-02-28"),
        ("civil_general", "2023-11-23", "2026-11-23"),
        ("injury_claim_employer", "2026-11-02", "2026-12-02"),
        ("injury_claim_worker", "2025-11-24", "2026-11-24"),
        ("enforcement", "2024-11-25", "2026-11-25"),
        ("sue_after_arbitration", "2026-11-20", "2026-12-07"),
        ("appeal_judgment", "2026-09-17", "2026-10-08"),
        ("labour_wages", "2025-11-24", "2026-11-24"),
        ("admin_litigation", "2026-05-25", "2026-11-25"),
        ("admin_litigation", "2026-08-31", "2027-03-01"),
        ("sue_after_review", "2026-11-23", "2026-12-08"),
        ("aid_review", "2026-11-20", "2026-11-27"),
        ("aid_assign", "2026-11-24", "2026-11-27"),
        ("aid_objection", "2026-11-23", "2026-11-30"),
    ],
)
def test_deadlines(kind: str, start: str, last: str) -> None:
    assert result("deadline", kind=kind, **{"from": start}) == dt.date.fromisoformat(last)


@pytest.mark.parametrize(
    ("kind", "article", "words"),
    [
        ("labour_wages", "劳动争议调解仲裁法/27", "还在职的不受一年限制"),
        ("labour_arbitration", "劳动争议调解仲裁法/27", "中断"),
        ("admin_litigation", "行政诉讼法/46", "6个月"),
        ("sue_after_review", "行政诉讼法/45", "复议期满"),
        ("civil_general", "民法典/188", "中止"),
    ],
)
def test_a_deadline_tells_its_article_and_what_may_change_it(
    kind: str, article: str, words: str
) -> None:
    worked = work("deadline", kind=kind, **{"from": "2026-05-25"})
    assert worked.articles[0] == article
    assert words in " ".join(worked.steps)


def test_every_period_rests_on_a_curated_article() -> None:
    articles = load().articles
    for period in PERIODS.values():
        assert set(period.articles) <= articles.keys()


def test_holidays_not_announced_are_said_to_be_unknown() -> None:
    worked = work("deadline", kind="civil_general", **{"from": "2026-09-30"})
    assert worked.result == dt.date(2029, 10, 4)
    assert any("还没有公布" in step for step in worked.steps)


@pytest.mark.parametrize("name", sorted(CALCULATORS))
def test_nothing_given_is_refused_by_name(name: str) -> None:
    worked = work(name)
    assert worked.result is None
    assert worked.missing


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("injury_lump_sum", {"grade": 11, "monthly_wage": 1}),
        ("severance", {"start": 20200301, "end": "2021-01-01", "monthly_wage": 1, "ground": 40}),
        ("severance", {"start": "2022-01-01", "end": "2021-01-01", "monthly_wage": 1,
                       "ground": 40}),
        ("overtime", {"monthly_wage": -1}),
        ("overtime", {"monthly_wage": True}),
        ("court_fee", {"kind": "wedding"}),
        ("deadline", {"kind": "enforcement", "from": "9998-12-31"}),
        ("delayed_performance", {"principal": 1, "days": 1.5}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"[\u4e00-\u9fff]"):
        calculate(name, given, ON)


def test_every_calculator_is_described_and_every_article_known() -> None:
    described = {each.name for each in load_calculators(ROOT)}
    assert described == CALCULATORS.keys()
    articles = load().articles
    named = {key for each in CALCULATORS.values() for key in each.shape.articles}
    for worked in (
        work("severance", start="2001-01-01", end="2021-01-01", monthly_wage=1, ground=44),
        work("severance", start="2001-01-01", end="2021-01-01", monthly_wage=1, ground=40,
             double=True),
        work("double_wage", start="2025-01-01", monthly_wage=1),
        work("court_fee", kind="property", amount=1, halved=True),
        work("court_fee", kind="execution", amount=1),
        work("loan_interest", principal=1, annual_rate=0, start="2025-01-01", end="2025-01-02"),
        work("deadline", kind="enforcement", **{"from": "2025-01-02"}),
    ):  # fmt: skip
        named |= set(worked.articles)
    plain = {key.partition("(")[0] for key in named}
    assert all(key_parts(key) for key in plain)
    assert plain <= articles.keys()


@settings(max_examples=200, deadline=None)
@given(start=st.dates(dt.date(2004, 1, 1), dt.date(2030, 1, 1)), months=st.integers(0, 400))
def test_months_add_up(start: dt.date, months: int) -> None:
    after = add_months(start, months)
    assert after.day <= start.day
    counted, rest = whole_months(start, after - dt.timedelta(1))
    assert (counted, rest) == (months, after)


@settings(max_examples=200, deadline=None)
@given(st.dates(dt.date(2004, 1, 1), dt.date(2035, 1, 1)))
def test_a_term_ends_on_a_working_day_and_never_earlier(day: dt.date) -> None:
    last = rolled(day)
    assert is_workday(last)
    assert day <= last <= day + dt.timedelta(10)
