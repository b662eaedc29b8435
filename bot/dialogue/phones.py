"""Telephone numbers as people write them, and keyed hashes by which they are found again."""

from __future__ import annotations

import re

import phonenumbers

from bot.dialogue.normalise import canonical
from bot.store.crypto import Cipher

PHONE_HASH = "aid_applications.phone"
"""One context for applications, matters and codes, or their hashes could not be compared."""


def phone_of(typed: str) -> str:
    """Return the Chinese telephone number that a text is, in national digits; '' if it is none."""
    try:
        parsed = phonenumbers.parse(canonical(typed), "CN")
    except phonenumbers.NumberParseException:
        return ""
    if parsed.country_code != 86 or not phonenumbers.is_valid_number(parsed):
        return ""
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return re.sub(r"\D", "", national)


def mobile_of(typed: str) -> str:
    """Return the mobile number that a text is, to which a message can be sent; '' if it is none."""
    number = phone_of(typed)
    if not number:
        return ""
    kind = phonenumbers.number_type(phonenumbers.parse(number, "CN"))
    return number if kind == phonenumbers.PhoneNumberType.MOBILE else ""


def phone_index(cipher: Cipher, phone: str) -> str:
    """Return the hash of a number in national digits."""
    return cipher.blind_index(PHONE_HASH, phone)
