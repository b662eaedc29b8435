"""Until when an organ or a legal-aid agency must act: 法律援助法 36, 39, 43 and 49.

Also the forms of aid (22) and the heads by which it ends (48); their words stand in
``legal_aid.yml``. Periods in days follow 民法典 201 and 203.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import yaml

from knowledge_base.rules.calendar import rolled

REVIEW_DAYS = 7
ASSIGN_DAYS = 3
NOTIFY_DAYS = 3
OBJECTION_DAYS = 5
FORWARD_HOURS = 24

_WORDS = yaml.safe_load(Path(__file__).with_name("legal_aid.yml").read_text(encoding="utf-8"))
FORMS: Mapping[str, str] = MappingProxyType(_WORDS["forms"])
"""The seven forms of aid (法律援助法 22), by article and item."""
TERMINATION_HEADS: Mapping[str, str] = MappingProxyType(_WORDS["termination"])
"""The eight heads by which the agency ends the aid (法律援助法 48), by article and item."""


def decide_by(received: dt.date, waited_days: int = 0) -> dt.date:
    """Return the last day to decide on an application (法律援助法 43, first paragraph).

    ``waited_days`` are those in which the applicant was supplying papers: they are not counted
    (办理法律援助案件程序规定). Raises ``ValueError`` if they are negative.
    """
    if waited_days < 0:
        raise ValueError("等待补充材料的天数不能是负数")
    return _after(received, REVIEW_DAYS + waited_days)


def assign_by(decided: dt.date) -> dt.date:
    """Return the last day to assign somebody once aid was granted (法律援助法 43).

    The same holds from the day on which an organ's notice arrived (法律援助法 36).
    """
    return _after(decided, ASSIGN_DAYS)


def notify_by(found: dt.date) -> dt.date:
    """Return the last day for an organ to notify the agency, once it found a case of 25(1) or 28.

    By 法律援助法 36.
    """
    return _after(found, NOTIFY_DAYS)


def answer_objection_by(filed: dt.date) -> dt.date:
    """Return the last day for the judicial bureau to answer an objection (法律援助法 49)."""
    return _after(filed, OBJECTION_DAYS)


def forward_by(moment: dt.datetime) -> dt.datetime:
    """Return until when the application of somebody detained must be passed on (法律援助法 39).

    Hours count from the moment itself and do not wait for a working day (民法典 201).
    """
    return moment + dt.timedelta(hours=FORWARD_HOURS)


def _after(day: dt.date, days: int) -> dt.date:
    """Count days from the one after ``day``; a day of rest at the end moves it on."""
    return rolled(day + dt.timedelta(days))
