"""What the database holds of people who applied: is anything lost that they were told is there?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from benchmarks.citizens import Person
from bot.aid.repository import SUBMITTED
from bot.store.crypto import token_hash
from bot.store.tables import aid_applications, aid_drafts, conversations, messages, outbox
from bot.store.unit import Store

DELIVERY_S = 120.0
LOOK_AGAIN_S = 0.5


@dataclass(frozen=True)
class Kept:
    """What was found; everything but ``rows`` and ``drafts`` is to be empty."""

    rows: int
    drafts: int
    lost: tuple[int, ...]
    """Serials of people who were told of an application that is not there, or another."""
    doubled: tuple[int, ...]
    """Serials of people with more than one application, or with one and a draft."""
    strays: tuple[int, ...]
    """Serials of people who had begun and have neither an application nor a draft."""
    repeated_numbers: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.doubled or self.strays or self.repeated_numbers)


def look(store: Store, people: Sequence[Person]) -> Kept:
    """Compare what people were told with the rows, by their identity numbers and their tokens."""
    numbers: dict[str, list[str]] = {}
    with store.read() as connection:
        for row in connection.execute(
            select(aid_applications.c.number, aid_applications.c.id_number_index)
        ):
            numbers.setdefault(row.id_number_index, []).append(row.number)
        drafting = set(
            connection.execute(
                select(conversations.c.token_hash).join(
                    aid_drafts, aid_drafts.c.conversation_id == conversations.c.id
                )
            ).scalars()
        )
    lost, doubled, strays, drafts = [], [], [], 0
    for person in people:
        own = numbers.get(_index(store, person), [])
        has_draft = bool(person.token) and token_hash(person.token) in drafting
        drafts += has_draft
        if (person.acknowledged and not own) or (person.number and own != [person.number]):
            lost.append(person.serial)
        if len(own) + has_draft > 1:
            doubled.append(person.serial)
        if person.begun and not own and not has_draft:
            strays.append(person.serial)
    issued = Counter(number for each in numbers.values() for number in each)
    told = Counter(person.number for person in people if person.number)
    repeated = [number for number, times in (issued | told).items() if times > 1]
    return Kept(
        sum(len(each) for each in numbers.values()),
        drafts,
        tuple(lost),
        tuple(doubled),
        tuple(strays),
        tuple(repeated),
    )


def undelivered(store: Store, *, wait_s: float = DELIVERY_S) -> Mapping[str, int]:
    """Wait for the outbox; return each application whose notice was not said exactly once."""
    ends = time.monotonic() + wait_s
    waiting = select(func.count()).select_from(outbox).where(outbox.c.done_at.is_(None))
    while True:
        with store.read() as connection:
            open_rows = connection.execute(waiting.where(outbox.c.kind == SUBMITTED)).scalar_one()
        if not open_rows or time.monotonic() > ends:
            break
        time.sleep(LOOK_AGAIN_S)
    with store.read() as connection:
        said = Counter(
            connection.execute(
                select(messages.c.client_id).where(messages.c.client_id.startswith(SUBMITTED))
            ).scalars()
        )
        numbers = connection.execute(select(aid_applications.c.number)).scalars().all()
    times = {number: said[f"{SUBMITTED}:{number}"] for number in numbers}
    return {number: n for number, n in times.items() if n != 1}


def _index(store: Store, person: Person) -> str:
    return store.cipher.blind_index("aid_applications.id_number", person.identity_number)
