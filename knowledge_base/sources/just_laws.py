"""Reads a folder of just-laws: one folder per law, articles in bold, current texts only."""

from __future__ import annotations

import re
from pathlib import Path

from knowledge_base.lawnames import short_name
from knowledge_base.models import Version
from knowledge_base.sources.text import (
    Advance,
    Body,
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

_HEADER_LINE = re.compile(r"通过|公布|发布|修正|修订|修改|批准|施行")
_TAG = re.compile(r"^\s*(?:<[^>]*>|:::.*)\s*$")
_AMENDMENT_FILE = re.compile(r"amendment|crimes-decision")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def read(root: Path, advance: Advance = lambda _done, _all: None) -> SourceReport:
    """Read every law below ``root``.

    Raises FileNotFoundError if there is no such folder, NotASource if it holds no law.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"没有法规文本目录 {root}")
    laws: list[Law] = []
    problems: list[Problem] = []
    skipped: list[str] = []
    files = sorted(path for path in root.rglob("*.md") if path.is_file())
    folders: dict[Path, list[Path]] = {}
    for path in files:
        name = path.relative_to(root).as_posix()
        if name == "README.md" or name.startswith("category/") or _AMENDMENT_FILE.search(path.stem):
            skipped.append(name)
        else:
            folders.setdefault(path.parent, []).append(path)
    with_title = sum(any(path.name == "README.md" for path in paths) for paths in folders.values())
    if folders and with_title < len(folders) / 2:
        raise NotASource(f"{root} 不像 just-laws 的目录：每部法律应当有一个带 README.md 的文件夹")
    for done, (folder, paths) in enumerate(folders.items(), start=1):
        advance(done, len(folders))
        law, found = _read_law(root, folder, paths)
        laws.append(law)
        problems += found
    if not any(law.articles for law in laws):
        raise NotASource(f"{root} 里没有 just-laws 格式的法律（每部法一个文件夹）")
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
    closing = "\n".join(body.articles[-1][2]) if body.articles else ""
    told = events_in(header)
    passed = told[-1].on if told else None
    events = with_own_day(told, passed)
    version = Version(
        law=short_name(title),
        title=title,
        level="法律",
        passed=passed,
        in_force_from=own_effective_date(effective_date(closing, passed), events, passed),
        source="just-laws",
    )
    articles = body.finished(version)
    problems = list(body.problems)
    if not body.articles:
        problems.append(Problem(name, 1, "没有第…条的文本（按项或按段书写）"))
    texts = ("\n".join(body.preamble), "\n".join(body.annex))
    return Law(version, articles, name, *texts, events), problems


def _read_file(path: Path, body: Body, title: str, header: list[str]) -> str:
    lines = read_file(path, body.file, body.problems)
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
