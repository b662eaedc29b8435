"""Checks the curated knowledge: structure, references, promises, and its numbers against statutes.

``python -m knowledge_base.check`` prints a table and exits with 1 if there are errors. Statute
texts are optional; without them the comparison is skipped, and the table says so.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from knowledge_base.asked import entry_parts
from knowledge_base.citations import article_title, key_parts, parse
from knowledge_base.comparison import answer_text, compare
from knowledge_base.findings import Finding, promise_in
from knowledge_base.history import read_sources
from knowledge_base.historycheck import check_history, compare_history
from knowledge_base.lawnames import known_laws, short_name
from knowledge_base.loader import ROOT, Contents, read_all
from knowledge_base.models import Article
from knowledge_base.reading import KnowledgeError
from knowledge_base.toolcheck import check_tools
from knowledge_base.versions import load_register

DEFAULT_CORPORA = ROOT.parent.parent / "shared" / "corpora"
LEAST_QUESTIONS = 4
LEAST_VARIANTS = 5
SERVICE_COUNT = 16


def check(
    root: Path, corpora: Path | None = None, progress: Callable[[str], None] = lambda _: None
) -> list[Finding]:
    """Return everything wrong with the base below ``root``; nothing found means it is sound.

    ``corpora`` holds lawrefbook/ and just-laws/; None leaves the comparison out.
    """
    progress("读取知识库")
    contents = read_all(root)
    findings = [Finding(f.file, f.entry, f.problem) for f in contents.flaws]
    progress("核对结构和引用")
    findings += _structure(contents)
    findings += _versions(contents)
    findings += _references(contents)
    findings += check_history(contents)
    findings += _wording(contents)
    findings += check_tools(root, contents)
    if corpora is not None:
        reports = read_sources(corpora)
        findings += compare(contents, corpora, reports, progress)
        findings += compare_history(contents, reports)
    return sorted(set(findings), key=lambda f: (f.level, f.file, f.entry, f.problem))


def _structure(contents: Contents) -> Iterator[Finding]:
    named = (
        [(file, a.key) for file, a in contents.articles],
        [(file, c.id) for file, c in contents.cases],
        [(file, a.id) for file, a in contents.answers],
        [(file, str(s.number)) for file, s in contents.services],
    )
    for placed in named:
        seen: dict[str, str] = {}
        for file, name in placed:
            if name in seen:
                yield Finding(file, name, f"重复，已在 {seen[name]} 中")
            seen.setdefault(name, file)
    for file, article in contents.articles:
        yield from _article_structure(file, article)
    yield from _asked(contents)
    for file, answer in contents.answers:
        if len(answer.variants) < LEAST_VARIANTS:
            yield Finding(
                file, answer.id, f"其他问法只有 {len(answer.variants)} 种，至少 {LEAST_VARIANTS} 种"
            )
    if contents.services:
        missing = set(range(1, SERVICE_COUNT + 1)) - {s.number for _, s in contents.services}
        if missing:
            numbers = "、".join(map(str, sorted(missing)))
            yield Finding("services/catalogue.yml", "全文", f"缺少第 {numbers} 项服务")
    else:
        yield Finding("services/catalogue.yml", "全文", "没有服务事项", "warning")
    if contents.as_of is None:
        yield Finding("MANIFEST.yml", "全文", "缺少 as_of（法律库截至日期）")


def _article_structure(file: str, article: Article) -> Iterator[Finding]:
    if len(set(article.questions)) < LEAST_QUESTIONS:
        yield Finding(
            file,
            article.key,
            f"只有 {len(set(article.questions))} 个不同的问法，至少 {LEAST_QUESTIONS} 个",
        )


def _asked(contents: Contents) -> Iterator[Finding]:
    register = load_register()
    held = {
        *(("answer", answer.id) for _, answer in contents.answers),
        *(("case", case.id) for _, case in contents.cases),
        *(("service", str(service.number)) for _, service in contents.services),
    }
    taken: dict[str, tuple[str, ...]] = {}
    for file, line in contents.asked:
        for key in line.keys:
            if entry := entry_parts(key):
                if entry not in held:
                    yield Finding(file, key, "知识库里没有这一项")
                continue
            law, number = key_parts(key) or ("", "")
            row = register.row(law, contents.as_of) if contents.as_of else None
            if row is None or (row.numbers is not None and number not in row.numbers):
                yield Finding(file, key, "现行法律里没有这一条")
        for question in line.questions:
            if taken.setdefault(question, line.keys) != line.keys:
                problem = f"问法也写在 {'、'.join(taken[question])}：{question}"
                yield Finding(file, line.keys[0], problem, "warning")


def _versions(contents: Contents) -> Iterator[Finding]:
    versions = {(file, article.version) for file, article in contents.articles}
    for file, version in versions:
        if short_name(version.title) != version.law:
            problem = f"title 的简称是 {short_name(version.title)}，与 law 不一致"
            yield Finding(file, version.law, problem)
        if version.passed and version.in_force_from and version.in_force_from < version.passed:
            yield Finding(file, version.law, "in_force_from 早于 version")


def _references(contents: Contents) -> Iterator[Finding]:
    keys = {a.key for _, a in contents.articles}
    services = {s.number for _, s in contents.services}
    used = [(file, c.id, c.articles) for file, c in contents.cases]
    used += [(file, a.id, a.basis) for file, a in contents.answers]
    used += [
        (file, f"第 {s.number} 项", tuple(b for b in s.basis if "/" in b))
        for file, s in contents.services
    ]
    for file, name, cited in used:
        for key in cited:
            if key not in keys:
                yield Finding(file, name, f"{key} 不在知识库中")
    for file, answer in contents.answers:
        for number in sorted(set(answer.services) - services if services else ()):
            yield Finding(file, answer.id, f"没有第 {number} 项服务")
    laws = known_laws().with_names({a.version.law for _, a in contents.articles})
    for file, name, text, own_law in _texts(contents):
        for citation in parse(text, laws=laws, this_law=own_law):
            if citation.key not in keys:
                written = article_title(citation.key)
                yield Finding(file, name, f"正文引用的{written}不在知识库中", "error")


def _wording(contents: Contents) -> Iterator[Finding]:
    for file, name, text, _ in _texts(contents):
        if said := promise_in(text):
            yield Finding(file, name, f"不得承诺结果：{said}")


def _texts(contents: Contents) -> Iterator[tuple[str, str, str, str]]:
    """Yield file, entry, curated text and the law that 本法 means there."""
    for file, article in contents.articles:
        yield file, article.key, article.gist, article.version.law
    for file, case in contents.cases:
        yield file, case.id, "\n".join((case.facts, case.holding, case.point)), ""
    for file, answer in contents.answers:
        yield file, answer.id, answer_text(answer), ""
    for file, rule in contents.transitions:
        yield file, rule.id, rule.say, ""


def main(arguments: list[str] | None = None) -> int:
    """Run the check from the command line and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m knowledge_base.check", description="核对知识库"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="知识库目录")
    parser.add_argument("--corpora", type=Path, help="法规文本目录，内有 lawrefbook 和 just-laws")
    parser.add_argument("--file", help="只看路径中含有这段文字的文件")
    options = parser.parse_args(arguments)
    corpora = options.corpora or (DEFAULT_CORPORA if DEFAULT_CORPORA.is_dir() else None)
    if options.corpora is not None and not options.corpora.is_dir():
        print(f"没有法规文本目录 {options.corpora}", file=sys.stderr)
        return 2
    try:
        findings = _checked(options.root, corpora)
    except KnowledgeError as error:
        print(error, file=sys.stderr)
        return 2
    if options.file:
        findings = [f for f in findings if options.file in f.file]
    return _report(findings, compared=corpora is not None)


def _checked(root: Path, corpora: Path | None) -> list[Finding]:
    if not sys.stderr.isatty():
        return check(root, corpora)
    from rich.console import Console

    with Console(stderr=True).status("核对知识库") as status:
        return check(root, corpora, status.update)


def _report(findings: Iterable[Finding], *, compared: bool) -> int:
    errors = warnings = 0
    for finding in findings:
        errors += finding.level == "error"
        warnings += finding.level == "warning"
        mark = "错误" if finding.level == "error" else "提醒"
        print(f"{mark}\t{finding.file}\t{finding.entry}\t{finding.problem}")
    if not compared:
        print("没有法规文本，跳过与法条原文的核对（用 --corpora 指定目录）")
    print(f"共 {errors} 处错误，{warnings} 处提醒")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
