"""What a deployment learned from its lawyers, as files beside the database.

``questions/learned.tsv`` is read like the tables of :mod:`knowledge_base.asked` when the index is
built; ``regressions.tsv`` holds the same questions as cases of retrieval. Both are written anew
from what is accepted in the database, so they never disagree with it and need no backup.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import structlog

from knowledge_base.asked import read_asked
from knowledge_base.models import KnowledgeBase

log = structlog.get_logger(__name__)

QUESTIONS = Path("questions") / "learned.tsv"
REGRESSIONS = Path("regressions.tsv")
_HEADER = "# 由工作台的改错审核生成，每次审核都会重写，请不要手改。\n"


@dataclass(frozen=True)
class Learned:
    """One accepted question and the articles that answer it, the best first."""

    question: str
    keys: tuple[str, ...]


class LearnedFiles:
    """The two files under a deployment's data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.questions = data_dir / QUESTIONS
        self.regressions = data_dir / REGRESSIONS

    def publish(self, accepted: Callable[[], Iterable[Learned]]) -> int:
        """Write both files from what is accepted; return how many questions they hold.

        ``accepted`` is read under the lock, so that of two processes the last one to write has
        seen what the other had decided.

        Raises:
            OSError: the data directory cannot be written.
        """
        self.questions.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            learned = list(dict.fromkeys(accepted()))
            _replace(self.questions, [f"{','.join(one.keys)}\t{one.question}" for one in learned])
            _replace(self.regressions, [f"{one.question}\t{','.join(one.keys)}" for one in learned])
        return len(learned)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.questions.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def learned_questions(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Return the learned questions by the key of each article that answers them.

    A file that is not there holds none; a line that cannot be read is reported and passed over,
    since the index must be built all the same.
    """
    if not path.is_file():
        return MappingProxyType({})
    read = read_asked([path], path.parent)
    if read.flaws:
        log.warning("learned_questions_flawed", file=path.name, flaws=len(read.flaws))
    found: dict[str, tuple[str, ...]] = {}
    for _, line in read.lines:
        for key in line.keys:
            found[key] = found.get(key, ()) + line.questions
    return MappingProxyType(found)


def with_learned(kb: KnowledgeBase, path: Path) -> KnowledgeBase:
    """Return the base with the learned questions added to those it was curated with."""
    learned = learned_questions(path)
    if not learned:
        return kb
    keys = dict.fromkeys((*kb.questions, *learned))
    merged = {key: kb.questions.get(key, ()) + learned.get(key, ()) for key in keys}
    return replace(kb, questions=MappingProxyType(merged))


def _replace(path: Path, lines: Sequence[str]) -> None:
    """Put a new text in the place of a file at once: a reader sees the old or the new one."""
    partial = path.with_name(f".{path.name}.new")
    with partial.open("w", encoding="utf-8") as file:
        file.write(_HEADER + "".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
