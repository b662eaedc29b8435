"""The quantities a legal text states: periods, ages, amounts, shares, in comparable form.

Serves the check that curated 要点 say exactly the numbers of their article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from knowledge_base.numerals import to_int

STRICT_UNITS = frozenset({"日", "工作日", "月", "年", "岁", "小时", "分钟", "元", "比例"})
"""Units where a difference from the statute is a mistake and not a figure of speech."""

_CN = "零〇○一二三四五六七八九十百千两"
_NUMBER = (
    r"(?:[0-9０-９]+(?:,[0-9]{3})*(?:[.．点][0-9０-９]+)?"
    rf"|[零〇○一二三四五六七八九十两][{_CN}]*)\s*[万亿千百]*万?"
)
_UNIT = (
    r"个?工作日|个?自然日|个?小时|分钟|个?星期|周岁|周年|周(?!末)|个半月|个?月|年半|日|天|年|岁|"
    r"亿?万?元|块钱?|％|%|‰|倍|[个名]?人(?!民)|名|次(?!性)|户|级(?!别)"
)
_RANGE = r"\s*(?:[-－—~～至到、或和]|以上|不满)\s*"
_QUANTITY = re.compile(
    rf"(?P<first>{_NUMBER})(?:(?P<to>{_RANGE})(?P<second>{_NUMBER}))?\s*(?P<unit>{_UNIT})"
)
_SHARE = re.compile(
    rf"(?P<whole>百|千|万|[{_CN}]+|\d+)分之(?P<part>[{_CN}]+|[0-9０-９.]+)(?:{_RANGE}(?P<to>[{_CN}]+|[0-9.]+)(?=[，。；、的以]|$))?"
)
_CITED = re.compile(
    r"第[\s0-9０-９零〇○一二三四五六七八九十百千两、和至]+(?:条|款|项|章|编|节|次|届|号|级)(?:之[一二三四五六七八九十\d]+)?|(?<!分)之[一二三四五六七八九十]+(?=[、，。]|$)"
)
_DATE = re.compile(
    r"[12][0-9]{3}\s*年(?:\s*\d{1,2}\s*月)?(?:\s*\d{1,2}\s*日)?|\d{1,2}月\d{1,2}日|[一二三四五六七八九十]{1,3}月[一二三四五六七八九十]{1,3}日"
)
_PHRASES = (
    # 最后一天 and 每一天 are no periods, and 千万别 is no amount.
    (re.compile(r"(?:最后|每|某|同|哪|头|前)一[天日]"), "，"),
    (re.compile(r"半数"), "二分之一"),
    (re.compile(r"半年"), "六个月"),
    (re.compile(r"双倍|翻倍|两倍|翻番|翻一番|加倍"), "二倍"),
    (re.compile(r"半个月"), "十五日"),
    (re.compile(r"半小时"), "三十分钟"),
    (re.compile(r"一年半"), "十八个月"),
)


@dataclass(frozen=True, order=True)
class Quantity:
    """A number with its dimension; a share is 比例, 30% and 百分之三十 alike."""

    value: Fraction
    unit: str

    def __str__(self) -> str:
        if self.unit == "比例":
            return f"{float(self.value):.6g} 倍（{float(self.value * 100):.6g}%）"
        if self.unit == "月" and self.value >= 12 and self.value % 12 == 0:
            return f"{self.value // 12}年"
        return f"{float(self.value):.12g}{'个月' if self.unit == '月' else self.unit}"


def quantities(text: str) -> set[Quantity]:
    """Return the quantities stated in a text, without article numbers and calendar dates."""
    plain = _DATE.sub("，", _CITED.sub("，", text))
    for phrase, said in _PHRASES:
        plain = phrase.sub(said, plain)
    found: set[Quantity] = set()
    for share in _SHARE.finditer(plain):
        whole = {"百": 100, "千": 1000, "万": 10000}.get(share["whole"]) or to_int(share["whole"])
        for part in (share["part"], share["to"]):
            if part and whole:
                found.add(Quantity(_number(part) / whole, "比例"))
    plain = _SHARE.sub("，", plain)
    for match in _QUANTITY.finditer(plain):
        found |= _measured(match)
    found |= {
        Quantity(_number(m[0]), "元") for m in _BARE_AMOUNT.finditer(_QUANTITY.sub("，", plain))
    }
    return found


_BARE_AMOUNT = re.compile(rf"(?:[0-9]+(?:\.[0-9]+)?|[一二三四五六七八九十两][{_CN}]*)\s*[万亿]")


def _measured(match: re.Match[str]) -> set[Quantity]:
    unit = match["unit"]
    values = [_number(match["first"])]
    if match["second"]:
        second = _number(match["second"])
        scale = next(
            (s for s in ("万", "亿") if s in match["second"] and s not in match["first"]), ""
        )
        if scale:  # 三至五万元 means 三万元至五万元.
            values = [values[0] * (10**4 if scale == "万" else 10**8), values[0]]
        values.append(second)
    elif unit.startswith(("万", "亿")):
        unit = unit[-1]
    return {_converted(value, unit) for value in values}


def _converted(value: Fraction, unit: str) -> Quantity:
    unit = unit.removeprefix("个").removeprefix("名") if unit not in {"名"} else "人"
    if unit in {"%", "％"}:
        return Quantity(value / 100, "比例")
    if unit == "‰":
        return Quantity(value / 1000, "比例")
    if unit == "倍":
        return Quantity(value, "比例")
    if unit in {"天", "自然日", "日"}:
        return Quantity(value, "日")
    if unit in {"星期", "周"}:
        return Quantity(value * 7, "日")
    if unit in {"周岁", "岁"}:
        return Quantity(value, "岁")
    if unit in {"周年", "年"}:
        return Quantity(value * 12, "月")
    if unit == "半月":
        return Quantity(value * 30 + 15, "日")
    if unit == "年半":
        return Quantity(value * 12 + 6, "月")
    if unit.endswith(("元", "块", "块钱")):
        return Quantity(value, "元")
    return Quantity(value, unit)


def _number(text: str) -> Fraction:
    text = text.strip().replace(",", "").replace("．", ".").replace("点", ".")
    scale = 1
    while (text and text[-1] in "万亿") or (text and text[-1] in "千百" and text[0].isdecimal()):
        scale *= {"百": 100, "千": 1000, "万": 10**4, "亿": 10**8}[text[-1]]
        text = text[:-1].strip()
    if not text:
        return Fraction(scale)
    if "." in text:
        return Fraction(text) * scale
    return Fraction(to_int(text)) * scale
