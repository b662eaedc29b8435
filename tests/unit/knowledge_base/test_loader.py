"""Loading the curated base: what is read, and what is said when a file is wrong."""

import datetime as dt
from pathlib import Path

import pytest

from knowledge_base.loader import ROOT, KnowledgeError, load
from knowledge_base.passages import passages


def _replace(base: Path, name: str, old: str, new: str) -> None:
    path = base / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_every_kind_of_entry_is_loaded(base: Path) -> None:
    kb = load(base)
    assert set(kb.articles) == {"果园管理法/3", "果园管理法/3-1"}
    article = kb.articles["果园管理法/3"]
    assert article.version.in_force_from == dt.date(2025, 6, 1)
    assert article.text is None
    assert len(article.questions) == 4
    assert kb.cases["rotten-apples"].articles == ("果园管理法/3",)
    assert kb.answers["bad-fruit"].steps[0] == "拍照留证"
    assert sorted(kb.services) == list(range(1, 17))
    assert kb.contacts[0].phone == "12348"
    assert kb.as_of == dt.date(2026, 11, 1)


def test_passages_cover_every_entry_under_its_key(base: Path) -> None:
    found = {(p.kind, p.key): p for p in passages(load(base))}
    assert len(found) == 2 + 1 + 1 + 16
    article = found["article", "果园管理法/3-1"]
    assert article.title == "果园管理法第三条之一"
    assert article.body.startswith("果园主拒不退款")
    assert article.in_force_from == dt.date(2025, 6, 1)
    assert "烂苹果赔不赔" in found["answer", "bad-fruit"].questions
    assert found["service", "9"].title == "事项9"
    assert "三倍" in found["case", "rotten-apples"].body


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (
            "statutes/orchard.yml",
            "topic: 消费",
            "topic: 水果",
            "statutes/orchard.yml，果园管理法/3：.*水果",
        ),
        (
            "statutes/orchard.yml",
            "level: 法律",
            "level: 民法",
            "果园管理法：level 不在规定的取值之中",
        ),
        (
            "statutes/orchard.yml",
            'article: "3-1"',
            'article: "三"',
            "果园管理法/三：article 写法不对",
        ),
        ("statutes/orchard.yml", 'article: "3-1"', 'article: "3"', "果园管理法/3：重复"),
        ("statutes/orchard.yml", "gist: 卖坏", "gits: 卖坏", "gist 缺少"),
        (
            "statutes/orchard.yml",
            "version: 2025-03-01",
            "version: 去年",
            "version 不是日期|version 不合要求",
        ),
        (
            "answers/orchard.yml",
            "id: bad-fruit",
            "id: Bad Fruit",
            "answers/orchard.yml，Bad Fruit：id 写法不对",
        ),
        ("answers/orchard.yml", "services: [4]", "services: [17]", "services"),
        ("answers/orchard.yml", "  question: 买到", "  question 买到", "不是正确的 YAML"),
        ("cases/orchard.yml", "articles: [果园管理法/3]", "articles: []", "articles 不能为空"),
        ("MANIFEST.yml", "as_of", "until", "MANIFEST.yml"),
    ],
)
def test_broken_entries_are_named(base: Path, name: str, old: str, new: str, told: str) -> None:
    _replace(base, name, old, new)
    with pytest.raises(KnowledgeError, match=told):
        load(base)


def test_missing_folder_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="没有知识库目录"):
        load(tmp_path / "nowhere")


def test_interpretation_is_keyed_by_its_official_title(base: Path) -> None:
    _replace(
        base, "statutes/orchard.yml", "law: 果园管理法", "law: 最高人民法院关于适用《果园法》的解释"
    )
    _replace(base, "cases/orchard.yml", "果园管理法/3", "最高人民法院关于适用《果园法》的解释/3")
    kb = load(base)
    key = "最高人民法院关于适用《中华人民共和国果园法》的解释/3"
    assert key in kb.articles
    assert kb.cases["rotten-apples"].articles == (key,)


def test_the_committed_base_loads() -> None:
    if not any((ROOT / "statutes").glob("*.yml")):
        pytest.skip("the curated statutes are not in this checkout")
    kb = load()
    assert kb.articles
