"""Binding in the chat of an official account: a few sentences begin it, and then its answers.

Only a message that is nothing but such a sentence or such an answer is taken. Another one ends the
questions and is for somebody else: a question of law about bound accounts stays one.
"""

from __future__ import annotations

import re
from typing import Protocol

from bot.binding.records import Answer, Asked, Step, Told
from bot.binding.service import BindingService
from bot.binding.typed import CODE_DIGITS, LONGEST, Typed, read_typed
from bot.binding.words import pattern, says
from bot.dialogue.normalise import canonical
from bot.domain.follower import Follower

PAGE = "bind"

_AGAIN = frozenset({Told.WRONG_CODE, Told.NO_PHONE, Told.NO_MATCH, Told.WRONG_SMS, Told.NO_MOBILE})
"""After these the same question is open still."""
_SMS = frozenset({Told.SENT, Told.UNSENT, Told.TOO_SOON, Told.TOO_MANY})
"""After these a code may have come, now or before."""


class Links(Protocol):
    """The pages that open from the chat."""

    def link(self, follower_id: int, conversation_id: str, target: str) -> str:
        """Return an address that opens a page for this follower once; empty where none can."""
        ...


class BindingChat:
    """Takes part in the talk with followers; every method blocks."""

    def __init__(self, service: BindingService, links: Links) -> None:
        self._service = service
        self._links = links
        self._words = service.words

    def reply(self, follower: Follower, words: str) -> str | None:
        """Answer a message that is about binding; None where it is for somebody else."""
        asked = self._service.proofs.asked(follower.id)
        said = self._said(follower.id, words, asked)
        if said is None and asked is not None:
            self._remember(follower.id, None)
        return said

    def _said(self, follower_id: int, words: str, asked: Asked | None) -> str | None:
        if len(words) > LONGEST:
            return None
        begun = self._begun(follower_id, words)
        if begun is not None or asked is None:
            return begun
        if self._service.is_talking(follower_id):
            # Bare figures may be the answer to the lawyer's question.
            return None
        if says("stop", words):
            self._remember(follower_id, None)
            return self._words.say("ask.stopped")
        if asked.step is Step.SMS and says("again", words):
            return self._send(follower_id, asked.phone, asked.number)
        typed = read_typed(words)
        return None if typed is None else self._answered(follower_id, typed, asked)

    # --- sentences that begin something -------------------------------------------------------

    def _begun(self, follower_id: int, words: str) -> str | None:
        service = self._service
        if says("end", words):
            return service.unbind(follower_id).words
        if says("leave", words):
            return service.leave(follower_id).words
        if says("list", words):
            return service.listed(follower_id)
        if says("start", words):
            return self._start(follower_id)
        plain = canonical(words)
        found = pattern("with_value").match(plain)
        if found is None:
            return None
        rest = plain[found.end() :]
        typed = read_typed(rest)
        if typed is None:
            return None
        if found["sms"]:
            return self._sms(follower_id, typed)
        digits = re.sub(r"\D", "", rest)
        if found["code"] and len(digits) == CODE_DIGITS:
            typed = Typed(code=digits)
        return self._answered(follower_id, typed, Asked(Step.WHICH))

    def _start(self, follower_id: int) -> str:
        if self._service.is_talking(follower_id):
            return self._words.say(f"told.{Told.TALKING}")
        self._remember(follower_id, Asked(Step.WHICH))
        by_sms = self._service.offers_sms
        ways = ["head", "code", *(["number_sms", "phone"] if by_sms else ["number"])]
        lines = [self._words.say(f"start.{way}") for way in ways]
        current = self._service.current(follower_id)
        link = self._links.link(follower_id, current, PAGE) if current else ""
        if link:
            lines.append(self._words.say("start.link", link=link))
        return "\n".join([*lines, self._words.say("start.tail")])

    # --- answers ------------------------------------------------------------------------------

    def _answered(self, follower_id: int, typed: Typed, asked: Asked) -> str | None:
        """Take what was typed for what it is, or for the answer to what was asked."""
        if typed.is_wrong:
            return self._again(follower_id, asked, self._words.say(f"told.{Told.WRONG_NUMBER}"))
        # In place of a telephone, eight figures are one without its area code.
        if typed.code and asked.step is not Step.PHONE:
            return self._done(follower_id, asked, self._service.by_code(follower_id, typed.code))
        number = typed.number or asked.number
        if number and typed.phone:
            answer = self._service.by_number(follower_id, number, typed.phone)
            if answer.told in _SMS:
                return self._again(follower_id, Asked(Step.SMS, number, typed.phone), answer.words)
            return self._done(follower_id, Asked(Step.PHONE, number), answer)
        if number and typed.number:
            return self._ask_phone(follower_id, number)
        if typed.phone:
            return self._phone(follower_id, typed.phone)
        if typed.sms and asked.step is Step.SMS:
            return self._done(follower_id, asked, self._service.by_sms(follower_id, typed.sms))
        return self._again(follower_id, asked, self._unclear(asked))

    def _ask_phone(self, follower_id: int, number: str) -> str:
        if self._service.is_talking(follower_id):
            return self._words.say(f"told.{Told.TALKING}")
        return self._again(follower_id, Asked(Step.PHONE, number), self._words.say("ask.phone"))

    def _phone(self, follower_id: int, phone: str) -> str:
        if self._service.offers_sms:
            return self._send(follower_id, phone)
        return self._again(follower_id, Asked(Step.WHICH), self._words.say("ask.no_gateway"))

    def _send(self, follower_id: int, phone: str, number: str = "") -> str:
        answer = self._service.send_code(follower_id, phone, number)
        waits = Asked(Step.SMS, number, phone) if answer.told in _SMS else Asked(Step.WHICH)
        return self._again(follower_id, waits, answer.words)

    def _sms(self, follower_id: int, typed: Typed) -> str | None:
        """Take a code from a short message, if one was sent: people quote such messages."""
        if not typed.sms or not self._service.proofs.awaits_code(follower_id):
            return None
        answer = self._service.by_sms(follower_id, typed.sms)
        return self._done(follower_id, Asked(Step.WHICH), answer)

    def _unclear(self, asked: Asked) -> str:
        if asked.step is Step.PHONE:
            return self._words.say(f"told.{Told.NO_PHONE}")
        return self._words.say("ask.sms" if asked.step is Step.SMS else "ask.unclear")

    def _done(self, follower_id: int, asked: Asked, answer: Answer) -> str:
        self._remember(follower_id, asked if answer.told in _AGAIN else None)
        return answer.words

    def _again(self, follower_id: int, asked: Asked, words: str) -> str:
        self._remember(follower_id, asked)
        return words

    def _remember(self, follower_id: int, asked: Asked | None) -> None:
        self._service.proofs.remember(follower_id, asked)
