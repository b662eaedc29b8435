"""Compares curated entries with the newest statute texts: do the articles and numbers agree?

Also looks for wording copied from those texts, which the project does not allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.citations import article_title, parse
from knowledge_base.copied import copied_runs, corpus_texts
from knowledge_base.findings import Finding
from knowledge_base.lawnames import folded
from knowledge_base.loader import Contents
from knowledge_base.models import Answer, Article, Version
from knowledge_base.quantities import STRICT_UNITS, Quantity, quantities
from knowledge_base.sources import Law, SourceReport, current
from knowledge_base.versions import SAME_TEXT

MANNER_OF_SPEAKING = 2
"""一人, 两次: small counts of people and occasions that plain language uses freely."""

# Where both hold the same version, the text of the better kept source wins.
_BY_TRUST = ("just-laws", "lawrefbook")


@dataclass(frozen=True)
class Statute:
    """The newest text of a law: its version and its articles' wording by number."""

    version: Version
    articles: Mapping[str, str]


def compare(
    contents: Contents,
    corpora: Path,
    reports: Mapping[str, SourceReport],
    progress: Callable[[str], None],
) -> Iterator[Finding]:
    """Yield what differs between the curated entries and the texts of the sources.

    ``corpora`` holds these and the questions; nothing of either may be copied.
    """
    statutes = newest_texts(reports, contents)
    progress("核对条号和数字")
    yield from _compared_dates(contents, statutes)
    for file, article in contents.articles:
        yield from _compared_article(file, article, statutes)
    by_key = {a.key: a for _, a in contents.articles}
    for file, answer in contents.answers:
        yield from _compared_answer(file, answer, by_key, statutes)
    progress("查找照抄的文字")
    yield from _copied(contents, corpora)


def answer_text(answer: Answer) -> str:
    """Return everything an answer tells the visitor, line by line."""
    return "\n".join(
        (
            answer.conclusion,
            *answer.steps,
            *answer.evidence,
            answer.deadline,
            answer.cost,
            answer.where,
        )
    )


def newest_texts(reports: Mapping[str, SourceReport], contents: Contents) -> dict[str, Statute]:
    """Return each law (by folded name) in the version in force on the as-of day."""
    on = contents.as_of
    versions: dict[str, list[Law]] = {}
    for source in _BY_TRUST:
        for law in reports[source].laws if source in reports else ():
            versions.setdefault(folded(law.version.law), []).append(law)
    texts: dict[str, Statute] = {}
    for name, laws in versions.items():
        held = current([law.version for law in laws], on) if on else laws[-1].version
        chosen = next((law for law in laws if law.version == held), laws[-1])
        texts[name] = Statute(chosen.version, {a.number: a.text or "" for a in chosen.articles})
    return texts


def _compared_dates(contents: Contents, statutes: dict[str, Statute]) -> Iterator[Finding]:
    versions = {(file, article.version) for file, article in contents.articles}
    for file, version in sorted(versions, key=lambda placed: (placed[0], placed[1].law)):
        statute = statutes.get(folded(version.law))
        newest = statute.version.passed if statute else None
        if newest and version.passed and newest - version.passed > SAME_TEXT:
            problem = f"version 是 {version.passed}，而法规文本已有 {newest} 的版本"
            yield Finding(file, version.law, problem, "warning")


def _compared_article(
    file: str, article: Article, statutes: dict[str, Statute]
) -> Iterator[Finding]:
    statute = statutes.get(folded(article.version.law))
    if statute is None:
        yield Finding(file, article.key, "法规文本中没有这部法，未能核对", "warning")
        return
    text = statute.articles.get(article.number)
    if text is None:
        yield Finding(file, article.key, f"最新文本中没有{article_title(article.key)}")
        return
    stated = quantities(text)
    for cited in parse(article.gist, this_law=article.version.law):
        # An explanation may carry a number of another article if it names that article.
        if other := statutes.get(folded(cited.law)):
            stated |= quantities(other.articles.get(cited.number, ""))
    for quantity in sorted(quantities(article.gist) - stated):
        strict = quantity.unit in STRICT_UNITS
        if not strict and quantity.value <= MANNER_OF_SPEAKING:
            continue
        yield Finding(
            file,
            article.key,
            f"要点中的 {quantity} 不在法条中（法条有：{_listed(stated, quantity.unit)}）",
            "error" if strict else "warning",
        )


def _listed(stated: set[Quantity], unit: str) -> str:
    same = sorted(q for q in stated if q.unit == unit)
    return "、".join(map(str, same or sorted(stated))) or "无数字"


def _compared_answer(
    file: str, answer: Answer, articles: dict[str, Article], statutes: dict[str, Statute]
) -> Iterator[Finding]:
    texts = [articles[key].gist for key in answer.basis if key in articles]
    for key in answer.basis:
        law, _, number = key.rpartition("/")
        if statute := statutes.get(folded(law)):
            texts.append(statute.articles.get(number, ""))
    stated = {q for text in (*texts, *answer.elsewhere) for q in quantities(text)}
    said = "\n".join((answer.conclusion, *answer.steps, answer.deadline))
    for quantity in sorted(quantities(said) - stated):
        if quantity.unit in STRICT_UNITS:
            yield Finding(file, answer.id, f"回答中的 {quantity} 不在所列依据中", "warning")


def _copied(contents: Contents, corpora: Path) -> Iterator[Finding]:
    curated: list[tuple[str, str, str]] = []
    titles = {a.version.law for _, a in contents.articles} | {
        a.version.title for _, a in contents.articles
    }
    for file, article in contents.articles:
        curated += [(file, article.key, t) for t in (article.gist, *article.questions)]
    for file, case in contents.cases:
        curated += [
            (file, case.id, t) for t in (case.facts, case.holding, case.point, *case.questions)
        ]
    for file, answer in contents.answers:
        curated += [(file, answer.id, t) for t in (answer.question, *answer.variants)]
        curated += [(file, answer.id, line) for line in answer_text(answer).splitlines()]
    for file, former in contents.former:
        texts_of = (former.article.gist, former.changed, *former.article.questions)
        curated += [(file, former.article.key, t) for t in texts_of]
    for file, rule in contents.transitions:
        curated.append((file, rule.id, rule.say))
    for file, line in contents.asked:
        curated += [(file, line.keys[0], question) for question in line.questions]
    for file, service in contents.services:
        curated += [
            (file, f"第 {service.number} 项", t) for t in (service.content, *service.questions)
        ]
    long_titles = [t for t in sorted(titles, key=len, reverse=True) if len(t) > 12]
    texts = [_without(text, long_titles) for _, _, text in curated]
    for copied in copied_runs(texts, corpus_texts(corpora)):
        file, entry, _ = curated[copied.text]
        yield Finding(
            file, entry, f"与 {copied.source} 连续 {len(copied.run)} 字相同：{copied.run[:40]}"
        )


def _without(text: str, titles: list[str]) -> str:
    if "关于" not in text and "法" not in text:
        return text
    for title in titles:
        if title in text:
            text = text.replace(title, "，")
    return text
