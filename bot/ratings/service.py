"""Visitors' ratings: a score, whether the matter was solved, and a comment."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.domain.conversation import Mode
from bot.errors import BadInput
from bot.ratings.repository import Rating, RatingRepository

log = structlog.get_logger(__name__)

MAX_COMMENT = 500

_WITH_A_PERSON = (Mode.QUEUED, Mode.HUMAN)


@dataclass(frozen=True)
class Rated:
    """What follows from a rating; the caller carries it out."""

    reopens: bool
    """没解决: the conversation belongs back in the queue, with the reason DISSATISFIED."""
    matter_id: int | None
    """The matter that was rated; None if the bot alone was."""


class RatingService:
    def __init__(self, repository: RatingRepository) -> None:
        self._repository = repository

    def rate(
        self,
        conversation_id: str,
        score: int | None = None,
        solved: bool | None = None,
        comment: str = "",
    ) -> Rated:
        """Store what was given; a second rating of the same matter corrects the first.

        Raises:
            BadInput: nothing was given, or the score is not between 1 and 5.
            NotFound: there is no such conversation.
        """
        words = comment.encode("utf-8", "ignore").decode().replace("\0", "").strip()
        if score is None and solved is None and not words:
            raise BadInput
        if score is not None and not 1 <= score <= 5:
            raise BadInput
        stored = self._repository.upsert(conversation_id, score, solved, words[:MAX_COMMENT])
        # Who waits or is being talked to has a person already.
        reopens = solved is False and stored.mode not in _WITH_A_PERSON
        log.info(
            "rating_stored",
            conversation_id=conversation_id,
            score=score,
            solved=solved,
            reopens=reopens,
        )
        return Rated(reopens, stored.matter_id)

    def of(self, conversation_id: str) -> tuple[Rating, ...]:
        """Return the conversation's ratings, oldest first."""
        return self._repository.of(conversation_id)
