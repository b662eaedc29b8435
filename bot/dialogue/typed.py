"""Read what people type for a field: days, sums of money, numbers, choices."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.dialogue.normalise import canonical
from knowledge_base.numerals import to_int
from knowledge_base.tools import Calculator, Field

Value = str | int | bool
LONGEST = 40

_DAY = re.compile(r"(?<!\d)(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?")
_MONTH_DAY = re.compile(r"(?<!\d)(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]")
_AHEAD = re.compile(
    r"(?:还有|还剩|只剩|剩|再过|过)?\s*(\d{1,4}|[一二两三四五六七八九十]{1,3})\s*天(?!前)"
)
_NEXT = re.compile(r"大后天|后天|明天|今天")
_NEXT_DAYS = {"今天": 0, "明天": 1, "后天": 2, "大后天": 3}
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)([千万亿]?)")
_UNITS = re.compile(r"[,，\s￥¥]|人民币|元整|块钱|元|块|个月|小时|级|岁|天|年|个|%|％")
_TIMES = {"": 1, "百": 10**2, "千": 10**3, "万": 10**4, "亿": 10**8}
# 一万二 is 12,000 and 三千五 is 3,500: the last digit counts in tenths of the unit before it.
_SPOKEN = re.compile(r"([^百千万亿]+)([百千万亿])([1-9一二两三四五六七八九])")
_YES = frozenset({"on", "是", "是的", "对", "有", "1", "true"})
_NO = frozenset({"", "否", "不是", "没有", "不", "0", "false"})


class Unreadable(ValueError):
    """What was typed is not what the field asks for."""


@dataclass(frozen=True)
class Given:
    """The inputs that could be read, and for each other field what is wrong with it."""

    inputs: Mapping[str, Value]
    wrong: Mapping[str, str]


def read_all(calculator: Calculator, typed: Mapping[str, str], said: Mapping[str, str]) -> Given:
    """Read every field; ``said`` has the sentence for each kind, and ``empty``."""
    inputs: dict[str, Value] = {}
    wrong: dict[str, str] = {}
    for field in calculator.fields:
        words = typed.get(field.name, "").strip()
        if not words and field.kind != "whether":
            if not field.optional:
                wrong[field.name] = said["empty"]
            continue
        try:
            inputs[field.name] = read_field(field, words)
        except Unreadable:
            wrong[field.name] = said[field.kind]
    return Given(inputs, wrong)


def read_field(field: Field, words: str) -> Value:
    """Return the value as the rules take it from JSON: days in ISO, a percentage as a fraction.

    Raises:
        Unreadable: the words are not a value of this field.
    """
    plain = canonical(words)
    if len(plain) > LONGEST:
        raise Unreadable
    if field.kind == "day":
        return _day(plain)
    if field.kind == "whether":
        return _whether(plain)
    if field.kind == "choice":
        return _choice(field, plain)
    number = _number(plain)
    if field.kind == "percent":
        number /= 100
    return int(number) if number == number.to_integral_value() else f"{number.normalize():f}"


def told_in(field: Field, words: str) -> str:
    """Return the part of a sentence that is the value of the field, such as 每月8000块左右.

    Raises:
        Unreadable: the sentence holds none, or several.
    """
    plain = canonical(words)
    try:
        read_field(field, plain)
    except Unreadable:
        pattern = {"day": _DAY, "choice": None, "whether": None}.get(field.kind, _NUMBER)
        found = [] if pattern is None else [match[0] for match in pattern.finditer(plain)]
        if len(found) != 1:
            raise
        return found[0]
    return plain


def read_day(words: str, on: dt.date | None = None) -> dt.date:
    """Return the one day that a sentence names: 2026-12-1, 12月1日, 明天, 还有三天.

    ``on`` is the day on which it was said; a day without its year is the next one. Without it
    only whole dates are read.

    Raises:
        Unreadable: it names none, several, or one that no calendar has.
    """
    plain = canonical(words)
    whole, short = _DAY.findall(plain), _MONTH_DAY.findall(_DAY.sub("", plain))
    ahead = [int(n) if n.isdecimal() else to_int(n) for n in _AHEAD.findall(plain)]
    ahead += [_NEXT_DAYS[name] for name in _NEXT.findall(plain)]
    if len(whole) + len(short) + len(ahead) != 1 or not (whole or on):
        raise Unreadable
    try:
        if whole:
            year, month, day = (int(part) for part in whole[0])
            return dt.date(year, month, day)
        assert on is not None
        if ahead:
            return on + dt.timedelta(days=ahead[0])
        month, day = (int(part) for part in short[0])
        this_year = dt.date(on.year, month, day)
        return this_year if this_year >= on else dt.date(on.year + 1, month, day)
    except (ValueError, OverflowError) as error:
        raise Unreadable from error


def _day(words: str) -> str:
    found = _DAY.fullmatch(words)
    if found is None:
        raise Unreadable
    year, month, day = found.groups()
    return f"{year}-{int(month):02}-{int(day):02}"


def _whether(words: str) -> bool:
    if words in _YES:
        return True
    if words in _NO:
        return False
    raise Unreadable


def _choice(field: Field, words: str) -> Value:
    for option in field.options:
        if words in (option.value, canonical(option.label)):
            return int(option.value) if option.value.isdecimal() else option.value
    raise Unreadable


def _number(words: str) -> Decimal:
    bare = _UNITS.sub("", words)
    found = _NUMBER.fullmatch(bare)
    if found is not None:
        return Decimal(found[1]) * _TIMES[found[2]]
    spoken = _SPOKEN.fullmatch(bare)
    try:
        if spoken is not None:
            unit = _TIMES[spoken[2]]
            return Decimal(to_int(spoken[1]) * unit + to_int(spoken[3]) * unit // 10)
        return Decimal(to_int(bare))
    except ValueError as error:
        raise Unreadable from error
