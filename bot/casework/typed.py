"""What was typed into a form of the staff's pages: read for a step, and shown again if it fails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.dialogue.normalise import clean
from bot.dialogue.typed import Unreadable, read_day

WRITTEN = ("note", "reason", "reasons", "words", "own", "summary", "said")
"""Fields in which people write sentences: they are shown even where the form is gone."""


@dataclass(frozen=True)
class Typed:
    """The fields of the form of one step, as they came."""

    step: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        found = self.values.get(name, ())
        return found[0] if found else ""

    def many(self, name: str) -> tuple[str, ...]:
        return tuple(value for value in self.values.get(name, ()) if value)

    def ticked(self, name: str) -> bool:
        return bool(self.text(name))

    def number(self, name: str) -> int | None:
        said = self.text(name).strip()
        return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None

    def day(self, name: str) -> dt.date | None:
        """Return the day typed; None for anything else, which the step refuses."""
        try:
            return read_day(clean(self.text(name)))
        except Unreadable:
            return None

    def named(self, prefix: str) -> dict[str, str]:
        """Return the fields whose names begin alike, by the rest of their names."""
        names = [name for name in self.values if name.startswith(prefix)]
        return {name.removeprefix(prefix): self.text(name) for name in names}

    # --- for the forms ------------------------------------------------------------------------

    def kept(self, step: str, name: str, usual: str = "") -> str:
        """Return what was typed into a field of this step, else what stands there usually."""
        return self.text(name) if self.step == step else usual

    def chose(self, step: str, name: str, value: str, *, usual: bool = False) -> bool:
        """Say whether a box of this step was ticked."""
        return value in self.values.get(name, ()) if self.step == step else usual

    @property
    def written(self) -> str:
        """Return the sentences that were typed."""
        said = (self.text(name).strip() for name in WRITTEN)
        return "\n".join(part for part in said if part)
