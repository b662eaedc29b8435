"""The privacy notice before anything is kept: the chat's own words, read from its locale."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bot.texts import Texts
from connectors.web.assets import STATIC
from connectors.web.ports import WebOptions

LOCALE = STATIC / "frame" / "locales" / "zh-Hans.json"
DUTIES = ("who", "purpose", "kinds", "keep", "rights", "withdraw")


@dataclass(frozen=True)
class Consent:
    version: str
    duties: tuple[tuple[str, str], ...]
    separate: str


def consent_of(options: WebOptions, own: Texts) -> Consent:
    """Return the notice; ``own`` replaces what names a menu of the chat."""
    chat: dict[str, str] = json.loads(LOCALE.read_text(encoding="utf-8"))
    here: dict[str, str] = own.get("consent")

    def words(duty: str) -> str:
        said = here.get(duty) or chat[f"consent_{duty}_words"]
        return said.replace("{bureau}", options.bureau).replace(
            "{days}", str(options.retention_days)
        )

    duties = tuple((chat[f"consent_{duty}"], words(duty)) for duty in DUTIES)
    return Consent(options.consent_version, duties, chat["consent_separate"])
