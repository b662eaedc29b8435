"""What the benchmark counts: true answers only, and the same questions for both channels."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from benchmarks.chat import ROUNDS, Measured, NothingAnswered, conversations, questions
from benchmarks.client import RestTalk, WebTalk

ROOT = Path(__file__).resolve().parents[2]


def answering(body: object, status: int = 200) -> httpx2.AsyncClient:
    """Return a client whose every request gets this answer."""

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=json.dumps(body).encode())

    return httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://test")


def web_answer(mode: str = "bot", kind: str = "ai_label") -> dict[str, object]:
    parts = [{"type": "text", "text": "答"}, {"type": "notice", "kind": kind, "text": "注"}]
    return {"messages": [{"id": "2", "sender": "bot", "parts": parts}], "mode": mode}


def test_conversations_go_round_the_pool() -> None:
    assert conversations("abcde", 2, 2) == [["c", "d", "e", "a"], ["b", "c", "d", "e"]]


def test_both_channels_are_measured_equally_often_and_neither_always_first() -> None:
    assert Counter(ROUNDS)["web"] == Counter(ROUNDS)["rest"]
    assert {ROUNDS[0], ROUNDS[2]} == {"web", "rest"}


def test_questions_are_many_and_the_same_each_time() -> None:
    first = questions(ROOT / "knowledge_base")
    assert len(first) > 300
    assert first == questions(ROOT / "knowledge_base")


def test_questions_hand_nobody_over_to_a_person() -> None:
    assert [q for q in questions(ROOT / "knowledge_base") if "投诉" in q or "人工" in q] == []


def test_only_answered_messages_count_towards_the_speed() -> None:
    measured = Measured([10.0, 20.0, 30.0], Counter({"status 503": 5}), wall_s=2.0, cpu_s=0.6)
    found = measured.summary()
    assert found["messages"] == 3
    assert found["p50_ms"] == 20.0
    assert found["per_s"] == 1.5
    assert found["cpu_ms"] == 200.0
    assert found["faults"] == {"status 503": 5}


def test_a_channel_without_any_answer_is_an_error() -> None:
    with pytest.raises(NothingAnswered):
        Measured([], Counter({"ConnectError": 4}), wall_s=1.0).summary()


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [
        (web_answer(), 200, ""),
        (web_answer(mode="queued"), 200, "mode queued"),
        (web_answer(kind="warning"), 200, "answered without Rasa"),
        ({"messages": [], "mode": "bot"}, 200, "no answer"),
        ({}, 429, "status 429"),
    ],
)
async def test_product_answers_are_judged(body: object, status: int, fault: str) -> None:
    async with answering(body, status) as http:
        assert await WebTalk(http, "token").send("问") == fault


@pytest.mark.parametrize(
    ("body", "status", "fault"),
    [([{"text": "答"}], 200, ""), ([], 200, "no answer"), ({}, 500, "status 500")],
)
async def test_bare_rasas_answers_are_judged(body: object, status: int, fault: str) -> None:
    async with answering(body, status) as http:
        assert await RestTalk(http, "sender").send("问") == fault
