"""What is counted and listed of applications; a ``Case`` holds nothing that names a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.domain.aid import AidState


@dataclass(frozen=True)
class Case:
    """One application as it is counted; days are those of China."""

    matter: str
    for_whom: str
    group: str
    place: str
    state: AidState
    urgent: str
    submitted_on: dt.date
    decide_by: dt.date
    waited_days: int = 0
    decided_on: dt.date | None = None
    """The first decision; one that follows an objection does not make it later."""
    granted_on: dt.date | None = None
    assigned_on: dt.date | None = None
    asked: bool = False
    """The applicant was asked for papers."""
    objected: bool = False
    result: str = ""


@dataclass(frozen=True)
class Event:
    """What happened to some application, the first time that it did."""

    action: str
    on: dt.date


@dataclass(frozen=True)
class Listed:
    """One application in the list of cases, its applicant's name masked."""

    number: str
    masked_name: str
    matter: str
    place: str
    state: AidState
    urgent: str
    submitted_on: dt.date
    decide_by: dt.date
    decided_on: dt.date | None
    assigned_on: dt.date | None
    closed_on: dt.date | None
    lawyer: str
    office: str


@dataclass(frozen=True)
class Finished:
    """One closed application, from which the subsidy is worked out."""

    number: str
    matter: str
    lawyer: str
    licence: str
    office: str
    assigned_on: dt.date | None
    closed_on: dt.date | None
    closing: Mapping[str, Any] = field(default_factory=dict)
    """The report at the close; any key may be missing."""
