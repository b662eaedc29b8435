"""The day on which what somebody tells of happened: ``2019年借的钱``, ``去年3月``, ``三年前``.

Reads calendar dates and simple relative ones. A birth year, a length of service and the year of a
law's edition are no dates of facts; of several dates the earliest counts.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from knowledge_base.numerals import to_int

_CN_SHORT = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
_CN_YEAR = r"[一二][〇○零九][〇○零一二三四五六七八九]{2}"
_MONTH = r"(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9]|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_FULL = re.compile(
    rf"(?<![\d第])(?P<year>(?:19[5-9]\d|20\d\d)|{_CN_YEAR})\s*(?:年\s*(?:份)?(?:{_MONTH}\s*月(?:份)?"
    rf"(?:{_DAY}\s*[日号])?)?|[-./]\s*{_MONTH.replace('month', 'm2')}"
    rf"(?:\s*[-./]\s*{_DAY.replace('day', 'd2')})?(?!\d))"
)
_SHORT = re.compile(
    rf"(?<![\d一二三四五六七八九十百第零])(?P<year>[0-2]\d|[89]\d)\s*年(?:{_MONTH}\s*月(?:份)?(?:{_DAY}\s*[日号])?"
    r"|(?=[初底末春夏秋冬]|上半年|下半年|国庆|春节|[的那]时候|[借买签结离入进租欠写打撞摔受开出到在给生去来找约办交付投存领]))"
)
_CN_TWO = re.compile(
    rf"(?<![一二三四五六七八九十百第零〇])(?P<tens>[〇零○一二八九])(?P<ones>[〇零○一二三四五六七八九])年"
    rf"(?:{_MONTH}\s*月(?:份)?(?:{_DAY}\s*[日号])?|(?=[借买签打撞偷抢欠受出被摔]))"
)
_RELATIVE_YEAR = re.compile(rf"(?P<word>大前年|前年|去年|今年)(?:的?\s*{_MONTH}\s*月(?:份)?)?")
_AGO = re.compile(
    r"(?<![\d几十百千多])(?P<count>[1-9]\d?|[一二两三四五六七八九十]{1,3}|半)\s*(?:个多|个|多)?\s*"
    r"(?P<unit>年|月|星期|周|天)(?P<more>半|多)?\s*(?:以|之)?前"
)
_RELATIVE_MONTH = re.compile(r"上上个?月|上个?月|这个月|本月")
_RELATIVE_DAY = re.compile(r"大前天|前天|昨[天晚日]|今[天早晚日]|刚才|刚刚")
_NOT_A_FACT = re.compile(
    r"^\s*(?:出生|生人|年?\d{0,2}月?的[，,。]|生的?(?!病|孩|效|产|育|小|二|娃|了)|属|后出生"
    r"|(?:版|修正|修订|新法|新修|施行|颁布|公布|通过|实施|立法)"
    r"|(?:的)?(?:新|旧)?[《（(]?(?:(?![时候])[一-龥]){0,12}(?:法典|法(?!院|官|律|庭|人)|条例|解释|规定)(?:》|第|里|中|怎))"
)
_HIRED = re.compile(
    r"^[^，。；,;]{0,6}?(?:入职|进(?:的?)?(?:厂|公司|单位)|上班|参加工作|开始(?:工作|干活|打工)|工作至今|应聘)"
)
_BACKGROUND = re.compile(
    r"^[^，。；,;]{0,6}?(?:结婚|领证|办的?婚|认识|同居|相亲|毕业|退休|出嫁|嫁过?来)"
)
_SETTING = re.compile(
    r"^[^，。；,;]{0,4}?(?:买|购|建|盖|考|立的?|写的?遗嘱|成立|开的?店|就有|就和|登记|装修|的[车房店])"
)
_HALF = re.compile(r"^(?:年?底|年?末)")
_ABOUT_A_WEDDING = re.compile(r"彩礼|嫁妆|三金|婚礼|礼金|酒席|婚检|骗婚|逼婚|胁迫|撤销|包办")
_OF_NOW = re.compile(r"现在|如今|今年|目前|想离|要离|离婚|能不能|辞退|开除|被裁")
_LAW_BEFORE = re.compile(r"[法例释定》][（(]\s*$")
_EARLIEST = dt.date(1950, 1, 1)


@dataclass(frozen=True)
class FactDate:
    """The days between which the facts lie, both included, and the words that say so."""

    first: dt.date
    last: dt.date
    said: str
    is_background: bool = False
    """It dates a wedding, a hiring or the like, from which a present state follows."""
    is_setting: bool = False
    """It dates how a thing came about that something happened to: a car bought, a will made."""


def fact_date(text: str, today: dt.date) -> FactDate | None:
    """Return when the facts told in a text happened, or None if it does not say.

    A day still to come is none of facts. When somebody was hired or married is the background of
    what is asked and counts only where the wedding itself is the matter; when a house was bought
    or a will made counts only where nothing else is dated. Of several days the earliest counts.
    """
    found = mentioned_dates(text, today)
    foreground = [one for one in found if not one.is_background]
    foreground = [one for one in foreground if not one.is_setting] or foreground
    if not foreground and (_OF_NOW.search(text) or not _ABOUT_A_WEDDING.search(text)):
        return None
    return min(foreground or found, key=lambda one: (one.first, one.last), default=None)


def without_dates(text: str, today: dt.date) -> str:
    """Return a text without the days it names, to search for its matter alone."""
    for one in sorted(mentioned_dates(text, today), key=lambda one: -len(one.said)):
        text = text.replace(one.said, "", 1)
    return text.strip("，,。 的")


def mentioned_dates(text: str, today: dt.date) -> tuple[FactDate, ...]:
    """Return all days of the past that a text names, in no order; each ends today at the latest."""
    return tuple(
        replace(
            one,
            first=_late(one, rest) or one.first,
            last=min(one.last, today),
            is_background=bool(_BACKGROUND.match(rest) or _HIRED.match(rest)),
            is_setting=bool(_SETTING.match(rest)),
        )
        for one in _dates(text, today)
        for rest in [text[text.find(one.said) + len(one.said) :]]
        if _EARLIEST <= one.first <= today
    )


def _dates(text: str, today: dt.date) -> Iterator[FactDate]:
    for match in _FULL.finditer(text):
        if not _is_other(text, match):
            parts = match.groupdict()
            yield from _span(
                _year(parts["year"]),
                parts["month"] or parts["m2"],
                parts["day"] or parts["d2"],
                match[0],
            )
    for match in _SHORT.finditer(text):
        if not _is_other(text, match):
            yield from _span(_century(int(match["year"])), match["month"], match["day"], match[0])
    for match in _CN_TWO.finditer(text):
        year = _CN_SHORT[match["tens"]] * 10 + _CN_SHORT[match["ones"]]
        yield from _span(_century(year), match["month"], match["day"], match[0])
    back = {"今年": 0, "去年": 1, "前年": 2, "大前年": 3}
    for match in _RELATIVE_YEAR.finditer(text):
        yield from _span(today.year - back[match["word"]], match["month"], None, match[0])
    for match in _AGO.finditer(text):
        yield _ago(match, today)
    for match in _RELATIVE_MONTH.finditer(text):
        months = 2 if match[0].startswith("上上") else 1 if match[0].startswith("上") else 0
        year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
        yield from _span(year, str(month + 1), None, match[0])
    days = {"大": 3, "前": 2, "昨": 1}
    for match in _RELATIVE_DAY.finditer(text):
        day = today - dt.timedelta(days=days.get(match[0][0], 0))
        yield FactDate(day, day, match[0])


def _is_other(text: str, match: re.Match[str]) -> bool:
    """Say whether a year is one of birth or of a law's edition."""
    if _LAW_BEFORE.search(text, max(0, match.start() - 6), match.start()):
        return True
    return _NOT_A_FACT.match(text[match.end() : match.end() + 24]) is not None


def _span(year: int, month: str | None, day: str | None, said: str) -> Iterator[FactDate]:
    if month is None:
        yield FactDate(dt.date(year, 1, 1), dt.date(year, 12, 31), said.strip())
        return
    number = to_int(month)
    length = calendar.monthrange(year, number)[1]
    if day is None:
        first, last = dt.date(year, number, 1), dt.date(year, number, length)
        yield FactDate(first, last, said.strip())
    elif 1 <= to_int(day) <= length:
        exact = dt.date(year, number, to_int(day))
        yield FactDate(exact, exact, said.strip())


def _ago(match: re.Match[str], today: dt.date) -> FactDate:
    """Take 三年前 as the whole calendar year, 两个月前 as the month, 五天前 as the day."""
    count = 0.5 if match["count"] == "半" else float(to_int(match["count"]))
    unit = match["unit"]
    if unit == "年" and count >= 1:
        year = max(today.year - int(count), 1)
        return FactDate(dt.date(year, 1, 1), dt.date(year, 12, 31), match[0])
    if unit in ("年", "月"):
        months = int(count * 12) if unit == "年" else int(count)
        year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
        length = calendar.monthrange(year, month + 1)[1]
        return FactDate(dt.date(year, month + 1, 1), dt.date(year, month + 1, length), match[0])
    days = int(count * (7 if unit in ("星期", "周") else 1))
    day = today - dt.timedelta(days=days)
    return FactDate(day, day, match[0])


def _late(one: FactDate, rest: str) -> dt.date | None:
    """Return the first day of the last two months where somebody says 年底 of a whole year."""
    is_year = (one.first.month, one.first.day) == (1, 1) and one.last.month > 1
    if not is_year or not _HALF.match(rest):
        return None
    return dt.date(one.first.year, 11, 1)


def _century(two: int) -> int:
    """Return the year that two digits mean: 98年 is 1998, 19年 is 2019."""
    return 1900 + two if two >= 50 else 2000 + two


def _year(written: str) -> int:
    return int(written) if written.isdecimal() else to_int(written)
