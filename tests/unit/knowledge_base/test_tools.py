"""Documents, calculators, safety lanes and guided consultations as data."""

from pathlib import Path

import pytest

from knowledge_base.check import check
from knowledge_base.consultations import inconsistencies, load_interviews
from knowledge_base.reading import KnowledgeError
from knowledge_base.safety import load_safety_lanes
from knowledge_base.tools import load_calculators, load_documents

DOCUMENT = """
- name: 退款申请书
  aliases: [退款书]
  topic: 消费
  when: 商家不肯退款时
  must_have: [双方姓名, 购买日期]
  basis: [果园管理法/3]
  tips: 留好底稿
"""
CALCULATOR = """
- name: fruit_refund
  title: 烂果赔偿
  aliases: [赔多少]
  formula: 价款乘以三
  example: 价款 100 元，赔 300 元
  fields:
    - {name: price, ask: 价款, kind: money}
  articles: [果园管理法/3]
  topic: 消费
"""
SAFETY = """
- {lane: minor, title: 孩子, patterns: [被打], unless: [], reply: 请求助, articles: [],
   contacts: ['110'], offer_human: true, priority: 1}
- {lane: dv, title: 家暴, patterns: [家暴], unless: [电影], reply: 请报警, articles: [果园管理法/3],
   contacts: ['110'], offer_human: true, priority: 9, transfer: true}
"""
INTERVIEW = """
id: fruit
title: 烂果退款
triggers: [退水果]
intro: 问两个问题
questions:
  - {id: paid, ask: 付款了吗, options: [{value: yes, label: 付了}, {value: no, label: 没付}]}
  - {id: when, ask: 哪天, free_text: true}
outcomes:
  - {when: {paid: no}, say: 不用退, services: [4]}
  - {when: {}, say: 可以退, answer: bad-fruit, urgent: true}
"""


@pytest.fixture
def full(base: Path) -> Path:
    (base / "interviews").mkdir()
    for name, text in (
        ("documents.yml", DOCUMENT),
        ("calculators.yml", CALCULATOR),
        ("safety.yml", SAFETY),
        ("interviews/fruit.yml", INTERVIEW),
    ):
        (base / name).write_text(text, encoding="utf-8")
    return base


def test_everything_around_the_law_base_is_loaded(full: Path) -> None:
    (document,) = load_documents(full)
    (calculator,) = load_calculators(full)
    assert (document.name, document.must_have[1]) == ("退款申请书", "购买日期")
    assert (calculator.name, calculator.articles) == ("fruit_refund", ("果园管理法/3",))
    assert [lane.lane for lane in load_safety_lanes(full)] == ["dv", "minor"]
    assert load_safety_lanes(full)[0].transfer
    assert check(full) == []


def test_first_fitting_outcome_follows_from_the_answers(full: Path) -> None:
    (interview,) = load_interviews(full)
    unpaid, otherwise = interview.outcomes
    assert unpaid.fits({"paid": "no", "when": "昨天"})
    assert not unpaid.fits({"paid": "yes"})
    assert otherwise.fits({"paid": "yes"})
    assert inconsistencies(interview) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("documents.yml", "果园管理法/3", "果园管理法/9", "果园管理法/9 不在知识库中"),
        ("calculators.yml", "topic: 消费", "topic: 果", "没有“果”这个领域"),
        ("safety.yml", "[家暴]", "['家暴(']", "正则表达式有误"),
        ("safety.yml", "请报警", "一定能赢", "不得承诺结果"),
        ("interviews/fruit.yml", "{paid: no}", "{payed: no}", "没有的问题 payed"),
        ("interviews/fruit.yml", "{paid: no}", "{paid: maybe}", "没有选项 maybe"),
        (
            "interviews/fruit.yml",
            "answer: bad-fruit",
            "answer: good-fruit",
            "没有编号为 good-fruit 的回答",
        ),
        ("interviews/fruit.yml", "when: {}", "when: {paid: yes}", "没有无条件的结果"),
    ],
)
def test_planted_mistakes_around_the_law_base_are_found(
    full: Path, name: str, old: str, new: str, told: str
) -> None:
    path = full / name
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert any(told in finding.problem for finding in check(full))


def test_a_wrong_file_is_named_when_loading(full: Path) -> None:
    (full / "documents.yml").write_text("- {name: 空}", encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"documents\.yml，空：topic 缺少"):
        load_documents(full)
