"""The steps with an application: which a person may take now, and how each reads its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from bot.casework.closing import read_report
from bot.casework.passing import CAN_PASS
from bot.casework.service import CaseworkService
from bot.casework.settling import read_settled
from bot.casework.stepping import handles
from bot.casework.typed import Typed
from bot.casework.words import refusal
from bot.domain.aid import ENDED, AidState, Application
from bot.domain.people import Staff
from bot.errors import Forbidden


class Step(StrEnum):
    ACCEPT = "accept"
    ASK = "ask"
    SETTLE = "settle"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    URGENT = "urgent"
    APPROVE = "approve"
    REFUSE = "refuse"
    OBJECTED = "objected"
    OBJECTION = "objection"
    TERMINATE = "terminate"
    FORWARD = "forward"
    PLACE = "place"
    ASSIGN = "assign"
    TAKE = "take"
    DECLINE = "decline"
    REPLACE = "replace"
    PROGRESS = "progress"
    NOTE = "note"
    REPORT = "report"
    CLOSE = "close"


LAWYERS = frozenset({Step.TAKE, Step.DECLINE, Step.PROGRESS, Step.NOTE, Step.REPORT})
"""Steps of the lawyer to whom a case is assigned; all but the progress and the note only theirs."""

_OF_STATE: Mapping[AidState, frozenset[Step]] = MappingProxyType(
    {
        AidState.SUBMITTED: frozenset(
            {Step.ACCEPT, Step.ASK, Step.APPROVE, Step.REFUSE, Step.URGENT}
        ),
        AidState.ACCEPTED: frozenset({Step.ASK, Step.APPROVE, Step.REFUSE, Step.URGENT}),
        AidState.NEED_SUPPLEMENT: frozenset({Step.RESUME, Step.WITHDRAW, Step.URGENT}),
        AidState.APPROVED: frozenset({Step.ASSIGN, Step.TERMINATE}),
        AidState.ASSIGNED: frozenset({Step.REPLACE, Step.PROGRESS, Step.CLOSE, Step.TERMINATE}),
        AidState.REFUSED: frozenset({Step.OBJECTED, Step.OBJECTION}),
        AidState.TERMINATED: frozenset({Step.OBJECTED, Step.OBJECTION}),
    }
)


def allowed(application: Application, person: Staff) -> frozenset[Step]:
    """Return the steps that this person may take with an application now."""
    found = {Step.NOTE}
    state = application.state
    if handles(person):
        found |= _OF_STATE.get(state, frozenset())
        if state in CAN_PASS:
            found |= {Step.FORWARD, Step.PLACE}
        if state not in ENDED:
            found.add(Step.SETTLE)
        if application.objected_on is not None:
            found.discard(Step.OBJECTED)
    if application.staff_id == person.id and state is AidState.ASSIGNED:
        is_taken = application.taken_at is not None
        found |= {Step.PROGRESS, Step.REPORT} if is_taken else {Step.TAKE, Step.DECLINE}
    return frozenset(found)


def carry_out(
    step: Step, service: CaseworkService, number: str, person: Staff, typed: Typed
) -> None:
    """Take a step as its form was filled in.

    Raises:
        Forbidden, NotFound, IllegalMove, BadInput: as its service says.
    """
    if step not in LAWYERS and not handles(person):
        raise Forbidden(refusal("not_allowed"))
    _STEPS[step](service, number, person, typed)


def _accept(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.reviewing.accept(number, person, typed.text("seen"))


def _ask(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.reviewing.ask(
        number, person, typed.many("keys"), typed.text("own"), typed.day("due"), typed.text("seen")
    )


def _settle(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    known = {file.id for file in service.files(service.get(number, person), person)}
    service.reviewing.settle(number, person, read_settled(typed, known), typed.text("seen"))


def _resume(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.reviewing.resume(number, person, typed.text("seen"))


def _withdraw(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.reviewing.withdraw(
        number,
        person,
        warned=typed.ticked("warned"),
        note=typed.text("note"),
        seen=typed.text("seen"),
    )


def _urgent(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.reviewing.set_urgent(
        number, person, typed.text("item"), typed.text("reason"), typed.text("seen")
    )


def _approve(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.deciding.approve(number, person, typed.text("note"), typed.text("seen"))


def _refuse(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.deciding.refuse(number, person, typed.text("reasons"), typed.text("seen"))


def _objected(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.deciding.file_objection(
        number, person, typed.day("filed"), typed.text("note"), typed.text("seen")
    )


def _objection(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.deciding.objection(
        number, person, typed.text("result"), typed.text("words"), typed.text("seen")
    )


def _terminate(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.deciding.terminate(
        number, person, typed.text("head"), typed.text("reasons"), typed.text("seen")
    )


def _forward(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.passing.forward(
        number, person, typed.number("office"), typed.text("reason"), typed.text("seen")
    )


def _place(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.passing.set_place(number, person, typed.text("said"), typed.text("seen"))


def _assign(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.assigning.assign(
        number,
        person,
        typed.number("lawyer"),
        has_years=typed.ticked("years"),
        seen=typed.text("seen"),
    )


def _take(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.assigning.take(number, person, typed.text("seen"))


def _decline(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.assigning.decline(number, person, typed.text("reason"), typed.text("seen"))


def _replace(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.assigning.replace(
        number,
        person,
        typed.text("reason"),
        asked=typed.ticked("asked"),
        seen=typed.text("seen"),
    )


def _progress(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.closing.progress(number, person, typed.text("words"), typed.text("seen"))


def _note(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.closing.note(number, person, typed.text("note"))


def _report(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    report = read_report(_reported(typed))
    service.closing.report(number, person, report, typed.text("seen"))


def _close(service: CaseworkService, number: str, person: Staff, typed: Typed) -> None:
    service.closing.close(number, person, read_report(_reported(typed)), typed.text("seen"))


def _reported(typed: Typed) -> dict[str, object]:
    plain = {name: typed.text(name).strip() for name in ("form", "result", "hearings", "days")}
    return {**plain, "documents": typed.many("documents"), "summary": typed.text("summary")}


_STEPS: Mapping[Step, Callable[[CaseworkService, str, Staff, Typed], None]] = MappingProxyType(
    {
        Step.ACCEPT: _accept,
        Step.ASK: _ask,
        Step.SETTLE: _settle,
        Step.RESUME: _resume,
        Step.WITHDRAW: _withdraw,
        Step.URGENT: _urgent,
        Step.APPROVE: _approve,
        Step.REFUSE: _refuse,
        Step.OBJECTED: _objected,
        Step.OBJECTION: _objection,
        Step.TERMINATE: _terminate,
        Step.FORWARD: _forward,
        Step.PLACE: _place,
        Step.ASSIGN: _assign,
        Step.TAKE: _take,
        Step.DECLINE: _decline,
        Step.REPLACE: _replace,
        Step.PROGRESS: _progress,
        Step.NOTE: _note,
        Step.REPORT: _report,
        Step.CLOSE: _close,
    }
)
