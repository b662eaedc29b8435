"""What ``bot doctor`` found of one thing, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["good", "idle", "warn", "bad"]
MARKS = {
    "good": "[green]正常[/]",
    "idle": "未启用",
    "warn": "[yellow]注意[/]",
    "bad": "[red]有问题[/]",
}


@dataclass(frozen=True)
class Finding:
    name: str
    state: State
    note: str

    @property
    def mark(self) -> str:
        return MARKS[self.state]

    @property
    def is_bad(self) -> bool:
        return self.state == "bad"
