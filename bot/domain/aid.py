"""The legal-aid application: its states, its number, its period. No storage, no wording."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AidState(StrEnum):
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    NEED_SUPPLEMENT = "need_supplement"
    APPROVED = "approved"
    ASSIGNED = "assigned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    TERMINATED = "terminated"


TRANSITIONS: Mapping[AidState, frozenset[AidState]] = {
    # 法律援助法 44: aid may be granted before the review is finished, so approval is open at once.
    AidState.SUBMITTED: frozenset(
        {AidState.ACCEPTED, AidState.NEED_SUPPLEMENT, AidState.APPROVED, AidState.REFUSED}
    ),
    AidState.ACCEPTED: frozenset({AidState.NEED_SUPPLEMENT, AidState.APPROVED, AidState.REFUSED}),
    # 法律援助法 43(2): papers not supplied mean withdrawn, never refused.
    AidState.NEED_SUPPLEMENT: frozenset({AidState.ACCEPTED, AidState.WITHDRAWN}),
    # 法律援助法 48: aid may end before a lawyer was assigned.
    AidState.APPROVED: frozenset({AidState.ASSIGNED, AidState.TERMINATED}),
    # Back to approved: the lawyer declined, or is replaced (法律援助法 55).
    AidState.ASSIGNED: frozenset({AidState.APPROVED, AidState.CLOSED, AidState.TERMINATED}),
    # 法律援助法 49: the justice authority may order a refusal to be corrected.
    AidState.REFUSED: frozenset({AidState.APPROVED}),
    AidState.WITHDRAWN: frozenset(),
    AidState.CLOSED: frozenset(),
    # 法律援助法 49: an end may be objected to as well.
    AidState.TERMINATED: frozenset({AidState.APPROVED}),
}

UNDER_REVIEW = frozenset({AidState.SUBMITTED, AidState.ACCEPTED})
"""States in which the period of article 43 runs."""

ENDED = frozenset({AidState.REFUSED, AidState.WITHDRAWN, AidState.CLOSED, AidState.TERMINATED})
"""After these the same person may apply again in the same matter."""


def may_change(current: AidState, to: AidState) -> bool:
    """Say whether an application may go from one state to the other."""
    return to in TRANSITIONS[current]


@dataclass(frozen=True)
class Draft:
    """An application that is still being filled in."""

    conversation_id: str
    values: Mapping[str, str] = field(default_factory=dict)
    active: bool = True
    inbound_id: int = 0
    """The last message that answered a question; a repeated message answers nothing."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """What stands half written in the fields of the web form, unchecked."""
    lodged_at: int | None = None
    """The office at whose counter it is filled in; any office takes any application."""


@dataclass(frozen=True)
class Application:
    """A submitted application; ``fields`` and ``closing`` hold personal data in plain text."""

    number: str
    conversation_id: str | None
    state: AidState
    matter: str
    fields: Mapping[str, str]
    created_at: dt.datetime
    updated_at: dt.datetime
    decide_by: dt.date
    """The last day for the decision (法律援助法 43)."""
    id: int = 0
    place: str = ""
    """Code of the county where the case is handled or its cause arose (法律援助法 38)."""
    lodged_at: int | None = None
    """The office that took the application in."""
    office_id: int | None = None
    """The office that decides on it."""
    urgent: str = ""
    """The item of article 44 by which aid may come before the papers; empty if none."""
    supplement_by: dt.date | None = None
    waiting_since: dt.datetime | None = None
    waited_days: int = 0
    decided_at: dt.datetime | None = None
    staff_id: int | None = None
    """The lawyer to whom it is assigned."""
    assigned_at: dt.datetime | None = None
    taken_at: dt.datetime | None = None
    """When the lawyer accepted the assignment."""
    closed_at: dt.datetime | None = None
    ground: str = ""
    """The head of article 48 by which it ended."""
    objected_on: dt.date | None = None
    """The day of an objection that was not answered yet (法律援助法 49)."""
    closing: Mapping[str, Any] = field(default_factory=dict)
    """The report at the close, from which the subsidy is worked out."""

    def days_left(self, today: dt.date) -> int | None:
        """Return the days left for the decision, negative when late; None when none is due."""
        if self.state not in UNDER_REVIEW:
            return None
        return (self.decide_by - today).days


class WrongNumber(ValueError):
    """A text holds an application number whose check digit is wrong."""


_NUMBER = re.compile(r"FY[\s-]*(\d{8})[\s-]*(\d{4,6})(?:[\s-]*-[\s-]*(\d)(?!\d))?", re.IGNORECASE)


def application_number(day: dt.date, serial: int) -> str:
    """Return a number such as ``FY20261123-0001-7``."""
    body = f"{day:%Y%m%d}{serial:04d}"
    return f"FY{body[:8]}-{body[8:]}-{check_digit(body)}"


def check_digit(digits: str) -> str:
    """Return the check digit of ISO 7064 MOD 11,10: it finds every single wrong digit."""
    check = 5
    for digit in digits:
        check = (((check or 10) * 2) % 11 + int(digit)) % 10
    return str((1 - ((check or 10) * 2) % 11) % 10)


def find_number(text: str) -> str | None:
    """Return the application number named in a text, with or without its check digit.

    Raises:
        WrongNumber: the check digit written does not fit.
    """
    found = _NUMBER.search(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    day, serial, check = found.groups()
    right = check_digit(day + serial)
    if check is not None and check != right:
        raise WrongNumber(found[0])
    return f"FY{day}-{serial}-{right}"


def without_number(text: str) -> str:
    """Return the text without the application number in it."""
    return _NUMBER.sub(" ", unicodedata.normalize("NFKC", text))
