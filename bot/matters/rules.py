"""Who may do what with a matter, and when: the one statement of it, for pages and for steps."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.conversation import Mode
from bot.domain.matter import Matter, MatterState
from bot.domain.people import Staff
from bot.matters.records import Standing


class Step(StrEnum):
    DISPATCH = "dispatch"
    TAKE = "take"
    NOTE = "note"
    CLOSE = "close"
    REOPEN = "reopen"
    REVEAL = "reveal"


class Refusal(StrEnum):
    """Why a step is refused; the sentences are in words.yml."""

    NOT_YOURS = "not_yours"
    NOT_HOLDER = "not_holder"
    HELD = "held"
    NO_REVEAL = "no_reveal"
    CLOSED = "closed"
    OPEN = "open"
    YOURS_ALREADY = "yours_already"
    IN_TALK = "in_talk"
    HAS_OTHER = "has_other"


WANTS_RIGHTS = frozenset({Refusal.NOT_YOURS, Refusal.NOT_HOLDER, Refusal.HELD, Refusal.NO_REVEAL})
"""Refusals of the person; the others are of the moment."""


def sees(matter: Matter, person: Staff) -> bool:
    """Say whether a person may read a matter: the own, the office's, and nobody's."""
    if not person.may_receive:
        return False
    return (
        person.may_supervise
        or matter.staff_id == person.id
        or matter.office_id is None
        or matter.office_id == person.office_id
    )


def refusal(step: Step, standing: Standing, person: Staff) -> Refusal | None:
    """Return why a person may not take a step now, or None if it is allowed."""
    matter = standing.matter
    holds = matter.staff_id == person.id
    if not sees(matter, person):
        return Refusal.NOT_YOURS
    if step is Step.NOTE:
        return None
    if step is Step.REVEAL:
        return None if person.may_reveal else Refusal.NO_REVEAL
    if step is Step.TAKE:
        return _of_taking(standing, person)
    if not (holds or person.may_supervise):
        return Refusal.NOT_HOLDER
    if step is Step.REOPEN:
        if matter.is_open:
            return Refusal.OPEN
        return Refusal.HAS_OTHER if standing.has_other_open else None
    if not matter.is_open:
        return Refusal.CLOSED
    if step is Step.DISPATCH:
        # Where a lawyer is talking, handing over is done in the talk, so that the visitor hears it.
        return Refusal.IN_TALK if standing.mode is Mode.HUMAN else None
    return Refusal.IN_TALK if standing.is_live else None


def _of_taking(standing: Standing, person: Staff) -> Refusal | None:
    matter = standing.matter
    if not matter.is_open:
        return Refusal.CLOSED
    if standing.is_live:
        # A visitor who is there is received at the desk; the matter follows by itself.
        return Refusal.IN_TALK
    if matter.state is MatterState.IN_PROGRESS and matter.staff_id == person.id:
        return Refusal.YOURS_ALREADY
    if matter.staff_id not in (None, person.id) and not person.may_supervise:
        return Refusal.HELD
    return None
