"""The progress in words: what an applicant reads of the trail, and what stays inside."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.aid.form import load_form
from bot.aid.repository import AuditEntry
from bot.aid.timeline import timeline
from bot.domain.aid import AidState

MORNING = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)


def entry(action: str, note: str = "", hours: float = 0) -> AuditEntry:
    return AuditEntry(MORNING + dt.timedelta(hours=hours), "1:王", action, note)


def test_every_state_has_words_and_shows_what_was_written() -> None:
    form = load_form()
    trail = [entry(f"state.{state}", f"说明{state}", n) for n, state in enumerate(AidState)]
    steps = timeline(trail, form)
    assert [step.title for step in steps] == [
        form.texts.say(f"states.{state}.label") for state in AidState
    ]
    for step, state in zip(steps, AidState, strict=True):
        assert step.says.endswith(f"\n说明{state}")
        assert "聊天框" not in step.says


@pytest.mark.parametrize("action", ["progress", "forward", "objection_filed", "objection"])
def test_notes_for_the_applicant_are_shown(action: str) -> None:
    (step,) = timeline([entry(action, "已经联系用人单位")], load_form())
    assert step.says.endswith("已经联系用人单位")


@pytest.mark.parametrize(
    "action",
    ["urgent", "lawyer_taken", "lawyer_declined", "replaced", "papers_received"],
)
def test_what_else_is_told_hides_the_note_of_staff(action: str) -> None:
    (step,) = timeline([entry(action, "内部说明")], load_form())
    assert step.title
    assert "内部说明" not in step.title + step.says


@pytest.mark.parametrize(
    "action", ["reveal", "file", "letter", "status_denied", "internal_note", "something_new"]
)
def test_what_is_internal_is_not_shown(action: str) -> None:
    assert timeline([entry(action, "内部说明")], load_form()) == ()


def test_papers_of_one_day_are_one_step() -> None:
    trail = [entry("papers_received"), entry("papers_received", hours=2)]
    assert len(timeline(trail, load_form())) == 1
    assert len(timeline([*trail, entry("papers_received", hours=24)], load_form())) == 2
