"""What stands in a message that answers a question about binding: a code, a number, a phone.

A message in which anything else stands is no such answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.binding.words import bare, pattern
from bot.dialogue.normalise import canonical
from bot.dialogue.phones import phone_of
from bot.domain import aid
from bot.domain.matter import WrongNumber, read_number

CODE_DIGITS = 8
SMS_DIGITS = 6
LONGEST = 80

_MOBILE = re.compile(r"(?<![\d-])(?:\+?86[\s-]?)?1[3-9]\d(?:[\s-]?\d){8}(?!\d)")
_RUN = re.compile(r"\+?\d(?:[\s()‐-―-]{0,2}\d)*")


@dataclass(frozen=True)
class Typed:
    """What was typed; empty where it was not."""

    code: str = ""
    number: str = ""
    """Of an application or a matter, as it is stored."""
    phone: str = ""
    sms: str = ""
    is_wrong: bool = False
    """A number whose check digit does not fit."""
    is_odd: bool = False
    """Digits that are none of these."""


def read_typed(words: str) -> Typed | None:
    """Return what stands in a message; None where it says more than that, or nothing."""
    if len(words) > LONGEST:
        return None
    rest = canonical(words)
    number, is_wrong = "", False
    try:
        number = aid.find_number(rest) or ""
    except aid.WrongNumber:
        is_wrong = True
    rest = aid.without_number(rest)
    phone = ""
    mobile = _MOBILE.search(rest)
    if mobile is not None:
        phone = phone_of(mobile[0])
        rest = rest.replace(mobile[0], " ", 1)
    runs = _RUN.findall(rest)
    if bare(pattern("labels").sub("", _RUN.sub("", rest))) or len(runs) > 1:
        return None
    if not runs:
        found = Typed(number=number, phone=phone, is_wrong=is_wrong)
        return None if found == Typed() else found
    return _with_digits(runs[0], number, phone, is_wrong)


def _with_digits(run: str, number: str, phone: str, is_wrong: bool) -> Typed:
    """Say what a group of digits is that is neither application nor mobile phone."""
    digits = re.sub(r"\D", "", run)
    if number and len(digits) == 1:
        # The check digit, after a space.
        fits = digits == number[-1]
        return Typed(number=number if fits else "", phone=phone, is_wrong=not fits)
    if not number and not is_wrong and len(digits) in (CODE_DIGITS, CODE_DIGITS + 1):
        try:
            return Typed(number=read_number(digits), phone=phone)
        except WrongNumber:
            if phone or len(digits) != CODE_DIGITS:
                return Typed(phone=phone, is_wrong=True)
            return Typed(code=digits)
    if len(digits) == SMS_DIGITS and not (number or phone or is_wrong):
        return Typed(sms=digits)
    landline = "" if phone else phone_of(run)
    if landline:
        return Typed(number=number, phone=landline, is_wrong=is_wrong)
    return Typed(is_odd=True)
