"""The check finds planted mistakes and lets a sound base pass."""

from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge_base.check import check, main
from knowledge_base.copied import RUN, copied_runs
from knowledge_base.findings import promise_in
from knowledge_base.loader import ROOT

Replace = Callable[[str, str, str], None]


@pytest.fixture
def replace(base: Path) -> Replace:
    def replaced(name: str, old: str, new: str) -> None:
        path = base / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return replaced


def test_sound_base_has_no_findings(base: Path, corpora: Path) -> None:
    assert check(base) == []
    assert check(base, corpora) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (
            "answers/orchard.yml",
            "basis: [果园管理法/3]",
            "basis: [果园管理法/9]",
            "果园管理法/9 不在知识库中",
        ),
        (
            "cases/orchard.yml",
            "articles: [果园管理法/3]",
            "articles: [梨园法/1]",
            "梨园法/1 不在知识库中",
        ),
        ("answers/orchard.yml", "第三条", "第三十条", "正文引用的果园管理法第三十条不在知识库中"),
        ("answers/orchard.yml", "一般可以在", "你一定能赢，在", "不得承诺结果：一定能赢"),
        ("answers/orchard.yml", ", 怎么退水果钱]", "]", "其他问法只有 4 种"),
        ("statutes/orchard.yml", ", 店家死活不给退有人管吗]", "]", "只有 3 个不同的问法"),
        ("statutes/orchard.yml", 'article: "3-1"', 'article: "3"', "重复"),
        (
            "statutes/orchard.yml",
            "title: 中华人民共和国果园管理法",
            "title: 梨园法",
            "与 law 不一致",
        ),
        ("services/catalogue.yml", "number: 16", "number: 15", "缺少第 16 项服务"),
        ("services/catalogue.yml", "mode: 模式,", "", "mode 缺少"),
        ("statutes/orchard.yml", "  - article", " - article", "不是正确的 YAML"),
    ],
)
def test_planted_mistakes_are_found(
    base: Path, replace: Replace, name: str, old: str, new: str, told: str
) -> None:
    replace(name, old, new)
    findings = [f for f in check(base) if f.level == "error"]
    assert any(told in f.problem for f in findings), findings


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("十五日内要求", "三十日内要求", "30日 不在法条中"),
        ("三倍的赔偿", "十倍的赔偿", "10 倍"),
        ("二万元以下", "三万元以下", "30000元 不在法条中"),
        ('article: "3-1"', 'article: "8"', "最新文本中没有果园管理法第八条"),
    ],
)
def test_numbers_that_differ_from_the_statute_are_errors(
    base: Path, corpora: Path, replace: Replace, old: str, new: str, told: str
) -> None:
    replace("statutes/orchard.yml", old, new)
    findings = check(base, corpora)
    assert any(told in f.problem and f.level == "error" for f in findings), findings


def test_a_number_of_another_article_passes_when_that_article_is_named(
    base: Path, corpora: Path, replace: Replace
) -> None:
    replace("statutes/orchard.yml", "果园主拒不退款的", "十五日内（本法第三条）拒不退款的")
    assert check(base, corpora) == []


def test_numbers_of_answers_outside_their_basis_are_warnings(
    base: Path, corpora: Path, replace: Replace
) -> None:
    replace("answers/orchard.yml", "收货后十五日内", "收货后六十日内")
    (finding,) = check(base, corpora)
    assert (finding.level, finding.entry) == ("warning", "bad-fruit")
    assert "60日" in finding.problem


def test_text_copied_from_a_statute_is_an_error(
    base: Path, corpora: Path, replace: Replace
) -> None:
    copied = "购买者自收到果品之日起十五日内可请求退款，并有权请求三倍赔偿"
    replace("statutes/orchard.yml", "买的人可以在十五日内要求退款", copied)
    findings = check(base, corpora)
    assert any("字相同" in f.problem and f.entry == "果园管理法/3" for f in findings)


def test_runs_are_counted_in_chinese_characters_wherever_they_begin() -> None:
    source = "".join(chr(0x4E00 + n) for n in range(200))
    for start in range(40):
        copied = source[start : start + RUN]
        assert copied_runs([f"前{copied[:9]}，{copied[9:]}后"], [("x", source)])
        assert not copied_runs([copied[1:]], [("x", source)])


def test_a_short_text_is_a_copy_only_as_a_whole() -> None:
    public = [("questions", "店家卖烂果怎么办？"), ("questions", "果子坏了")]
    (copied,) = copied_runs(["店家卖烂果怎么办", "店家卖烂果怎么办呀", "果子坏了"], public)
    assert (copied.text, copied.source) == (0, "questions")


def test_titles_in_brackets_are_no_copies() -> None:
    title = "《" + "".join(chr(0x4E00 + n) for n in range(40)) + "》"
    assert copied_runs([f"依照{title}办理"], [("x", title)]) == []


def test_denied_promises_are_no_promises() -> None:
    assert promise_in("律师保证胜诉的说法不要信") == "保证胜诉"
    assert promise_in("谁也不能保证胜诉") is None
    assert promise_in("并不是一定能赢") is None
    assert promise_in("可以要求退款") is None


def test_newer_statute_than_the_curated_version_is_a_warning(
    base: Path, corpora: Path, replace: Replace
) -> None:
    path = corpora / "just-laws/social/orchard-law/README.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("2025年3月1日", "2026年3月1日"), encoding="utf-8")
    findings = check(base, corpora)
    assert [(f.level, "2026-03-01" in f.problem) for f in findings] == [("warning", True)]


def test_command_prints_findings_and_says_what_was_skipped(
    base: Path,
    replace: Replace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("knowledge_base.check.DEFAULT_CORPORA", base / "nowhere")
    assert main(["--root", str(base)]) == 0
    assert "跳过" in capsys.readouterr().out
    replace("answers/orchard.yml", "basis: [果园管理法/3]", "basis: [果园管理法/9]")
    assert main(["--root", str(base)]) == 1
    assert "answers/orchard.yml\tbad-fruit" in capsys.readouterr().out


def test_command_refuses_folders_that_do_not_exist(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(base / "nowhere")]) == 2
    assert main(["--root", str(base), "--corpora", str(base / "nowhere")]) == 2
    assert capsys.readouterr().err.count("没有") == 2


def test_the_committed_base_is_sound() -> None:
    if not any((ROOT / "statutes").glob("*.yml")):
        pytest.skip("the curated statutes are not in this checkout")
    assert [f for f in check(ROOT) if f.level == "error"] == []
