"""The nouns of the law base: what an article, a case, an answer and a service item are.

Plain frozen dataclasses; reading and validating files is the loader's work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["article", "case", "answer", "service"]

TOPICS: tuple[str, ...] = (
    "劳动", "婚姻家庭", "继承", "人身损害", "交通事故", "医疗", "消费", "房产物业", "租赁",
    "借贷", "合同", "担保", "公司商事", "知识产权", "网络信息", "刑事", "行政", "征地拆迁",
    "农村土地", "社保", "教育未成年", "环境", "诉讼程序", "其他",
)  # fmt: skip

LEVELS: tuple[str, ...] = ("法律", "行政法规", "司法解释", "部门规章")


@dataclass(frozen=True)
class Version:
    """One text of a law, from the day it was passed until another replaced it."""

    law: str
    """No 中华人民共和国, date or 《》; a judicial interpretation keeps its full title."""
    title: str
    level: str
    passed: dt.date | None
    in_force_from: dt.date | None
    in_force_until: dt.date | None = None
    """The first day on which it no longer held."""
    superseded_by: str = ""
    """Short name of the law whose text took its place; its own name after an amendment."""
    source: str = "curated"
    retrieved_on: dt.date | None = None
    """The day on which the text was taken from its source."""


@dataclass(frozen=True)
class Article:
    """One article of one version; ``text`` is the statute's wording, None for curated entries."""

    number: str
    """Arabic digits, ``-N`` for 之N: ``82``, ``133-1``."""
    version: Version
    gist: str = ""
    """要点: our own plain-language words, with the statute's numbers and conditions."""
    text: str | None = None
    topic: str = "其他"
    path: tuple[str, ...] = ()
    """编, 章, 节 headings above the article."""
    questions: tuple[str, ...] = ()
    """Colloquial questions this article answers, written by us."""

    @property
    def key(self) -> str:
        return f"{self.version.law}/{self.number}"


@dataclass(frozen=True)
class Former:
    """An article as it stood in an earlier version, retold by us, and what became of it."""

    article: Article
    now: tuple[str, ...]
    """Keys that took its place, the main one first; empty if none did."""
    changed: str
    """What is different today, in a sentence; empty where only the number changed."""


@dataclass(frozen=True)
class Transition:
    """A rule on which law applies to facts before or after a day."""

    id: str
    topic: str
    articles: tuple[str, ...]
    """Keys of present articles: an answer resting on one of them is told of the rule."""
    laws: tuple[str, ...]
    """Short names of laws: the same for any article of theirs."""
    words: tuple[str, ...]
    """Told only if the question has one of these; always if there are none."""
    say: str
    basis: tuple[str, ...]
    facts_from: dt.date | None = None
    facts_until: dt.date | None = None
    """The first day of the facts to which the rule no longer speaks."""
    law_of_today: bool = False
    """The law of today applies to these facts too, so that the former text is not told."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Figures that the articles named do not state, each with where it stands."""


@dataclass(frozen=True)
class Case:
    """A typical case in our own summary."""

    id: str
    title: str
    source: str
    topic: str
    facts: str
    holding: str
    point: str
    articles: tuple[str, ...]
    court: str = ""
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A reviewed answer to one of the most asked questions."""

    id: str
    topic: str
    question: str
    variants: tuple[str, ...]
    conclusion: str
    basis: tuple[str, ...]
    """Article keys; each must exist in the knowledge base."""
    steps: tuple[str, ...]
    evidence: tuple[str, ...]
    deadline: str
    cost: str
    where: str
    services: tuple[int, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Figures that the basis does not state, each with where it comes from."""


@dataclass(frozen=True)
class ServiceItem:
    """One of the sixteen items of the public legal service catalogue (司发通〔2019〕97号)."""

    number: int
    name: str
    content: str
    """具体服务内容"""
    mode: str
    """服务模式"""
    channels: tuple[str, ...]
    """服务渠道"""
    procedure: tuple[str, ...]
    """服务流程"""
    provider: str
    """提供主体"""
    method: str
    """服务方式"""
    basis: tuple[str, ...]
    """依据: article keys or document titles."""
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contact:
    """A public telephone line or web address a visitor can be sent to."""

    name: str
    phone: str
    purpose: str
    topics: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passage:
    """What retrieval indexes: one searchable document of any kind."""

    kind: Kind
    key: str
    title: str
    body: str
    topic: str = "其他"
    questions: tuple[str, ...] = ()
    in_force_from: dt.date | None = None
    in_force_until: dt.date | None = None


@dataclass(frozen=True)
class KnowledgeBase:
    """Everything curated, loaded once and shared read-only."""

    articles: Mapping[str, Article]
    cases: Mapping[str, Case]
    answers: Mapping[str, Answer]
    services: Mapping[int, ServiceItem]
    contacts: tuple[Contact, ...] = ()
    former: Mapping[str, tuple[Former, ...]] = field(default_factory=dict)
    """Former texts of articles by the key they bore, the latest first."""
    transitions: tuple[Transition, ...] = ()
    as_of: dt.date = field(default=dt.date(2026, 11, 1))
    """The day whose law the curated texts tell; how far the sources reach is another matter."""
    questions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further lay questions by the key of the article that answers them, curated or not."""
