"""Find personal numbers in a text and replace them by their names."""

from __future__ import annotations

import re

_ID_NUMBER = re.compile(r"(?<!\d)\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d{4}[\dXx](?![\dXx])")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_BANK_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){15,18}(?!\d)")
_EMAIL = re.compile(r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def mask_personal(text: str) -> str:
    """Replace identity numbers, mobile phones, bank cards and e-mail addresses by their names."""
    masked = _ID_NUMBER.sub("〔身份证号〕", text)
    masked = _PHONE.sub("〔手机号〕", masked)
    masked = _BANK_CARD.sub("〔卡号〕", masked)
    return _EMAIL.sub("〔邮箱〕", masked)
