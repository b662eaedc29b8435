"""Lawyers correct the copilot, supervisors decide what is learned from it.

A correction is a question and the right articles. Accepted, it becomes one more lay question of
those articles and a case of the regression test, both in the deployment's own data directory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.copilot.learned import Learned, LearnedFiles
from bot.copilot.listening import plain
from bot.copilot.repository import EDITABLE, Correction, CorrectionRepository, CorrectionState
from bot.domain.clock import Clock, china_date
from bot.domain.conversation import Conversation
from bot.domain.people import Staff
from bot.errors import BadInput, Forbidden, IllegalMove, NotFound, StorageUnavailable
from bot.texts import Texts
from knowledge_base.asked import LONGEST, SHORTEST
from knowledge_base.citations import article_title, key_parts
from knowledge_base.verifier import Verifier

log = structlog.get_logger(__name__)

MOST_ARTICLES = 5
SHOWN = 50
LONGEST_STORED = 500
_MASK = re.compile(r"〔[^〔〕]{1,8}〕")


class Reading(Protocol):
    """Who may read which conversation; the desk's repository decides it."""

    def owned(self, conversation_id: str, person: Staff) -> Conversation:
        """Return the conversation, or raise NotFound or Forbidden."""
        ...


@dataclass(frozen=True)
class ReviewList:
    """What waits, the oldest first, and what was decided, the newest first."""

    pending: tuple[Correction, ...]
    decided: tuple[Correction, ...]


class Corrections:
    def __init__(
        self,
        repository: CorrectionRepository,
        reading: Reading,
        verifier: Verifier,
        clock: Clock,
        files: LearnedFiles,
        own: Texts,
    ) -> None:
        self._repository = repository
        self._reading = reading
        self._verifier = verifier
        self._clock = clock
        self._files = files
        self.texts = own

    def correct(
        self,
        person: Staff,
        conversation_id: str,
        question: str,
        offered: Sequence[str],
        chosen: Sequence[str],
    ) -> int:
        """Put a correction on the review list and return its id; a repeat finds the first.

        ``chosen`` are articles as keys or as people write them; empty where the lawyer rejects
        what was offered without naming another.

        Raises:
            NotFound, Forbidden: this person may not read such a conversation.
            BadInput: there is no question, or an article chosen is not in force.
        """
        self._reading.owned(conversation_id, person)
        keys = self._in_force(self._read("\n".join(chosen)))
        asked = plain(question)[:LONGEST_STORED]
        if not asked:
            raise BadInput(self.texts.say("corrections.no_question"))
        shown = [named for key in offered if (named := _key(key)) is not None]
        found, is_new = self._repository.propose(person, conversation_id, asked, shown, keys)
        if is_new:
            log.info("correction_proposed", correction_id=found, staff_id=person.id)
        return found

    def review(self, person: Staff) -> ReviewList:
        """Return the review list.

        Raises:
            Forbidden: this person does not supervise.
        """
        self._supervising(person)
        return ReviewList(
            tuple(self._repository.pending(SHOWN)), tuple(self._repository.decided(SHOWN))
        )

    def accept(self, person: Staff, correction_id: int, question: str, articles: str) -> None:
        """Accept a correction as edited, and write what is learned.

        Raises:
            Forbidden: this person does not supervise.
            NotFound, IllegalMove: there is no such correction, or it was decided meanwhile.
            BadInput: the question still holds something personal, or no article is named.
            StorageUnavailable: it is decided, but the files could not be written.
        """
        self._supervising(person)
        asked, keys = plain(question), self._in_force(self._read(articles))
        if not keys:
            raise BadInput(self.texts.say("corrections.no_articles"))
        self._check(asked)
        self._change(correction_id, person, asked, keys, CorrectionState.ACCEPTED)
        self._write()

    def save(self, person: Staff, correction_id: int, question: str, articles: str) -> None:
        """Keep edited words without deciding.

        Raises:
            Forbidden: this person does not supervise.
            NotFound, IllegalMove: there is no such correction, or it is accepted already.
            BadInput: the question is empty, or an article is not in force.
        """
        self._supervising(person)
        asked, keys = plain(question)[:LONGEST_STORED], self._in_force(self._read(articles))
        if not asked:
            raise BadInput(self.texts.say("corrections.no_question"))
        known = self._repository.get(correction_id)
        if known.state not in EDITABLE:
            raise IllegalMove(self.texts.say("corrections.locked"))
        self._change(correction_id, person, asked, keys, None)

    def decline(self, person: Staff, correction_id: int) -> None:
        """Decline a correction; of one that was accepted, take back what was learned.

        Raises:
            Forbidden: this person does not supervise.
            NotFound, IllegalMove: there is no such correction, or it was declined already.
            StorageUnavailable: it is decided, but the files could not be written.
        """
        self._supervising(person)
        try:
            self._repository.decline(correction_id, person)
        except NotFound:
            raise NotFound(self.texts.say("corrections.not_found")) from None
        except IllegalMove:
            raise IllegalMove(self.texts.say("corrections.decided")) from None
        self._write()

    def publish(self) -> int:
        """Write the learned files from what is accepted; return how many questions they hold.

        Raises:
            OSError: the data directory cannot be written.
        """
        return publish(self._repository, self._files)

    def sweep(self) -> int:
        """Delete undecided corrections of erased conversations; return how many."""
        return self._repository.sweep()

    def _write(self) -> None:
        try:
            self.publish()
        except OSError as error:
            log.error("learned_not_written", error=type(error).__name__)
            raise StorageUnavailable(self.texts.say("corrections.not_written")) from error

    def _change(
        self,
        correction_id: int,
        person: Staff,
        question: str,
        keys: Sequence[str],
        to: CorrectionState | None,
    ) -> None:
        try:
            self._repository.change(correction_id, person, question, keys, to)
        except NotFound:
            raise NotFound(self.texts.say("corrections.not_found")) from None
        except IllegalMove:
            raise IllegalMove(self.texts.say("corrections.decided")) from None

    def _supervising(self, person: Staff) -> None:
        if not person.may_supervise:
            raise Forbidden(self.texts.say("corrections.not_allowed"))

    def _check(self, question: str) -> None:
        say = self.texts.say
        if not question:
            raise BadInput(say("corrections.no_question"))
        if mask := _MASK.search(question):
            raise BadInput(say("corrections.masked", mask=mask[0]))
        if not SHORTEST <= len(question) <= LONGEST:
            raise BadInput(
                say("corrections.length", shortest=SHORTEST, longest=LONGEST, count=len(question))
            )

    def _read(self, articles: str) -> list[str]:
        """Return the keys of articles written one a line, as keys or as people write them."""
        keys: list[str] = []
        for line in filter(None, (line.strip() for line in articles.splitlines())):
            one = _key(line)
            found = [one] if one else [c.key for c in self._verifier.citations(line)]
            if not found:
                raise BadInput(self.texts.say("corrections.unreadable", line=line[:40]))
            keys += found
        return keys

    def _in_force(self, chosen: Sequence[str]) -> tuple[str, ...]:
        """Return the keys, each once, by the names the base knows them."""
        say = self.texts.say
        keys: dict[str, None] = {}
        for written in chosen:
            parts = key_parts(written)
            if parts is None:
                raise BadInput(say("corrections.unreadable", line=written[:40]))
            verdict = self._verifier.judge(*parts, china_date(self._clock.now()))
            if verdict.status != "in_force":
                name = "unknown" if verdict.status == "unknown" else "changed"
                if verdict.now:
                    name = "successor"
                title, now = article_title(verdict.key), verdict.now
                raise BadInput(
                    say(f"corrections.{name}", article=title, now=article_title(now) if now else "")
                )
            keys[verdict.key] = None
        if len(keys) > MOST_ARTICLES:
            raise BadInput(say("corrections.too_many", most=MOST_ARTICLES))
        return tuple(keys)


def publish(repository: CorrectionRepository, files: LearnedFiles) -> int:
    """Write the learned files from what is accepted; return how many questions they hold.

    Raises:
        OSError: the data directory cannot be written.
    """
    return files.publish(
        lambda: [Learned(one.question, one.chosen) for one in repository.accepted()]
    )


def _key(written: str) -> str | None:
    parts = key_parts(written)
    return None if parts is None else "/".join(parts)
