"""Whether a message goes on about the last matter."""

from __future__ import annotations

import pytest

from bot.dialogue.followup import FollowUps
from bot.domain.conversation import Context
from knowledge_base.loader import ROOT

BEFORE = Context(question="老板拖欠我三个月工资没签合同怎么办", topic="劳动")


@pytest.fixture(scope="module")
def followups() -> FollowUps:
    return FollowUps(ROOT / "lexicon" / "followups.yml", ("昆明",))


@pytest.mark.parametrize(
    ("words", "aspect"),
    [
        ("那仲裁时效多久", "deadline"),
        ("那我多久之内要去仲裁", "deadline"),
        ("时效多久", "deadline"),
        ("那要多少钱", "cost"),
        ("收费吗", "cost"),
        ("在昆明找谁", "where"),
        ("去哪里办", "where"),
        ("要什么证据", "evidence"),
        ("需要准备什么材料", "evidence"),
        ("那如果签了合同呢", ""),
    ],
)
def test_short_questions_go_on_about_the_last_matter(
    followups: FollowUps, words: str, aspect: str
) -> None:
    found = followups.read(words, BEFORE)
    assert found is not None
    assert found.aspect == aspect
    assert BEFORE.question in found.query


@pytest.mark.parametrize(
    "words",
    [
        "房东不退押金怎么办",
        "离婚后孩子的抚养费给到多久",
        "借条的诉讼时效多久",
        "我想离婚需要准备什么材料",
        "被狗咬了去哪里打疫苗费用谁出",
    ],
)
def test_a_question_of_its_own_stands_alone(followups: FollowUps, words: str) -> None:
    assert followups.read(words, BEFORE) is None


def test_without_a_question_before_nothing_is_a_follow_up(followups: FollowUps) -> None:
    assert followups.read("那要多少钱", Context()) is None
