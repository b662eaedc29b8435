"""The fields of the application as data, and what counts as an answer to each of them.

Pure: a field says whether a message reads as its answer, and whether that answer is acceptable.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import phonenumbers
import yaml
from pydantic import TypeAdapter

from bot.dialogue.digression import bare, digresses, is_command, is_short_question, place_of
from bot.dialogue.normalise import canonical, clean, is_identity_number
from bot.domain.aid import WrongNumber, find_number
from bot.texts import Texts

FILE = Path(__file__).with_name("form.yml")
OPTION = "aid"
STORY_LENGTHS = (10, 1500)
FREE_TEXT_LENGTHS = (2, 40)
LONGEST_NAME = 20
LONGEST_UNMARKED_NAME = 6
"""A longer name without 我叫 or a dot is hardly one: it is a sentence about the matter."""
LONGEST_TRY = 8
"""A longer message that is no option is a digression, not a badly written choice."""

Kind = Literal["name", "identity", "mobile", "choice", "story"]


@dataclass(frozen=True)
class Option:
    id: str
    label: str
    also: tuple[str, ...] = ()
    refuses: bool = False
    """Choosing it keeps the question open: the visitor is asked whether that is meant."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What choosing it states, in the names of ``knowledge_base.rules.facts``."""


@dataclass(frozen=True)
class Field:
    """One question of the application."""

    key: str
    label: str
    kind: Kind
    question: str
    errors: Mapping[str, str]
    sensitive: bool = False
    free_text: bool = False
    options: tuple[Option, ...] = ()
    never: tuple[str, ...] = ()
    """Words that people write here and that are no answer."""

    def option_id(self, option: Option) -> str:
        return f"{OPTION}.{self.key}.{option.id}"


@dataclass(frozen=True)
class AidForm:
    """The questions in order, and the sentences about applications."""

    fields: tuple[Field, ...]
    refusal: Field
    """What is asked once when the pledge is refused."""
    texts: Texts = field(repr=False)

    def field_of(self, key: str) -> Field:
        return next(f for f in self.fields if f.key == key)

    def pending(self, values: Mapping[str, str]) -> Field:
        """Return the question to ask; the last one again when all are answered."""
        open_fields = (f for f in self.fields if f.key not in values)
        return next(open_fields, self.fields[-1])

    def is_complete(self, values: Mapping[str, str]) -> bool:
        return all(f.key in values for f in self.fields)

    def step_of(self, asked: Field) -> int:
        return self.fields.index(asked) + 1


@dataclass(frozen=True)
class Fits:
    """An acceptable answer, as it is stored."""

    value: str


@dataclass(frozen=True)
class Wrong:
    """An answer that cannot be taken, and what to tell the visitor."""

    sentence: str


@cache
def load_form() -> AidForm:
    """Load form.yml.

    Raises:
        pydantic.ValidationError: the file does not define a form.
    """
    tree: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    fields = TypeAdapter(tuple[Field, ...]).validate_python(tree["fields"])
    refusal = TypeAdapter(Field).validate_python(tree["refusal"])
    return AidForm(fields, refusal, Texts(tree))


def day_in_chinese(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def check(asked: Field, words: str, option: str | None) -> Fits | Wrong:
    """Decide whether a message answers the question."""
    return _CHECKS[asked.kind](asked, clean(words), option)


def refuses(asked: Field, words: str, option: str | None) -> bool:
    """Say whether a message chooses an option that keeps the question open."""
    if asked.kind != "choice":
        return False
    chosen = _chosen(asked, clean(words), option)
    return chosen is not None and chosen.refuses


def reads_as_answer(asked: Field, words: str, option: str | None) -> bool:
    """Say whether a message is meant as an answer, a wrong one included."""
    if option is not None:
        return option.startswith(f"{OPTION}.")
    plain = canonical(words)
    if _names_application(plain):
        return False
    return _READS[asked.kind](asked, plain)


def _plain(words: str) -> str:
    return bare(canonical(words)).rstrip("吧啊呀了")


def _names_application(plain: str) -> bool:
    try:
        return find_number(plain) is not None
    except WrongNumber:
        return True


# --- name -------------------------------------------------------------------------------------

_NAME_LEAD = re.compile(
    r"^(?:我的?(?:姓名|名字|真名)?(?:就?叫做?|就?是)|(?:我的)?(?:姓名|名字|真名)(?:就?叫|就?是)?"
    r"|本人(?:就?叫|就?是)?)[:：\s]*"
)
_NAME = re.compile(r"[\u3400-\u9fffA-Za-z][\u3400-\u9fffA-Za-z·.\s]{0,18}[\u3400-\u9fffA-Za-z]")
_NOT_A_NAME = re.compile(
    r"工资|工钱|工伤|老板|公司|工地|离婚|抚养|赡养|家暴|房子|借钱|欠|赔偿|合同|仲裁|法院|法律|律师"
    r"|诉|派出所|报警|拘留|判|打人|被打|受伤|车祸|怎么|什么|为啥|多少|知道|可以|不想|想要|咨询|请问"
)


def _name_in(words: str) -> str:
    return _NAME_LEAD.sub("", bare(canonical(words).replace("•", "·").replace("・", "·"))).strip()


def _check_name(asked: Field, words: str, _option: str | None) -> Fits | Wrong:
    name = _name_in(words)
    if name in asked.never or _plain(words) in asked.never:
        return Wrong(asked.errors["form"])
    if _NAME.fullmatch(name) and not _NOT_A_NAME.search(name):
        return Fits(name)
    return Wrong(asked.errors["form"])


def _reads_name(asked: Field, plain: str) -> bool:
    if _plain(plain) in asked.never:
        return True
    if len(plain) > LONGEST_NAME or digresses(plain) or _NOT_A_NAME.search(plain):
        return False
    marked = "·" in plain or "•" in plain or _NAME_LEAD.match(plain) is not None
    return marked or not plain.isalpha() or plain.isascii() or len(plain) <= LONGEST_UNMARKED_NAME


# --- numbers ----------------------------------------------------------------------------------

_NUMBER_LABEL = re.compile(
    r"我的?|本人|身份证|电话|手机|联系方式|号码|号|就?是|为|这个|在|填|的|吧|[:：，,。.!！()]"
)
_NUMBER_LIKE = re.compile(r"[0-9A-Za-z\s+*_-]{3,40}")
_SEPARATORS = re.compile(r"[\s_-]+")
_SPOKEN = str.maketrans("〇零一二三四五六七八九幺", "001234567891")
_SPOKEN_ALL = re.compile(r"[〇零一二三四五六七八九幺\s]{7,}")


def _digits_in(words: str) -> str:
    """Return what is left of a number after its label, spoken digits as figures."""
    rest = _NUMBER_LABEL.sub("", canonical(words)).strip()
    if _SPOKEN_ALL.fullmatch(rest):
        rest = rest.translate(_SPOKEN)
    return _SEPARATORS.sub("", rest).upper()


def _check_identity(asked: Field, words: str, _option: str | None) -> Fits | Wrong:
    number = _digits_in(words)
    if not re.fullmatch(r"\d*[\dX]", number):
        return Wrong(asked.errors["letters"])
    if len(number) != 18:
        return Wrong(asked.errors["length"].format(count=len(number)))
    return Fits(number) if is_identity_number(number) else Wrong(asked.errors["check"])


def _check_mobile(asked: Field, words: str, _option: str | None) -> Fits | Wrong:
    number = re.sub(r"^(?:\+|00)?86(?=1\d{10}$)", "", _digits_in(words))
    if not number.isdigit():
        return Wrong(asked.errors["letters"])
    if len(number) != 11:
        return Wrong(asked.errors["length"].format(count=len(number)))
    parsed = phonenumbers.parse(number, "CN")
    is_mobile = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE
    return Fits(number) if is_mobile else Wrong(asked.errors["check"])


def _reads_number(_asked: Field, plain: str) -> bool:
    if is_command(plain) or is_short_question(plain):
        return False
    rest = _NUMBER_LABEL.sub("", plain).strip()
    spoken = bool(_SPOKEN_ALL.fullmatch(rest))
    figures = sum(character.isdigit() for character in rest)
    return spoken or (bool(_NUMBER_LIKE.fullmatch(rest)) and figures >= 3)


# --- choices ----------------------------------------------------------------------------------


def _chosen(asked: Field, words: str, option: str | None) -> Option | None:
    if option is not None:
        return next((o for o in asked.options if asked.option_id(o) == option), None)
    place = place_of(canonical(words))
    if place is not None:
        return asked.options[place - 1] if 1 <= place <= len(asked.options) else None
    plain = _plain(words)
    return next((o for o in asked.options if plain == o.label or plain in o.also), None)


def _check_choice(asked: Field, words: str, option: str | None) -> Fits | Wrong:
    chosen = _chosen(asked, words, option)
    if chosen is not None:
        return Wrong(asked.errors["refused"]) if chosen.refuses else Fits(chosen.label)
    own = " ".join(words.split())
    shortest, longest = FREE_TEXT_LENGTHS
    is_number = place_of(canonical(own)) is not None or own.isdigit()
    is_told = asked.free_text and shortest <= len(own) <= longest and not is_number
    if option is None and is_told:
        return Fits(own)
    return Wrong(asked.errors["form"])


def _reads_choice(asked: Field, plain: str) -> bool:
    if _chosen(asked, plain, None) is not None:
        return True
    longest = FREE_TEXT_LENGTHS[1] if asked.free_text else LONGEST_TRY
    return len(plain) <= longest and not digresses(plain)


# --- story ------------------------------------------------------------------------------------


def _check_story(asked: Field, words: str, _option: str | None) -> Fits | Wrong:
    shortest, longest = STORY_LENGTHS
    if len(words) < shortest:
        return Wrong(asked.errors["short"])
    if len(words) > longest:
        return Wrong(asked.errors["long"].format(count=len(words)))
    return Fits(words)


def _reads_story(_asked: Field, plain: str) -> bool:
    # A word or two is a try as well: it is asked for more rather than answered as a question.
    return not digresses(plain)


_CHECKS = {
    "name": _check_name,
    "identity": _check_identity,
    "mobile": _check_mobile,
    "choice": _check_choice,
    "story": _check_story,
}
_READS = {
    "name": _reads_name,
    "identity": _reads_number,
    "mobile": _reads_number,
    "choice": _reads_choice,
    "story": _reads_story,
}
