"""What a lawyer does at the desk: see who waits, claim, read, write, hand back, close.

Publishing events is the endpoints' work; nothing here waits for a connection.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import structlog

from bot.desk import summary as cards
from bot.desk.ports import Channel, Files, NoChannel, NoRoster, Roster, StoredFile
from bot.desk.reading import NEWEST, Note, Waiting
from bot.desk.repository import CLIENT_PREFIX, DeskRepository, LastWords
from bot.desk.views import (
    Aid,
    Canned,
    ConversationView,
    DeskWords,
    Guest,
    Json,
    QueueEntry,
    QueueView,
    Summary,
)
from bot.dialogue.forms import OpenQuestion
from bot.dialogue.normalise import MAX_CHARACTERS, clean
from bot.dialogue.turn import TurnReply
from bot.domain.clock import Clock, china_date
from bot.domain.conversation import WECHAT, Context, Conversation, Mode, Sender
from bot.domain.people import Staff
from bot.domain.roster import OFFER
from bot.errors import BadInput, EmptyMessage, Forbidden, MessageTooLong, UnverifiedCitation
from bot.texts import Texts
from connectors.messages import Outbound, notice, text
from knowledge_base.citations import article_title
from knowledge_base.verifier import Verdict, Verifier

log = structlog.get_logger(__name__)

PAGE = 50
SUMMARISED = 200
"""Messages that the summary card looks at, the newest."""
LAST_WORDS_SHOWN = 60
TRIGGER_SHOWN = 120
FOUND_AMONG = 500
"""Conversations that a search reads, the newest."""
LONGEST_NOTE = 1000
LONGEST_REASON = 100
NOTICE_AND_QUESTION = 2
"""Messages that follow a hand-back."""


class DeskService:
    def __init__(
        self,
        repository: DeskRepository,
        clock: Clock,
        texts: Texts,
        *,
        verifier: Verifier,
        files: Files,
        words: DeskWords,
        roster: Roster | None = None,
        channel: Channel | None = None,
        open_question: OpenQuestion | None = None,
        bureau: str = "",
    ) -> None:
        """``bureau`` names whoever works in no office of the roster."""
        self._roster = roster or NoRoster()
        self._channel = channel or NoChannel()
        self._open_question = open_question
        self._repository = repository
        self._clock = clock
        self._texts = texts
        self._verifier = verifier
        self._files = files
        self._words = words
        self._bureau = bureau

    @property
    def canned(self) -> tuple[Canned, ...]:
        return self._words.canned

    def author(self, person: Staff) -> str:
        """Return how a lawyer is named to visitors: name, title and licence number."""
        title = self._words.author["title"]
        name = person.name if person.name.endswith(title) else person.name + title
        pattern = self._words.author["licensed" if person.licence else "unlicensed"]
        return pattern.format(name=name, licence=person.licence)

    def office_of(self, person: Staff) -> str:
        """Return how the place this person works in is named to visitors."""
        return self._roster.office_name(person) or self._bureau

    def queue(self, person: Staff) -> QueueView:
        """Return who waits and whom this lawyer is talking to; asking shows that he is there."""
        self._roster.seen(person.id)
        barred = self._roster.barred(person.id)
        own = self._repository.open_of(person.id)
        answer_by = self._roster.answer_by([line.conversation.id for line in own])
        return QueueView(
            tuple(
                self._entry(line, person)
                for line in self._repository.queue()
                if line.conversation.id not in barred
            ),
            tuple(self._entry(line, person, answer_by.get(line.conversation.id)) for line in own),
            self._clock.now(),
        )

    def find(self, person: Staff, words: str) -> tuple[QueueEntry, ...]:
        """Return the newest conversations that went to people and hold ``words``.

        Whoever supervises finds those of everybody, a lawyer his own.
        """
        wanted = clean(words)
        lines = self._repository.newest(person, FOUND_AMONG if wanted else PAGE)
        entries = (self._entry(line, person) for line in lines)
        found = [entry for entry in entries if not wanted or wanted in _searched(entry)]
        return tuple(found[:PAGE])

    def _entry(
        self, line: Waiting, person: Staff, answer_by: dt.datetime | None = None
    ) -> QueueEntry:
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
            line.seen,
            self._rings(found, person),
            found.lawyer_id,
            answer_by,
        )

    def _rings(self, found: Conversation, person: Staff) -> bool:
        """Say whether a conversation is on offer to this person now."""
        if found.offered_to != person.id or found.offered_at is None:
            return False
        return self._clock.now() < found.offered_at + OFFER

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
        if conversation_id in self._roster.barred(person.id):
            raise Forbidden(self._words.refusals["conflict"])
        page = self._repository.page(conversation_id, before, PAGE + 1)
        guests = self._repository.guests(conversation_id)
        owner = found.mode is Mode.HUMAN and found.lawyer_id == person.id
        invited = found.mode is Mode.HUMAN and person.id in dict(guests)
        got, seen = self._repository.receipts(conversation_id)
        return ConversationView(
            found.id,
            found.mode,
            owner or invited,
            self._delivered(conversation_id, page[-PAGE:]),
            len(page) > PAGE,
            self._summary(found),
            owner,
            self._repository.notes(conversation_id),
            tuple(Guest(*guest) for guest in guests),
            got,
            seen,
            self._channel.state(conversation_id),
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
        self._roster.seen(person.id)
        return self._delivered(conversation_id, self._repository.after(conversation_id, after))

    def _delivered(self, conversation_id: str, page: Sequence[Outbound]) -> tuple[Json, ...]:
        """Return messages as shown, with what became of those that go to WeChat."""
        if not page:
            return ()
        found = self._channel.deliveries(conversation_id, page[0].id - 1)
        lines = tuple(self.shown(message) for message in page)
        for message, line in zip(page, lines, strict=True):
            if state := found.get(message.id):
                line["delivery"] = {"state": state, "words": self._words.delivery[state]}
        return lines

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
            Forbidden: this lawyer represents the other side.
        """
        if conversation_id in self._roster.barred(person.id):
            raise Forbidden(self._words.refusals["conflict"])
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
            BadInput: something that a canned text left open was not filled in.
            UnverifiedCitation: they cite an article that does not exist or holds no longer.
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        said = clean(words)
        if not said:
            raise EmptyMessage
        if len(said) > MAX_CHARACTERS:
            raise MessageTooLong
        if unfilled := self._words.unfilled(said):
            names = "、".join(f"【{name}】" for name in unfilled)
            raise BadInput(self._words.refusals["unfilled"].format(names=names))
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

    def send_file(
        self, conversation_id: str, person: Staff, client_id: str, name: str, body: bytes
    ) -> tuple[Outbound, bool]:
        """Send a file once per client id; return the message and whether it is new.

        Raises:
            BadFile, UncheckedFile: its contents may not be sent, or could not be judged.
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        self._repository.owned(conversation_id, person)
        part = self._files.part(conversation_id, f"{CLIENT_PREFIX}{client_id}", name, body)
        return self._repository.say(conversation_id, person, self.author(person), client_id, [part])

    def note(self, conversation_id: str, person: Staff, words: str) -> Note:
        """Write a note that only colleagues see.

        Raises:
            BadInput: it is empty or too long.
            NotFound, Forbidden: this lawyer may not read such a conversation.
        """
        self._repository.readable(conversation_id, person)
        return self._repository.note(conversation_id, person, self._short(words, LONGEST_NOTE))

    def _short(self, words: str, longest: int) -> str:
        said = clean(words)
        if not said:
            raise BadInput(self._words.refusals["empty"])
        if len(said) > longest:
            raise BadInput(self._words.refusals["too_long"].format(longest=longest))
        return said

    def transfer(self, conversation_id: str, person: Staff, to: int | None, note: str) -> Outbound:
        """Hand the conversation to a colleague, or to whoever is free, with a note.

        Raises:
            BadInput: the note is missing or too long.
            NotFound: there is no such conversation or colleague.
            Forbidden: this lawyer is not in it, or the colleague represents the other side.
        """
        words = self._short(note, LONGEST_NOTE)
        if to is not None:
            colleague = self._repository.colleague(to)
            if conversation_id in self._roster.barred(colleague.id):
                raise Forbidden(self._words.refusals["conflict_of_colleague"])
        said = self._texts.say("handover.transferred")
        last = LastWords(note=words, colleague_id=to)
        return self._leave(conversation_id, person, Mode.QUEUED, "transfer", said, last)

    def invite(self, conversation_id: str, person: Staff, staff_id: int) -> Outbound | None:
        """Let a colleague into the conversation; the visitor is told, None if already there.

        Raises:
            NotFound: there is no such conversation or colleague.
            Forbidden: this lawyer does not hold it, or the colleague represents the other side.
        """
        colleague = self._repository.colleague(staff_id)
        if conversation_id in self._roster.barred(colleague.id):
            raise Forbidden(self._words.refusals["conflict_of_colleague"])
        words = self._texts.say("handover.joined", author=self.author(colleague))
        return self._repository.invite(conversation_id, person, colleague, [notice(words)])

    def uninvite(self, conversation_id: str, person: Staff, staff_id: int) -> None:
        """Let a guest go; a guest may go alone.

        Raises:
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        found = self._repository.owned(conversation_id, person)
        if found.lawyer_id != person.id and staff_id != person.id:
            raise Forbidden(self._words.refusals["not_the_owner"])
        self._repository.uninvite(conversation_id, staff_id)

    def give_back(self, conversation_id: str, person: Staff, advice: str = "") -> Outbound:
        """Hand the conversation back to the bot; the visitor is told, and a form goes on.

        Raises:
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        found = self._repository.owned(conversation_id, person)
        question = None
        # What is heard only with the reply to the next message cannot be answered by that message.
        if self._open_question is not None and self._is_heard(found, NOTICE_AND_QUESTION):
            question = self._open_question.of(conversation_id)
        words = self._texts.say("handover.returned")
        last = LastWords(advice=clean(advice)[:LONGEST_NOTE])
        return self._leave(conversation_id, person, Mode.RETURNED, "return", words, last, question)

    def _is_heard(self, found: Conversation, messages: int) -> bool:
        """Say whether so many messages reach the visitor before he speaks again."""
        if found.channel != WECHAT:
            return True
        state = self._channel.state(found.id)
        if state is None or state.level != "good":
            # That the platform takes nothing for a while shows in the level alone.
            return False
        return state.takes(messages, self._clock.now())

    def close(
        self, conversation_id: str, person: Staff, outcome: str = "", advice: str = ""
    ) -> Outbound:
        """End the conversation; the visitor is asked for a rating.

        Raises:
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        # Where the visitor reads in WeChat there are no stars below.
        is_chat = self._channel.state(conversation_id) is not None
        words = self._texts.say("handover.closed_chat" if is_chat else "handover.closed")
        last = LastWords(outcome=outcome, advice=clean(advice)[:LONGEST_NOTE])
        return self._leave(conversation_id, person, Mode.CLOSED, "close", words, last)

    def _leave(
        self,
        conversation_id: str,
        person: Staff,
        to: Mode,
        action: str,
        words: str,
        last: LastWords,
        question: TurnReply | None = None,
    ) -> Outbound:
        sent = self._repository.leave(
            conversation_id, person, to, action, [notice(words)], last, question
        )
        log.info(
            "conversation_left", conversation_id=conversation_id, staff_id=person.id, to=str(to)
        )
        return sent

    def saw(self, conversation_id: str, person: Staff, message_id: int) -> bool:
        """Remember up to where this lawyer has read; say whether that is news.

        Raises:
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        return self._repository.saw(conversation_id, person, message_id)

    def reveal(self, conversation_id: str, person: Staff, reason: str) -> tuple[Json, ...]:
        """Return the newest messages with personal numbers readable; each time is audited.

        Raises:
            BadInput: no reason is given.
            NotFound, Forbidden: this lawyer is not in such a conversation, or may not see them.
        """
        if not person.may_reveal:
            raise Forbidden(self._words.refusals["no_reveal"])
        self._repository.owned(conversation_id, person)
        why = self._short(reason, LONGEST_REASON)
        self._repository.log(person, "reveal", conversation_id, why)
        page = self._repository.page(conversation_id, NEWEST, SUMMARISED)
        return tuple(self.shown(message, reveal=True) for message in page)

    def may_read(self, conversation_id: str, person: Staff) -> None:
        """Return quietly if this lawyer may read the conversation.

        Raises:
            NotFound, Forbidden: otherwise.
        """
        self._repository.readable(conversation_id, person)

    def typing(self, conversation_id: str, person: Staff) -> None:
        """Show a visitor who reads elsewhere that this lawyer writes.

        Raises:
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        self._repository.owned(conversation_id, person)
        self._channel.typing(conversation_id)

    def may_write(self, conversation_id: str, person: Staff) -> None:
        """Return quietly if this lawyer is in the conversation.

        Raises:
            NotFound, Forbidden: otherwise.
        """
        self._repository.owned(conversation_id, person)

    def file(self, file_id: str, person: Staff) -> tuple[StoredFile, bytes]:
        """Return a file that the visitor of one of this lawyer's conversations sent.

        That this person saw this file is audited once a day. A picture shown small beside the
        words is the whole picture, so it counts; shown again, enlarged or downloaded on the same
        day it says nothing new, and one row for each time would bury what a supervisor looks for.

        Raises:
            NotFound, Forbidden: there is no such file, or this lawyer may not see it.
        """
        conversation_id = self._may_see(file_id, person)
        stored, body = self._files.read(conversation_id, file_id)
        self._saw_file(person, conversation_id, file_id, stored)
        return stored, body

    def sound(self, file_id: str, person: Staff) -> tuple[StoredFile, str, bytes]:
        """Return a voice message as browsers play it, with its type; else as ``file``.

        Raises:
            NotFound, Forbidden: there is no such recording, or this lawyer may not hear it.
            BadFile: it cannot be decoded.
        """
        conversation_id = self._may_see(file_id, person)
        stored, mime, body = self._files.sound(conversation_id, file_id)
        self._saw_file(person, conversation_id, file_id, stored)
        return stored, mime, body

    def _may_see(self, file_id: str, person: Staff) -> str:
        """Return the conversation of a file that this lawyer may see."""
        conversation_id = self._repository.conversation_of_file(file_id)
        self._repository.owned(conversation_id, person)
        return conversation_id

    def _saw_file(
        self, person: Staff, conversation_id: str, file_id: str, stored: StoredFile
    ) -> None:
        self._repository.log_file(person, conversation_id, f"{stored.name}（{file_id}）")


def _searched(entry: QueueEntry) -> str:
    return " ".join((entry.topic, entry.reason, entry.question, entry.trigger, entry.last_words))


def _said(message: Outbound | None, longest: int) -> str:
    words = "" if message is None else cards.masked(cards.words_of(message))
    return cards.shortened(words, longest)
