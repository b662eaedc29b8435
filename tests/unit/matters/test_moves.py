"""The table of a matter's moves, and the targets."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.domain.conversation import HandoverReason
from bot.domain.matter import MOVES, Action, MatterState, Outcome, may_move, sources_of
from bot.matters.rules import Refusal
from bot.matters.targets import load_targets
from bot.matters.words import load_words
from bot.texts import load_texts

NOW = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)


def test_every_state_has_its_row_and_every_row_leads_somewhere() -> None:
    assert set(MOVES) == set(MatterState)
    assert all(MOVES.values())


def test_a_closed_matter_can_only_be_reopened() -> None:
    assert MOVES[MatterState.CLOSED] == {MatterState.WAITING}
    assert not may_move(MatterState.CLOSED, MatterState.IN_PROGRESS)


def test_every_open_matter_can_be_closed_and_none_twice() -> None:
    assert set(sources_of(MatterState.CLOSED)) == set(MatterState) - {MatterState.CLOSED}


def test_only_what_a_lawyer_has_can_be_given_back() -> None:
    assert sources_of(MatterState.RETURNED) == (MatterState.IN_PROGRESS,)


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("states", MatterState),
        ("outcomes", Outcome),
        ("actions", Action),
        ("refusals", Refusal),
    ],
)
def test_every_code_has_its_chinese_word(group: str, codes: type) -> None:
    words = load_words().get(group)
    assert [code for code in codes if not words.get(code)] == []


def test_every_reason_of_a_hand_over_can_be_named() -> None:
    known = load_texts().get("handover.reasons")
    assert [reason for reason in HandoverReason if reason not in known] == []


def test_the_more_urgent_is_answered_sooner() -> None:
    targets = load_targets()
    terms = [targets.to_take(NOW, priority) for priority in (100, 80, 40, 10, 0, -1)]
    assert terms == sorted(terms)
    assert terms[0] < terms[-1]


def test_who_called_may_wait_longer_than_who_is_online() -> None:
    targets = load_targets()
    assert targets.to_take(NOW, 0, is_live=False) > targets.to_take(NOW, 0)


def test_the_term_set_at_dispatch_is_kept_when_the_matter_is_taken() -> None:
    targets = load_targets()
    term = NOW + dt.timedelta(days=9)
    assert targets.after_taking(MatterState.DISPATCHED, term, NOW) == term
    assert targets.after_taking(MatterState.WAITING, term, NOW) == targets.to_close(NOW)
