"""Reads a folder of LawRefBook/Laws: one Markdown file per version, dated in its name.

Cases, indexes and amendments are listed as skipped; files that amend others are no statutes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path

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
    read_file,
    with_own_day,
)

_LEVELS = {
    "司法解释": "司法解释",
    "行政法规": "行政法规",
    "部门规章": "部门规章",
    "其他": "部门规章",
}
_FOLDERS = frozenset(
    {
        "刑法", "司法解释", "宪法", "宪法相关法", "案例", "民法典", "民法商法", "社会法", "经济法",
        "行政法", "行政法规", "诉讼与非诉讼程序法", "部门规章", "其他",
    }
)  # fmt: skip
_FILE_DATE = re.compile(r"\((\d{4})-(\d{2})-(\d{2})\)$")
_END_OF_HEADER = "<!-- INFO END -->"
_INLINE = re.compile(r"(?<=[。；：）])[\s　]+(?=第[一二三四五六七八九十百千零]+条[\s　])")
_AMENDMENT = re.compile(r"^(?:刑法|宪法)修正案|关于(?:修改|废止)(?!后).*决定$")
_CODE_FOLDER = "民法典"


def read(root: Path, advance: Advance = lambda _done, _all: None) -> SourceReport:
    """Read every statute below ``root``; takes some seconds for the whole collection.

    Raises FileNotFoundError if there is no such folder, NotASource if it holds no statute.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"没有法规文本目录 {root}")
    laws: list[Law] = []
    problems: list[Problem] = []
    skipped: list[str] = []
    code: list[Path] = []
    files = sorted(path for path in root.rglob("*.md") if path.is_file())
    at_home = sum(path.relative_to(root).parts[0] in _FOLDERS for path in files)
    if files and at_home < len(files) / 2:
        raise NotASource(f"{root} 不像 LawRefBook 的目录：下面应当是“社会法”“行政法规”等文件夹")
    for done, path in enumerate(files, start=1):
        advance(done, len(files))
        name = path.relative_to(root).as_posix()
        folder = name.split("/")[0]
        if path.stem == "_index" or folder == "案例" or _AMENDMENT.search(path.stem):
            skipped.append(name)
        elif folder == _CODE_FOLDER:
            code.append(path)
        else:
            law, found = _read_law(root, [path])
            laws.append(law)
            problems += found
    if code:
        law, found = _read_law(root, sorted(code, key=_first_article))
        laws.append(law)
        problems += found
    if not any(law.articles for law in laws):
        raise NotASource(f"{root} 里没有 LawRefBook 格式的法规（每部法一个 .md 文件）")
    return SourceReport(tuple(laws), tuple(problems), len(files), tuple(skipped))


def _read_law(root: Path, paths: list[Path]) -> tuple[Law, list[Problem]]:
    name = paths[0].relative_to(root).as_posix()
    body = Body(name)
    header: list[str] = []
    title = ""
    for path in paths:
        body.file = path.relative_to(root).as_posix()
        part_header = _read_file(path, body, is_part=len(paths) > 1)
        header += part_header
        title = title or next((h[1:].strip() for h in part_header if h.startswith("#")), path.stem)
    version, events = _version(title, paths[0], name.split("/")[0], header, body)
    articles = body.finished(version)
    problems = list(body.problems)
    if not body.articles:
        problems.append(Problem(name, 1, "没有第…条的文本（按项或按段书写）"))
    texts = ("\n".join(body.preamble), "\n".join(body.annex))
    return Law(version, articles, name, *texts, events), problems


def _read_file(path: Path, body: Body, *, is_part: bool) -> list[str]:
    """Feed the text below the header to ``body`` and return the header's lines."""
    lines = read_file(path, body.file, body.problems)
    ends = next((i for i, line in enumerate(lines) if line.strip() == _END_OF_HEADER), -1)
    header = [line.strip() for line in lines[: ends + 1] if line.strip()]
    if ends < 0 and lines:
        body.problems.append(Problem(body.file, 1, "没有文件头结束标记"))
    if is_part and len(titles := [h for h in header if h.startswith("# ")]) > 1:
        body.heading(1, titles[1][1:].strip())
    for number, line in enumerate(lines[ends + 1 :], start=ends + 2):
        for piece in _articles_on(line):
            body.line(number, piece)
    return header


def _articles_on(line: str) -> Iterable[str]:
    """Split a line on which several articles stand, as in 飞行基本规则."""
    return _INLINE.split(line) if ARTICLE.match(line) else (line,)


def _first_article(path: Path) -> int:
    body = Body(path.name)
    _read_file(path, body, is_part=False)
    return int(body.articles[0][0]) if body.articles else 0


def _version(
    title: str, path: Path, folder: str, header: list[str], body: Body
) -> tuple[Version, tuple[Event, ...]]:
    dated = _FILE_DATE.search(path.stem)
    told = events_in(header)
    passed = dt.date(*map(int, dated.groups())) if dated else told[-1].on if told else None
    events = with_own_day(told, passed)
    effective = next(
        (d for line in header if re.search(r"施行|实施|生效", line) and (d := date_in(line))), None
    )
    closing = "\n".join(body.articles[-1][2]) if body.articles else ""
    stated = effective or effective_date(closing, passed)
    # The closing article often keeps the date of the first text after an amendment.
    in_force = own_effective_date(stated, events, passed)
    version = Version(
        law=short_name(title),
        title=title,
        level=_LEVELS.get(folder, "法律"),
        passed=passed,
        in_force_from=in_force,
        source="lawrefbook",
    )
    return version, events
