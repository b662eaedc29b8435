"""Matters for staff: list, open by hand, dispatch, take, close, reopen; for citizens, inherited.

Matters of conversations are opened and passed on by ``bot.matters.follower``, not here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Set

import structlog

from bot.dialogue.normalise import clean
from bot.domain.clock import Clock
from bot.domain.matter import Action, Contact, Matter, MatterState, Outcome
from bot.domain.people import RECEIVES_VISITORS, Staff
from bot.errors import BadInput, Forbidden, IllegalMove, NotFound
from bot.matters.progress import MatterProgress
from bot.matters.records import (
    Check,
    Colleague,
    LogLine,
    Office,
    Opening,
    Standing,
    Target,
    Verdict,
    Wanted,
)
from bot.matters.repository import MatterRepository
from bot.matters.rules import WANTS_RIGHTS, Refusal, Step, refusal, sees
from knowledge_base.models import TOPICS

log = structlog.get_logger(__name__)

LONGEST_NAME = 40
LONGEST_NOTE = 1000
LONGEST_ABOUT = 1000
LONGEST_ADVICE = 2000

Conflicts = Callable[[str], Set[int]]
"""Return who may not handle a conversation because he acts for the other side."""


def no_conflicts(_conversation_id: str) -> Set[int]:
    return frozenset()


class MatterService(MatterProgress):
    def __init__(
        self,
        repository: MatterRepository,
        clock: Clock,
        conflicts: Conflicts = no_conflicts,
    ) -> None:
        super().__init__(repository, clock)
        self._conflicts = conflicts

    def now(self) -> dt.datetime:
        return self._clock.now()

    # --- reading ------------------------------------------------------------------------------

    def listing(self, person: Staff, wanted: Wanted) -> list[Matter]:
        """Return the matters this person may see, the most urgent first.

        Raises:
            Forbidden: this person does not receive visitors.
        """
        self._receiving(person)
        return self._repository.listing(person, wanted)

    def counts(self, person: Staff) -> tuple[dict[MatterState, int], int, int]:
        """Return how many there are in each state, how many are overdue, and how many are mine."""
        self._receiving(person)
        return self._repository.counts(person)

    def see(self, number: str, person: Staff) -> Standing:
        """Return one matter.

        Raises:
            NotFound: there is none with this number.
            Forbidden: it is another office's.
        """
        self._receiving(person)
        standing = self._repository.standing(number)
        if standing is None:
            raise NotFound
        if not sees(standing.matter, person):
            raise Forbidden(self._refusal(Refusal.NOT_YOURS))
        return standing

    def of(self, conversation_id: str, person: Staff) -> Matter | None:
        """Return a conversation's open matter, or the one closed last; None if it had none.

        Raises:
            Forbidden: it is another office's, and nobody has invited this person.
        """
        self._receiving(person)
        found = self._repository.newest_of(conversation_id)
        if found is None or sees(found, person):
            return found
        if self._repository.is_guest(conversation_id, person):
            return found
        raise Forbidden(self._refusal(Refusal.NOT_YOURS))

    def log(self, matter: Matter) -> list[LogLine]:
        """Return every move of a matter, oldest first."""
        return self._repository.log(matter.id)

    def verdict(self, matter: Matter) -> Verdict | None:
        return self._repository.verdict(matter.id)

    def offices(self) -> list[Office]:
        return self._repository.offices()

    def colleagues(self) -> list[Colleague]:
        return self._repository.colleagues()

    def allowed(self, standing: Standing, person: Staff) -> frozenset[Step]:
        """Return the steps this person may take with a matter now."""
        return frozenset(step for step in Step if refusal(step, standing, person) is None)

    # --- steps of staff -----------------------------------------------------------------------

    def open_by_hand(
        self,
        person: Staff,
        *,
        channel: str,
        topic: str,
        about: str,
        name: str = "",
        phone: str = "",
        target: Target | None = None,
        note: str = "",
    ) -> Matter:
        """Open a matter for somebody who calls or comes; dispatch it at once if asked.

        Raises:
            Forbidden: this person does not receive visitors.
            BadInput: something that was typed cannot be stored.
        """
        self._receiving(person)
        said = clean(about)[:LONGEST_ABOUT]
        if len(said) < 2:
            raise BadInput(self._refusal("about_empty"))
        if topic not in TOPICS:
            raise BadInput(self._refusal("topic_wrong"))
        if channel not in self.words.get("by_hand"):
            raise BadInput(self._refusal("channel_wrong"))
        contact = Contact(clean(name)[:LONGEST_NAME], self._phone(phone))
        to = None if target is None else self._target(target)
        opening = Opening(channel, topic, said, contact)
        found = self._repository.open_by_hand(person, opening, to, clean(note)[:LONGEST_NOTE])
        log.info("matter_opened_by_hand", number=found.number, staff_id=person.id)
        return found

    def dispatch(self, number: str, person: Staff, target: Target, note: str = "") -> Matter:
        """Give a matter to an office or a person, with a term.

        Raises:
            NotFound: there is none with this number.
            Forbidden: this person neither holds it nor supervises.
            IllegalMove: it is closed, or a lawyer is talking with its visitor.
            BadInput: there is no such office or person, the term is past, or there is a conflict
                of interest.
        """
        self._receiving(person)
        to = self._target(target)
        self._refuse_conflict(number, to.staff_id, "conflict")
        found = self._repository.dispatch(
            number, person, self._check(Step.DISPATCH, person), to, clean(note)[:LONGEST_NOTE]
        )
        log.info(
            "matter_dispatched",
            number=number,
            staff_id=person.id,
            to_office=to.office_id,
            to_staff=to.staff_id,
        )
        return found

    def take(self, number: str, person: Staff) -> Matter:
        """Become the matter's holder.

        Raises:
            NotFound: there is none with this number.
            Forbidden: somebody else holds it.
            IllegalMove: it is closed, or its visitor is to be received at the desk.
            BadInput: there is a conflict of interest.
        """
        self._receiving(person)
        self._refuse_conflict(number, person.id, "own_conflict")
        found = self._repository.take(number, person, self._check(Step.TAKE, person))
        log.info("matter_taken", number=number, staff_id=person.id)
        return found

    def note(self, number: str, person: Staff, words: str) -> Matter:
        """Write something into the matter's log.

        Raises:
            NotFound, Forbidden: there is no such matter, or it is another office's.
            BadInput: nothing was written.
        """
        self._receiving(person)
        said = self._needed(words, "note_empty")
        return self._repository.write(
            number, person, self._check(Step.NOTE, person), Action.NOTED, said
        )

    def reveal(self, number: str, person: Staff, reason: str) -> Matter:
        """Return a matter for reading in full; who did and why is recorded.

        Raises:
            NotFound, Forbidden: there is no such matter, or this person may not.
            BadInput: no reason was given.
        """
        self._receiving(person)
        said = self._needed(reason, "reason_empty")
        return self._repository.write(
            number, person, self._check(Step.REVEAL, person), Action.REVEALED, said
        )

    def close(self, number: str, person: Staff, outcome: str, advice: str = "") -> Matter:
        """Close a matter with its outcome and the advice given.

        Raises:
            NotFound: there is none with this number.
            Forbidden: this person neither holds it nor supervises.
            IllegalMove: it is closed, or its visitor is to be answered at the desk.
            BadInput: there is no such outcome.
        """
        self._receiving(person)
        if outcome not in set(Outcome):
            raise BadInput(self._refusal("outcome_missing"))
        said = clean(advice)[:LONGEST_ADVICE]
        found = self._repository.close(
            number, person, self._check(Step.CLOSE, person), Outcome(outcome), said
        )
        log.info("matter_closed", number=number, staff_id=person.id, outcome=outcome)
        return found

    def reopen(self, number: str, person: Staff, note: str = "") -> Matter:
        """Take up a closed matter again; its conversation, if there is one, joins the queue.

        Raises:
            NotFound: there is none with this number.
            Forbidden: this person neither held it nor supervises.
            IllegalMove: it is open, or its visitor has another open matter.
        """
        self._receiving(person)
        found = self._repository.reopen(
            number, person, self._check(Step.REOPEN, person), clean(note)[:LONGEST_NOTE]
        )
        log.info("matter_reopened", number=number, staff_id=person.id)
        return found

    def _check(self, step: Step, person: Staff) -> Check:
        def check(standing: Standing) -> None:
            found = refusal(step, standing, person)
            if found is None:
                return
            error = Forbidden if found in WANTS_RIGHTS else IllegalMove
            raise error(self._refusal(found))

        return check

    def _receiving(self, person: Staff) -> None:
        if not person.may_receive:
            raise Forbidden(self._refusal("no_visitors"))

    def _refuse_conflict(self, number: str, staff_id: int | None, sentence: str) -> None:
        found = self._repository.find(number)
        if found is None or found.conversation_id is None:
            return
        if staff_id in self._conflicts(found.conversation_id):
            raise BadInput(self._refusal(sentence))

    def _target(self, wanted: Target) -> Target:
        """Return a target with the person's office filled in."""
        if wanted.due_at is not None and wanted.due_at <= self._clock.now():
            raise BadInput(self._refusal("due_past"))
        if wanted.office_id is None and wanted.staff_id is None:
            raise BadInput(self._refusal("nobody"))
        offices = {office.id for office in self.offices() if office.active}
        if wanted.office_id is not None and wanted.office_id not in offices:
            raise BadInput(self._refusal("no_such_office"))
        if wanted.staff_id is None:
            return wanted
        people = {person.id: person for person in self.colleagues() if is_receiver(person)}
        person = people.get(wanted.staff_id)
        if person is None:
            raise BadInput(self._refusal("no_such_person"))
        if wanted.office_id is not None and wanted.office_id != person.office_id:
            raise BadInput(self._refusal("elsewhere"))
        return Target(person.office_id, person.id, wanted.due_at)

    def _needed(self, words: str, sentence: str) -> str:
        said = clean(words)[:LONGEST_NOTE]
        if not said:
            raise BadInput(self._refusal(sentence))
        return said


def is_receiver(person: Colleague) -> bool:
    """Say whether a matter can be given to a person."""
    return person.active and person.role in RECEIVES_VISITORS
