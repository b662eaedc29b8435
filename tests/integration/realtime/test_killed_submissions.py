"""``kill -9`` of the application while many people hand in applications for legal aid."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from benchmarks.citizens import Person
from benchmarks.kept import look, undelivered
from benchmarks.submissions import Load, Running, at_once, steadily
from bot.store.tables import audit
from tests.integration.realtime.deployment import Deployment

PEOPLE = 18


def running(deployment: Deployment) -> Running:
    first = deployment.first
    return Running(first.url, deployment.conversations.store, lambda: [first.process], first)


def silent(_what: str, _done: int, _total: int) -> None:
    """Show nothing."""


def people(start: int, count: int) -> list[Person]:
    return [Person(serial) for serial in range(start, start + count)]


@pytest.mark.slow
async def test_each_has_one_application_or_a_draft_and_nothing_acknowledged_is_lost(
    deployment: Deployment,
) -> None:
    who, here = people(1000, PEOPLE), running(deployment)
    load = Load(0, 0, PEOPLE, kill=True)
    phase, dead = await at_once(here, who, load, silent)
    assert dead is not None
    assert dead.is_sound, dead
    assert PEOPLE // 3 <= dead.rows < PEOPLE
    # Half of them were still answering questions.
    assert dead.drafts > 0
    assert phase.accepted == PEOPLE, phase.faults
    assert phase.faults, "the kill hit nobody"
    found = await asyncio.to_thread(look, here.store, who)
    assert found.is_sound, found
    numbers = {person.number for person in who}
    assert len(numbers) == PEOPLE
    assert "" not in numbers
    assert await asyncio.to_thread(undelivered, here.store) == {}
    with here.store.read() as connection:
        recorded = connection.execute(
            select(audit.c.subject, func.count())
            .where(audit.c.action == "state.submitted", audit.c.subject.in_(numbers))
            .group_by(audit.c.subject)
        ).all()
    assert {row[0]: row[1] for row in recorded} == dict.fromkeys(numbers, 1)


async def test_a_short_load_loses_nothing(deployment: Deployment) -> None:
    """What ``python -m benchmarks.submissions`` does, for two seconds: behaviour, not speed."""
    here, load = running(deployment), Load(120, 2, 3)
    first, second = people(2000, load.steady), people(2500, load.burst)
    steady = await steadily(here, first, load, False, silent)
    burst, _ = await at_once(here, second, load, silent)
    assert (steady.accepted, burst.accepted) == (4, 3)
    assert steady.faults == burst.faults == {}
    assert (await asyncio.to_thread(look, here.store, [*first, *second])).is_sound
    assert await asyncio.to_thread(undelivered, here.store) == {}
