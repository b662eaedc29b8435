"""What a form is to the dialogue: something that may take the next message as an answer.

The answers themselves stay in the form's own store; Rasa hears only that an answer came.
"""

from __future__ import annotations

from typing import Protocol

from bot.dialogue.turn import Turn

FILLED = "〔已填写〕"
CHOSEN = "〔选择〕"


class Form(Protocol):
    def takes(self, turn: Turn) -> bool:
        """Say whether a form is open and this message reads as an answer to its question."""
        ...
