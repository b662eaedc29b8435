"""How long a conversation is kept: as long as its application is being handled, and no longer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from bot.aid.changes import NEWS
from bot.dialogue.rasa_tracker import RasaTracker
from bot.domain.aid import ENDED, AidState
from bot.errors import NotFound
from bot.jobs.housekeeping import Housekeeping
from bot.privacy.repository import PrivacyRepository
from bot.privacy.service import PrivacyService
from bot.store.outbox import OutboxRunner
from bot.store.unit import Store
from bot.uploads.repository import UploadRepository
from bot.uploads.service import UploadService
from tests.conftest import FixedClock
from tests.integration.aid.conftest import Applicant
from tests.pictures import PNG

KEPT = dt.timedelta(days=180)


class NoMatters:
    def forget_by_hand(self, before: dt.datetime) -> int:
        return 0


@pytest.fixture
def forget(applicant: Applicant) -> Callable[[], int]:
    store, clock = applicant.repository.store, applicant.clock
    return Housekeeping(
        applicant.conversations,
        OutboxRunner(store, clock, {}),
        clock,
        retention=KEPT,
        rasa_retention=KEPT,
        rasa_tracker=RasaTracker(None),
        matters=NoMatters(),
        corrections=lambda: 0,
        expired=(),
        reminders=lambda: 0,
    ).forget


def is_kept(applicant: Applicant) -> bool:
    try:
        applicant.conversations.get(applicant.conversation_id)
    except NotFound:
        return False
    return True


def test_a_silent_visitor_whose_case_is_handled_keeps_files_and_hears_the_news(
    applicant: Applicant, store: Store, clock: FixedClock, forget: Callable[[], int]
) -> None:
    number = applicant.apply().number
    uploads = UploadService(UploadRepository(store, clock))
    file = uploads.keep(applicant.conversation_id, "f1", "欠条.png", PNG)
    applicant.move(number, AidState.APPROVED)
    applicant.move(number, AidState.ASSIGNED)
    clock.advance(days=400)
    assert forget() == 0
    assert uploads.read(applicant.conversation_id, file.id)[1] == PNG
    applicant.move(number, AidState.CLOSED, note="已结案")
    assert "已结案" in applicant.told()[-1]


@pytest.mark.parametrize("state", [state for state in AidState if state not in ENDED])
def test_no_state_in_which_somebody_must_still_act_is_forgotten(
    applicant: Applicant, clock: FixedClock, forget: Callable[[], int], state: AidState
) -> None:
    number = applicant.apply().number
    if state is not AidState.SUBMITTED:
        applicant.move(number, state)
    clock.advance(days=181)
    assert forget() == 0
    assert is_kept(applicant)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_the_period_begins_anew_when_the_application_ends(
    applicant: Applicant, clock: FixedClock, forget: Callable[[], int], state: AidState
) -> None:
    number = applicant.apply().number
    clock.advance(days=300)
    with applicant.repository.store.write() as connection:
        application = applicant.repository.application(connection, number, lock=True)
        assert application is not None
        # Without news: no message touches the conversation.
        applicant.changes.apply(
            connection, application, "1:王", f"state.{state}", values={"state": state}
        )
    clock.advance(days=179)
    forget()
    assert is_kept(applicant)
    clock.advance(days=2)
    assert forget() == 1
    assert not is_kept(applicant)
    # The record of the case stays, without its conversation.
    assert applicant.stored(number).conversation_id is None


def test_one_ended_application_does_not_end_the_other(
    applicant: Applicant, clock: FixedClock, forget: Callable[[], int]
) -> None:
    applicant.move(applicant.apply().number, AidState.REFUSED)
    applicant.apply(matter="工伤赔偿")
    clock.advance(days=181)
    assert forget() == 0
    assert is_kept(applicant)


def test_writing_the_form_on_the_web_counts_as_activity(
    applicant: Applicant, clock: FixedClock, forget: Callable[[], int]
) -> None:
    applicant.service.open(applicant.conversation_id)
    clock.advance(days=100)
    applicant.say("我自己")
    clock.advance(days=100)
    assert forget() == 0
    assert is_kept(applicant)
    clock.advance(days=81)
    assert forget() == 1
    assert not is_kept(applicant)


def test_whoever_has_applied_may_have_everything_erased_all_the_same(
    applicant: Applicant, store: Store, clock: FixedClock, forget: Callable[[], int]
) -> None:
    number = applicant.apply().number
    applicant.move(number, AidState.APPROVED)
    privacy = PrivacyService(
        PrivacyRepository(store, clock), applicant.conversations, RasaTracker(None), clock
    )
    privacy.erase(applicant.conversation_id)
    assert not is_kept(applicant)
    assert applicant.stored(number).state is AidState.APPROVED
    applicant.changes.deliver(
        {"conversation_id": applicant.conversation_id, "key": f"{NEWS}:1", "text": "x"}
    )
    assert forget() == 0


def test_a_conversation_without_an_application_goes_as_before(
    applicant: Applicant, clock: FixedClock, forget: Callable[[], int]
) -> None:
    clock.advance(days=179)
    assert forget() == 0
    clock.advance(days=2)
    assert forget() == 1
    assert not is_kept(applicant)
