"""The visitor's own way, on the web, to part a conversation from the WeChat bound to it."""

from __future__ import annotations

from bot.binding.service import BindingService
from bot.binding.words import own_words, says
from bot.dialogue.turn import Turn, TurnReply
from connectors.messages import text


class Releasing:
    """Satisfies ``bot.dialogue.service.Clerk``; what is typed in WeChat is ``BindingChat``'s."""

    def __init__(self, service: BindingService) -> None:
        self._service = service

    def reply(self, turn: Turn) -> TurnReply | None:
        """Part the conversation if that is all that is asked; None for anything else."""
        if not says("end", turn.text):
            return None
        parted = self._service.release(turn.conversation_id)
        name = "released" if parted else "nothing_to_release"
        return TurnReply("document", (text(own_words().say(name)),), items=("binding",))
