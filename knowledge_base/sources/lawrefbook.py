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
    Body,
    Law,
    Problem,
    SourceReport,
    date_in,
    dates_in,
    effective_date,
)

_LEVELS = {
    "司法解释": "司法解释",
    "行政法规": "行政法规",
    "部门规章": "部门规章",
    "其他": "部门规章",
}
_FILE_DATE = re.compile(r"\((\d{4})-(\d{2})-(\d{2})\)$")
_END_OF_HEADER = "<!-- INFO END -->"
_INLINE = re.compile(r"(?<=[。；：）])[\s　]+(?=第[一二三四五六七八九十百千零]+条[\s　])")
_AMENDMENT = re.compile(r"修正案|^.*关于(?:修改|废止).*决定|关于修改")
_CODE_FOLDER = "民法典"
_PASSED = re.compile(r"通过|公布|发布|修正|修订|修改|批准")


def read(root: Path) -> SourceReport:
    """Read every statute below ``root``; takes some seconds for the whole collection.

    Raises FileNotFoundError if there is no such folder.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"没有法规文本目录 {root}")
    laws: list[Law] = []
    problems: list[Problem] = []
    skipped: list[str] = []
    code: list[Path] = []
    files = sorted(root.rglob("*.md"))
    for path in files:
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
    version = _version(title, paths[0], name.split("/")[0], header, body)
    articles = body.finished(version)
    problems = list(body.problems)
    if not body.articles:
        problems.append(Problem(name, 1, "没有第…条的文本（按项或按段书写）"))
    return Law(version, articles, name, "\n".join(body.preamble)), problems


def _read_file(path: Path, body: Body, *, is_part: bool) -> list[str]:
    """Feed the text below the header to ``body`` and return the header's lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    ends = next((i for i, line in enumerate(lines) if line.strip() == _END_OF_HEADER), -1)
    header = [line.strip() for line in lines[: ends + 1] if line.strip()]
    if ends < 0:
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


def _version(title: str, path: Path, folder: str, header: list[str], body: Body) -> Version:
    dated = _FILE_DATE.search(path.stem)
    dates = [d for line in header if _PASSED.search(line) for d in dates_in(line)]
    passed = dt.date(*map(int, dated.groups())) if dated else max(dates, default=None)
    effective = next(
        (d for line in header if re.search(r"施行|实施|生效", line) and (d := date_in(line))), None
    )
    closing = "\n".join(body.articles[-1][2]) if body.articles else ""
    stated = effective or effective_date(closing, passed)
    # The closing article often keeps the date of the first text after an amendment.
    in_force = stated if stated and (passed is None or stated >= passed) else None
    return Version(
        law=short_name(title),
        title=title,
        level=_LEVELS.get(folder, "法律"),
        passed=passed,
        in_force_from=in_force,
        source="lawrefbook",
    )
