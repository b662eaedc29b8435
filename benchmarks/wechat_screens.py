"""What followers' phones showed beside what the database holds: each question answered once?

An answer is known on a screen by its beginning. Nothing here knows what was asked of whom, or why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import select

from bot.dialogue.messages import PARTS
from bot.domain.conversation import Sender
from bot.store.tables import messages
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_sends
from bot.wechat.sends import CLIENT_PREFIX
from connectors.messages import Part
from connectors.wechat.rendering import render_for_chat
from tests.platform import Push, Seen

HEAD = 60
"""Characters: longer than what many answers begin with alike, shorter than what is ever cut off."""
PERCENTILES = {"p50": 50, "p95": 95, "p99": 99, "max": 100}
DELIVERIES = 3


@dataclass(frozen=True)
class Kept:
    """What the database holds of the channel's conversations."""

    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The answers to each message, by the platform's id of it; a message without one is there."""
    whole: Mapping[str, str] = field(default_factory=dict)
    """Everything that was answered to each message: the open question of a form, asked again after
    an answer, is said more often than it is an answer."""
    said: tuple[str, ...] = ()
    """The beginnings of everything that was ever said to anybody."""
    owed: int = 0
    """Messages that wait for their followers."""


@dataclass(frozen=True)
class Deliveries:
    """Of single deliveries: how many came, and what came of them."""

    all: int
    in_time: int
    let_go: int
    """First and second ones that the product leaves unanswered so that another comes."""
    failed: Mapping[str, int]


@dataclass(frozen=True)
class Judged:
    questions: int
    answered_by: Mapping[str, int]
    """How many questions had an answer in time to which of their deliveries."""
    passive: int
    """Questions whose answer was the reply to one of their own deliveries."""
    deliveries: Deliveries
    unavailable: int
    """How often a follower was told that the account is out of order."""
    unheard: int
    """Of these, questions that the product never had: it did not say that it had them."""
    lost: tuple[str, ...]
    """Questions that were acknowledged, and are not in the database or have no answer there."""
    unseen: tuple[str, ...]
    """Questions whose answer is not on the screen."""
    doubled: tuple[str, ...]
    """Questions whose answer is there more than once."""
    unexplained: int
    """Things on screens that hold nothing of what was ever said."""
    shown_ms: Mapping[str, float]
    """From the question to its answer on the screen."""

    @property
    def is_exact(self) -> bool:
        """Say whether every question that was taken has exactly one answer on its screen."""
        return not (self.lost or self.unseen or self.doubled or self.unexplained)


def head_of(text: str) -> str:
    return text.strip()[:HEAD].rstrip()


def words_of(parts: Sequence[Part]) -> str:
    """Return what an answer is known by: its first text, which no shortening takes away."""
    first = next((part for part in parts if part.type == "text"), None)
    return str(first.body["text"]) if first is not None else render_for_chat(parts)


def judge(
    pushes: Sequence[Push],
    screens: Mapping[str, Sequence[Seen]],
    kept: Kept,
    fillers: Iterable[str] = (),
) -> Judged:
    """Compare the questions, the screens by openid, and the database.

    ``fillers`` are the sentences that stand for an answer or accompany it.
    """
    shown = {
        openid: [one for one in seen if one.how != "notice"] for openid, seen in screens.items()
    }
    lost, unseen, doubled = [], [], []
    unheard = passive = 0
    took: list[float] = []
    by_head: dict[tuple[str, str], list[Push]] = {}
    for push in pushes:
        answers = kept.answers.get(push.msg_id, ())
        if not answers:
            is_taken = push.answered_by is not None or push.msg_id in kept.answers
            unheard += not is_taken
            if is_taken:
                lost.append(push.msg_id)
        for answer in answers:
            by_head.setdefault((push.openid, head_of(answer)), []).append(push)
    whole: dict[str, str] = {}
    for push in pushes:
        whole[push.openid] = whole.get(push.openid, "") + kept.whole.get(push.msg_id, "")
    for (openid, head), asking in by_head.items():
        found = [seen for seen in shown.get(openid, ()) for _ in range(seen.text.count(head))]
        for push, seen in zip(asking, found, strict=False):
            took.append(max(seen.moment - push.moment, 0.0))
            passive += seen.how == "passive" and any(seen is own for own in push.seen)
        unseen += [push.msg_id for push in asking[len(found) :]]
        due = max(len(asking), whole[openid].count(head))
        doubled += [asking[-1].msg_id] * max(len(found) - due, 0)
    known = {*filter(None, map(head_of, kept.said)), *fillers}
    unexplained = [
        seen
        for everything in shown.values()
        for seen in everything
        if seen.text and not any(one in seen.text for one in known)
    ]
    return Judged(
        len(pushes),
        {str(key or "none"): n for key, n in Counter(push.answered_by for push in pushes).items()},
        passive,
        deliveries_of(pushes),
        sum(push.unavailable for push in pushes),
        unheard,
        tuple(lost),
        tuple(unseen),
        tuple(doubled),
        len(unexplained),
        percentiles(took),
    )


def deliveries_of(pushes: Sequence[Push]) -> Deliveries:
    """Count the deliveries; a late one before the last is one that was let go."""
    attempts = [attempt for push in pushes for attempt in push.attempts]
    in_time = sum(attempt.outcome in ("answered", "silent") for attempt in attempts)
    let_go = sum(a.outcome == "late" and a.number < DELIVERIES for a in attempts)
    failed = Counter[str](
        attempt.outcome
        for attempt in attempts
        if attempt.outcome not in ("answered", "silent")
        and not (attempt.outcome == "late" and attempt.number < DELIVERIES)
    )
    return Deliveries(len(attempts), in_time, let_go, dict(failed))


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return milliseconds."""
    if not seconds:
        return {}
    found = np.percentile(seconds, list(PERCENTILES.values())) * 1000
    return {name: round(float(v), 1) for name, v in zip(PERCENTILES, found, strict=True)}


def look(store: Store) -> Kept:
    """Read the conversations of the official accounts as they are now."""
    with store.read() as connection:
        rows = connection.execute(select(messages).order_by(messages.c.id)).all()
        waiting = wechat_sends.c.state.in_(("waiting", "sending"))
        owed = len(connection.execute(select(wechat_sends.c.id).where(waiting)).all())
    keys = {
        row.id: row.client_id.removeprefix(CLIENT_PREFIX)
        for row in rows
        if (row.client_id or "").startswith(CLIENT_PREFIX)
    }
    answers: dict[str, tuple[str, ...]] = {key: () for key in keys.values()}
    whole = dict.fromkeys(answers, "")
    said: list[str] = []
    for row in rows:
        if row.sender == Sender.VISITOR:
            continue
        parts = [Part.from_json(one) for one in store.cipher.decrypt_json(PARTS, row.parts_enc)]
        words = words_of(parts)
        said.append(words)
        if row.in_reply_to in keys and words:
            answers[keys[row.in_reply_to]] += (words,)
            shown = (p for p in parts if p.type == "text" and not p.body.get("collapsed"))
            texts = (str(part.body["text"]) for part in shown)
            whole[keys[row.in_reply_to]] += "\n".join(texts) or words
    return Kept(answers, whole, tuple(said), owed)
