"""How fast chat answers through the product beside bare Rasa, on the same running deployment.

Bare Rasa is the REST channel of the very Rasa process the product uses: same model, same tracker
store, same action endpoint. The rounds alternate, so that a slow minute hits both.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.client import DEGRADED
from benchmarks.deployment import ROOT, Running
from knowledge_base.loader import load
from knowledge_base.safety import load_safety_lanes

LEVELS = (1, 8, 32)
MESSAGES_PER_CONVERSATION = 4
CONVERSATIONS_PER_ROUND = {1: 25, 8: 24, 32: 32}
"""With ``ROUNDS`` rounds some 200 messages a level; at 32 clients each client has its own."""
ROUNDS = ("web", "rest", "rest", "web")
WARM_UP = 5
SEED = 20261123
ANSWERS = ("", DEGRADED)
"""A degraded answer is an answer too: leaving it out would make a late reply look fast."""
ASKS_FOR_A_PERSON = re.compile("投诉|律师|人工|真人|客服")
SIDES = ("product", "bare_rasa")
FIGURES = ("p50_ms", "p95_ms", "per_s", "cpu_ms")


class NothingAnswered(Exception):
    """A channel answered no message at all; the argument counts the faults."""


@dataclass
class Measured:
    """What one channel did at one number of clients."""

    took_ms: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    """Processor time of all server processes: it hardly depends on what else the machine does."""

    def summary(self) -> dict[str, Any]:
        """Return the figures of the messages that were answered, and what went wrong.

        Raises:
            NothingAnswered: not one message was.
        """
        if not self.took_ms:
            raise NothingAnswered(dict(self.faults))
        p50, p95 = np.percentile(self.took_ms, [50, 95])
        return {
            "messages": len(self.took_ms),
            "p50_ms": round(float(p50), 2),
            "p95_ms": round(float(p95), 2),
            "per_s": round(len(self.took_ms) / self.wall_s, 2),
            "cpu_ms": round(self.cpu_s * 1000 / len(self.took_ms), 2),
            "faults": dict(self.faults),
        }


def questions(root: Path) -> list[str]:
    """Return our own ways of asking, shuffled; none after which a person would be waited for."""
    lanes = [re.compile("|".join(lane.patterns)) for lane in load_safety_lanes(root)]
    asked = [text for answer in load(root).answers.values() for text in answer.variants]
    lanes.append(ASKS_FOR_A_PERSON)
    kept = sorted({text for text in asked if not any(lane.search(text) for lane in lanes)})
    random.Random(SEED).shuffle(kept)
    return kept


def conversations(pool: Sequence[str], count: int, offset: int) -> list[list[str]]:
    """Cut ``count`` conversations from the pool, going round it."""
    size = MESSAGES_PER_CONVERSATION
    return [
        [pool[(offset + number * size + i) % len(pool)] for i in range(size)]
        for number in range(count)
    ]


def measure(running: Running, root: Path, advance: Callable[[int], None]) -> dict[str, Any]:
    """Return for each number of clients both channels' figures and their ratios."""
    pool = questions(root)
    for channel in ("web", "rest"):
        _round(running, channel, 1, conversations(pool, WARM_UP, 0), Measured(), advance)
    found: dict[str, Any] = {}
    for level in LEVELS:
        both = {"web": Measured(), "rest": Measured()}
        for number, channel in enumerate(ROUNDS):
            # Both channels are asked the same: rounds 0 and 1, then rounds 2 and 3.
            offset = (number // 2) * CONVERSATIONS_PER_ROUND[level] * MESSAGES_PER_CONVERSATION
            asked = conversations(pool, CONVERSATIONS_PER_ROUND[level], offset)
            _round(running, channel, level, asked, both[channel], advance)
        web, rest = both["web"].summary(), both["rest"].summary()
        found[str(level)] = {
            "product": web,
            "bare_rasa": rest,
            "ratio": {name: round(web[name] / rest[name], 3) for name in FIGURES},
        }
    return found


def total_messages() -> int:
    """Return how many messages ``measure`` sends."""
    rounds = sum(CONVERSATIONS_PER_ROUND[level] for level in LEVELS) * len(ROUNDS)
    return (rounds + 2 * WARM_UP) * MESSAGES_PER_CONVERSATION


def _round(
    running: Running,
    channel: str,
    clients: int,
    asked: list[list[str]],
    into: Measured,
    advance: Callable[[int], None],
) -> None:
    base = running.app_url if channel == "web" else running.rasa_url
    used = running.cpu_s()
    job = {"channel": channel, "base": base, "clients": clients, "conversations": asked}
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.client"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin as stdin:
            json.dump(job, stdin)
        for line in process.stdout:
            report = json.loads(line)
            if "wall_s" in report:
                into.wall_s += report["wall_s"]
                continue
            if report["fault"]:
                into.faults[report["fault"]] += 1
            if report["fault"] in ANSWERS:
                into.took_ms.append(report["took_ms"])
            advance(1)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, "benchmarks.client")
    into.cpu_s += running.cpu_s() - used
