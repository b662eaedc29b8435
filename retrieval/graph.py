"""Which passages cite which: an article that refers to another hands on what it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge_base.citations import parse
from knowledge_base.models import Passage
from retrieval.groups import rows_of

IntArray = npt.NDArray[np.int64]

# An article that refers to more than this names a whole chapter, not what it is about.
_MOST = 12


@dataclass(frozen=True)
class Graph:
    """Passage ``p`` cites the passages ``cited[starts[p]:starts[p + 1]]``; int32 and int64."""

    starts: IntArray
    cited: npt.NDArray[np.int32]

    @classmethod
    def build(cls, passages: Sequence[Passage]) -> Graph:
        """Read the citations between articles from their texts."""
        rows = {passage.key: row for row, passage in enumerate(passages)}
        cited = [
            _cited(passage, row, rows) if passage.kind == "article" else []
            for row, passage in enumerate(passages)
        ]
        starts = np.concatenate(([0], np.cumsum([len(found) for found in cited])))
        flat = [row for found in cited for row in found]
        return cls(starts.astype(np.int64), np.asarray(flat, np.int32))

    def among(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Return the citations between ``rows`` (ascending), as places in it: citing and cited."""
        places, lengths = rows_of(self.starts, rows)
        targets = self.cited[places]
        citing = np.repeat(np.arange(len(rows)), lengths)
        cited = np.searchsorted(rows, targets)
        cited[cited == len(rows)] = 0
        held = rows[cited] == targets if len(rows) else np.zeros(0, bool)
        return citing[held], cited[held]

    def save(self, folder: Path) -> None:
        """Write the arrays under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "starts.npy", self.starts)
        np.save(folder / "cited.npy", self.cited)

    @classmethod
    def load(cls, folder: Path) -> Graph:
        """Read what ``save`` wrote."""
        return cls(np.load(folder / "starts.npy"), np.load(folder / "cited.npy"))


def _cited(passage: Passage, row: int, rows: dict[str, int]) -> list[int]:
    # Two in three articles refer to nothing; 第一条 itself is no reference.
    if "条" not in passage.body:
        return []
    law = passage.key.rpartition("/")[0]
    keys = dict.fromkeys(citation.key for citation in parse(passage.body, this_law=law))
    found = [rows[key] for key in keys if key in rows and rows[key] != row]
    return found if len(found) <= _MOST else []
