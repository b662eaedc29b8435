"""Checks what the base says of the past: versions, former articles and transitional rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from knowledge_base.findings import Finding, promise_in
from knowledge_base.lawnames import folded
from knowledge_base.loader import Contents
from knowledge_base.models import Former, Version
from knowledge_base.quantities import STRICT_UNITS, Quantity, quantities
from knowledge_base.sources import SourceReport
from knowledge_base.versions import Register, load_register, same_day

Texts = Mapping[tuple[str, str], Mapping[dt.date, str]]
"""Wordings of an article, by folded law and number, then by the day its version was passed."""


def check_history(contents: Contents) -> Iterator[Finding]:
    """Yield what contradicts the register or names articles that nothing holds."""
    register = load_register()
    keys = {article.key for _, article in contents.articles}
    for file, version in sorted(
        {(file, article.version) for file, article in contents.articles},
        key=lambda placed: (placed[0], placed[1].law),
    ):
        yield from _current(file, version, register)
    for file, former in contents.former:
        yield from _former(file, former, register)
    for file, rule in contents.transitions:
        for key in (*rule.articles, *rule.basis):
            if key not in keys:
                yield Finding(file, rule.id, f"{key} 不在知识库中")
        if not rule.articles and not rule.laws:
            yield Finding(file, rule.id, "articles 和 laws 至少要有一个")
        for law in rule.laws:
            if not any(key.startswith(f"{law}/") for key in keys):
                yield Finding(file, rule.id, f"知识库里没有《{law}》的条文")
        if rule.facts_from and rule.facts_until and rule.facts_from >= rule.facts_until:
            yield Finding(file, rule.id, "facts_from 应当早于 facts_until")
        if said := promise_in(rule.say):
            yield Finding(file, rule.id, f"不得承诺结果：{said}")


def _current(file: str, version: Version, register: Register) -> Iterator[Finding]:
    """A curated text must be the one in force, or one passed that is still to come."""
    if not register.history(version.law):
        return
    known = [
        row for row in register.history(version.law) if same_day(row.version.passed, version.passed)
    ]
    if not known:
        yield Finding(file, version.law, f"版本登记表中没有 {version.passed} 的版本", "warning")
        return
    until = known[-1].version.in_force_until
    if until is not None and version.in_force_until is None:
        by = known[-1].version.superseded_by
        yield Finding(file, version.law, f"这个版本到 {until} 为止，已由{by}取代", "warning")


def _former(file: str, former: Former, register: Register) -> Iterator[Finding]:
    version = former.article.version
    key = former.article.key
    rows = [
        row for row in register.history(version.law) if same_day(row.version.passed, version.passed)
    ]
    if not rows:
        yield Finding(file, key, f"版本登记表中没有 {version.passed} 的版本")
        return
    numbers = rows[0].numbers
    if numbers is not None and former.article.number not in numbers:
        yield Finding(file, key, "这个版本没有这一条")
    until = rows[0].version.in_force_until
    stated = version.in_force_until
    if until is None or stated is None or stated > until:
        yield Finding(file, key, f"旧文本的失效日期与登记表（{until or '现行'}）不一致")
    for now in former.now:
        law, _, number = now.rpartition("/")
        row = register.history(law)[-1] if register.history(law) else None
        if row is None or (row.numbers is not None and number not in row.numbers):
            yield Finding(file, key, f"now 中的 {now} 不存在")


def compare_history(contents: Contents, reports: Mapping[str, SourceReport]) -> Iterator[Finding]:
    """Yield figures in former articles and transitional rules that the texts do not have."""
    texts = _texts(reports)
    for file, former in contents.former:
        version, number = former.article.version, former.article.number
        text = _at(texts, version.law, number, version.passed)
        if text is None:
            yield Finding(file, former.article.key, "法规文本中没有这个版本的这一条，未能核对")
            continue
        stated = quantities(text)
        yield from _unknown(file, former.article.key, "要点", former.article.gist, stated)
        for now in former.now:
            law, _, successor = now.rpartition("/")
            for wording in texts.get((folded(law), successor), {}).values():
                stated |= quantities(wording)
        yield from _unknown(file, former.article.key, "changed", former.changed, stated)
    gists = {article.key: article.gist for _, article in contents.articles}
    for file, rule in contents.transitions:
        stated = set()
        for key in (*rule.articles, *rule.basis):
            law, _, number = key.rpartition("/")
            for wording in texts.get((folded(law), number), {}).values():
                stated |= quantities(wording)
            stated |= quantities(gists.get(key, ""))
        for figure in rule.elsewhere:
            stated |= quantities(figure)
        yield from _unknown(file, rule.id, "say", rule.say, stated, level_is_error=False)


def _unknown(
    file: str,
    entry: str,
    place: str,
    text: str,
    stated: set[Quantity],
    *,
    level_is_error: bool = True,
) -> Iterator[Finding]:
    for quantity in sorted(quantities(text) - stated):
        if quantity.unit in STRICT_UNITS:
            problem = f"{place} 中的 {quantity} 不在所依据的文本中"
            yield Finding(file, entry, problem, "error" if level_is_error else "warning")


def _texts(reports: Mapping[str, SourceReport]) -> Texts:
    found: dict[tuple[str, str], dict[dt.date, str]] = {}
    for report in reports.values():
        for law in report.laws:
            name, day = folded(law.version.law), law.version.passed or dt.date.min
            for article in law.articles:
                found.setdefault((name, article.number), {})[day] = article.text or ""
    return found


def _at(texts: Texts, law: str, number: str, passed: dt.date | None) -> str | None:
    for day, text in texts.get((folded(law), number), {}).items():
        if same_day(day, passed):
            return text
    return None
