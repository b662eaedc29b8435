"""The form in which papers are marked: what it shows of each one, and how it is read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.aid.paperwork import PaperItem, PaperState
from bot.casework.reviewing import Settled, shown_of
from bot.casework.typed import Typed
from bot.casework.words import refusal
from bot.errors import BadInput

STEP = "settle"


@dataclass(frozen=True)
class PaperRow:
    """A paper in the form; ``state`` and ``file_id`` are what is chosen, ``was`` what stands."""

    item: PaperItem
    was: str
    state: str
    file_id: str


def rows_of(items: Sequence[PaperItem], typed: Typed) -> tuple[PaperRow, ...]:
    """Return the papers, with what was chosen before an error where something was."""
    return tuple(_row(item, typed) for item in items)


def _row(item: PaperItem, typed: Typed) -> PaperRow:
    state, file_id = str(item.state), item.file_id or ""
    name = str(item.id)
    if typed.step == STEP and _is_chosen(typed, name):
        state, file_id = typed.text(f"state-{name}"), typed.text(f"file-{name}")
    return PaperRow(item, shown_of(item), state, file_id)


def read_settled(typed: Typed, known: Collection[str]) -> dict[int, Settled]:
    """Return what was said of the papers of which something else was said than they showed.

    What nobody touched is left out: it may have come in since the page was opened.

    Raises:
        BadInput: a paper, its state or its file is none; ``known`` are the files.
    """
    settled: dict[int, Settled] = {}
    for name, state in typed.named("state-").items():
        file_id = typed.text(f"file-{name}") or None
        is_id = name.isascii() and name.isdigit() and len(name) < 10
        is_known = is_id and state in set(PaperState)
        if not is_known or (file_id is not None and file_id not in known):
            raise BadInput(refusal("paper_unknown"))
        if not _is_chosen(typed, name):
            continue
        # A file is where a paper came in, so without one there is none.
        is_there = state == PaperState.RECEIVED
        was = typed.text(f"was-{name}")
        settled[int(name)] = Settled(PaperState(state), file_id if is_there else None, was)
    return settled


def _is_chosen(typed: Typed, name: str) -> bool:
    """Say whether something else was sent than was shown."""
    state, file_id = typed.text(f"state-{name}"), typed.text(f"file-{name}")
    return bool(state) and f"{state}|{file_id}" != typed.text(f"was-{name}")
