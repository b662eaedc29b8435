"""Reads .docx files as the national law database publishes them: one law a file.

The title, a bracket with the days of passing and entry into force, a table of contents, then the
articles. Old .doc files are not understood.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from lxml.etree import LxmlError

from knowledge_base.lawnames import short_name
from knowledge_base.models import Version
from knowledge_base.sources.text import (
    ARTICLE,
    Advance,
    Body,
    Event,
    Law,
    NotASource,
    Problem,
    SourceReport,
    date_in,
    effective_date,
    events_in,
    own_effective_date,
    with_own_day,
)

LARGEST = 64 * 1024 * 1024
"""Bytes unpacked; the longest statute has less than one. More is no statute."""
_LONGEST_TITLE = 90
_CONTENTS = re.compile(r"^目[\s　]*[录次]$")
_BRACKET = re.compile(r"^[（(]")
_BRACKET_END = re.compile(r"[)）]$")
_IN_FORCE = re.compile(r"自([^，。；自]{6,14}日)起(?:施行|实施|生效)")
_DRAFT = re.compile(r"草案|征求意见稿|送审稿")
_LOCAL = re.compile(r"^(?!全国|中国)[一-龥]{2,8}(?:省|市|自治区|自治州|自治县|经济特区)")
_UNREADABLE = (
    zipfile.BadZipFile, PackageNotFoundError, LxmlError, zlib.error,
    KeyError, ValueError, OSError, EOFError, NotImplementedError,
)  # fmt: skip
_LEVELS = (
    (re.compile(r"最高人民(?:法院|检察院)"), "司法解释"),
    (re.compile(r"全国人民代表大会"), "法律"),
    (re.compile(r"国务院"), "行政法规"),
)


def read_files(paths: Sequence[Path], advance: Advance = lambda _done, _all: None) -> SourceReport:
    """Read statutes from files; what cannot be read is reported, the rest is kept.

    Raises NotASource if no file holds a statute.
    """
    laws: list[Law] = []
    problems: list[Problem] = []
    for done, path in enumerate(paths, start=1):
        try:
            law, found = _read(path)
        except NotASource as error:
            problems.append(Problem(path.name, 1, str(error)))
        else:
            laws.append(law)
            problems += found
        advance(done, len(paths))
    if not laws:
        told = "；".join(f"{p.file}：{p.problem}" for p in problems) or "没有给出文件"
        raise NotASource(told)
    return SourceReport(tuple(laws), tuple(problems), len(paths))


def _read(path: Path) -> tuple[Law, list[Problem]]:
    lines = _paragraphs(path)
    title, header, start = _opening(lines, path)
    body = Body(path.name)
    for number, line in enumerate(lines[start:], start=start + 1):
        body.line(number, line)
    _refuse_what_is_no_law(title)
    version, events = _version(title, header, body)
    if version.passed is None:
        # Without its day a text would stand beside the true ones, or end them.
        raise NotASource("标题下没有写明通过或公布日期，不能确定是哪个版本")
    articles = body.finished(version)
    if not articles:
        body.problems.append(Problem(path.name, 1, "没有第…条的文本（按项或按段书写）"))
    texts = ("\n".join(body.preamble), "\n".join(body.annex))
    return Law(version, articles, path.name, *texts, events), body.problems


def _refuse_what_is_no_law(title: str) -> None:
    if not title:
        raise NotASource("没有找到法规标题（标题可能在文本框里）")
    if _DRAFT.search(title):
        raise NotASource("是草案或征求意见稿，不是施行的法规")
    if _LOCAL.match(title):
        raise NotASource("是地方性法规或规章，法律库只收全国性的")


def _paragraphs(path: Path) -> list[str]:
    if not path.is_file():
        raise NotASource("没有这个文件")
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise NotASource("文件解开后太大，不像法规文本")
        document = Document(str(path))
    except _UNREADABLE as error:
        raise NotASource("不是 .docx 文件，或文件不完整") from error
    return [line for p in document.paragraphs for line in p.text.splitlines() if line.strip()]


def _opening(lines: Sequence[str], path: Path) -> tuple[str, list[str], int]:
    """Return title, the days told in the bracket, and where the text begins."""
    title: list[str] = []
    header: list[str] = []
    inside = False
    for place, line in enumerate(lines):
        text = line.strip().strip("　")
        if _BRACKET.match(text) or inside:
            header.append(text.strip("（）()"))
            inside = not _BRACKET_END.search(text)
        elif _CONTENTS.match(text):
            return "".join(title), header, _after_contents(lines, place + 1)
        elif header or ARTICLE.match(line):
            return "".join(title), header, place
        else:
            title.append(re.sub(r"[\s　]+", "", text))
            if len("".join(title)) > _LONGEST_TITLE:
                break
    raise NotASource(f"{path.name} 里没有认得的法规标题和条文")


def _after_contents(lines: Sequence[str], start: int) -> int:
    """Return the place where the first heading of the contents is met again as a heading."""
    first = re.sub(r"[\s　]+", "", lines[start]) if start < len(lines) else ""
    for place in range(start + 1, len(lines)):
        if re.sub(r"[\s　]+", "", lines[place]) == first:
            return place
        if ARTICLE.match(lines[place]):
            return place
    return start


def _version(title: str, header: Sequence[str], body: Body) -> tuple[Version, tuple[Event, ...]]:
    joined = "".join(header)
    # 自2026年1月1日起施行 is no day of passing.
    passing = [_IN_FORCE.sub("", line) for line in header]
    pieces = [piece for line in passing for piece in re.split(r"[\s　]+|[；;]", line) if piece]
    told = events_in(pieces)
    passed = told[-1].on if told else None
    events = with_own_day(told, passed)
    stated: dt.date | None = next(
        (day for m in _IN_FORCE.finditer(joined) if (day := date_in(m[1]))), None
    )
    closing = "\n".join(body.articles[-1][2]) if body.articles else ""
    own = own_effective_date(stated or effective_date(closing, passed), events, passed)
    named = next((name for mark, name in _LEVELS if mark.search(title + joined)), "部门规章")
    level = "法律" if title.startswith("中华人民共和国") and title.endswith("法") else named
    version = Version(
        law=short_name(title),
        title=title,
        level=level,
        passed=passed,
        in_force_from=own,
        source="docx",
    )
    return version, events
