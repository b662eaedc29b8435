"""A matter: its states and allowed moves, its outcomes, and the number read over the phone.

No storage, no wording. A conversation is the thread of the talk; a matter begins and ends.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.aid import WrongNumber as WrongNumber
from bot.domain.aid import check_digit


class MatterState(StrEnum):
    WAITING = "waiting"
    """In the common queue: whoever is first takes it."""
    DISPATCHED = "dispatched"
    """Given to an office or a person who has not begun yet."""
    IN_PROGRESS = "in_progress"
    RETURNED = "returned"
    """The lawyer left the talk to the bot; the matter is still his until it is closed."""
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a matter ended; the words are in bot/matters/words.yml."""

    ADVISED = "advised"
    REFERRED_AID = "referred_aid"
    REFERRED_MEDIATION = "referred_mediation"
    REFERRED_OTHER = "referred_other"
    FILED = "filed"
    BOT_ONLY = "bot_only"
    """What the bot had said was enough; the lawyer added nothing."""
    UNREACHABLE = "unreachable"
    WITHDRAWN = "withdrawn"


class Referral(StrEnum):
    """Why a matter is a referral: to whom it is to be passed on. It is the matter's reason.

    A referral is registered by the bot for a conversation that goes on: nobody is waited for.
    """

    LAWYER_MEDIATION = "refer_lawyer_mediation"
    MEDIATION = "refer_mediation"
    NOTARY = "refer_notary"
    APPRAISAL = "refer_appraisal"
    COURT_FEES = "refer_court_fees"


REFERRALS = frozenset(Referral)


class Action(StrEnum):
    """One line of a matter's log."""

    OPENED = "opened"
    QUEUED = "queued"
    """Waits again: asked for again, or taken from a lawyer who did not answer."""
    ASKED = "asked"
    """Asked for again while it is dispatched: it stays where it was sent."""
    DISPATCHED = "dispatched"
    TAKEN = "taken"
    RETURNED = "returned"
    CLOSED = "closed"
    REOPENED = "reopened"
    NOTED = "noted"
    PHONE = "phone"
    """The visitor left a number to be called back."""
    REVEALED = "revealed"
    ERASED = "erased"

    @property
    def sets_state(self) -> bool:
        """Say whether a matter is where it is since such a line."""
        return self in _SETS_STATE


_SETS_STATE = frozenset(
    {
        Action.OPENED,
        Action.QUEUED,
        Action.DISPATCHED,
        Action.TAKEN,
        Action.RETURNED,
        Action.CLOSED,
        Action.REOPENED,
    }
)


MOVES: Mapping[MatterState, frozenset[MatterState]] = {
    # Asked for again while it waits, dispatched elsewhere, handed to another: these stay in place.
    MatterState.WAITING: frozenset(
        {
            MatterState.WAITING,
            MatterState.DISPATCHED,
            MatterState.IN_PROGRESS,
            MatterState.CLOSED,
        }
    ),
    MatterState.DISPATCHED: frozenset(
        {
            MatterState.WAITING,
            MatterState.DISPATCHED,
            MatterState.IN_PROGRESS,
            MatterState.CLOSED,
        }
    ),
    MatterState.IN_PROGRESS: frozenset(
        {
            MatterState.WAITING,
            MatterState.DISPATCHED,
            MatterState.IN_PROGRESS,
            MatterState.RETURNED,
            MatterState.CLOSED,
        }
    ),
    MatterState.RETURNED: frozenset(
        {
            MatterState.WAITING,
            MatterState.DISPATCHED,
            MatterState.IN_PROGRESS,
            MatterState.CLOSED,
        }
    ),
    MatterState.CLOSED: frozenset({MatterState.WAITING}),
}

OPEN = frozenset(MatterState) - {MatterState.CLOSED}


def may_move(current: MatterState, to: MatterState) -> bool:
    """Say whether a matter may go from one state to the other."""
    return to in MOVES[current]


def sources_of(to: MatterState) -> tuple[MatterState, ...]:
    """Return every state from which ``to`` may be reached: the guard of the conditional update."""
    return tuple(state for state, targets in MOVES.items() if to in targets)


@dataclass(frozen=True)
class Contact:
    """Who to call; personal data in plain text."""

    name: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Matter:
    """One matter as stored; ``about``, ``contact`` and ``advice`` are personal data."""

    id: int
    number: str
    conversation_id: str | None
    channel: str
    state: MatterState
    topic: str
    reason: str
    priority: int
    office_id: int | None
    staff_id: int | None
    about: str
    contact: Contact
    outcome: str
    advice: str
    opened_at: dt.datetime
    due_at: dt.datetime | None
    closed_at: dt.datetime | None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_referral(self) -> bool:
        """Say whether it is to be passed on, and not what its conversation waits for."""
        return self.reason in REFERRALS

    def is_overdue(self, now: dt.datetime) -> bool:
        """Say whether the matter is open and past its time."""
        return self.is_open and self.due_at is not None and self.due_at < now


# --- the number -----------------------------------------------------------------------------------

YEARS = range(26, 60)
"""Two digits of the years in which numbers are given out: a date such as 20261123 is none."""

_SEPARATORS = " \t,、·._/‐‑‒–—―−-"
_READ_OUT = str.maketrans("零〇○一二三四五六七八九幺两", "00012345678912")
_RUN = re.compile(rf"\d(?:[{_SEPARATORS}]{{0,3}}\d)*")
_SPEAKABLE = frozenset({(2, 5, 1), (2, 6, 1), (4, 4), (4, 5), (3, 3, 3)})
_DATE = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_AMOUNT_AFTER = re.compile(
    r"\s*(?:[十百千万亿元块圆角美欧港日年月亩股份a-z%]|人民币|公斤|公里|平方|平米|号[楼院])",
    re.IGNORECASE,
)
_STUCK_BEFORE = re.compile(
    r"(?:[¥￥$+第a-z十百千万亿]|人民币|[欠借][了我他她给]*)\s*$", re.IGNORECASE
)
_OTHER_NUMBER = re.compile(
    r"(?:电话|手机|座机|热线|传真|身份证|证件|[账帐][号户]|卡号|银行|尾号|微信|qq|邮编|案号|车牌)"
    r"[^\d,。;\n]{0,6}$",
    re.IGNORECASE,
)
# The 1 is 一, which has become a digit by then: 查一下.
_ASKED = r"查1?下|查询|问1?下|进度"
_NAMED_BEFORE = re.compile(rf"(?:工单|单号|编号|受理号|{_ASKED})[^\d\n]{{0,8}}$")
_NAMED_AFTER = re.compile(
    rf"[^\d\n]{{0,6}}(?:工单|单号|编号|{_ASKED}|到哪|办得|办到|办好|处理得|怎么样)"
)
_FLUFF = re.compile(r"[\s,。.!?、;:#()\[\]【】“”\"'—-]+")


def matter_number(year: int, serial: int) -> str:
    """Return a number such as ``26000120``: year, serial, check digit.

    Above 99,999 matters a year it grows by one digit rather than refuse a citizen.
    """
    body = f"{year % 100:02d}{serial:05d}"
    return body + check_digit(body)


def serial_of(number: str) -> int:
    return int(number[2:-1])


def is_issuable(number: str) -> bool:
    """Say whether every swap of two neighbouring digits would be noticed.

    MOD 11,10 finds every single wrong digit but misses one swap in sixty-four. Serials whose number
    has such a pair, about one in ten, are never given out. The check digit misses every swap of 56
    in the year 2056; there it is the year 65 that gives it away.
    """
    swaps = (
        number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(len(number) - 1)
    )
    return not any(swap != number and _fits(swap) for swap in swaps)


def next_number(year: int, last_serial: int) -> str:
    """Return the next number to give out after a serial."""
    serial = last_serial + 1
    while not is_issuable(matter_number(year, serial)):
        serial += 1
    return matter_number(year, serial)


def spoken(number: str) -> str:
    """Return the number in the groups in which it is shown and read out: ``2600 0120``."""
    size = 4 if len(number) == 8 else 3
    return " ".join(number[i : i + size] for i in range(0, len(number), size))


def read_number(text: str) -> str:
    """Return the number that a text is, however grouped: what is typed into a search box.

    Raises:
        WrongNumber: it is no number, or its check digit does not fit.
    """
    digits = re.sub(rf"[\s{_SEPARATORS}]+", "", _arabic(text))
    if not digits.isascii() or not digits.isdigit() or not _fits(digits):
        raise WrongNumber(text)
    return digits


def find_number(text: str) -> str | None:
    """Return the matter's number that a message names, or None if it names none.

    Spaces, dashes, full-width digits and digits read out in Chinese are understood. Phone,
    identity, card and case numbers, dates and amounts are not taken for one. Without a word such
    as 工单 beside it, only a number that is the whole message can be wrong.

    Raises:
        WrongNumber: it names one, and its check digit does not fit.
    """
    plain = _arabic(text)
    wrong = ""
    for run, digits in _candidates(plain):
        if _fits(digits):
            return digits
        before, after = plain[: run.start()], plain[run.end() :]
        named = _NAMED_BEFORE.search(before) or _NAMED_AFTER.match(after)
        alone = int(digits[:2]) in YEARS and not _FLUFF.sub("", before + after)
        if named or alone:
            wrong = wrong or digits
    if wrong:
        raise WrongNumber(wrong)
    return None


def without_number(text: str) -> str:
    """Return the text in Arabic digits, without the matter's number in it."""
    plain = _arabic(text)
    for run, digits in _candidates(plain):
        if _fits(digits):
            number = rf"[{_SEPARATORS}]*".join(digits)
            return plain[: run.start()] + re.sub(number, " ", run[0], count=1) + plain[run.end() :]
    return plain


def _candidates(plain: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield the runs of digits that may be a number, with those of their digits that are it."""
    for run in _RUN.finditer(plain):
        digits = _leading(run[0])
        if digits and not _is_something_else(plain[: run.start()], plain[run.end() :]):
            yield run, digits


def _arabic(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_READ_OUT)


def _leading(run: str) -> str:
    """Return the digits with which a run begins if they are as many as a number has, else nothing.

    Only the last four digits of a phone or a whole mobile number may follow, after a space.
    """
    groups = re.findall(r"\d+", run)
    if all(len(group) == 1 for group in groups):
        groups = ["".join(groups)]
    for count in range(1, len(groups) + 1):
        digits, rest = "".join(groups[:count]), groups[count:]
        if len(digits) not in (8, 9) or _DATE.fullmatch(digits):
            continue
        if not _is_divided_otherwise(run, groups[:count]) and _may_follow(run, rest):
            return digits
    return ""


def _is_divided_otherwise(run: str, groups: list[str]) -> bool:
    """Say whether commas or points divide the digits as they divide amounts and dates."""
    lengths = tuple(len(group) for group in groups)
    return len(groups) > 1 and lengths not in _SPEAKABLE and bool(re.search(r"[,._/]", run))


def _may_follow(run: str, rest: list[str]) -> bool:
    if not rest:
        return True
    follows = re.search(rf"[ \t,、]+{rest[-1]}$", run) is not None
    return follows and len(rest) == 1 and len(rest[0]) in (4, 11)


def _is_something_else(before: str, after: str) -> bool:
    if _AMOUNT_AFTER.match(after) or _STUCK_BEFORE.search(before):
        return True
    other, named = _OTHER_NUMBER.search(before), _NAMED_BEFORE.search(before)
    # 我打电话问工单…: the nearer word says what the number is.
    return other is not None and (named is None or named.start() < other.start())


def _fits(digits: str) -> bool:
    return (
        len(digits) in (8, 9)
        # Nine digits begin where eight no longer suffice.
        and not (len(digits) == 9 and digits[2] == "0")
        and int(digits[:2]) in YEARS
        and check_digit(digits[:-1]) == digits[-1]
    )
