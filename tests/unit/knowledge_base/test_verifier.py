"""Three states of a citation."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.verifier import Verdict, load_verifier

D = dt.date
TODAY = D(2026, 11, 23)
LABOUR = "最高人民法院关于审理劳动争议案件适用法律问题的解释（一）"


def judged(text: str, on: D = TODAY) -> list[tuple[str, str, str | None]]:
    return [(v.key, v.status, v.now) for v in load_verifier().verdicts(text, on)]


@pytest.mark.parametrize(
    ("text", "on", "expected"),
    [
        ("根据《劳动合同法》第八十二条和第87条主张。", TODAY,
         [("劳动合同法/82", "in_force", None), ("劳动合同法/87", "in_force", None)]),
        ("《合同法》第一百零七条规定的违约责任", TODAY, [("合同法/107", "changed", "民法典/577")]),
        ("《合同法》第一百零七条规定的违约责任", D(2019, 5, 1), [("合同法/107", "in_force", None)]),
        ("民法典第一千三百条怎么说", TODAY, [("民法典/1300", "unknown", None)]),
        ("民法典第577条", D(2019, 5, 1), [("民法典/577", "unknown", None)]),
        ("民法典第零条", TODAY, [("民法典/0", "unknown", None)]),
        ("火星移民法第三条", TODAY, [("火星移民法/3", "unknown", None)]),
        ("旧公司法第71条", TODAY, [("公司法/71", "changed", "公司法/84")]),
        ("2018年公司法第七十一条", TODAY, [("公司法/71", "changed", "公司法/84")]),
        ("《公司法》（2018修正）第七十一条", TODAY, [("公司法/71", "changed", "公司法/84")]),
        ("《公司法》（2018修正）第七十一条", D(2020, 1, 1), [("公司法/71", "in_force", None)]),
        ("《公司法》（2023年修订）第八十四条", TODAY, [("公司法/84", "in_force", None)]),
        ("原《合同法》第52条第五项", TODAY, [("合同法/52", "changed", "民法典/153")]),
        ("2024年的治安管理处罚法第四十三条", TODAY,
         [("治安管理处罚法/43", "changed", "治安管理处罚法/51")]),
        ("治安管理处罚法第143条", D(2025, 6, 1), [("治安管理处罚法/143", "unknown", None)]),
        ("治安管理处罚法第143条", TODAY, [("治安管理处罚法/143", "in_force", None)]),
        ("商标法第87条", TODAY, [("商标法/87", "unknown", None)]),
        ("商标法第87条", D(2027, 1, 1), [("商标法/87", "in_force", None)]),
        ("劳动法解释一第四十二条", TODAY, [(f"{LABOUR}/42", "in_force", None)]),
        ("刑法第一百三十三条之一", TODAY, [("刑法/133-1", "in_force", None)]),
        ("刑法第一百三十三条之九", TODAY, [("刑法/133-9", "unknown", None)]),
        ("刑法修正案（八）第二条", TODAY, [("刑法修正案（八）/2", "in_force", None)]),
        ("环境保护法第四十一条", TODAY, [("环境保护法/41", "changed", "生态环境法典/162")]),
        ("没有引用任何条文", TODAY, []),
    ],
)  # fmt: skip
def test_a_citation_is_judged_on_its_day(
    text: str, on: D, expected: list[tuple[str, str, str | None]]
) -> None:
    assert judged(text, on) == expected


def test_a_version_is_named_with_the_verdict() -> None:
    verdict = load_verifier().judge("治安管理处罚法", "42", D(2020, 1, 1))
    assert verdict.version is not None
    assert verdict.version.passed == D(2012, 10, 26)


def test_an_article_of_a_lost_text_is_judged_by_its_neighbours() -> None:
    verifier = load_verifier()
    assert verifier.judge("公司法", "71", D(2015, 1, 1)).status == "in_force"
    assert verifier.judge("公司法", "900", D(2015, 1, 1)).status == "unknown"


def test_a_person_may_name_the_former_law_as_such() -> None:
    verifier = load_verifier()
    assert verifier.doubts("原《合同法》第一百零七条", TODAY) == []
    assert verifier.doubts("2018年公司法第七十一条", TODAY) == []
    doubted = verifier.doubts("《合同法》第一百零七条、《民法典》第一千三百条", TODAY)
    assert doubted == [
        Verdict("合同法/107", "changed", "民法典/577", doubted[0].version),
        Verdict("民法典/1300", "unknown"),
    ]


def test_two_hundred_articles_are_judged_one_by_one() -> None:
    found = judged("民法典第1条至第200条")
    assert len(found) == 200
    assert {status for _, status, _ in found} == {"in_force"}


@given(
    st.text(
        alphabet="第条款项之至、和《》民法典合同2018年旧原（）零一二十百千万0359 \n", max_size=120
    )
)
def test_no_text_breaks_the_verifier(text: str) -> None:
    statuses = {status for _, status, _ in judged(text)}
    assert statuses <= {"in_force", "changed", "unknown"}


@pytest.mark.parametrize(
    "text",
    [
        "日本刑法第235条", "德国民法典第823条", "德国《民法典》第823条", "台湾民法典第184条",
        "香港公司法第3条", "美国合同法第3条", "上海市物业管理条例第3条", "广东省工伤保险条例第3条",
        "军人工伤保险条例第3条", "民法典草案第577条", "宪法修正案第52条", "《刑法》司法解释第3条",
        "关于《劳动合同法》若干问题的意见第8条",
    ],
)  # fmt: skip
def test_another_law_is_never_taken_for_ours(text: str) -> None:
    assert [status for _, status, _ in judged(text)] in ([], ["unknown"])


@pytest.mark.parametrize(
    "text", ["我国民法典第577条", "那刑法第264条", "公司违反劳动合同法第38条", "查民法典第577条"]
)
def test_ours_is_still_known_in_a_sentence(text: str) -> None:
    assert [status for _, status, _ in judged(text)] == ["in_force"]


def test_a_repealed_law_whose_text_nobody_holds_is_changed() -> None:
    assert judged("行政监察法第1条") == [("行政监察法/1", "changed", None)]


@pytest.mark.parametrize(
    ("number", "on", "status"),
    [
        ("287-2", D(2015, 10, 31), "unknown"),
        ("287-2", D(2015, 11, 1), "in_force"),
        ("133-1", D(2011, 4, 30), "unknown"),
        ("133-1", D(2011, 5, 1), "in_force"),
        ("291-2", D(2021, 2, 28), "unknown"),
        ("291-2", D(2021, 3, 1), "in_force"),
    ],
)
def test_an_inserted_article_does_not_exist_before_its_amendment(
    number: str, on: D, status: str
) -> None:
    assert load_verifier().judge("刑法", number, on).status == status
