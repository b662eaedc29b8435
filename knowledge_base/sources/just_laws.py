"""Reads a folder of just-laws: one folder per law, articles in bold, current texts only."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from knowledge_base.lawnames import short_name
from knowledge_base.models import Version
from knowledge_base.sources.text import (
    Body,
    Law,
    Problem,
    SourceReport,
    date_in,
    dates_in,
    effective_date,
)

_HEADER_LINE = re.compile(r"通过|公布|发布|修正|修订|修改|批准|施行")
_ADOPTED = re.compile(r"通过|公布|发布|修正|修订|修改|批准")
_TAG = re.compile(r"^\s*(?:<[^>]*>|:::.*)\s*$")
_AMENDMENT_FILE = re.compile(r"amendment|crimes-decision")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def read(root: Path) -> SourceReport:
    """Read every law below ``root``.

    Raises FileNotFoundError if there is no such folder.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"没有法规文本目录 {root}")
    laws: list[Law] = []
    problems: list[Problem] = []
    skipped: list[str] = []
    files = sorted(root.rglob("*.md"))
    folders: dict[Path, list[Path]] = {}
    for path in files:
        name = path.relative_to(root).as_posix()
        if name == "README.md" or name.startswith("category/") or _AMENDMENT_FILE.search(path.stem):
            skipped.append(name)
        else:
            folders.setdefault(path.parent, []).append(path)
    for folder, paths in folders.items():
        law, found = _read_law(root, folder, paths)
        laws.append(law)
        problems += found
    return SourceReport(tuple(laws), tuple(problems), len(files), tuple(skipped))


def _read_law(root: Path, folder: Path, paths: list[Path]) -> tuple[Law, list[Problem]]:
    # README holds the title; the supplementary part is numbered 00 in some codes but comes last.
    order = sorted(paths, key=lambda p: (p.name != "README.md", "supplementary" in p.name, p.name))
    name = folder.relative_to(root).as_posix()
    body = Body(name)
    title = ""
    header: list[str] = []
    for path in order:
        body.file = path.relative_to(root).as_posix()
        title = _read_file(path, body, title, header)
    if not title:
        body.problems.append(Problem(body.file, 1, "没有标题"))
        title = folder.name
    version = _version(title, header, body)
    articles = body.finished(version)
    problems = list(body.problems)
    if not body.articles:
        problems.append(Problem(name, 1, "没有第…条的文本（按项或按段书写）"))
    return Law(version, articles, name, "\n".join(body.preamble)), problems


def _read_file(path: Path, body: Body, title: str, header: list[str]) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    start = 0
    if lines and lines[0].strip() == "---":
        start = next((i for i in range(1, len(lines)) if lines[i].strip() == "---"), 0) + 1
    for number, line in enumerate(lines[start:], start=start + 1):
        if not title:
            if line.startswith("# "):
                title = line[2:].strip()
            continue
        if _TAG.match(line):
            continue
        text = _LINK.sub(r"\1", line)
        if (
            not body.articles
            and _HEADER_LINE.search(text)
            and date_in(text)
            and not text.startswith("**")
        ):
            header.append(text.strip())
        else:
            body.line(number, text)
    return title


def _version(title: str, header: list[str], body: Body) -> Version:
    dates = [d for line in header if _ADOPTED.search(line) for d in dates_in(line)]
    passed = max(dates, default=None)
    closing = "\n".join(body.articles[-1][2]) if body.articles else ""
    stated = effective_date(closing, passed)
    in_force: dt.date | None = stated if stated and (passed is None or stated >= passed) else None
    return Version(
        law=short_name(title),
        title=title,
        level="法律",
        passed=passed,
        in_force_from=in_force,
        source="just-laws",
    )
