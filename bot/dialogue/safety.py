"""Safety lanes: reviewed rules that answer before any model sees the message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.dialogue.cards import citation_cards
from bot.dialogue.normalise import canonical
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.conversation import HandoverReason
from bot.texts import Texts
from connectors.messages import Part, buttons, text
from knowledge_base.models import Article
from knowledge_base.safety import SafetyLane

REFUSE = "refuse"
"""The lane of requests to commit or hide wrongs: no emergency, but no advice either."""


class SafetyDesk:
    """The lanes of knowledge_base/safety.yml, the most urgent first."""

    def __init__(
        self,
        lanes: Iterable[SafetyLane],
        articles: Mapping[str, Article],
        texts: Texts,
    ) -> None:
        self._lanes = [
            (
                lane,
                re.compile("|".join(f"(?:{p})" for p in lane.patterns)),
                re.compile("|".join(f"(?:{p})" for p in lane.unless)) if lane.unless else None,
            )
            for lane in sorted(lanes, key=lambda lane: -lane.priority)
        ]
        self._articles = articles
        self._texts = texts

    def lane_of(self, canonical_text: str) -> SafetyLane | None:
        """Return the lane a normalised message falls into, if any."""
        for lane, pattern, unless in self._lanes:
            if pattern.search(canonical_text) and not (unless and unless.search(canonical_text)):
                return lane
        return None

    def lane_named(self, name: str) -> SafetyLane | None:
        return next((lane for lane, _, _ in self._lanes if lane.lane == name), None)

    def reply(self, lane: SafetyLane, turn: Turn) -> TurnReply:
        """Return what the lane says; one that needs a person at once also hands over."""
        parts: list[Part] = [text(lane.reply)]
        held = [self._articles[key] for key in lane.articles if key in self._articles]
        if held:
            parts.append(citation_cards(held))
        if lane.offer_human and not lane.transfer:
            parts.append(buttons(self._texts.button("lawyer"), self._texts.button("aid")))
        if lane.lane == "dv":
            parts.insert(0, Part("notice", {"text": lane.title, "kind": "quick_exit"}))
        return TurnReply(
            "safety" if lane.lane != REFUSE else "out_of_scope",
            tuple(parts),
            items=(lane.lane,) if lane.lane != REFUSE else (),
            handover=HandoverReason.RISK if lane.transfer else None,
            priority=lane.priority,
            context=replace(
                turn.context,
                lane="" if lane.lane == REFUSE else lane.lane,
                question=canonical(turn.text),
                answer_id=lane.answer,
                unsure_count=0,
            ),
        )
