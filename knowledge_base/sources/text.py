"""What every statute source shares: telling headings, articles and dates apart, line by line.

A line that belongs nowhere is reported, never dropped.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

from knowledge_base.models import Article, Version
from knowledge_base.numerals import NUMERAL_CHARACTERS, to_int

_N = f"[{NUMERAL_CHARACTERS}]"
ARTICLE = re.compile(
    rf"^[\s　]*(?:\*\*)?第\s*({_N}+)\s*条(?:\s*之\s*([一二三四五六七八九十]+|\d+))?(?:\*\*)?"
    r"(?=[\s　：:（(【\[]|$)[\s　]*"
)
"""An article's number at the start of a line; 第三条的决定 in a header is none."""

HEADING = re.compile(r"^(#{1,6})\s*(.+?)\s*$")
_BARE_HEADING = re.compile(rf"^第{_N}+(?:编|分编|章|节)(?:[\s　]+\S.*)?$")
_DAY = r"([0-9０-９]{1,2}|[一二三四五六七八九十]{1,3})"
_YEAR = r"([0-9０-９]{4}|[一二三四五六七八九〇○零]{4})"
_DATE = re.compile(rf"{_YEAR}年\s*{_DAY}月\s*{_DAY}日")
_EFFECTIVE = re.compile(r"自([^。，；自]{6,14}日)起(?:施行|实施|生效|试行)")
_ON_PUBLICATION = re.compile(r"自(?:公布|发布|印发|颁布)之日起(?:施行|实施|生效|试行)")
_LEVEL_RANK = {"编": 0, "分编": 1, "章": 2, "节": 3}
_ANNEX = re.compile(r"附(?!则)")
_DIVISION = re.compile(rf"^第{_N}+(编|分编|章|节)")


@dataclass(frozen=True)
class Problem:
    """Something in a source that could not be read as an article."""

    file: str
    line: int
    problem: str


@dataclass(frozen=True)
class Law:
    """One version of a law with its articles, empty where the text has no 第…条."""

    version: Version
    articles: tuple[Article, ...]
    file: str
    preamble: str = ""
    """What stands before the first article, apart from the title and the dates."""


@dataclass(frozen=True)
class SourceReport:
    """All that one source holds and all that is wrong with it."""

    laws: tuple[Law, ...]
    problems: tuple[Problem, ...]
    files: int
    skipped: tuple[str, ...] = ()
    """Files that are no statutes by design: indexes, cases, amendments."""

    @property
    def articles(self) -> int:
        return sum(len(law.articles) for law in self.laws)


@dataclass
class Body:
    """Reads the lines of one text; the same reader may go through the files of a code in turn."""

    file: str
    articles: list[tuple[str, tuple[str, ...], list[str]]] = field(default_factory=list)
    preamble: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    annex_lines: int = 0
    _path: list[tuple[int, str]] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)
    _closed: bool = False

    def heading(self, depth: int, title: str) -> None:
        """Open a part, chapter or section; it closes all that are not above it."""
        division = _DIVISION.match(title)
        rank = _LEVEL_RANK[division[1]] if division else (0 if depth <= 1 else 4)
        self._path = [(r, t) for r, t in self._path if r < rank] + [(rank, title)]
        # After the last article an annex begins with a heading that is no division.
        self._closed = bool(self.articles) and not division and _ANNEX.match(title) is not None

    def line(self, number: int, line: str) -> None:
        """Take one line of text: an article's first line or the continuation of one."""
        stripped = line.strip().strip("　")
        if not stripped:
            return
        if match := ARTICLE.match(line):
            self._open(number, match, line)
        elif heading := HEADING.match(stripped):
            self.heading(len(heading[1]), heading[2])
        elif _BARE_HEADING.match(stripped):
            self.heading(2, stripped)
        elif stripped.startswith("|"):
            self._table_row(number, stripped)
        elif stripped.startswith("<!--"):
            return
        elif self.articles and not self._closed:
            self.articles[-1][2].append(stripped)
        elif self.articles:
            self._in_annex(number)
        else:
            self.preamble.append(stripped)

    def _open(self, line: int, match: re.Match[str], text: str) -> None:
        number = str(to_int(match[1])) + (f"-{to_int(match[2])}" if match[2] else "")
        if number in self._seen:
            self.problems.append(
                Problem(self.file, line, f"第{number}条重复，前一处在第 {self._seen[number]} 行")
            )
        else:
            self._seen[number] = line
        rest = text[match.end() :].strip().strip("　")
        path = tuple(title for _, title in self._path)
        self.articles.append((number, path, [rest] if rest else []))
        self._closed = False

    def _table_row(self, line: int, row: str) -> None:
        if self.articles and not self._closed:
            self.articles[-1][2].append(row)
        elif self.articles:
            self._in_annex(line)
        else:
            self.preamble.append(row)
            self.problems.append(Problem(self.file, line, "表格行不属于任何条"))

    def _in_annex(self, line: int) -> None:
        """Count the lines of an annex as one problem, told where it begins."""
        self.annex_lines += 1
        if self.annex_lines == 1 or self.problems[-1].file != self.file:
            self.problems.append(Problem(self.file, line, "附件从这里开始，不属于任何条"))

    def _gaps(self) -> None:
        mains = sorted({int(number.partition("-")[0]) for number, _, _ in self.articles})
        missing = sorted(set(range(1, mains[-1] + 1)) - set(mains)) if mains else []
        if missing:
            listed = "、".join(map(str, missing[:10])) + ("等" if len(missing) > 10 else "")
            self.problems.append(Problem(self.file, 1, f"文本中没有第 {listed} 条"))

    def finished(self, version: Version) -> tuple[Article, ...]:
        """Return the articles; of a number that occurs twice the longer text wins."""
        self._gaps()
        chosen: dict[str, Article] = {}
        for number, path, lines in self.articles:
            text = "\n".join(lines)
            kept = chosen.get(number)
            if kept is None or len(text) > len(kept.text or ""):
                chosen[number] = Article(number=number, version=version, text=text, path=path)
        return tuple(chosen.values())


def date_in(text: str) -> dt.date | None:
    """Return the first date written in a text, in Chinese or Arabic digits."""
    match = _DATE.search(text)
    if match is None:
        return None
    try:
        return dt.date(to_int(match[1]), to_int(match[2]), to_int(match[3]))
    except ValueError:
        return None


def dates_in(text: str) -> list[dt.date]:
    """Return all dates written in a text, in reading order."""
    found = (date_in(match[0]) for match in _DATE.finditer(text))
    return [date for date in found if date is not None]


def effective_date(text: str, published: dt.date | None) -> dt.date | None:
    """Read 自…起施行 in the closing article; 自公布之日起 means the day of publication."""
    stated = [d for m in _EFFECTIVE.finditer(text) if (d := date_in(m[1])) is not None]
    if stated:
        return stated[-1]
    return published if _ON_PUBLICATION.search(text) else None
