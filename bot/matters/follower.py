"""Matters follow the moves of conversations, in the same transaction.

What a conversation's move means for its matter is decided here and nowhere else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from bot.dialogue.moves import VISITOR, Move
from bot.domain.conversation import HandoverReason, Mode
from bot.domain.matter import Action, Matter, MatterState, Outcome
from bot.errors import BadInput
from bot.matters.ledger_repository import MatterLedger
from connectors.messages import Outbound

_WITH_MATTER = (Mode.QUEUED, Mode.HUMAN, Mode.RETURNED)
_NO_SUCH_OUTCOME = "没有这个办理结果，请重新选择。"


class MatterFollower:
    """The matters as ``bot.dialogue.moves.Follower``."""

    def __init__(self, ledger: MatterLedger) -> None:
        self._ledger = ledger

    def moved(self, connection: Connection, move: Move) -> None:
        """Open, pass on or close the matter of a conversation that moved.

        Raises:
            BadInput: the lawyer closes with an outcome that does not exist.
        """
        if move.to is Mode.QUEUED:
            self._asked_for(connection, move)
        elif move.to is Mode.HUMAN:
            self._taken(connection, move)
        elif move.to is Mode.RETURNED:
            self._returned(connection, move)
        elif move.to is Mode.CLOSED and move.came_from in _WITH_MATTER:
            self._closed(connection, move)
        elif move.to is Mode.BOT and move.came_from is Mode.QUEUED:
            # The visitor left the queue.
            self._end(connection, move, Outcome.WITHDRAWN)

    def said(self, connection: Connection, message: Outbound, in_reply_to: int | None) -> None:
        """Leave it: a matter follows moves alone."""

    def _asked_for(self, connection: Connection, move: Move) -> None:
        ledger = self._ledger
        action = Action.QUEUED
        found = ledger.open_row(connection, move.conversation_id)
        if found is None:
            found = self._unsolved(connection, move)
            action = Action.REOPENED
        if found is None:
            found = ledger.open_for(connection, move.conversation_id, move.at, move.actor)
            if move.note:
                ledger.record(connection, found.id, move.at, move.actor, Action.NOTED, move.note)
            return
        if found.state is MatterState.DISPATCHED:
            # Where it was sent it stays: the visitor only asks again.
            ledger.record(connection, found.id, move.at, move.actor, Action.ASKED, move.note)
            return
        reason, priority = ledger.present(connection, move.conversation_id)
        ledger.wait_in(
            connection,
            found,
            move.at,
            move.actor,
            action,
            move.note,
            reason=reason,
            priority=priority,
            is_live=True,
        )

    def _unsolved(self, connection: Connection, move: Move) -> Matter | None:
        """Return the closed matter that a dissatisfied visitor means.

        It is the one he has rated as unsolved, or one closed just now. Who withdrew before a lawyer
        came had nothing that could fail to help.
        """
        if move.reason is not HandoverReason.DISSATISFIED:
            return None
        last = self._ledger.last_closed(connection, move.conversation_id)
        if last is None or last.closed_at is None or last.outcome == Outcome.WITHDRAWN:
            return None
        fresh = self._ledger.targets.is_still_fresh(last.closed_at, move.at)
        if fresh or self._ledger.is_rated_unsolved(connection, last.id):
            return last
        return None

    def _taken(self, connection: Connection, move: Move) -> None:
        ledger = self._ledger
        found = ledger.open_row(connection, move.conversation_id)
        if found is None:
            # It waited already when this product did not know matters yet.
            found = ledger.open_for(connection, move.conversation_id, move.at, move.actor)
        ledger.take_in(connection, found, move.at, move.actor, move.staff_id, move.note)

    def _returned(self, connection: Connection, move: Move) -> None:
        found = self._ledger.open_row(connection, move.conversation_id)
        if found is None:
            return
        self._ledger.change(connection, found, MatterState.RETURNED)
        self._ledger.record(connection, found.id, move.at, move.actor, Action.RETURNED, move.note)

    def _closed(self, connection: Connection, move: Move) -> None:
        found = self._ledger.open_row(connection, move.conversation_id)
        if found is None:
            return
        outcome = self._outcome(move)
        if move.actor == VISITOR and not self._ledger.was_taken(connection, found.id):
            outcome = Outcome.WITHDRAWN
        self._end(connection, move, outcome)

    def _end(self, connection: Connection, move: Move, outcome: Outcome | None) -> None:
        found = self._ledger.open_row(connection, move.conversation_id)
        if found is None:
            return
        if move.note:
            self._ledger.record(connection, found.id, move.at, move.actor, Action.NOTED, move.note)
        self._ledger.close_in(connection, found, move.at, move.actor, outcome, move.advice)

    def _outcome(self, move: Move) -> Outcome | None:
        try:
            return Outcome(move.outcome) if move.outcome else None
        except ValueError:
            raise BadInput(_NO_SUCH_OUTCOME) from None

    def forget(
        self, connection: Connection, conversation_ids: Sequence[str], now: dt.datetime
    ) -> None:
        """Erase what is personal in the matters of conversations about to be deleted."""
        self._ledger.forget(connection, conversation_ids, now)
