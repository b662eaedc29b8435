"""The edge between YAML files and our dataclasses: shapes, and problems told in one sentence."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from knowledge_base.lawnames import short_name
from knowledge_base.models import TOPICS


class KnowledgeError(Exception):
    """The curated knowledge cannot be used as it stands; the message names file and entry."""


@dataclass(frozen=True)
class Flaw:
    """One thing wrong in one entry of one file."""

    file: str
    entry: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}，{self.entry}：{self.problem}"


def _text(value: object) -> object:
    # YAML reads an unquoted 82 or 2024-01-01 as a number or a date; a folded text ends in spaces.
    if isinstance(value, (int, dt.date)) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_text), StringConstraints(min_length=1)]
OptionalText = Annotated[str, BeforeValidator(lambda v: "" if v is None else _text(v))]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$")]


def _canonical(key: str) -> str:
    # 《民法典》 inside a judicial interpretation's title stands for its full name.
    law, _, number = key.rpartition("/")
    return f"{_short(law)}/{number}"


_short = functools.lru_cache(maxsize=2048)(short_name)

LawName = Annotated[Text, AfterValidator(short_name)]
Key = Annotated[
    str,
    StringConstraints(pattern=r"^\S.*/[1-9]\d*(?:-[1-9]\d*)?$", strip_whitespace=True),
    AfterValidator(_canonical),
]


def _known_topic(topic: str) -> str:
    if topic not in TOPICS:
        raise ValueError(f"没有“{topic}”这个领域")
    return topic


Topic = Annotated[str, AfterValidator(_known_topic)]


class Shape(BaseModel):
    """Unknown fields are mistakes, most often a slip of the pen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ArticleShape(Shape):
    article: Annotated[
        str, BeforeValidator(_text), StringConstraints(pattern=r"^[1-9]\d*(-[1-9]\d*)?$")
    ]
    topic: Topic
    gist: Text
    questions: tuple[Text, ...] = ()


class StatuteShape(Shape):
    law: LawName
    title: Text
    level: Literal["法律", "行政法规", "司法解释", "部门规章"]
    version: dt.date
    in_force_from: dt.date | None = None
    in_force_until: dt.date | None = None
    articles: tuple[ArticleShape, ...] = Field(min_length=1)


class FormerArticleShape(ArticleShape):
    now: tuple[Key, ...] = ()
    changed: OptionalText = ""


class FormerStatuteShape(StatuteShape):
    in_force_from: dt.date
    in_force_until: dt.date
    articles: tuple[FormerArticleShape, ...] = Field(min_length=1)


class TransitionShape(Shape):
    id: Slug
    topic: Topic
    articles: tuple[Key, ...] = ()
    laws: tuple[LawName, ...] = ()
    words: tuple[Text, ...] = ()
    facts_from: dt.date | None = None
    facts_until: dt.date | None = None
    say: Text
    basis: tuple[Key, ...] = Field(min_length=1)
    law_of_today: bool = False
    elsewhere: dict[Text, Text] = Field(default_factory=dict)


class CaseShape(Shape):
    id: Slug
    title: Text
    source: Text
    court: OptionalText = ""
    topic: Topic
    facts: Text
    holding: Text
    point: Text
    articles: tuple[Key, ...] = Field(min_length=1)
    questions: tuple[Text, ...] = ()


class AnswerShape(Shape):
    id: Slug
    topic: Topic
    question: Text
    variants: tuple[Text, ...] = ()
    conclusion: Text
    basis: tuple[Key, ...] = Field(min_length=1)
    steps: tuple[Text, ...] = Field(min_length=1)
    evidence: tuple[Text, ...] = ()
    deadline: OptionalText = ""
    cost: OptionalText = ""
    where: OptionalText = ""
    services: tuple[Annotated[int, Field(ge=1, le=16)], ...] = ()
    elsewhere: dict[Text, Text] = Field(default_factory=dict)


class ServiceShape(Shape):
    number: Annotated[int, Field(ge=1, le=16)]
    name: Text
    content: Text
    mode: Text
    channels: tuple[Text, ...] = Field(min_length=1)
    procedure: tuple[Text, ...] = Field(min_length=1)
    provider: Text
    method: Text
    basis: tuple[Text, ...] = ()
    questions: tuple[Text, ...] = ()


class ContactShape(Shape):
    name: Text
    phone: OptionalText = ""
    purpose: Text
    topics: tuple[Text, ...] = ()
    questions: tuple[Text, ...] = ()


class ManifestShape(Shape):
    as_of: dt.date


S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True)
class Read(Generic[S]):
    """The entries of one file that could be read, each with its file, and the flaws of the rest."""

    entries: tuple[tuple[str, S], ...]
    flaws: tuple[Flaw, ...]


def read_entries(
    files: Iterable[Path], root: Path, shape: type[S], *, many: bool = True
) -> Read[S]:
    """Read files holding a list of entries, or one entry each when ``many`` is false."""
    entries: list[tuple[str, S]] = []
    flaws: list[Flaw] = []
    for path in files:
        file = path.relative_to(root).as_posix()
        try:
            content = _parse(path)
        except KnowledgeError as error:
            flaws.append(Flaw(file, "全文", str(error)))
            continue
        listed = _listed(content) if many else [content]
        if listed is None:
            flaws.append(Flaw(file, "全文", "应当是一个列表，每项一条"))
            continue
        for position, item in enumerate(listed, start=1):
            try:
                entries.append((file, shape.model_validate(item)))
            except ValidationError as error:
                flaws += _explained(file, _label(item, position), item, error)
    return Read(tuple(entries), tuple(flaws))


def _parse(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except UnicodeDecodeError:
        raise KnowledgeError("不是 UTF-8 编码") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"第 {mark.line + 1} 行" if mark else ""
        raise KnowledgeError(
            f"不是正确的 YAML：{place}{getattr(error, 'problem', '') or ''}"
        ) from None


def _listed(content: object) -> list[Any] | None:
    """Accept a list, or a mapping whose only list holds the entries."""
    if content is None:
        return []
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        content = lists[0] if len(lists) == 1 else None
    return content if isinstance(content, list) else None


def _label(item: object, position: int) -> str:
    if isinstance(item, dict):
        for name in ("id", "law", "number", "name", "lane"):
            if item.get(name):
                return str(item[name])
    return f"第 {position} 项"


def _explained(file: str, label: str, item: object, error: ValidationError) -> Iterable[Flaw]:
    for detail in error.errors(include_url=False, include_input=False):
        place = detail["loc"]
        entry = label
        if len(place) > 1 and place[0] == "articles" and isinstance(place[1], int):
            inner = item["articles"][place[1]] if isinstance(item, dict) else None
            if isinstance(inner, dict):
                entry = f"{label}/{inner.get('article', f'第 {place[1] + 1} 条目')}"
                place = place[2:]
        name = ".".join(str(p) for p in place) or "整条"
        yield Flaw(file, entry, f"{name} {_in_chinese(detail['type'], detail['msg'])}")


def _in_chinese(kind: str, message: str) -> str:
    said = {
        "missing": "缺少",
        "extra_forbidden": "是未知的字段",
        "string_type": "应当是文字",
        "string_too_short": "不能为空",
        "too_short": "不能为空",
        "tuple_type": "应当是列表",
        "literal_error": "不在规定的取值之中",
        "date_from_datetime_parsing": "不是日期（YYYY-MM-DD）",
        "date_type": "不是日期（YYYY-MM-DD）",
        "model_type": "应当是字段和值",
        "string_pattern_mismatch": "写法不对",
    }
    return said.get(kind) or f"不合要求（{message}）"


def existing(path: Path) -> list[Path]:
    """Return the file as a list, empty where there is none."""
    return [path] if path.exists() else []


def without_flaws(read: Read[S]) -> list[S]:
    """Return the entries; raises KnowledgeError on the first flaw."""
    if read.flaws:
        raise KnowledgeError(str(read.flaws[0]))
    return [entry for _, entry in read.entries]
