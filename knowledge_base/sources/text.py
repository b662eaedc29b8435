"""What every statute source shares: telling headings, articles and dates apart, line by line.

A line that belongs nowhere is reported, never dropped.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

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


_TITLED = re.compile(r"《[^《》]*(?:《[^《》]*》[^《》]*)*》|〈[^〈〉]*〉|<[^<>]*>")
_REVISED = re.compile(r"修订")
_AMENDED = re.compile(r"修正|修改")
_ENACTED = re.compile(r"通过|公布|发布|批准")
_SENTENCE_END = re.compile(r"[。；：！？．.…）)》〉”\"|〕】]$")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff"))
_ONE_ACT = dt.timedelta(days=120)
"""Passing and publishing one text lie closer together than this; two amendments hardly ever do."""

Advance = Callable[[int, int], None]
"""Called with the files read so far and their number."""


class NotASource(Exception):
    """A folder or file does not hold what it was said to hold; the message is for people."""


@dataclass(frozen=True)
class Event:
    """A day on which a law was enacted, revised as a whole (修订) or amended (修正)."""

    on: dt.date
    kind: str
    """enacted, revised or amended"""


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
    annex: str = ""
    """What follows the last article under a heading of its own: tables, lists, forms."""
    events: tuple[Event, ...] = ()
    """What the header tells of earlier versions, oldest first, this version's own day included."""


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
    annex: list[str] = field(default_factory=list)
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
        # Some sources carry zero-width characters from web pages.
        stripped = line.translate(_INVISIBLE).strip().strip("　")
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
            self._in_annex(number, stripped)
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
            self._in_annex(line, row)
        else:
            self.preamble.append(row)
            self.problems.append(Problem(self.file, line, "表格行不属于任何条"))

    def _in_annex(self, line: int, text: str) -> None:
        """Keep the lines of an annex apart; they are one problem, told where it begins."""
        self.annex.append(text)
        if len(self.annex) == 1 or self.problems[-1].file != self.file:
            self.problems.append(Problem(self.file, line, "附件从这里开始，不属于任何条"))

    def _gaps(self) -> None:
        mains = sorted({int(number.partition("-")[0]) for number, _, _ in self.articles})
        missing = sorted(set(range(1, mains[-1] + 1)) - set(mains)) if mains else []
        if missing:
            listed = "、".join(map(str, missing[:10])) + ("等" if len(missing) > 10 else "")
            self.problems.append(Problem(self.file, 1, f"文本中没有第 {listed} 条"))

    def _ending(self) -> None:
        last = self.articles[-1][2][-1:] if self.articles else self.preamble[-1:]
        # A title without a full stop, such as a table's, is no cut-off sentence.
        if last and len(last[0]) > 20 and not self.annex and _cut_off(last[0]):
            self.problems.append(Problem(self.file, 1, "最后一句没有写完，文件可能被截断"))

    def finished(self, version: Version) -> tuple[Article, ...]:
        """Return the articles; of a number that occurs twice the longer text wins."""
        self._gaps()
        self._ending()
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


def read_file(path: Path, name: str, problems: list[Problem]) -> list[str]:
    """Return the lines of a text file; GBK is understood and reported, other bytes are a problem.

    ``name`` is how the file is called in ``problems``; an unreadable file has no lines.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        problems.append(Problem(name, 1, f"打不开：{error.strerror}"))
        return []
    try:
        return raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    if "第" in text and "条" in text:
        problems.append(Problem(name, line, "不是 UTF-8 编码，已按 GBK 读取，请核对"))
        return text.splitlines()
    problems.append(Problem(name, line, "不是 UTF-8 也不是 GBK 编码，或文件被截断，没有读入"))
    return []


def events_in(header: Iterable[str]) -> list[Event]:
    """Return what a header tells of a law's past, oldest first; one act told twice counts once."""
    found: list[Event] = []
    for line in header:
        plain = _TITLED.sub("", line)
        dates = dates_in(plain)
        if not dates:
            continue
        if _REVISED.search(plain):
            kind = "revised"
        elif _AMENDED.search(plain):
            kind = "amended"
        elif _ENACTED.search(plain):
            kind = "enacted"
        else:
            continue
        found += [Event(day, kind) for day in dates]
    return _merged(sorted(found, key=lambda event: event.on))


def _merged(events: list[Event]) -> list[Event]:
    kept: list[Event] = []
    for event in events:
        if kept and kept[-1].kind == event.kind and event.on - kept[-1].on < _ONE_ACT:
            kept[-1] = event
        elif kept and kept[-1].on == event.on:
            continue
        else:
            kept.append(event)
    return kept


def with_own_day(events: list[Event], passed: dt.date | None) -> tuple[Event, ...]:
    """Let the last event stand on the day by which this version is known."""
    if passed is None:
        return tuple(events)
    if not events or passed - events[-1].on >= _ONE_ACT:
        return (*events, Event(passed, "amended" if events else "enacted"))
    return (*events[:-1], Event(passed, events[-1].kind))


def own_effective_date(
    stated: dt.date | None, events: tuple[Event, ...], passed: dt.date | None
) -> dt.date | None:
    """Decide whether a stated day is that of this version and not of the text it amended."""
    if stated is None or passed is None or stated >= passed:
        return stated
    kind = events[-1].kind if events else "enacted"
    # Some texts are published shortly after the day from which they hold.
    return stated if kind != "amended" and passed - stated < _ONE_ACT else None


def _cut_off(sentence: str) -> bool:
    return _SENTENCE_END.search(sentence) is None
