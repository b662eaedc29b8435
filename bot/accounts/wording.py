"""The words of accounts and of the audit trail, read from words.yml: roles, devices, actions."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

from bot.domain.people import Role
from bot.texts import Texts

FILE = Path(__file__).with_name("words.yml")
LONGEST_DEVICE = 60


class Wording:
    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._browsers = _patterns(texts.get("devices.browsers"))
        self._systems = _patterns(texts.get("devices.systems"))

    def say(self, name: str, /, **values: object) -> str:
        return self._texts.say(name, **values)

    def role(self, role: str) -> str:
        """Return the Chinese name of a role."""
        return self.say(f"roles.{role}.name")

    def roles(self) -> list[tuple[str, str, str]]:
        """Return (code, name, what it may do) of every role, in the order of the forms."""
        return [(role, self.role(role), self.say(f"roles.{role}.may")) for role in Role]

    def device(self, user_agent: str) -> str:
        """Return browser and system in plain words; empty when neither is known."""
        browser = _first(self._browsers, user_agent)
        system = _first(self._systems, user_agent)
        if browser and system:
            return self.say("devices.both", browser=browser, system=system)[:LONGEST_DEVICE]
        return (browser or system)[:LONGEST_DEVICE]

    def action(self, action: str) -> str:
        """Return what was done; a code without words is shown as it is."""
        known: dict[str, str] = self._texts.get("actions")
        if action in known:
            return known[action]
        prefix, _, role = action.partition(".")
        if prefix == "role_set" and role in set(Role):
            return self.say("role_set", role=self.role(role))
        return action

    def tells_why(self, action: str) -> bool:
        """Say whether the note of this action is a reason to be shown."""
        return action in self._texts.get("actions_with_a_reason")

    def someone(self, actor: str) -> str:
        """Return the word for an actor that is no account; empty when it is one."""
        others: dict[str, str] = self._texts.get("actors")
        return others.get(actor, "")

    def actor_named(self, word: str) -> str:
        """Return the actor that a word like 来访者 stands for; empty when it is another's."""
        others: dict[str, str] = self._texts.get("actors")
        return next((actor for actor, said in others.items() if said == word), "")

    def kind(self, kind: str) -> str:
        """Return the word for the kind of a subject written ``kind:number``; empty if unknown."""
        kinds: dict[str, str] = self._texts.get("kinds")
        return kinds.get(kind, "")


def _patterns(rows: list[dict[str, str]]) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(row["sign"]), row["name"]) for row in rows]


def _first(patterns: list[tuple[re.Pattern[str], str]], text: str) -> str:
    return next((name for sign, name in patterns if sign.search(text)), "")


@cache
def load_wording(path: Path = FILE) -> Wording:
    return Wording(Texts(yaml.safe_load(path.read_text(encoding="utf-8"))))
