"""Builds the search index from passages and loads it again, memory-mapped.

An index is keyed by what went into it: passages, code, lexicon and model. Building writes beside
the old one and then moves one pointer, so readers see either the old index or the new one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from knowledge_base.models import TOPICS, Kind, Passage
from retrieval import learned as learning
from retrieval.bm25 import LexicalIndex
from retrieval.dense import DenseIndex, EmbeddingConfig, Encoder, make_encoder
from retrieval.learned import Learned
from retrieval.tokenize import LEXICON, Tokenizer, default_tokenizer, normalise

FloatArray = npt.NDArray[np.float32]

KINDS: tuple[Kind, ...] = get_args(Kind)
NO_TOPIC = TOPICS.index("其他")

_POINTER = "CURRENT"
_CODE = ("tokenize.py", "bm25.py", "dense.py", "index.py")
_LIBRARIES = ("jieba", "opencc", "bm25s", "faiss-cpu", "tokenizers")
_ALWAYS = np.iinfo(np.int32)


@dataclass(frozen=True)
class IndexInfo:
    """What an index was made from, and what making it took."""

    key: str
    encoder: str
    embedding: EmbeddingConfig
    passages: int
    articles: int
    build_s: float


@dataclass(frozen=True)
class Index:
    """Columns over passages, and the three searchable structures over the same rows.

    ``kinds`` and ``topics`` uint8, ``since`` and ``until`` int32 (day ordinals), ``groups`` int32
    (into ``names``: the law of an article, else its kind and topic), ``asked`` float32 (0 to 1).
    """

    info: IndexInfo
    keys: tuple[str, ...]
    kinds: npt.NDArray[np.uint8]
    topics: npt.NDArray[np.uint8]
    since: npt.NDArray[np.int32]
    until: npt.NDArray[np.int32]
    groups: npt.NDArray[np.int32]
    names: tuple[str, ...]
    asked: FloatArray
    body: LexicalIndex
    lay: LexicalIndex
    dense: DenseIndex


def content_key(passages: Sequence[Passage], encoder: Encoder, lexicon: Path = LEXICON) -> str:
    """Return a hash of everything that decides what the index holds."""
    content = hashlib.sha256()
    for passage in passages:
        content.update(repr(astuple(passage)).encode("utf-8", "replace"))
    for name in _CODE:
        content.update((Path(__file__).parent / name).read_bytes())
    for name in ("words.txt", "stop_words.txt"):
        if (lexicon / name).exists():
            content.update((lexicon / name).read_bytes())
    for library in _LIBRARIES:
        content.update(f"{library}={importlib.metadata.version(library)}".encode())
    content.update(f"{encoder.name}|{learning.digest()}".encode())
    return content.hexdigest()


def build(
    passages: Iterable[Passage],
    directory: Path,
    *,
    embedding: EmbeddingConfig | None = None,
    tokenizer: Tokenizer | None = None,
    show_progress: bool = False,
) -> IndexInfo:
    """Make ``directory`` hold the index of ``passages``; do nothing if it already does."""
    config = embedding or EmbeddingConfig()
    encoder = make_encoder(config)
    ordered = tuple(passages)
    key = content_key(ordered, encoder)
    current = _current(directory)
    if current is not None and current.name == key[:20]:
        return _read_info(current)
    started = time.perf_counter()
    directory.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=".building-", dir=directory))
    try:
        with Progress(disable=not show_progress, transient=True) as progress:
            index = assemble(
                ordered,
                encoder=encoder,
                tokenizer=tokenizer or default_tokenizer(),
                progress=progress,
                info=IndexInfo(key, encoder.name, config, len(ordered), 0, 0.0),
            )
        _write(index, workplace, time.perf_counter() - started)
        target = directory / key[:20]
        if target.exists():
            shutil.rmtree(target)
        workplace.rename(target)
    except BaseException:
        shutil.rmtree(workplace, ignore_errors=True)
        raise
    pointer = directory / f"{_POINTER}.new"
    pointer.write_text(target.name, encoding="utf-8")
    os.replace(pointer, directory / _POINTER)
    # Readers that still map the old files keep them until they let go.
    if current is not None and current != target:
        shutil.rmtree(current)
    return _read_info(target)


def assemble(
    passages: Sequence[Passage],
    *,
    encoder: Encoder,
    tokenizer: Tokenizer,
    info: IndexInfo,
    progress: Progress | None = None,
    asked: Mapping[str, int] | None = None,
) -> Index:
    """Compute the index of ``passages`` in memory.

    Raises ``ValueError`` for a topic that is none of ``TOPICS``.
    """
    if strange := {passage.topic for passage in passages}.difference(TOPICS):
        raise ValueError(f"unknown topics: {', '.join(sorted(strange))}")
    counts = Learned.load().asked if asked is None else asked
    with _step(progress, "words", len(passages)) as advance:
        body: list[list[str]] = []
        lay: list[list[str]] = []
        for passage in passages:
            body.append(tokenizer.terms(f"{passage.title}\n{passage.body}"))
            lay.append(tokenizer.terms("\n".join(passage.questions)))
            advance(1)
    with _step(progress, "vectors", len(passages)) as advance:
        texts: list[str] = []
        starts = [0]
        for passage in passages:
            texts.append(normalise(f"{passage.title}\n{passage.body}"))
            texts += [normalise(question) for question in passage.questions]
            starts.append(len(texts))
        vectors = encoder.encode(texts)
        advance(len(passages))
    groups = [
        passage.key.rpartition("/")[0]
        if passage.kind == "article"
        else f"{passage.kind}:{passage.topic}"
        for passage in passages
    ]
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    return Index(
        info=info,
        keys=tuple(passage.key for passage in passages),
        kinds=np.asarray([KINDS.index(passage.kind) for passage in passages], np.uint8),
        topics=np.asarray([TOPICS.index(passage.topic) for passage in passages], np.uint8),
        since=np.asarray([_ordinal(p.in_force_from, _ALWAYS.min) for p in passages], np.int32),
        until=np.asarray([_ordinal(p.in_force_until, _ALWAYS.max) for p in passages], np.int32),
        groups=np.asarray([names[group] for group in groups], np.int32),
        names=tuple(names),
        asked=how_asked(passages, counts),
        body=LexicalIndex.build(body),
        lay=LexicalIndex.build(lay),
        dense=DenseIndex.build(vectors, np.asarray(starts, np.int64)),
    )


def how_asked(passages: Sequence[Passage], counts: Mapping[str, int]) -> FloatArray:
    """Return float32 (passages,), 0 to 1: how often each article was the answer, as a logarithm."""
    most = math.log1p(max(counts.values(), default=1))
    return np.asarray(
        [math.log1p(counts.get(p.key, 0)) / most if p.kind == "article" else 0.0 for p in passages],
        np.float32,
    )


def load(directory: Path) -> Index:
    """Map the index that ``directory`` holds.

    Raises ``FileNotFoundError`` if none was built there.
    """
    folder = _current(directory)
    if folder is None:
        raise FileNotFoundError(f"no search index in {directory}")
    table = json.loads((folder / "passages.json").read_text(encoding="utf-8"))
    columns = np.load(folder / "columns.npz")
    return Index(
        info=_read_info(folder),
        keys=tuple(table["keys"]),
        names=tuple(table["names"]),
        body=LexicalIndex.load(folder / "body"),
        lay=LexicalIndex.load(folder / "lay"),
        dense=DenseIndex.load(folder / "dense"),
        **{name: columns[name] for name in columns.files},
    )


def size_in_bytes(directory: Path) -> int:
    """Return what the current index takes on disk."""
    folder = _current(directory)
    if folder is None:
        raise FileNotFoundError(f"no search index in {directory}")
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _write(index: Index, folder: Path, build_s: float) -> None:
    index.body.save(folder / "body")
    index.lay.save(folder / "lay")
    index.dense.save(folder / "dense")
    names = ("kinds", "topics", "since", "until", "groups", "asked")
    np.savez(folder / "columns.npz", **{name: getattr(index, name) for name in names})
    table = {"keys": index.keys, "names": index.names}
    (folder / "passages.json").write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
    info = asdict(index.info) | {
        "articles": int(np.count_nonzero(index.kinds == KINDS.index("article"))),
        "build_s": round(build_s, 3),
    }
    (folder / "info.json").write_text(json.dumps(info, indent=1), encoding="utf-8")


def _read_info(folder: Path) -> IndexInfo:
    info = json.loads((folder / "info.json").read_text(encoding="utf-8"))
    info["embedding"] = EmbeddingConfig(**info["embedding"])
    return IndexInfo(**info)


def _current(directory: Path) -> Path | None:
    pointer = directory / _POINTER
    if not pointer.exists():
        return None
    folder = directory / pointer.read_text(encoding="utf-8").strip()
    return folder if (folder / "info.json").exists() else None


def _ordinal(day: dt.date | None, otherwise: int) -> int:
    return otherwise if day is None else day.toordinal()


class _Advance:
    def __init__(self, progress: Progress | None, name: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(name, total=total) if progress else None

    def __call__(self, count: int) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, count)


@contextmanager
def _step(progress: Progress | None, name: str, total: int) -> Iterator[_Advance]:
    yield _Advance(progress, name, total)
