"""Legal aid: every head of 法律援助法 24-34, 41, 42, 44, and what must hold for any facts."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from knowledge_base.loader import load
from knowledge_base.rules.eligibility import LISTED, UNCONDITIONAL, Assessment, assess
from knowledge_base.rules.facts import Criminal, Facts, Retrial
from knowledge_base.rules.wording import AidWording

FACTS = TypeAdapter(Facts)
WORDING = AidWording.load()
PERSON: dict[str, Any] = {"applicant": "person"}
ADULT = {**PERSON, "age": 40, "disability": "none", "fixed_income": True, "groups": ()}
RICH = {**ADULT, "means": "above_standard"}
POOR = {**ADULT, "means": "below_standard"}
RANK = {"LIKELY_NOT": 0, "NEED_INFO": 1, "MAY_QUALIFY": 2, "NOTIFY_TYPE": 2, "NOT_NEEDED": 2}


def judged(**facts: Any) -> Assessment:
    return assess(FACTS.validate_python(facts))


def shown(found: Assessment) -> tuple[str, str | None, list[str]]:
    return (
        found.outcome,
        found.means_state,
        [a.removeprefix("法律援助法/") for a in found.articles],
    )


@pytest.mark.parametrize(("matter", "head"), sorted(LISTED.items()))
def test_a_listed_matter_is_open_to_people_of_small_means(matter: str, head: str) -> None:
    assert shown(judged(**POOR, matter=matter)) == ("MAY_QUALIFY", "STANDARD", [head, "34"])


@pytest.mark.parametrize(("matter", "head"), sorted(LISTED.items()))
def test_a_pledge_stands_for_proof(matter: str, head: str) -> None:
    found = judged(**ADULT, matter=matter, integrity_pledge=True)
    assert shown(found) == ("MAY_QUALIFY", "SELF_DECLARE", [head, "41"])


@pytest.mark.parametrize(("matter", "head"), sorted(LISTED.items()))
def test_a_listed_matter_is_closed_above_the_standard(matter: str, head: str) -> None:
    found = judged(**RICH, matter=matter)
    assert shown(found) == ("LIKELY_NOT", None, [head, "34"])
    assert found.flip == "means"


@pytest.mark.parametrize("matter", sorted(LISTED))
def test_unknown_means_are_asked_for(matter: str) -> None:
    found = judged(**PERSON, age=30, matter=matter)
    assert (found.outcome, found.missing, found.flip) == ("NEED_INFO", ("means",), "means")


@pytest.mark.parametrize("matter", sorted(LISTED))
@pytest.mark.parametrize("group", ["社会救助对象", "司法救助对象", "优抚对象", "特困"])
def test_who_is_on_relief_is_not_checked(matter: str, group: str) -> None:
    found = judged(**PERSON, matter=matter, groups=(group,))
    assert shown(found) == ("MAY_QUALIFY", "NO_CHECK", [LISTED[matter], "42(2)"])  # type: ignore[index]


@pytest.mark.parametrize(("matter", "head"), sorted(UNCONDITIONAL.items()))
@pytest.mark.parametrize("means", ["above_standard", "below_standard", None])
def test_some_matters_know_no_means(matter: str, head: str, means: str | None) -> None:
    found = judged(**ADULT, matter=matter, means=means)
    assert shown(found) == ("MAY_QUALIFY", "NO_CONDITION", [head])


@pytest.mark.parametrize("matter", sorted(LISTED))
def test_migrant_workers_are_not_checked_for_wages_and_injuries_only(matter: str) -> None:
    found = judged(**PERSON, matter=matter, groups=("进城务工人员",), age=45)
    if matter in ("wage_arrears", "work_injury"):
        assert shown(found) == ("MAY_QUALIFY", "NO_CHECK", [LISTED[matter], "42(3)"])  # type: ignore[index]
    else:
        assert found.outcome == "NEED_INFO"


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"age": 65, "fixed_income": False}, "MAY_QUALIFY"),
        ({"age": 60, "fixed_income": False}, "MAY_QUALIFY"),
        ({"age": 59, "fixed_income": False, "disability": "none"}, "LIKELY_NOT"),
        ({"age": 17, "fixed_income": False}, "MAY_QUALIFY"),
        ({"age": 18, "fixed_income": False, "disability": "none"}, "LIKELY_NOT"),
        ({"age": 65, "fixed_income": True}, "LIKELY_NOT"),
        ({"age": 65}, "NEED_INFO"),
        ({"age": 40, "disability": "limb", "fixed_income": False}, "MAY_QUALIFY"),
        ({"age": 40, "disability": "limb"}, "NEED_INFO"),
        ({"age": 40, "disability": "none"}, "LIKELY_NOT"),
        ({"age": 40}, "NEED_INFO"),
        ({"disability": "none"}, "NEED_INFO"),
    ],
)
def test_who_is_frail_and_without_income_is_not_checked(
    facts: dict[str, Any], outcome: str
) -> None:
    found = judged(**PERSON, matter="traffic_injury", means="above_standard", groups=(), **facts)
    assert found.outcome == outcome
    if outcome == "MAY_QUALIFY":
        assert "法律援助法/42(1)" in found.articles


def test_unknown_groups_are_asked_for_before_a_no() -> None:
    found = judged(**{**RICH, "groups": None}, matter="support")
    assert (found.outcome, found.missing) == ("NEED_INFO", ("groups",))


@pytest.mark.parametrize(
    "matter", ["divorce", "inheritance", "loan", "contract", "property", "land", "consumer",
               "dismissal", "other"],
)  # fmt: skip
@pytest.mark.parametrize("means", ["below_standard", None])
def test_a_matter_that_is_not_listed_is_unlikely(matter: str, means: str | None) -> None:
    assert judged(**ADULT, matter=matter, means=means).outcome == "LIKELY_NOT"


def test_a_company_does_not_get_aid() -> None:
    found = judged(applicant="company", matter="wage_arrears", means="below_standard")
    assert found.outcome == "LIKELY_NOT"
    assert found.flip == "applicant"


def test_the_kind_of_applicant_is_asked_for() -> None:
    found = judged(matter="wage_arrears", means="below_standard")
    assert (found.outcome, found.missing) == ("NEED_INFO", ("applicant",))


def test_nothing_known_asks_for_the_matter() -> None:
    assert judged(**PERSON).missing == ("matter",)


def test_the_duty_lawyer_needs_no_application() -> None:
    assert shown(judged(**RICH, matter="duty_lawyer")) == ("NOT_NEEDED", None, ["30"])


@pytest.mark.parametrize(
    ("facts", "criminal", "head"),
    [
        ({"age": 17}, {}, "25(1)"),
        ({"disability": "visual"}, {}, "25(2)"),
        ({"disability": "hearing_speech"}, {}, "25(2)"),
        ({"disability": "mental"}, {}, "25(3)"),
        ({}, {"life_or_death": True}, "25(4)"),
        ({}, {"death_review": True}, "25(5)"),
        ({}, {"absent_trial": True}, "25(6)"),
        ({"age": 16}, {"role": "suspect"}, "25(1)"),
        ({"age": 40, "means": "above_standard"}, {"life_or_death": True}, "25(4)"),
    ],
)
def test_the_organ_must_notify(facts: Any, criminal: Any, head: str) -> None:
    case = {"role": "defendant", "has_counsel": False, **criminal}
    found = judged(**{**PERSON, **facts}, matter="criminal_defence", criminal=case)
    assert shown(found) == ("NOTIFY_TYPE", None, [head])
    assert found.flip == "has_counsel"


def test_with_counsel_nobody_is_notified() -> None:
    case = {"role": "suspect", "has_counsel": True}
    found = judged(**PERSON, age=17, matter="criminal_defence", criminal=case)
    assert (found.outcome, found.flip) == ("LIKELY_NOT", "has_counsel")


def test_in_ordinary_procedure_the_court_may_notify() -> None:
    case = {"role": "defendant", "procedure": "普通", "has_counsel": False}
    found = judged(**RICH, matter="criminal_defence", criminal=case)
    assert shown(found) == ("MAY_QUALIFY", None, ["25", "24"])


@pytest.mark.parametrize("procedure", ["简易", "速裁"])
def test_in_simple_procedure_means_decide(procedure: str) -> None:
    case = {
        "role": "defendant", "procedure": procedure, "has_counsel": False,
        "life_or_death": False, "death_review": False, "absent_trial": False,
    }  # fmt: skip
    poor = judged(**POOR, matter="criminal_defence", criminal=case)
    assert shown(poor) == ("MAY_QUALIFY", "STANDARD", ["24", "34"])
    rich = judged(**RICH, matter="criminal_defence", criminal=case)
    assert (rich.outcome, rich.say) == ("LIKELY_NOT", "duty_lawyer_too")


def test_a_brother_in_custody_of_a_poor_family() -> None:
    case = {"role": "suspect", "has_counsel": False}
    found = judged(**POOR, matter="criminal_defence", criminal=case, detained=True)
    assert found.outcome == "MAY_QUALIFY"
    assert "近亲属" in WORDING.say(found, detained=True)


def test_a_victim_of_crime_needs_small_means() -> None:
    assert shown(judged(**POOR, matter="criminal_victim"))[2] == ["29", "34"]


@pytest.mark.parametrize(
    ("retrial", "outcome"),
    [
        ({"decided": True}, "MAY_QUALIFY"),
        ({"protested": True, "decided": False}, "MAY_QUALIFY"),
        ({"decided": False, "protested": False}, "LIKELY_NOT"),
        ({"decided": False}, "NEED_INFO"),
        ({}, "NEED_INFO"),
    ],
)
def test_a_retrial_must_have_been_decided(retrial: dict[str, bool], outcome: str) -> None:
    found = judged(**POOR, matter="retrial", retrial=retrial)
    assert found.outcome == outcome
    assert found.articles[0] == "法律援助法/33"


@pytest.mark.parametrize(
    ("left", "urgent"), [(0, True), (5, True), (6, True), (7, False), (30, False), (-1, False)]
)
def test_less_than_seven_days_is_urgent(left: int, urgent: bool) -> None:
    found = judged(**POOR, matter="wage_arrears", limitation_days_left=left)
    assert found.urgent is urgent
    assert ("法律援助法/44(1)" in found.articles) is urgent


def test_preservation_is_urgent() -> None:
    found = judged(**POOR, matter="wage_arrears", preservation_needed=True)
    assert found.articles[-1] == "法律援助法/44(2)"


# --- what holds for any facts --------------------------------------------------------------------

_BOOLS = st.sampled_from([None, True, False])
FACTS_OF = st.builds(
    Facts,
    applicant=st.sampled_from([None, "person", "company"]),
    age=st.sampled_from([None, 10, 17, 18, 40, 59, 60, 80]),
    disability=st.sampled_from([None, "none", "visual", "mental", "limb"]),
    fixed_income=_BOOLS,
    groups=st.sampled_from(
        [
            None,
            (),
            ("进城务工人员",),
            ("社会救助对象",),
            ("优抚对象", "进城务工人员"),
            ("孤儿",),
            ("最低生活保障边缘家庭",),
            ("受灾人员", "军人军属"),
        ]
    ),
    matter=st.sampled_from(
        [None, *LISTED, *UNCONDITIONAL, "divorce", "retrial", "criminal_defence", "duty_lawyer"]
    ),
    means=st.sampled_from([None, "below_standard", "above_standard"]),
    integrity_pledge=_BOOLS,
    criminal=st.builds(
        Criminal,
        role=st.sampled_from([None, "suspect", "defendant", "convict"]),
        procedure=st.sampled_from([None, "普通", "简易", "速裁"]),
        life_or_death=_BOOLS,
        death_review=_BOOLS,
        absent_trial=_BOOLS,
        has_counsel=_BOOLS,
    ),
    retrial=st.builds(Retrial, decided=_BOOLS, protested=_BOOLS),
    limitation_days_left=st.sampled_from([None, -3, 0, 6, 7]),
    preservation_needed=_BOOLS,
    detained=_BOOLS,
)


def filled(known: Any, with_: Any) -> Any:
    """Return ``known`` with what it does not know taken from ``with_``."""
    changes = {}
    for field in dataclasses.fields(known):
        mine, theirs = getattr(known, field.name), getattr(with_, field.name)
        if dataclasses.is_dataclass(mine):
            changes[field.name] = filled(mine, theirs)
        elif mine is None:
            changes[field.name] = theirs
    return dataclasses.replace(known, **changes)


@settings(max_examples=600, deadline=None)
@given(known=FACTS_OF, rest=FACTS_OF)
def test_no_unknown_fact_could_have_turned_a_no(known: Facts, rest: Facts) -> None:
    if assess(known).outcome == "LIKELY_NOT":
        assert assess(filled(known, rest)).outcome == "LIKELY_NOT"


@settings(max_examples=600, deadline=None)
@given(
    facts=FACTS_OF,
    better=st.sampled_from(
        [
            {"means": "below_standard"}, {"integrity_pledge": True}, {"fixed_income": False},
            {"groups": ("社会救助对象",)}, {"applicant": "person"},
            {"retrial": Retrial(True, True)},
        ]
    ),
)  # fmt: skip
def test_more_favourable_facts_never_worsen_the_outcome(
    facts: Facts, better: dict[str, Any]
) -> None:
    if facts.applicant is None and "applicant" in better:
        return
    before, after = assess(facts), assess(dataclasses.replace(facts, **better))
    assert RANK[after.outcome] >= RANK[before.outcome]


@settings(max_examples=300, deadline=None)
@given(facts=FACTS_OF)
def test_every_trace_is_whole(facts: Facts) -> None:
    found = assess(facts)
    assert (found.outcome == "NEED_INFO") <= bool(found.missing)
    assert (found.means_state is not None) <= (found.outcome == "MAY_QUALIFY")
    assert found.flip not in found.missing or found.flip == found.missing[0]
    said = WORDING.say(found, detained=bool(facts.detained))
    assert "{" not in said
    assert not any(word in said for word in ("一定能", "保证", "肯定可以", "一定会"))


def test_every_article_named_is_in_the_base() -> None:
    articles = load().articles
    heads = {*LISTED.values(), *UNCONDITIONAL.values(), "24", "25", "30", "33", "34", "41", "42",
             "44", "29", "31"}  # fmt: skip
    assert {f"法律援助法/{head.partition('(')[0]}" for head in heads} <= articles.keys()
