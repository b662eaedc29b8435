"""Everything that is not law: greetings, help, ratings, complaints, rights over one's data."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Protocol

from bot.dialogue.complexity import PRIORITIES
from bot.dialogue.normalise import canonical
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.conversation import Context, HandoverReason
from bot.texts import Texts
from connectors.messages import Part, buttons, text
from knowledge_base.numerals import to_int

_SCORE = re.compile(r"([1-5一二三四五])\s*(?:分|星|颗星)|(?:打|评价?|给)\s*([1-5一二三四五])(?!\d)")
_IDENTITY = re.compile(r"机器人|真人|人工智能|AI|ai|律师吗|是谁|什么人|人还是")
_THANKS = re.compile(r"谢|感恩|辛苦|好人|帮大忙")
_GOODBYE = re.compile(r"再见|拜拜|拜|bye|下次|晚安|走了|不聊")
_DELETE = re.compile(r"删除|删掉|清除|清空|注销|抹掉|撤回")

CONFIRM_DELETE = "confirm_delete"
AFTER_DANGER = 80
"""Priority in the queue of somebody who fell into a safety lane earlier."""


class Talk:
    """Small talk and feedback; ``rate`` stores through the callable it is given."""

    def __init__(
        self, texts: Texts, rating: RatingPort, retention_days: int, erasing: ErasurePort
    ) -> None:
        self._erasing = erasing
        self._texts = texts
        self._rating = rating
        self._retention_days = retention_days

    def smalltalk(self, turn: Turn) -> TurnReply:
        words = canonical(turn.text)
        for pattern, name in (
            (_IDENTITY, "identity"),
            (_THANKS, "thank"),
            (_GOODBYE, "goodbye"),
        ):
            if pattern.search(words):
                return self._say("smalltalk", f"talk.{name}")
        return self._say("smalltalk", "talk.greet", "topics_wage", "topics_family", "topics_loan")

    def help(self, turn: Turn) -> TurnReply:
        return self._say("help", "talk.help", "topics_wage", "services", "aid", "lawyer")

    def out_of_scope(self, turn: Turn) -> TurnReply:
        return self._say("out_of_scope", "talk.out_of_scope", "help")

    def affirm(self, turn: Turn) -> TurnReply:
        """A plain yes accepts the hand-over offered in the last reply."""
        if turn.context.offered:
            return self._accepted(turn, turn.context)
        return self._say("smalltalk", "talk.affirm")

    def deny(self, turn: Turn) -> TurnReply:
        reply = self._say("smalltalk", "talk.deny")
        return replace(reply, context=replace(turn.context, offered="", unsure_count=0))

    def request_lawyer(self, turn: Turn) -> TurnReply:
        # A consultation with the bot rests where a person takes over.
        context = replace(
            turn.context,
            guided="",
            guided_answers=(),
            paused=turn.context.guided,
            paused_answers=turn.context.guided_answers,
        )
        if turn.context.lane:
            # Whoever told of danger before does not wait behind a question about a deposit.
            return TurnReply(
                "lawyer",
                (),
                context=context,
                handover=HandoverReason.RISK,
                priority=AFTER_DANGER,
            )
        if turn.context.offered:
            return self._accepted(turn, context)
        return TurnReply("lawyer", (), context=context, handover=HandoverReason.ASKED)

    def _accepted(self, turn: Turn, context: Context) -> TurnReply:
        """Hand over for the reason that was offered in the last reply."""
        reason = HandoverReason(turn.context.offered)
        return TurnReply(
            "lawyer",
            (),
            context=replace(context, offered="", unsure_count=0),
            handover=reason,
            priority=PRIORITIES.get(reason, 0),
        )

    def complain(self, turn: Turn) -> TurnReply:
        return TurnReply("complain", (), handover=HandoverReason.COMPLAINT, priority=10)

    def not_solved(self, turn: Turn) -> TurnReply:
        reply = self._say("rate", "talk.not_solved", "lawyer", "help")
        return replace(reply, context=replace(turn.context, offered=HandoverReason.DISSATISFIED))

    def rate(self, turn: Turn) -> TurnReply:
        """Store a rating when the message holds one; otherwise ask for it."""
        score = _score_of(canonical(turn.text))
        if score is None:
            options = [
                {"id": f"score_{n}", "label": f"{n} 分", "text": f"评价 {n} 分"}
                for n in range(5, 0, -1)
            ]
            return TurnReply(
                "rate",
                (text(self._texts.say("rating.unclear")), Part("buttons", {"items": options})),
            )
        self._rating.rate(turn.conversation_id, score)
        parts: list[Part] = [text(self._texts.say("rating.thanks"))]
        if score <= 2:
            parts.append(buttons(self._texts.button("lawyer")))
        return TurnReply("rate", tuple(parts))

    def privacy(self, turn: Turn) -> TurnReply:
        if _DELETE.search(canonical(turn.text)):
            if CONFIRM_DELETE in dict(turn.context.options):
                # The same demand again, tapped or typed, is its confirmation.
                self._erasing.request_erasure(turn.conversation_id, turn.inbound_id)
                return self._say("privacy", "privacy.deleted")
            options = [
                {
                    "id": CONFIRM_DELETE,
                    "label": self._texts.say("buttons.delete_data.label"),
                    "text": self._texts.say("buttons.delete_data.text"),
                }
            ]
            return TurnReply(
                "privacy",
                (
                    text(self._texts.say("privacy.confirm_delete")),
                    Part("buttons", {"items": options}),
                ),
            )
        return TurnReply(
            "privacy",
            (
                text(self._texts.say("privacy.about", days=self._retention_days)),
                buttons(self._texts.button("delete_data")),
            ),
        )

    def show_more(self, turn: Turn) -> TurnReply:
        """Show what the last answer folded away."""
        context = turn.context
        if not context.last_full:
            return self._say("help", "talk.nothing_more")
        return TurnReply(
            "legal_question",
            (
                text(context.last_full),
                buttons(*(self._texts.button(key) for key in ("lawyer", "aid", "unsolved"))),
            ),
            topic=context.topic,
            items=context.articles,
            context=replace(context, last_full=""),
        )

    def restart(self, turn: Turn) -> TurnReply:
        reply = self._say("smalltalk", "talk.restarted", "topics_wage", "topics_family", "aid")
        return replace(reply, context=Context(labelled=turn.context.labelled))

    def _say(self, route: str, name: str, *keys: str) -> TurnReply:
        parts: list[Part] = [text(self._texts.say(name))]
        if keys:
            parts.append(buttons(*(self._texts.button(key) for key in keys)))
        return TurnReply(route, tuple(parts))


class ErasurePort(Protocol):
    """What carries out a visitor's confirmed wish to have the conversation deleted."""

    def request_erasure(self, conversation_id: str, inbound_id: int) -> None: ...


class RatingPort(Protocol):
    """Where ratings go."""

    def rate(self, conversation_id: str, score: int) -> object: ...


def _score_of(words: str) -> int | None:
    found = _SCORE.search(words)
    if found is None:
        return None
    return to_int(found[1] or found[2])
