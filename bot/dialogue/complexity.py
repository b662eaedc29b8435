"""Whether a matter asks for a person: a court date, many parties, a large sum, a term that ends.

The bot still answers what it knows; it offers the lawyer with the reason, and never insists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from bot.dialogue.normalise import canonical
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.conversation import HandoverReason
from bot.texts import Texts
from connectors.messages import Part, buttons, notice
from knowledge_base.quantities import quantities

FILE = Path(__file__).with_name("complexity.yml")

PRIORITIES: Mapping[HandoverReason, int] = {
    HandoverReason.DEADLINE: 40,
    HandoverReason.COMPLEX: 15,
}
"""How urgent a hand-over for the reason is; danger stands at 60 and above."""

_ANSWERED = frozenset({"legal_question", "calculate", "statute_lookup", "case_lookup", "document"})


class Complexity:
    """The rules of complexity.yml."""

    def __init__(self, texts: Texts, path: Path = FILE) -> None:
        tree: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        self._texts = texts
        self._large = int(tree["large_sum"])
        self._rules = tuple(
            (HandoverReason(name), _any_of(tree[name])) for name in ("deadline", "complex")
        )

    def reason(self, words: str) -> HandoverReason | None:
        """Return why a person should see the matter told in ``words``, if anything says so."""
        plain = canonical(words)
        for reason, pattern in self._rules:
            if pattern.search(plain):
                return reason
        sums = (q.value for q in quantities(plain) if q.unit == "元")
        return HandoverReason.COMPLEX if any(v >= self._large for v in sums) else None

    def offered(self, turn: Turn, reply: TurnReply) -> TurnReply:
        """Add the offer of a lawyer to an answer that lacks one, once for the same reason."""
        reason = self.reason(turn.text)
        context = reply.context or turn.context
        if (
            reason is None
            or reply.route not in _ANSWERED
            or reply.handover is not None
            or context.offered
        ):
            return reply
        words = notice(self._texts.say(f"handover.offers.{reason}"), "info")
        rest = tuple(part for part in reply.parts if part.type != "buttons")
        return replace(
            reply,
            parts=(*rest, words, self._buttons(reply)),
            context=replace(context, offered=reason),
        )

    def _buttons(self, reply: TurnReply) -> Part:
        """Put the lawyer first among the buttons of the answer."""
        there = [
            (str(item["id"]), str(item["label"]))
            for part in reply.parts
            if part.type == "buttons"
            for item in part.body["items"]
        ]
        lawyer = self._texts.button("lawyer")
        return buttons(lawyer, *(pair for pair in there if pair[0] != lawyer[0]))


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
