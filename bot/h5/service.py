"""What the pages show a follower: answers, the talk, and how far everything is that is bound."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml

from bot.dialogue.repository import ConversationRepository
from bot.domain.conversation import Mode, Sender
from bot.domain.matter import MatterState, spoken
from bot.errors import NotFound
from bot.h5.ports import Applications, Begun, Filed, Matters
from bot.h5.repository import Bound, LinkRepository, OwnMatter, Visit
from bot.h5.views import Said, label_of, local, said, weight_of
from bot.texts import Texts
from connectors.messages import Outbound

WORDS = Path(__file__).with_name("words.yml")

MOST_MESSAGES = 20
HEAVIEST = 48 * 1024
"""Bytes of messages on one page of the talk, so that a page stays light on any network."""
AWAITED = dt.timedelta(minutes=2)
"""How long after a question its answer is said to be on its way."""
NEWEST = 2**31 - 1
"""The largest id that the database can hold."""


@dataclass(frozen=True)
class Answer:
    """One question with everything that was answered, or one message alone."""

    question: Said | None
    messages: tuple[Said, ...]
    label: str


@dataclass(frozen=True)
class Talk:
    """One page of a conversation, the newest message last."""

    about: str
    messages: tuple[Said, ...]
    label: str
    before: int
    """Where the page before begins; 0 if there is none."""
    newest: int
    is_awaited: bool
    """The newest message is a question of just now, and a person has not taken over."""


@dataclass(frozen=True)
class MatterLine:
    number: str
    label: str
    sentence: str
    is_open: bool


@dataclass(frozen=True)
class FiledLine:
    """An application with what is to be done now."""

    filed: Filed
    now: str
    place: int
    """Which of the bound conversations it was made in."""

    @property
    def received(self) -> str:
        return local(self.filed.application.created_at)

    @property
    def lacking(self) -> Sequence[str]:
        return [paper.item.label for paper in self.filed.papers if paper.is_open]


@dataclass(frozen=True)
class HeardLine:
    """What is shown of an application or a matter that is not proven to be the follower's."""

    number: str
    label: str
    now: str
    is_matter: bool


@dataclass(frozen=True)
class Talked:
    """One of the bound conversations."""

    place: int
    about: str
    is_here: bool


@dataclass(frozen=True)
class Overview:
    talks: tuple[Talked, ...]
    filed: tuple[FiledLine, ...]
    matters: tuple[MatterLine, ...]
    heard: tuple[HeardLine, ...]
    begun: Begun

    @property
    def here(self) -> int:
        return next((talk.place for talk in self.talks if talk.is_here), -1)


class H5Service:
    """Every method blocks and only reads."""

    def __init__(
        self,
        repository: LinkRepository,
        talks: ConversationRepository,
        applications: Applications,
        matters: Matters,
        ai_label: str,
    ) -> None:
        self.words = load_words()
        self._repository = repository
        self._talks = talks
        self._applications = applications
        self._matters = matters
        self._ai_label = ai_label

    def answer(self, visit: Visit, message_id: int) -> Answer:
        """Return a message of a bound conversation, and what was answered to it.

        Raises:
            NotFound: there is none, or it is another person's.
        """
        home = self._repository.home_of(message_id, visit.follower_id)
        if home is None:
            raise NotFound
        asked = self._talks.before(home, message_id + 1, 1)[0]
        if asked.sender != Sender.VISITOR:
            return self._answer(None, (asked,))
        return self._answer(asked, self._talks.replies_to(home, message_id))

    def _answer(self, asked: Outbound | None, messages: Sequence[Outbound]) -> Answer:
        question = None if asked is None else said(asked, self.words, whole=True)
        shown = tuple(said(message, self.words, whole=True) for message in messages)
        return Answer(question, shown, label_of(messages, self._ai_label))

    def talk(self, visit: Visit, before: int = 0) -> Talk:
        """Return as many messages as make a page, older than ``before`` if that is not 0."""
        found = self._talks.before(visit.conversation_id, before or NEWEST, MOST_MESSAGES + 1)
        taken: list[Said] = []
        weight = 0
        for message in found[:MOST_MESSAGES]:
            shown = said(message, self.words, whole=False)
            weight += weight_of(shown)
            if taken and weight > HEAVIEST:
                break
            taken.append(shown)
        has_more = len(found) > len(taken)
        return Talk(
            next((talk.about for talk in self.talked(visit) if talk.is_here), ""),
            tuple(reversed(taken)),
            label_of(found[: len(taken)], self._ai_label),
            taken[-1].id if has_more else 0,
            taken[0].id if taken else 0,
            not before and bool(found) and self._is_awaited(visit, found[0]),
        )

    def _is_awaited(self, visit: Visit, newest: Outbound) -> bool:
        if newest.sender != Sender.VISITOR:
            return False
        if newest.at <= self._repository.clock.now() - AWAITED:
            return False
        return self._talks.get(visit.conversation_id).mode not in (Mode.HUMAN, Mode.CLOSED)

    def talked(self, visit: Visit) -> tuple[Talked, ...]:
        """Return the bound conversations that are proven to be the follower's."""
        channels = self.words.get("channels")
        return tuple(
            Talked(
                place,
                self.words.say(
                    "talk",
                    channel=channels.get(one.channel, channels["other"]),
                    since=local(one.started_at),
                ),
                one.conversation_id == visit.conversation_id,
            )
            for place, one in enumerate(self._proven(visit))
        )

    def account(self, visit: Visit) -> str:
        """Return the AppID of the account that a follower follows."""
        return self.account_of(visit.follower_id)

    def account_of(self, follower_id: int) -> str:
        return self._repository.account(follower_id)

    def other(self, visit: Visit, place: int) -> Visit:
        """Return a visit to another conversation of ``talked``.

        Raises:
            NotFound: there are not so many.
        """
        bound = self._proven(visit)
        if not 0 <= place < len(bound):
            raise NotFound
        return replace(visit, conversation_id=bound[place].conversation_id)

    def _proven(self, visit: Visit) -> list[Bound]:
        return [one for one in self._repository.bound(visit.follower_id) if one.is_proven]

    def overview(self, visit: Visit) -> Overview:
        """Return how far everything is that is bound to the follower."""
        bound = self._proven(visit)
        now = self._applications.words.get("now")
        filed = [
            FiledLine(one, now[one.application.state], place)
            for place, home in enumerate(bound)
            for one in self._applications.filed(home.conversation_id)
        ]
        filed.sort(key=lambda line: line.filed.application.created_at, reverse=True)
        return Overview(
            self.talked(visit),
            tuple(filed),
            self._matter_lines([home.conversation_id for home in bound]),
            self._heard(visit),
            self._applications.standing(visit.conversation_id),
        )

    def _heard(self, visit: Visit) -> tuple[HeardLine, ...]:
        """Return number, state and next step of what the follower only hears of."""
        homes = [
            one.conversation_id
            for one in self._repository.bound(visit.follower_id)
            if not one.is_proven
        ]
        now = self._applications.words.get("now") | self.words.get("heard.applications")
        filed = [one for home in homes for one in self._applications.filed(home)]
        states, steps = self.words.get("matters"), self.words.get("heard.matters")
        return (
            *(
                HeardLine(
                    one.application.number, one.label, now[one.application.state], is_matter=False
                )
                for one in filed
            ),
            *(
                HeardLine(spoken(one.number), states[one.state], steps[one.state], is_matter=True)
                for one in self._repository.matters(homes)
            ),
        )

    def _matter_lines(self, conversation_ids: Sequence[str]) -> tuple[MatterLine, ...]:
        states = self.words.get("matters")
        return tuple(
            MatterLine(
                spoken(matter.number),
                states[matter.state],
                self._how_far(matter),
                matter.state is not MatterState.CLOSED,
            )
            for matter in self._repository.matters(conversation_ids)
        )

    def _how_far(self, matter: OwnMatter) -> str:
        """Say how far a matter is, without its number, which stands above."""
        sentence = self._matters.progress(matter.number, matter.conversation_id)
        head = self.words.say("matter", number=spoken(matter.number))
        return sentence.removeprefix(head).lstrip("：")


@cache
def load_words() -> Texts:
    """Load the words of the pages that are not in the templates."""
    return Texts(yaml.safe_load(WORDS.read_text(encoding="utf-8")))
