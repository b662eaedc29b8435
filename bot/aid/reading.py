"""What counts as an answer to each question of the application.

Pure: whether a message reads as an answer, and whether that answer is acceptable.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

import phonenumbers

from bot.aid.form import OPTION, Field, Option
from bot.dialogue.digression import bare, digresses, is_command, is_short_question, place_of
from bot.dialogue.normalise import canonical, clean, is_identity_number
from bot.dialogue.typed import Unreadable, read_day
from bot.domain.aid import WrongNumber, find_number
from bot.domain.places import find_places

STORY_LENGTHS = (10, 1500)
FREE_TEXT_LENGTHS = (2, 40)
TEXT_LENGTHS = (2, 300)
LONGEST_NAME = 20
LONGEST_UNMARKED_NAME = 6
"""A longer name without 我叫 or a dot is hardly one: it is a sentence about the matter."""
FURTHEST = dt.timedelta(days=3660)
"""A deadline later than this is a slip of the pen."""
MOST_PLACES = 4
"""Named in the question which of them is meant."""
LONGEST_TRY = 8
"""A longer message that is no option is a digression, not a badly written choice."""


_CORRECTION = re.compile(
    r"(?:我?(?:想|要|需要)?)?(?:改一下|修改一下|更正一下|改|修改|更正|重填|重新填)(?:我的)?(.{2,8}?)"
)


_NAMES_DAY = re.compile(r"\d|[明后]天|天(?:后|以后|内|就到)")
_OWN_LEAD = re.compile(r"^(?:我们?家?|本人)?(?:就是|算是|属于|是)(?=.{2})")


@dataclass(frozen=True)
class Fits:
    """An acceptable answer, as it is stored."""

    value: str


@dataclass(frozen=True)
class Wrong:
    """An answer that cannot be taken, and what to tell the visitor."""

    sentence: str


def check(asked: Field, words: str, option: str | None, on: dt.date) -> Fits | Wrong:
    """Decide whether a message answers the question; ``on`` is the day on which it was said."""
    if asked.kind == "deadline":
        return _check_deadline(asked, clean(words), option, on)
    return _CHECKS[asked.kind](asked, clean(words), option)


def refuses(asked: Field, words: str, option: str | None) -> bool:
    """Say whether a message chooses an option that keeps the question open."""
    if asked.kind != "choice":
        return False
    chosen = _chosen(asked, clean(words), option)
    return chosen is not None and chosen.refuses


def corrects(fields: Sequence[Field], words: str) -> Field | None:
    """Return the question whose answer somebody wants to change, such as 改手机号."""
    found = _CORRECTION.fullmatch(bare(canonical(words)))
    named = found[1] if found else ""
    return next((f for f in fields if named and named in (f.label, *f.called)), None)


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

_KIN = (
    r"(?:爸爸?|妈妈?|父亲|母亲|儿子|女儿|老公|老婆|丈夫|妻子|爱人|哥哥?|姐姐?|弟弟?|妹妹?"
    r"|爷爷|奶奶|外公|外婆|孩子|家人)"
)
_NAME_LEAD = re.compile(
    rf"^我的?{_KIN}(?:的?(?:名字|姓名))?(?:就?叫做?|就?是)?[:：\s]*|^[他她]的?(?:名字|姓名)?(?:就?叫做?|就?是)|"
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
    # Where something is to be typed, the options are not numbered anywhere.
    place = place_of(canonical(words)) if asked.kind == "choice" else None
    if place is not None:
        return asked.options[place - 1] if 1 <= place <= len(asked.options) else None
    plain = _OWN_LEAD.sub("", _plain(words))
    return next((o for o in asked.options if plain in map(_plain, (o.label, *o.also))), None)


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


# --- text, places, days -----------------------------------------------------------------------


def _check_text(asked: Field, words: str, option: str | None) -> Fits | Wrong:
    chosen = _chosen(asked, words, option)
    if chosen is not None:
        return Fits(chosen.label)
    told = " ".join(words.split())
    shortest, longest = TEXT_LENGTHS
    if option is not None or _plain(words) in asked.never or len(told) < shortest:
        return Wrong(asked.errors["form"])
    if len(told) > longest:
        return Wrong(asked.errors["long"].format(count=len(told)))
    return Fits(told)


def _reads_text(asked: Field, plain: str) -> bool:
    return _chosen(asked, plain, None) is not None or not digresses(plain)


def _check_place(asked: Field, words: str, option: str | None) -> Fits | Wrong:
    chosen = _chosen(asked, words, option)
    if chosen is not None:
        return Fits(chosen.label)
    found = find_places(canonical(words))
    if len(found) == 1 and found[0].is_narrow:
        return Fits(found[0].name)
    if len(found) > 1:
        names = "、".join(place.name for place in found[:MOST_PLACES])
        return Wrong(asked.errors["several"].format(names=names))
    return Wrong(asked.errors["wide" if found else "form"])


def _check_deadline(asked: Field, words: str, option: str | None, on: dt.date) -> Fits | Wrong:
    if option is None and words.isdigit():
        # The place of an option, or how many days are left? Nobody can tell.
        return Wrong(asked.errors["form"])
    chosen = _chosen(asked, words, option)
    if chosen is not None:
        return Fits(chosen.label)
    try:
        day = read_day(words, on)
    except Unreadable:
        return Wrong(asked.errors["form"])
    if not on <= day <= on + FURTHEST:
        return Wrong(asked.errors["past" if day < on else "form"])
    return Fits(str(day))


def _reads_deadline(asked: Field, plain: str) -> bool:
    return bool(_NAMES_DAY.search(plain)) or _reads_choice(asked, plain)


_CHECKS = {
    "name": _check_name,
    "identity": _check_identity,
    "mobile": _check_mobile,
    "choice": _check_choice,
    "story": _check_story,
    "text": _check_text,
    "place": _check_place,
}
_READS = {
    "name": _reads_name,
    "identity": _reads_number,
    "mobile": _reads_number,
    "choice": _reads_choice,
    "story": _reads_story,
    "text": _reads_text,
    "place": _reads_text,
    "deadline": _reads_deadline,
}
