"""What a region adds to legal aid: 法律援助法 31(9), 32(5), 34 and 42(4), from day to day."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from knowledge_base.reading import KnowledgeError
from knowledge_base.rules.eligibility import Assessment, assess
from knowledge_base.rules.facts import Facts, Retrial
from knowledge_base.rules.regions import Region, Regions, load_regions
from knowledge_base.rules.wording import AidWording
from tests.unit.rules.test_eligibility import ADULT, FACTS_OF, POOR, RANK, RICH, filled

FACTS = TypeAdapter(Facts)
WORDING = AidWording.load()
ON = dt.date(2026, 11, 23)
AID = """
code: "530100"
name: 昆明市
means:
  - {amount: 900, from: 2025-01-01, to: 2025-12-31, source: 旧标准}
  - {multiple_of: subsistence, times: 1.5, from: 2026-01-01, source: 新标准}
matters:
  - {item: 31(9), matter: dismissal, from: 2026-01-01, source: 省条例第十条}
  - {item: 31(9), matter: land, from: 2026-01-01, to: 2026-11-22, source: 试点, example: true}
  - {item: 32(5), matter: wage_arrears, from: 2026-01-01, source: 省条例第十一条}
  - {item: 32(5), matter: consumer, from: 2026-11-23, source: 试点, example: true}
groups:
  - {group: 孤儿, from: 2026-01-01, source: 省条例第十二条}
  - {group: 低保边缘家庭, from: 2025-01-01, to: 2026-06-30, source: 市办法, example: true}
"""
FIGURES = """
code: "530100"
name: 昆明市
figures:
  - {name: subsistence, amount: 800, from: 2026-01-01, source: 市民政局}
"""
PROVINCE = """
code: "530000"
name: 云南省
means: [{amount: 700, from: 2020-01-01, source: 省标准}]
matters: [{item: 31(9), matter: contract, from: 2020-01-01, source: 省规定}]
"""


def written(root: Path, aid: str = AID, figures: str = FIGURES, *, code: str = "530100") -> Regions:
    for folder, text in (("aid", aid), ("figures", figures)):
        (root / folder).mkdir(exist_ok=True)
        if text:
            (root / folder / f"{code}.yml").write_text(text, encoding="utf-8")
    return load_regions(root)


@pytest.fixture
def regions(tmp_path: Path) -> Regions:
    written(tmp_path, PROVINCE, "", code="530000")
    return written(tmp_path)


@pytest.fixture
def kunming(regions: Regions) -> Region:
    region = regions.of("530102")
    assert region is not None
    return region


def judged(region: Region | None, on: dt.date | None = ON, **facts: Any) -> Assessment:
    return assess(FACTS.validate_python(facts), on, region)


def short(found: Assessment) -> list[str]:
    return [article.removeprefix("法律援助法/") for article in found.articles]


# --- places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name"),
    [("530102", "昆明市"), ("530100", "昆明市"), ("530300", "云南省"), ("530000", "云南省")],
)
def test_a_place_takes_the_nearest_region_that_is_known(
    regions: Regions, code: str, name: str
) -> None:
    region = regions.of(code)
    assert region is not None
    assert region.name == name


def test_an_unknown_place_has_no_rules(regions: Regions) -> None:
    assert regions.of("110101") is None


def test_a_province_s_rules_hold_in_its_cities(kunming: Region) -> None:
    found = judged(kunming, **POOR, matter="contract")
    assert short(found) == ["31(9)", "34"]
    assert found.local[0].region == "云南省"


# --- eligibility ----------------------------------------------------------------------------------


def test_a_matter_that_the_region_adds_depends_on_means(kunming: Region) -> None:
    assert judged(None, **POOR, matter="dismissal").outcome == "LIKELY_NOT"
    poor = judged(kunming, **POOR, matter="dismissal")
    assert (poor.outcome, poor.means_state) == ("MAY_QUALIFY", "STANDARD")
    assert short(poor) == ["31(9)", "34"]
    assert judged(kunming, applicant="person", matter="dismissal").missing == ("means",)
    rich = judged(kunming, **RICH, matter="dismissal")
    assert (rich.outcome, rich.flip, short(rich)) == ("LIKELY_NOT", "means", ["31(9)", "34"])


@pytest.mark.parametrize("matter", ["wage_arrears", "consumer"])
def test_a_matter_may_be_freed_from_the_means_condition(kunming: Region, matter: str) -> None:
    found = judged(kunming, **RICH, matter=matter)
    assert (found.outcome, found.means_state) == ("MAY_QUALIFY", "NO_CONDITION")
    assert short(found) == ["32(5)"]


@pytest.mark.parametrize(
    ("matter", "on", "outcome"),
    [
        ("land", "2026-11-22", "MAY_QUALIFY"),
        ("land", "2026-11-23", "LIKELY_NOT"),
        ("consumer", "2026-11-22", "LIKELY_NOT"),
        ("consumer", "2026-11-23", "MAY_QUALIFY"),
        ("dismissal", "2025-12-31", "LIKELY_NOT"),
    ],
)
def test_a_regional_rule_holds_on_its_days(
    kunming: Region, matter: str, on: str, outcome: str
) -> None:
    assert judged(kunming, dt.date.fromisoformat(on), **POOR, matter=matter).outcome == outcome


def test_without_a_day_rules_without_an_end_hold(kunming: Region) -> None:
    assert judged(kunming, None, **POOR, matter="dismissal").outcome == "MAY_QUALIFY"
    assert judged(kunming, None, **POOR, matter="land").outcome == "LIKELY_NOT"


def test_the_region_frees_groups_from_the_check(kunming: Region) -> None:
    facts = {"applicant": "person", "matter": "support", "groups": ["孤儿"]}
    assert judged(None, **facts).outcome == "NEED_INFO"
    found = judged(kunming, **facts)
    assert (found.means_state, short(found)) == ("NO_CHECK", ["31(4)", "42(4)"])


def test_the_law_itself_comes_before_the_region(kunming: Region) -> None:
    facts = {"applicant": "person", "matter": "support", "groups": ["孤儿", "特困"]}
    assert judged(kunming, **facts).articles[-1] == "法律援助法/42(2)"
    assert judged(kunming, **facts).local == ()


def test_before_the_new_statute_the_region_decides_about_the_edge_of_relief(
    kunming: Region,
) -> None:
    facts = {"applicant": "person", "matter": "support", "groups": ["低保边缘家庭"]}
    before = judged(kunming, dt.date(2026, 6, 30), **facts)
    assert short(before) == ["31(4)", "42(4)"]
    assert judged(kunming, dt.date(2026, 7, 1), **facts).articles[-1] == "社会救助法/13"


@pytest.mark.parametrize(
    ("income", "outcome"), [(1200, "MAY_QUALIFY"), (1201, "LIKELY_NOT"), (None, "NEED_INFO")]
)
def test_the_income_is_held_against_the_standard(
    kunming: Region, income: int | None, outcome: str
) -> None:
    found = judged(kunming, **ADULT, matter="support", income_per_head=income)
    assert found.outcome == outcome
    assert [basis.source for basis in found.local] == (
        [] if income is None else ["新标准", "市民政局"]
    )


def test_what_is_stated_of_the_means_comes_before_the_income(kunming: Region) -> None:
    found = judged(kunming, **POOR, matter="support", income_per_head=99_999)
    assert (found.outcome, found.local) == ("MAY_QUALIFY", ())


def test_without_a_region_an_income_tells_nothing() -> None:
    assert judged(None, **ADULT, matter="support", income_per_head=1).missing == ("means",)


def test_the_nearest_standard_of_the_day_is_taken(kunming: Region) -> None:
    amounts = []
    for year in (2024, 2025, 2026):
        limit = kunming.limit(dt.date(year, 6, 1))
        assert limit is not None
        amounts.append(limit.amount)
    assert amounts == [Decimal(700), Decimal(900), Decimal(1200)]


def test_a_multiple_of_what_is_not_known_is_no_standard(tmp_path: Path) -> None:
    region = written(tmp_path, figures="").of("530100")
    assert region is not None
    assert region.limit(ON) is None
    assert judged(region, **ADULT, matter="support", income_per_head=1).missing == ("means",)


# --- what is said ---------------------------------------------------------------------------------


def test_the_answer_tells_that_it_rests_on_a_regional_rule(kunming: Region) -> None:
    said = WORDING.say(judged(kunming, **POOR, matter="dismissal"))
    assert "昆明市" in said
    assert "省条例第十条" in said
    assert "示例" not in said


def test_the_answer_tells_where_the_rule_is_only_an_example(kunming: Region) -> None:
    assert "示例数据" in WORDING.say(judged(kunming, **RICH, matter="consumer"))


def test_an_answer_without_regional_rules_names_no_region(kunming: Region) -> None:
    assert "昆明" not in WORDING.say(judged(kunming, **POOR, matter="support"))


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aid", "problem"),
    [
        ('code: "5301"\nname: 市', "code"),
        ('code: "530200"\nname: 市', "文件名应当是"),
        ('code: "530100"', "name"),
        ('code: "530100"\nname: 市\nmatter: []', "未知的字段"),
        ('code: "530100"\nname: 市\nmeans: [{amount: 1, from: 2026-01-01}]', "source"),
        ('code: "530100"\nname: 市\nmeans: [{from: 2026-01-01, source: 文}]', "写一个"),
        ('code: "530100"\nname: 市\nmeans: [{amount: -1, from: 2026-01-01, source: 文}]', "amount"),
        ('code: "530100"\nname: 市\nmeans: [{amount: 1, from: 2026-01-02, to: 2026-01-01, '
         "source: 文}]", "早于"),
        ('code: "530100"\nname: 市\nmeans: [{amount: 1, from: 2026-01-01, source: 文}, '
         "{amount: 2, from: 2026-02-01, source: 文}]", "重叠"),
        ('code: "530100"\nname: 市\nmatters: [{item: 31(9), matter: support, from: 2026-01-01, '
         "source: 文}]", "第三十一条"),
        ('code: "530100"\nname: 市\nmatters: [{item: 32(5), matter: criminal_defence, '
         "from: 2026-01-01, source: 文}]", "另有条文"),
        ('code: "530100"\nname: 市\nmatters: [{item: 31(8), matter: land, from: 2026-01-01, '
         "source: 文}]", "item"),
        ('code: "530100"\nname: 市\ngroups: [{group: 富人, from: 2026-01-01, '
         "source: 文}]", "group"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, aid: str, problem: str) -> None:
    with pytest.raises(KnowledgeError, match=r"aid/530100\.yml") as refused:
        written(tmp_path, aid)
    assert problem in str(refused.value)


def test_two_figures_for_one_day_are_refused(tmp_path: Path) -> None:
    twice = FIGURES + "  - {name: subsistence, amount: 1, from: 2026-05-01, source: 文}\n"
    with pytest.raises(KnowledgeError, match="重叠"):
        written(tmp_path, figures=twice)


def test_a_folder_without_regions_knows_none(tmp_path: Path) -> None:
    assert load_regions(tmp_path).by_code == {}


def test_everything_that_comes_with_the_product_is_marked_as_an_example() -> None:
    regions = load_regions()
    assert "530100" in regions.by_code
    for region in regions.by_code.values():
        rules = [*region.standards, *region.matters, *region.groups, *region.figures]
        assert rules
        assert all(rule.basis.example for rule in rules)


# --- what holds for any facts ---------------------------------------------------------------------

SHIPPED = load_regions().of("530102")
IN_REGION = st.builds(
    dataclasses.replace,
    FACTS_OF,
    income_per_head=st.sampled_from([None, Decimal(0), Decimal(1600), Decimal(1601)]),
    matter=st.sampled_from(["dismissal", "land", "consumer", "death_pension", "support", None]),
)
DAYS = st.sampled_from([None, dt.date(2024, 1, 1), dt.date(2025, 6, 1), ON])


@settings(max_examples=600, deadline=None)
@given(known=IN_REGION, rest=IN_REGION, on=DAYS)
def test_no_unknown_fact_could_have_turned_a_no_in_a_region(
    known: Facts, rest: Facts, on: dt.date | None
) -> None:
    # Means and income tell one thing: who told one of them did not leave it unknown.
    if known.means is not None or known.income_per_head is not None:
        rest = dataclasses.replace(rest, means=None, income_per_head=None)
    if assess(known, on, SHIPPED).outcome == "LIKELY_NOT":
        assert assess(filled(known, rest), on, SHIPPED).outcome == "LIKELY_NOT"


@settings(max_examples=600, deadline=None)
@given(
    facts=IN_REGION,
    on=DAYS,
    better=st.sampled_from(
        [
            {"means": "below_standard"}, {"integrity_pledge": True}, {"fixed_income": False},
            {"groups": ("社会救助对象",)}, {"groups": ("特困人员",)},
            {"retrial": Retrial(True, True)},
        ]
    ),
)  # fmt: skip
def test_more_favourable_facts_never_worsen_the_outcome_in_a_region(
    facts: Facts, on: dt.date | None, better: dict[str, Any]
) -> None:
    before = assess(facts, on, SHIPPED)
    after = assess(dataclasses.replace(facts, **better), on, SHIPPED)
    assert RANK[after.outcome] >= RANK[before.outcome]


@settings(max_examples=400, deadline=None)
@given(facts=IN_REGION, on=DAYS)
def test_a_region_never_takes_away_what_the_law_gives(facts: Facts, on: dt.date | None) -> None:
    plain = dataclasses.replace(facts, income_per_head=None)
    assert RANK[assess(plain, on, SHIPPED).outcome] >= RANK[assess(plain, on).outcome]


@settings(max_examples=400, deadline=None)
@given(facts=FACTS_OF, on=DAYS)
def test_without_a_region_nothing_rests_on_one(facts: Facts, on: dt.date | None) -> None:
    found = assess(facts, on)
    assert found.local == ()
    assert not {"法律援助法/31(9)", "法律援助法/32(5)", "法律援助法/42(4)"} & {*found.articles}


@settings(max_examples=400, deadline=None)
@given(facts=IN_REGION, on=DAYS)
def test_whatever_rests_on_an_example_says_so(facts: Facts, on: dt.date | None) -> None:
    found = assess(facts, on, SHIPPED)
    assert ("示例数据" in WORDING.say(found)) == bool(found.local)
