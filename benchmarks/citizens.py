"""Citizens who apply for legal aid, page by page as a browser without script does, or in the chat.

A citizen who may come back repeats what was not answered, as people reload a page.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx2
from stdnum.cn import ric

from bot.aid.form import Field, load_form
from bot.apply.session import COOKIE
from bot.domain.clock import CHINA
from bot.texts import load_texts

AGAIN_S, LONGEST_PAUSE_S = 0.1, 2.0
"""Somebody whose page does not load waits a little longer each time."""
LONGEST_WAIT_S = 120.0
NUMBER = re.compile(r"FY\d{8}-\d{4,6}-\d")
ASKS = re.compile(r"/apply/q/([a-z_]+)")
DONE = "/apply/done"
BEGIN, GO_ON = "申请法律援助", "继续申请法律援助"
STEP = re.compile(r"第 (\d+) 步")
MOST_TURNS = 60

PLACES = ("昆明市官渡区", "昆明市五华区", "云南省石林县", "云南省蒙自市", "大理市", "曲靖市麒麟区")
STORY = (
    "去年三月经老乡介绍到城东的工地干活，说好一天二百六十元，做满一个月结一次账。"
    "头两个月都给了，从五月开始包工头说甲方没有拨款，让大家再等等，一直等到年底也没有给。"
    "我手里有自己记的工数、工友的证明和微信上的聊天记录，总共欠我两万八千元左右，"
    "去劳动监察投诉过一次，他们说材料不齐让我回去补。家里老人看病、孩子上学都等这笔钱。"
)
WORDS = {
    "name": "张小明",
    "agent_name": "张大明",
    "address": "昆明市官渡区关上街道中心村三组十二号",
    "opponent": "城东建筑工程有限公司",
    "request": "要回被拖欠的工资两万八千元",
    "evidence": "考勤记录、微信聊天记录、工友证明",
}
CHOICES = {
    "for_whom": ("self",),
    "matter": ("wages", "wages", "wages", "injury", "traffic", "support", "labour", "medical"),
    "deadline": ("none", "none", "none", "preserve"),
    "means": ("pledge", "standard"),
    "pledge": ("agree",),
}
"""Options that lead to an application; of other questions any will do."""


class Unanswered(Exception):
    """A request got no page in time, or one that refuses; the message says which."""


@dataclass
class Times:
    """What citizens lived through, in seconds."""

    pages: list[float] = field(default_factory=list)
    submissions: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)


@dataclass
class Person:
    """Who applies, and what they answer; the same serial is the same person."""

    serial: int
    number: str = ""
    """Of the application, as told."""
    acknowledged: bool = False
    token: str = ""
    begun: bool = False
    """A first question was asked, so a draft is kept."""

    @property
    def identity_number(self) -> str:
        """Return a valid one, another for each serial below 1,400,000."""
        order, days = divmod(self.serial, 14_000)
        born = dt.date(1960, 1, 1) + dt.timedelta(days)
        seventeen = f"110105{born:%Y%m%d}{order:03d}"
        return seventeen + ric.calc_check_digit(f"{seventeen}0")

    def answer(self, asked: Field) -> tuple[str, str]:
        """Return the words for a question, or the id of an option."""
        words = self._words().get(asked.key)
        if words is not None:
            return words, ""
        dice = random.Random(f"{self.serial}{asked.key}")
        ids = CHOICES.get(asked.key) or tuple(option.id for option in asked.options)
        chosen = dice.choice(ids)
        option = next(option for option in asked.options if option.id == chosen)
        return "", asked.option_id(option)

    def _words(self) -> dict[str, str]:
        return {
            **WORDS,
            "id_number": self.identity_number,
            "phone": f"138{self.serial:08d}",
            "place": PLACES[self.serial % len(PLACES)],
            "facts": f"{STORY}（{self.serial}）",
        }


@dataclass
class Browser:
    """One person's browser at the pages below /apply."""

    person: Person
    url: str
    http: httpx2.AsyncClient
    times: Times
    comes_back: bool = False

    async def apply(self) -> None:
        """Fill in and hand in."""
        started = time.perf_counter()
        await self.fill_in()
        await self.hand_in()
        self.times.whole.append(time.perf_counter() - started)

    async def fill_in(self) -> None:
        """Answer every question, up to the pledge.

        Raises:
            Unanswered: see there.
        """
        begun = await self._send("POST", "/apply/begin", {"consent": _consent()})
        self.person.token = _cookie(begun) or self.person.token
        self.person.begun = True
        form, place = load_form(), begun.headers.get("location", "")
        for _ in range(100):
            if place == "/apply/check":
                break
            page = await self._send("GET", place)
            if page.status_code == 303:
                place = page.headers["location"]
                continue
            asked = ASKS.match(place)
            if asked is None:
                raise Unanswered(f"{place} asks nothing")
            words, option = self.person.answer(form.field_of(asked[1]))
            answered = await self._send("POST", place, {"text": words, "option": option})
            place = self._sent_on(answered)
        await self._send("GET", "/apply/check")
        await self._send("GET", "/apply/pledge")

    async def hand_in(self) -> None:
        """Send the pledge; what is acknowledged by the way to the last page counts as handed in.

        Raises:
            Unanswered: see there.
        """
        pledge = {"option": self.person.answer(load_form().fields[-1])[1]}
        started = time.perf_counter()
        answer = await self._send("POST", "/apply/submit", pledge)
        if self._sent_on(answer) != DONE:
            raise Unanswered(f"submit led to {answer.headers.get('location')}")
        self.times.submissions.append(time.perf_counter() - started)
        self.person.acknowledged = True
        found = NUMBER.search((await self._send("GET", DONE)).text)
        self.person.number = found[0] if found else ""

    def _sent_on(self, answer: httpx2.Response) -> str:
        if answer.status_code != 303:
            raise Unanswered(f"{answer.request.url.path}: {answer.status_code}")
        return answer.headers["location"]

    async def _send(
        self, method: str, path: str, data: dict[str, str] | None = None
    ) -> httpx2.Response:
        headers = {"Cookie": f"{COOKIE}={self.person.token}"} if self.person.token else {}
        ends, pause = time.monotonic() + LONGEST_WAIT_S, AGAIN_S
        while True:
            started = time.perf_counter()
            try:
                answer = await self.http.request(
                    method, self.url + path, data=data, headers={**headers, "Accept": "text/html"}
                )
                if answer.status_code < 500:
                    self.times.pages.append(time.perf_counter() - started)
                    return answer
                fault = f"status {answer.status_code}"
            except httpx2.TransportError as error:
                fault = type(error).__name__
            self.times.faults[fault] += 1
            if not self.comes_back or time.monotonic() > ends:
                raise Unanswered(f"{path}: {fault}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)


@dataclass
class Talker:
    """One person in the chat, answering what the form asks there; Rasa takes part in each turn."""

    person: Person
    url: str
    http: httpx2.AsyncClient
    times: Times
    sent: int = 0

    async def apply(self) -> None:
        """Ask for legal aid, answer every question, hand in.

        Raises:
            Unanswered: a message got no reply, or not the one of the form.
        """
        started = time.perf_counter()
        opened = await self._post("/api/web/sessions", {"consent": _consent()})
        self.person.token = opened["token"]
        form, today = load_form(), dt.datetime.now(CHINA).date()
        values: dict[str, str] = {}
        reply = await self._say(BEGIN)
        for _ in range(MOST_TURNS):
            said = " ".join(_strings(reply))
            step, fields = STEP.findall(said), form.relevant(values, today)
            if not step or int(step[-1]) > len(fields):
                # Rasa took too long, so that something else was answered.
                self.times.faults["no question"] += 1
                await asyncio.sleep(LONGEST_PAUSE_S)
                reply = await self._say(GO_ON)
                continue
            self.person.begun = True
            asked = fields[int(step[-1]) - 1]
            words, option = self.person.answer(asked)
            label = next((o.label for o in asked.options if asked.option_id(o) == option), words)
            values[asked.key] = label
            sent = time.perf_counter()
            reply = await self._say(label, option)
            found = NUMBER.search(" ".join(_strings(reply)))
            if found is not None:
                self.times.submissions.append(time.perf_counter() - sent)
                self.times.whole.append(time.perf_counter() - started)
                self.person.number, self.person.acknowledged = found[0], True
                return
        raise Unanswered(f"no number after {MOST_TURNS} messages")

    async def _say(self, words: str, option: str = "") -> Any:
        self.sent += 1
        body = {"id": f"m{self.sent}", "text": words}
        return await self._post("/api/web/messages", {**body, "button": option} if option else body)

    async def _post(self, path: str, body: dict[str, str]) -> Any:
        started = time.perf_counter()
        headers = {"Authorization": f"Bearer {self.person.token}"} if self.person.token else {}
        try:
            answer = await self.http.post(self.url + path, json=body, headers=headers)
        except httpx2.TransportError as error:
            self.times.faults[type(error).__name__] += 1
            raise Unanswered(f"{path}: {type(error).__name__}") from error
        if answer.status_code >= 400:
            self.times.faults[f"status {answer.status_code}"] += 1
            raise Unanswered(f"{path}: {answer.status_code}")
        self.times.pages.append(time.perf_counter() - started)
        return answer.json()


def connections() -> httpx2.AsyncClient:
    """Return a client for many people; each keeps the own cookie, so the client keeps none."""
    limits = httpx2.Limits(max_connections=400, max_keepalive_connections=400)
    http = httpx2.AsyncClient(timeout=60.0, trust_env=False, limits=limits)
    http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return http


def _cookie(answer: httpx2.Response) -> str:
    found = re.search(rf"\b{COOKIE}=([^;]+)", answer.headers.get("set-cookie", ""))
    return found[1] if found else ""


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


@cache
def _consent() -> str:
    return load_texts().say("consent_version")
