"""What a lawyer does at the desk: see who waits, claim, read, write, hand back, close.

Publishing events is the endpoints' work; nothing here waits for a connection.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog
import yaml

from bot.desk import summary as cards
from bot.desk.repository import CLIENT_PREFIX, NEWEST, DeskRepository, Waiting
from bot.desk.summary import Answered, Cited, Fact
from bot.dialogue.normalise import MAX_CHARACTERS, clean
from bot.domain.clock import Clock, china_date
from bot.domain.conversation import Context, Conversation, Mode, Sender
from bot.domain.people import Staff
from bot.errors import EmptyMessage, MessageTooLong, UnverifiedCitation
from bot.texts import Texts
from connectors.messages import Outbound, notice, text
from knowledge_base.citations import article_title
from knowledge_base.verifier import Verdict, Verifier

log = structlog.get_logger(__name__)

WORDS = Path(__file__).with_name("canned.yml")
PAGE = 50
SUMMARISED = 200
"""Messages that the summary card looks at, the newest."""
LAST_WORDS_SHOWN = 60
TRIGGER_SHOWN = 120

Json = dict[str, Any]


class StoredFile(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def mime(self) -> str: ...


class FileReader(Protocol):
    """The uploads as the desk needs them."""

    def read(self, conversation_id: str, file_id: str) -> tuple[StoredFile, bytes]: ...


@dataclass(frozen=True)
class Canned:
    """A text a lawyer can insert."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class DeskWords:
    """The desk's own words, from canned.yml."""

    canned: tuple[Canned, ...]
    author: Mapping[str, str]
    facts: Mapping[str, str]
    lanes: Mapping[str, str]
    """How the desk names the safety lanes."""
    citations: Mapping[str, str]
    """What a lawyer is told of a citation that does not hold."""


def load_words(path: Path = WORDS) -> DeskWords:
    """Read canned.yml."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    return DeskWords(
        tuple(Canned(**item) for item in tree["canned"]),
        tree["author"],
        tree["facts"],
        tree["lanes"],
        tree["citations"],
    )


@dataclass(frozen=True)
class QueueEntry:
    """One line of the queue or of the lawyer's own conversations."""

    id: str
    mode: str
    channel: str
    reason: str
    topic: str
    priority: int
    since: dt.datetime
    """Waiting since, or claimed at."""
    lane: str
    trigger: str
    """What the visitor said last before the hand-over."""
    question: str
    last_words: str
    last_at: dt.datetime | None
    newest_id: int
    """Id of the visitor's last message."""


@dataclass(frozen=True)
class QueueView:
    queue: tuple[QueueEntry, ...]
    mine: tuple[QueueEntry, ...]


@dataclass(frozen=True)
class Aid:
    draft: str
    """none, active or paused."""
    applications: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Summary:
    """The card beside a conversation."""

    topic: str
    reason: str
    lane: str
    trigger: str
    channel: str
    priority: int
    opened_at: dt.datetime
    queued_at: dt.datetime | None
    claimed_at: dt.datetime | None
    waited_s: int | None
    question: str
    answers: tuple[Answered, ...]
    articles: tuple[Cited, ...]
    facts: tuple[Fact, ...]
    aid: Aid


@dataclass(frozen=True)
class ConversationView:
    id: str
    mode: str
    mine: bool
    messages: tuple[Json, ...]
    earlier: bool
    """There are older messages than these."""
    summary: Summary


class DeskService:
    def __init__(
        self,
        repository: DeskRepository,
        clock: Clock,
        texts: Texts,
        *,
        verifier: Verifier,
        files: FileReader,
        words: DeskWords,
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._texts = texts
        self._verifier = verifier
        self._files = files
        self._words = words

    @property
    def canned(self) -> tuple[Canned, ...]:
        return self._words.canned

    def author(self, person: Staff) -> str:
        """Return how a lawyer is named to visitors: name, title and licence number."""
        title = self._words.author["title"]
        name = person.name if person.name.endswith(title) else person.name + title
        pattern = self._words.author["licensed" if person.licence else "unlicensed"]
        return pattern.format(name=name, licence=person.licence)

    def queue(self, person: Staff) -> QueueView:
        """Return who waits and whom this lawyer is talking to."""
        return QueueView(
            tuple(self._entry(line) for line in self._repository.queue()),
            tuple(self._entry(line) for line in self._repository.open_of(person.id)),
        )

    def _entry(self, line: Waiting) -> QueueEntry:
        found, last = line.conversation, line.last_visitor
        since = found.claimed_at if found.mode is Mode.HUMAN else found.queued_at
        return QueueEntry(
            found.id,
            found.mode,
            found.channel,
            self._reason(found),
            found.topic or "",
            found.priority,
            since or found.updated_at,
            self._lane(line.context),
            _said(line.trigger, TRIGGER_SHOWN),
            cards.shortened(cards.masked(line.context.question), LAST_WORDS_SHOWN),
            _said(last, LAST_WORDS_SHOWN),
            None if last is None else last.at,
            0 if last is None else last.id,
        )

    def _reason(self, found: Conversation) -> str:
        if found.reason is None:
            return ""
        return self._texts.say(f"handover.reasons.{found.reason}.lawyer")

    def _lane(self, context: Context) -> str:
        return self._words.lanes.get(context.lane, context.lane)

    def open(self, conversation_id: str, person: Staff, before: int = NEWEST) -> ConversationView:
        """Return a page of messages, the newest by default, with the summary card.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: it neither waits nor belongs to this lawyer.
        """
        found = self._repository.readable(conversation_id, person)
        page = self._repository.page(conversation_id, before, PAGE + 1)
        return ConversationView(
            found.id,
            found.mode,
            found.mode is Mode.HUMAN,
            tuple(self.shown(message) for message in page[-PAGE:]),
            len(page) > PAGE,
            self._summary(found),
        )

    def _summary(self, found: Conversation) -> Summary:
        history = self._repository.page(found.id, NEWEST, SUMMARISED)
        context = self._repository.context(found.id)
        trace = self._repository.aid(found.id)
        waited = None
        if found.queued_at is not None:
            until = found.claimed_at if found.mode is Mode.HUMAN else None
            waited = int(((until or self._clock.now()) - found.queued_at).total_seconds())
        draft = {None: "none", True: "active", False: "paused"}[trace.draft_active]
        return Summary(
            found.topic or context.topic,
            self._reason(found),
            self._lane(context),
            _said(self._repository.trigger(found), TRIGGER_SHOWN) if found.reason else "",
            found.channel,
            found.priority,
            found.created_at,
            found.queued_at,
            found.claimed_at if found.mode is Mode.HUMAN else None,
            waited,
            cards.question_of(context, history),
            cards.answers_of(history),
            cards.articles_of(history),
            cards.facts_of(history, self._words.facts),
            Aid(draft, trace.applications),
        )

    def news(self, conversation_id: str, person: Staff, after: int) -> tuple[Json, ...]:
        """Return the messages newer than ``after`` of a conversation this lawyer is in.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: this lawyer is not in it.
        """
        self._repository.owned(conversation_id, person)
        return tuple(self.shown(m) for m in self._repository.after(conversation_id, after))

    def shown(self, message: Outbound, *, reveal: bool = False) -> Json:
        """Return a message as the desk shows it: personal numbers masked unless revealed."""
        data = message.to_json()
        # Notices are our own sentences; a lawyer's licence number in one is no personal secret.
        own = message.sender == Sender.SYSTEM
        parts = [
            part if reveal or (own and part["type"] == "notice") else cards.masked(part)
            for part in data["parts"]
        ]
        for part in parts:
            if part["type"] == "file":
                part["url"] = f"/api/desk/files/{part['id']}"
        data["parts"] = parts
        if message.sender == Sender.LAWYER and message.client_id:
            data["client_id"] = message.client_id.removeprefix(CLIENT_PREFIX)
        return data

    def claim(self, conversation_id: str, person: Staff) -> Outbound | None:
        """Take a waiting conversation; the visitor is told who has come.

        Returns the notice, or None when it was this lawyer's already.

        Raises:
            NotFound: there is no such conversation.
            AlreadyClaimed: another lawyer was first.
            IllegalMove: the visitor no longer waits.
        """
        words = self._texts.say("handover.claimed", author=self.author(person))
        sent = self._repository.claim(conversation_id, person, [notice(words)])
        if sent is not None:
            log.info("conversation_claimed", conversation_id=conversation_id, staff_id=person.id)
        return sent

    def say(
        self, conversation_id: str, person: Staff, client_id: str, words: str
    ) -> tuple[Outbound, bool]:
        """Send a lawyer's message once per client id; return it and whether it is new.

        Raises:
            EmptyMessage, MessageTooLong: the words cannot be sent.
            UnverifiedCitation: they cite an article that does not exist or holds no longer.
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        said = clean(words)
        if not said:
            raise EmptyMessage
        if len(said) > MAX_CHARACTERS:
            raise MessageTooLong
        if doubts := self._verifier.doubts(said, china_date(self._clock.now())):
            sentences = dict.fromkeys(self._doubt(verdict) for verdict in doubts)
            raise UnverifiedCitation("".join(sentences))
        return self._repository.say(
            conversation_id, person, self.author(person), client_id, [text(said)]
        )

    def _doubt(self, verdict: Verdict) -> str:
        article = article_title(verdict.key)
        if verdict.status == "unknown":
            return self._words.citations["unknown"].format(article=article)
        name = "successor" if verdict.now else "changed"
        now = article_title(verdict.now) if verdict.now else ""
        return self._words.citations[name].format(article=article, now=now)

    def give_back(self, conversation_id: str, person: Staff) -> Outbound:
        """Hand the conversation back to the bot.

        Raises:
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        words = self._texts.say("handover.returned")
        return self._leave(conversation_id, person, Mode.RETURNED, "return", words)

    def close(self, conversation_id: str, person: Staff) -> Outbound:
        """End the conversation; the visitor is asked for a rating.

        Raises:
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        words = self._texts.say("handover.closed")
        return self._leave(conversation_id, person, Mode.CLOSED, "close", words)

    def _leave(
        self, conversation_id: str, person: Staff, to: Mode, action: str, words: str
    ) -> Outbound:
        sent = self._repository.leave(conversation_id, person, to, action, [notice(words)])
        log.info(
            "conversation_left", conversation_id=conversation_id, staff_id=person.id, to=str(to)
        )
        return sent

    def reveal(self, conversation_id: str, person: Staff) -> tuple[Json, ...]:
        """Return the newest messages with personal numbers readable; each time is audited.

        Raises:
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        self._repository.owned(conversation_id, person)
        self._repository.log(person, "reveal", conversation_id)
        page = self._repository.page(conversation_id, NEWEST, SUMMARISED)
        return tuple(self.shown(message, reveal=True) for message in page)

    def may_write(self, conversation_id: str, person: Staff) -> None:
        """Return quietly if this lawyer is in the conversation.

        Raises:
            NotFound, Forbidden: otherwise.
        """
        self._repository.owned(conversation_id, person)

    def file(self, file_id: str, person: Staff) -> tuple[StoredFile, bytes]:
        """Return a file that the visitor of one of this lawyer's conversations sent.

        Raises:
            NotFound, Forbidden: there is no such file, or this lawyer may not see it.
        """
        conversation_id = self._repository.conversation_of_file(file_id)
        self._repository.owned(conversation_id, person)
        self._repository.log(person, "file", conversation_id)
        return self._files.read(conversation_id, file_id)


def _said(message: Outbound | None, longest: int) -> str:
    words = "" if message is None else cards.masked(cards.words_of(message))
    return cards.shortened(words, longest)
