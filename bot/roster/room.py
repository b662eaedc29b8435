"""Put the roster's parts together, for the application and for tests alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.dialogue.repository import ConversationRepository
from bot.domain.clock import Clock
from bot.roster.dispatch import Dispatcher, waiting_target
from bot.roster.duty import Contacts, DutyWords
from bot.roster.repository import RosterRepository
from bot.roster.service import RosterService
from bot.roster.waiting import WaitingRepository
from bot.store.unit import Store


@dataclass(frozen=True)
class Roster:
    """The room: who is there, what those who wait are told, and who is offered what."""

    service: RosterService
    duty: DutyWords
    dispatcher: Dispatcher


def open_roster(
    store: Store,
    clock: Clock,
    conversations: ConversationRepository,
    contacts: Contacts,
    topics: Sequence[str] = (),
    target: Callable[[int], dt.timedelta] = waiting_target,
) -> Roster:
    """Wire the room; ``conversations`` must be the one that knows the followers."""
    waiting = WaitingRepository(store, clock, conversations)
    service = RosterService(RosterRepository(store, clock), waiting, clock, topics)
    duty = DutyWords(service, waiting, contacts, clock)
    return Roster(service, duty, Dispatcher(service, waiting, duty, clock, target))
