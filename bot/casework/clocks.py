"""Which period runs for an application, and how near its end is (法律援助法 43, 49)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.casework.words import own_words
from bot.domain.aid import ENDED, UNDER_REVIEW, AidState, Application
from bot.domain.clock import china_date
from knowledge_base.rules.aid_periods import answer_objection_by, assign_by

SOON = 2
"""So many days before its end a period is shown as ending."""


@dataclass(frozen=True)
class Clock:
    """Which period runs; ``tone`` is ``late``, ``soon``, ``quiet`` or empty."""

    says: str
    tone: str = ""


def clock_of(application: Application, today: dt.date, *, replaced: bool = False) -> Clock:
    """Return the period that runs for an application, in words."""
    state, words = application.state, own_words()
    if state in UNDER_REVIEW:
        return _until("review", application.decide_by, today)
    if state is AidState.NEED_SUPPLEMENT and application.supplement_by is not None:
        return _until("supplement", application.supplement_by, today)
    if state is AidState.APPROVED and application.decided_at is not None:
        if replaced:
            return Clock(words.say("clock.again"), "soon")
        return _until("assign", assign_by(china_date(application.decided_at)), today)
    if state is AidState.ASSIGNED:
        if application.taken_at is not None or application.assigned_at is None:
            return Clock(words.say("clock.acting"), "quiet")
        days = (today - china_date(application.assigned_at)).days
        says = words.say("clock.untaken", days=days) if days else words.say("clock.untaken_today")
        return Clock(says, "soon" if days >= SOON else "")
    if application.objected_on is not None:
        return _until("objection", answer_objection_by(application.objected_on), today)
    if state in ENDED:
        at = application.closed_at or application.updated_at
        return Clock(words.say("clock.ended", day=china_date(at).isoformat()), "quiet")
    return Clock(words.say("clock.none"), "quiet")


def _until(what: str, by: dt.date, today: dt.date) -> Clock:
    left = (by - today).days
    if left < 0:
        return Clock(own_words().say(f"clock.{what}_late", days=-left), "late")
    if left == 0:
        return Clock(own_words().say(f"clock.{what}_today"), "soon")
    return Clock(own_words().say(f"clock.{what}", days=left), "soon" if left <= SOON else "")
