"""Offer waiting conversations to lawyers, and mend what is stuck.

Both are called every few seconds and say what they changed; publishing it is the caller's work.
An offer rings at one desk; it takes nothing from anybody, and every lawyer may still claim by
hand.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog

from bot.domain.clock import Clock
from bot.domain.roster import DANGER, GONE, Candidate, Waiting, choose, served_by
from bot.roster.duty import DutyWords
from bot.roster.service import RosterService
from bot.roster.waiting import Unanswered, WaitingRepository
from bot.roster.words import own_words
from connectors.messages import Part, notice

log = structlog.get_logger(__name__)


def waiting_target(priority: int) -> dt.timedelta:
    """Return how long somebody may wait in the queue: a working assumption of ours, no rule."""
    return dt.timedelta(minutes=3 if priority >= DANGER else 10)


class What(StrEnum):
    OFFERED = "offered"
    WITHDRAWN = "withdrawn"
    REASSIGNED = "reassigned"
    RAISED = "raised"


@dataclass(frozen=True)
class Change:
    """Something that open connections should hear of."""

    what: What
    conversation_id: str
    staff_id: int | None = None
    """Whom it was offered to, or from whom it was taken."""
    message_id: int | None = None
    """The notice to the visitor, if there was one."""


class Dispatcher:
    def __init__(
        self,
        roster: RosterService,
        waiting: WaitingRepository,
        duty: DutyWords,
        clock: Clock,
        target: Callable[[int], dt.timedelta] = waiting_target,
    ) -> None:
        """``target`` says by priority how long somebody may wait in the queue."""
        self._roster = roster
        self._waiting = waiting
        self._duty = duty
        self._clock = clock
        self._target = target

    # --- offers -------------------------------------------------------------------------------

    def assign_once(self) -> list[Change]:
        """Offer every waiting conversation that rings nowhere to the best lawyer for it."""
        now = self._clock.now()
        idle = [waiting for waiting in self._waiting.waiting() if not waiting.is_on_offer(now)]
        if not idle:
            return []
        barred = self._roster.conflicts([waiting.id for waiting in idle])
        candidates = self._roster.candidates()
        made = []
        for waiting in idle:
            served = replace(waiting, office_id=served_by(waiting.office_id, candidates))
            best = choose(candidates, served, now, barred.get(waiting.id, frozenset()))
            if best is None or not self._waiting.offer(waiting, best.id):
                continue
            # It counts from now on, or the first in line would be offered everything at once.
            candidates = [_with_one_more(c) if c.id == best.id else c for c in candidates]
            made.append(Change(What.OFFERED, waiting.id, best.id))
            log.info("conversation_offered", conversation_id=waiting.id, staff_id=best.id)
        return made

    # --- mending ------------------------------------------------------------------------------

    def sweep_once(self) -> list[Change]:
        """Mend what is stuck: silent lawyers, waits past the target, offers to nobody."""
        return [*self._withdraw(), *self._take_back(), *self._raise()]

    def _take_back(self) -> list[Change]:
        changes = []
        for found in self._waiting.unanswered():
            if not self._is_stuck(found):
                continue
            conversation_id = found.conversation_id
            sent = self._waiting.take_back(
                found, self._is_stuck, self._notice("reassigned", conversation_id)
            )
            if sent is None:
                continue
            changes.append(Change(What.REASSIGNED, conversation_id, found.lawyer_id, sent.id))
            log.info(
                "conversation_reassigned", conversation_id=conversation_id, staff_id=found.lawyer_id
            )
        return changes

    def _is_stuck(self, found: Unanswered) -> bool:
        now = self._clock.now()
        sign = max(found.lawyer_seen_at or found.claimed_at, found.claimed_at)
        return now >= found.answer_by or now - sign >= GONE

    def _withdraw(self) -> list[Change]:
        now = self._clock.now()
        # One that has run out still shows at the desk, until it goes to somebody else.
        offered = [waiting for waiting in self._waiting.waiting() if waiting.offered_to is not None]
        if not offered:
            return []
        candidates = {candidate.id: candidate for candidate in self._roster.candidates()}
        barred = self._roster.conflicts([waiting.id for waiting in offered])
        changes = []
        for waiting in offered:
            hearer = candidates.get(waiting.offered_to or 0)
            hears = hearer is not None and hearer.is_present(now)
            if hears and waiting.offered_to not in barred.get(waiting.id, frozenset()):
                continue
            if self._waiting.withdraw(waiting):
                changes.append(Change(What.WITHDRAWN, waiting.id, waiting.offered_to))
        return changes

    def _raise(self) -> list[Change]:
        late = self._late()
        if not late:
            return []
        raised = self._waiting.raised_at(min(waiting.queued_at for waiting in late))
        changes = []
        for waiting in late:
            if waiting.id in raised and raised[waiting.id] >= waiting.queued_at:
                continue
            sent = self._waiting.raise_once(waiting, self._notice("raised", waiting.id))
            if sent is not None:
                changes.append(Change(What.RAISED, waiting.id, message_id=sent.id))
                log.info("conversation_raised", conversation_id=waiting.id)
        return changes

    def _late(self) -> list[Waiting]:
        """Return who waits past the target; closed hours are nobody's delay."""
        now = self._clock.now()
        queue = self._waiting.waiting()
        opened = {
            office_id: self._roster.hours_of(office_id).open_since(now)
            for office_id in {waiting.office_id for waiting in queue}
        }
        late = []
        for waiting in queue:
            since = opened[waiting.office_id]
            if since is None:
                continue
            if now - max(waiting.queued_at, since) >= self._target(waiting.priority):
                late.append(waiting)
        return late

    def _notice(self, name: str, conversation_id: str) -> Callable[[int], list[Part]]:
        # Read before the transaction: it needs the database itself.
        duty = self._duty.words(conversation_id)

        def parts(position: int) -> list[Part]:
            words = own_words().say(f"sweep.{name}", position=position, duty=duty)
            return [notice(words, "queue")]

        return parts


def _with_one_more(candidate: Candidate) -> Candidate:
    return replace(candidate, load=candidate.load + 1)
