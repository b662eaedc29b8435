"""What a search index is, how it lies on disk, and how it is opened: mapped, not read."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt

from knowledge_base.models import TOPICS, Kind
from retrieval.bm25 import LexicalIndex
from retrieval.dense import DenseIndex
from retrieval.encoders import EmbeddingConfig
from retrieval.graph import Graph
from retrieval.vectors import FaissVectors, VectorStore
from retrieval.words import Words

FloatArray = npt.NDArray[np.float32]

KINDS: tuple[Kind, ...] = get_args(Kind)
NO_TOPIC = TOPICS.index("其他")

FORMAT = 4
"""Grows when this version could not read what the last one wrote."""

IN_PROCESS = "faiss"
"""The vector store that needs no server; any other name is the address of a Milvus."""

_POINTER = "CURRENT"
_INFO = "info.json"
_COLUMNS = (
    "kinds",
    "topics",
    "since",
    "until",
    "groups",
    "chapters",
    "asked",
    "law_asked",
    "traits",
    "distinct",
)


@dataclass(frozen=True)
class IndexInfo:
    """What an index was made from, and what making it took."""

    key: str
    encoder: str
    words: str
    """The model whose words are compared one by one: the built-in one, whatever the encoder."""
    embedding: EmbeddingConfig
    passages: int
    articles: int
    build_s: float
    vectors: int = 0
    store: str = IN_PROCESS
    format: int = FORMAT
    files: dict[str, int] = field(default_factory=dict)
    """Size in bytes by name: a copy broken off is known before it is searched."""


@dataclass(frozen=True)
class Index:
    """Columns over passages, and the three searchable structures over them.

    ``kinds`` and ``topics`` uint8, ``since`` and ``until`` int32 (day ordinals), ``groups`` int32
    (into ``names``: the law of an article, else its kind and topic), ``chapters`` int32 (equal
    within a chapter), ``asked`` and ``law_asked`` float32 (0 to 1), ``traits`` float32
    (passages, len(ARTICLE_TRAITS)). ``questions`` has a row a question, in the passages' order;
    ``distinct`` int32 (questions,) has the same number for the same question.
    """

    info: IndexInfo
    keys: tuple[str, ...]
    kinds: npt.NDArray[np.uint8]
    topics: npt.NDArray[np.uint8]
    since: npt.NDArray[np.int32]
    until: npt.NDArray[np.int32]
    groups: npt.NDArray[np.int32]
    names: tuple[str, ...]
    chapters: npt.NDArray[np.int32]
    asked: FloatArray
    law_asked: FloatArray
    traits: FloatArray
    body: LexicalIndex
    questions: LexicalIndex
    dense: DenseIndex
    distinct: npt.NDArray[np.int32]
    words: Words
    """The words of the passages' texts; and those of the distinct questions."""
    lay_words: Words
    graph: Graph

    @functools.cached_property
    def question_starts(self) -> npt.NDArray[np.int64]:
        """Return int64 (passages + 1,): where each passage's rows of ``questions`` begin."""
        # Every passage has one vector more than it has questions: its text's.
        starts: npt.NDArray[np.int64] = self.dense.starts - np.arange(len(self.dense.starts))
        return starts

    @functools.cached_property
    def asker(self) -> npt.NDArray[np.int32]:
        """Return int32 (questions,): the passage of each row of ``questions``."""
        counts = np.diff(self.question_starts)
        return np.repeat(np.arange(len(self.keys), dtype=np.int32), counts)

    @functools.cached_property
    def _with_questions(self) -> npt.NDArray[np.int64]:
        rows: npt.NDArray[np.int64] = np.flatnonzero(np.diff(self.question_starts))
        return rows

    def best_of_questions(self, scores: FloatArray) -> FloatArray:
        """Return float32 (passages,): the best of ``scores`` (questions,), 0 without one."""
        best = np.zeros(len(self.keys), np.float32)
        rows = self._with_questions
        if len(rows):
            best[rows] = np.maximum.reduceat(scores, self.question_starts[rows])
        return best

    def vectors_of(self, questions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the rows of the vectors of rows of ``questions``."""
        rows: npt.NDArray[np.int64] = questions + self.asker[questions] + 1
        return rows


def current_folder(directory: Path) -> Path | None:
    """Return the folder of the index that ``directory`` holds now, if it holds one."""
    pointer = directory / _POINTER
    if not pointer.exists():
        return None
    folder = directory / pointer.read_text(encoding="utf-8").strip()
    return folder if (folder / _INFO).exists() else None


def point_to(directory: Path, folder: Path) -> None:
    """Make ``folder`` the index of ``directory``, in one step."""
    pointer = directory / f"{_POINTER}.new"
    pointer.write_text(folder.name, encoding="utf-8")
    os.replace(pointer, directory / _POINTER)


def load(directory: Path) -> Index:
    """Map the index that ``directory`` holds.

    Raises ``FileNotFoundError`` if none was built there, ``ValueError`` if it is damaged or of
    another version, ``ConnectionError`` if its vectors lie in a Milvus that does not answer.
    """
    folder = current_folder(directory)
    if folder is None:
        raise FileNotFoundError(f"no search index in {directory}; build one")
    info = read_info(folder)
    _check_files(folder, info)
    try:
        table = json.loads((folder / "passages.json").read_text(encoding="utf-8"))
        columns = np.load(folder / "columns.npz")
        starts = np.load(folder / "dense" / "starts.npy")
        return Index(
            info=info,
            keys=tuple(table["keys"]),
            names=tuple(table["names"]),
            body=LexicalIndex.load(folder / "body"),
            questions=LexicalIndex.load(folder / "questions"),
            dense=DenseIndex(_open_store(folder, info), starts),
            words=Words.load(folder / "words"),
            lay_words=Words.load(folder / "lay_words"),
            graph=Graph.load(folder / "graph"),
            **{name: columns[name] for name in _COLUMNS},
        )
    except (KeyError, TypeError, EOFError, RuntimeError) as error:
        raise ValueError(f"the search index in {folder} is damaged; build it again") from error


def write(index: Index, folder: Path, store: VectorStore, build_s: float) -> IndexInfo:
    """Write ``index`` under ``folder``; the vectors too, if they live in the process."""
    index.body.save(folder / "body")
    index.questions.save(folder / "questions")
    index.dense.save(folder / "dense")
    index.words.save(folder / "words")
    index.lay_words.save(folder / "lay_words")
    index.graph.save(folder / "graph")
    if isinstance(store, FaissVectors):
        store.save(folder / "dense")
    np.savez(folder / "columns.npz", **{name: getattr(index, name) for name in _COLUMNS})
    table = {"keys": index.keys, "names": index.names}
    (folder / "passages.json").write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
    info = asdict(index.info) | {
        "articles": int(np.count_nonzero(index.kinds == KINDS.index("article"))),
        "vectors": int(index.dense.starts[-1]),
        "build_s": round(build_s, 3),
        "files": {
            str(path.relative_to(folder)): path.stat().st_size
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }
    (folder / _INFO).write_text(json.dumps(info, indent=1), encoding="utf-8")
    return read_info(folder)


def read_info(folder: Path) -> IndexInfo:
    """Read what the index in ``folder`` says of itself.

    Raises ``ValueError`` if it was written by another version.
    """
    try:
        table = json.loads((folder / _INFO).read_text(encoding="utf-8"))
        if table["format"] == FORMAT:
            return IndexInfo(**table | {"embedding": EmbeddingConfig(**table["embedding"])})
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"the search index in {folder} is unreadable; build it again") from error
    raise ValueError(f"the search index in {folder} is of another version; build it again")


def size_in_bytes(directory: Path) -> int:
    """Return what the current index takes on disk."""
    folder = current_folder(directory)
    if folder is None:
        raise FileNotFoundError(f"no search index in {directory}")
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _check_files(folder: Path, info: IndexInfo) -> None:
    for name, size in info.files.items():
        path = folder / name
        if not path.exists() or path.stat().st_size != size:
            raise ValueError(f"{path} is missing or broken off; build the search index again")


def _open_store(folder: Path, info: IndexInfo) -> VectorStore:
    if info.store == IN_PROCESS:
        return FaissVectors.load(folder / "dense")
    # Imported here: only where a Milvus is configured.
    from retrieval.milvus import MilvusVectors

    return MilvusVectors.open(info.store, info.key[:20], info.vectors)
