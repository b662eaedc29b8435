"""What the copilot's interface takes, and what the review pages show."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from bot.copilot.repository import Correction, CorrectionState
from bot.domain.clock import CHINA
from bot.texts import Texts
from knowledge_base.citations import article_title
from knowledge_base.models import KnowledgeBase

ConversationId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="会话编号")]
CorrectionId = Annotated[int, Path(ge=1, le=2**31 - 1)]
ArticleKey = Annotated[
    str, Field(max_length=200, pattern=r"^[^,\t\r\n]+/[0-9]{1,4}(?:-[0-9]{1,2})?$")
]


class CorrectionBody(BaseModel):
    """A lawyer's correction of one suggestion."""

    question: str = Field(max_length=2000, description="来访者问的是什么")
    offered: list[ArticleKey] = Field(max_length=20, description="系统给出的条文编号")
    chosen: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list,
        max_length=20,
        description="正确的条文，如 劳动合同法/82 或 劳动合同法第八十二条；空表示只是不采用",
    )


class Proposed(BaseModel):
    """A correction on the review list."""

    id: int
    state: str = CorrectionState.PENDING


@dataclass(frozen=True)
class ArticleLine:
    title: str
    gist: str


@dataclass(frozen=True)
class CorrectionRow:
    """One correction on the page; ``question`` and ``articles`` as typed after an error."""

    id: int
    question: str
    articles: str
    offered: tuple[ArticleLine, ...]
    chosen: tuple[ArticleLine, ...]
    state: str
    state_label: str
    by: str
    at: str
    decided_by: str
    decided_at: str
    suspicious: tuple[str, ...]
    """Words after which something personal often stands."""
    error: str = ""


def row_of(
    one: Correction,
    kb: KnowledgeBase,
    own: Texts,
    *,
    typed: tuple[str, str] | None = None,
    error: str = "",
) -> CorrectionRow:
    """Show one correction, with what was typed into its form if that could not be taken."""
    question, articles = typed or (one.question, "\n".join(map(article_title, one.chosen)))
    return CorrectionRow(
        one.id,
        question,
        articles,
        _lines(one.offered, kb),
        _lines(one.chosen, kb),
        one.state,
        own.say(f"corrections.states.{one.state}"),
        one.by,
        _moment(one.created_at),
        one.decided_by,
        "" if one.decided_at is None else _moment(one.decided_at),
        tuple(dict.fromkeys(m[0] for m in re.finditer(own.get("personal_words"), question))),
        error,
    )


def _lines(keys: Sequence[str], kb: KnowledgeBase) -> tuple[ArticleLine, ...]:
    return tuple(
        ArticleLine(article_title(key), kb.articles[key].gist if key in kb.articles else "")
        for key in keys
    )


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
