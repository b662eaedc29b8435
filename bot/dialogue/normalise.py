"""Turn what people type into what the models were trained on, and hide what they should not see."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC
from stdnum.cn import ric

from bot.dialogue.faces import without_faces
from bot.redact import mask_personal

__all__ = [
    "canonical",
    "clean",
    "for_rasa",
    "is_identity_number",
    "mask_personal",
    "question_of",
    "says_something",
]

MAX_CHARACTERS = 2000

_INVISIBLE = re.compile(
    r"[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufffc]"
)
_IDENTITY = re.compile(r"[1-9]\d{16}[\dX]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"[ \t\u3000\u00a0]+")
_NAMED_NUMBER = re.compile(
    r"[，,。；;\s]*(?:我的?|本人)?(?:联系)?(?:电话|手机|手机号码?|身份证号?码?|微信|邮箱|卡号|号码)*"
    r"(?:号码|号|是|为|：|:)*〔[^〕]+〕"
)
_AMOUNT = re.compile(r"\d[\d,.]*\s*(?:万|千|百)?(?:多|来)?(?:元|块钱?|万)")
"""How much it was does not decide what is asked: "欠我5万不还" is "欠我钱不还"."""
_SPEAKS = re.compile(r"[\w\u3400-\u9fff]")


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def clean(text: str) -> str:
    """Return the text without lone surrogates, control and invisible characters.

    What is stored and shown to a lawyer: wording and line breaks stay as the visitor wrote them.
    """
    whole = text.encode("utf-8", "ignore").decode()
    whole = _INVISIBLE.sub("", whole.replace("\r\n", "\n").replace("\r", "\n"))
    return _CONTROL.sub(" ", whole).strip()


def canonical(text: str) -> str:
    """Return simplified characters, half-width forms and single spaces, for models and rules.

    Faces are left out before signs become words: 🈲 alone would be a 禁.
    """
    plain = unicodedata.normalize("NFKC", without_faces(clean(text)))
    return _SPACES.sub(" ", _simplifier().convert(plain)).strip()


def says_something(text: str) -> bool:
    """Say whether there is any letter, digit or Chinese character in the text besides faces."""
    return bool(_SPEAKS.search(without_faces(text).replace("_", "")))


def question_of(text: str) -> str:
    """Return what is asked, for retrieval: canonical, without persons' numbers and sums."""
    return _AMOUNT.sub("钱", _without_named_numbers(text)) or canonical(text)


def _without_named_numbers(text: str) -> str:
    return _NAMED_NUMBER.sub("", mask_personal(canonical(text))).strip("，,。；; \n")


def for_rasa(text: str) -> str:
    """Return the text as Rasa may see it: canonical, masked, on one line, never a command.

    Rasa takes a text whose first visible character is ``/`` as an intent with slots
    (``/restart``, ``/greet{"slot": true}``) after stripping white space, U+3000 included.
    """
    line = _without_named_numbers(text) or mask_personal(canonical(text))
    line = line.replace("\n", "，").strip()
    # Every leading slash goes, not only the first: "//restart" must not become "/restart".
    return re.sub(r"^[\s/]+", "", line) or "？"


def is_identity_number(text: str) -> bool:
    """Say whether the text is an 18-digit identity number with a true check digit (GB 11643).

    The district is not looked up: tables lack those of earlier years, and residents from 香港, 澳门
    and 台湾 and foreigners have codes of their own.
    """
    number = text.strip().upper()
    if not _IDENTITY.fullmatch(number):
        return False
    try:
        ric.get_birth_date(number)
    except ValueError:
        return False
    return bool(ric.calc_check_digit(number) == number[-1])
