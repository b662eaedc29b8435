"""Chinese, Arabic and full-width numerals: reading them and writing them as statutes do.

Whole numbers only; amounts with decimals belong to :mod:`knowledge_base.quantities`.
"""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
NUMERAL_CHARACTERS = "0-9０-９零〇○一二三四五六七八九十百千万亿两"
"""For use inside a regular expression's character class."""

_VALUES = {c: v for v, c in enumerate(DIGITS)} | {"〇": 0, "○": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10**4, "亿": 10**8}


def to_int(numeral: str) -> int:
    """Read a numeral such as ``一百二十三``, ``二〇二六``, ``５７７`` or ``3万``.

    Raises ValueError if the text is not a whole number.
    """
    text = numeral.strip()
    if not text:
        raise ValueError("an empty text is not a number")
    if text.isdecimal():
        return int(text)
    if all(c in _VALUES for c in text):
        return int("".join(str(_VALUES[c]) for c in text))
    return _positional(text)


def _positional(text: str) -> int:
    total = section = digit = 0
    digits_read = ""
    for c in text:
        if c in _VALUES:
            digit = _VALUES[c]
            digits_read = ""
        elif c.isdecimal():
            digits_read += c
            digit = int(digits_read)
        elif c in _UNITS:
            # 十五 stands for 一十五.
            section += (digit or (1 if not section else 0)) * _UNITS[c]
            digit, digits_read = 0, ""
        elif c in _GROUPS:
            total = (total + section + digit) * _GROUPS[c]
            section, digit, digits_read = 0, 0, ""
        else:
            raise ValueError(f"{text!r} is not a number")
    return total + section + digit


def to_chinese(number: int) -> str:
    """Write 0 to 99,999,999 in statute style: 577 is 五百七十七, 1005 is 一千零五.

    Raises ValueError outside that range.
    """
    if not 0 <= number < 10**8:
        raise ValueError(f"{number} cannot be written as an article number")
    if number >= 10**4:
        high, low = divmod(number, 10**4)
        gap = "零" if 0 < low < 1000 else ""
        return to_chinese(high) + "万" + (gap + _below_ten_thousand(low) if low else "")
    text = _below_ten_thousand(number)
    return text[1:] if text.startswith("一十") else text


def _below_ten_thousand(number: int) -> str:
    if number == 0:
        return DIGITS[0]
    written = ""
    gap = False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit == 0:
            gap = bool(written)
            continue
        written += (DIGITS[0] if gap else "") + DIGITS[digit] + name
        gap = False
    return written
