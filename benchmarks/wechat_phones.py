"""Followers with their phones: they ask, wait for the answer as people do, and ask again."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.settings import Settings
from bot.wechat.words import own_words
from tests.platform import Follower, Platform, Push, Seen

ANSWER_WITHIN_S = 90.0
SIGN_AFTER_S = 5.0
"""Told that the answer is being made, people wait so long before they write for it."""
SIGN = "继续"
MOST_SIGNS = 12

Show = Callable[[int], None]


@dataclass(frozen=True)
class Words:
    """What the product says before it answers."""

    greeting: str
    placeholders: tuple[str, ...]

    @classmethod
    def own(cls) -> Words:
        words, settings = own_words(), Settings()
        link, no_link = (
            words.say(f"slow.{name}", first="", link="\0") for name in ("link", "no_link")
        )
        greeting = words.say("greeting", bureau=settings.bureau, days=settings.retention_days)
        return cls(greeting, (link.split("\0")[0], no_link))

    def answers(self, seen: Seen) -> bool:
        """Say whether something on the screen is, or holds, an answer."""
        if seen.how == "notice" or any(one in seen.text for one in self.placeholders):
            return False
        return bool(seen.text.replace(self.greeting, "").strip())


@dataclass
class Phone:
    """One follower, who asks one thing at a time."""

    fan: Follower
    words: Words
    can_be_pushed: bool
    asked: list[Push] = field(default_factory=list)
    signs: int = 0
    """How often something had to be written to get an answer that was being made."""
    is_answered: bool = False

    def ask(self, question: str) -> None:
        """Ask, and wait until something that answers is on the screen."""
        before = len(self.fan.seen)
        self.is_answered = False
        push = self.fan.say(question)
        self.asked.append(push)
        ends = push.moment + ANSWER_WITHIN_S
        for _ in range(MOST_SIGNS):
            wait_s = ends - time.perf_counter() if self.can_be_pushed else SIGN_AFTER_S
            if self._shown(before, wait_s):
                self.is_answered = True
                return
            if self.can_be_pushed or time.perf_counter() > ends:
                return
            self.signs += 1
            self.fan.say(SIGN)

    def collect(self) -> None:
        """Write something, so that what is still owed comes."""
        self.signs += 1
        self.fan.say(SIGN)

    def _shown(self, before: int, wait_s: float) -> bool:
        try:
            self.fan.wait_for(self.words.answers, max(wait_s, 0.01), before)
        except AssertionError:
            return False
        return True


def phones(platform: Platform, count: int, *, can_be_pushed: bool) -> list[Phone]:
    words = Words.own()
    return [Phone(platform.follower(), words, can_be_pushed) for _ in range(count)]


def talk(
    people: Sequence[Phone],
    pool: Sequence[str],
    questions: int,
    think_s: tuple[float, float],
    show: Show,
) -> None:
    """Let everybody ask so many questions, with time to read and think before each."""

    def one(number: int, phone: Phone) -> None:
        dice = random.Random(number)
        for turn in range(questions):
            # Nobody begins at the same moment as everybody else.
            time.sleep(dice.uniform(*think_s) if turn else dice.uniform(0, think_s[1]))
            phone.ask(pool[(number * questions + turn) % len(pool)])
            show(1)

    _together([lambda n=n, p=p: one(n, p) for n, p in enumerate(people)])  # type: ignore[misc]


def burst(
    people: Sequence[Phone],
    pool: Sequence[str],
    within_s: float,
    show: Show,
    meanwhile: Callable[[], None] | None = None,
) -> None:
    """Let everybody ask one thing within so many seconds; ``meanwhile`` runs beside it."""
    started = time.perf_counter() + 0.5

    def one(number: int, phone: Phone) -> None:
        time.sleep(max(started + within_s * number / len(people) - time.perf_counter(), 0.0))
        phone.ask(pool[number % len(pool)])
        show(1)

    work: list[Callable[[], None]] = [lambda n=n, p=p: one(n, p) for n, p in enumerate(people)]  # type: ignore[misc]
    _together([*work, *([meanwhile] if meanwhile is not None else [])])


def _together(work: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=one, daemon=True) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
