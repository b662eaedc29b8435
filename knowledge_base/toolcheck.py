"""Checks of the data around the law base: documents, calculators, safety lanes, consultations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from knowledge_base.citations import parse
from knowledge_base.consultations import inconsistencies, interview_of, read_interviews
from knowledge_base.findings import Finding, promise_in
from knowledge_base.lawnames import known_laws
from knowledge_base.loader import Contents
from knowledge_base.reading import Flaw
from knowledge_base.safety import read_safety_lanes
from knowledge_base.tools import read_calculators, read_documents


def check_tools(root: Path, contents: Contents) -> Iterator[Finding]:
    """Yield what is wrong with documents, calculators, safety lanes and guided consultations."""
    keys = {a.key for _, a in contents.articles}
    laws = known_laws().with_names({a.version.law for _, a in contents.articles})
    documents, calculators = read_documents(root), read_calculators(root)
    lanes, interviews = read_safety_lanes(root), read_interviews(root)
    yield from _flaws((*documents.flaws, *calculators.flaws, *lanes.flaws, *interviews.flaws))
    cited = [
        (file, d.name, d.basis, "\n".join((d.when, *d.must_have, d.tips)))
        for file, d in documents.entries
    ]
    cited += [
        (file, c.name, c.articles, f"{c.formula}\n{c.example}") for file, c in calculators.entries
    ]
    cited += [(file, s.lane, s.articles, s.reply) for file, s in lanes.entries]
    cited += [
        (file, i.id, (), "\n".join((i.intro, *(o.say for o in i.outcomes))))
        for file, i in interviews.entries
    ]
    seen: set[tuple[str, str]] = set()
    for file, name, basis, text in cited:
        if (file, name) in seen:
            yield Finding(file, name, "重复")
        seen.add((file, name))
        for key in basis:
            if key not in keys:
                yield Finding(file, name, f"{key} 不在知识库中")
        for citation in parse(text, laws=laws):
            if citation.key not in keys:
                yield Finding(file, name, f"正文引用的 {citation.key} 不在知识库中")
        if said := promise_in(text):
            yield Finding(file, name, f"不得承诺结果：{said}")
    answers = {a.id for _, a in contents.answers}
    for file, shape in interviews.entries:
        for sentence in inconsistencies(interview_of(shape)):
            yield Finding(file, shape.id, sentence)
        for outcome in shape.outcomes:
            if outcome.answer and outcome.answer not in answers:
                yield Finding(file, shape.id, f"没有编号为 {outcome.answer} 的回答")


def _flaws(flaws: tuple[Flaw, ...]) -> Iterator[Finding]:
    return (Finding(flaw.file, flaw.entry, flaw.problem) for flaw in flaws)
