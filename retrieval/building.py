"""Builds the search index from passages.

An index is keyed by what went into it: passages, code, lexicon and model. Building writes beside
the old one and then moves one pointer, so readers see either the old index or the new one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from knowledge_base.models import TOPICS, Passage
from retrieval import learned as learning
from retrieval.bm25 import LexicalIndex
from retrieval.dense import DenseIndex
from retrieval.encoders import EmbeddingConfig, Encoder, by_word, make_encoder
from retrieval.graph import Graph
from retrieval.index import (
    IN_PROCESS,
    KINDS,
    Index,
    IndexInfo,
    current_folder,
    point_to,
    read_info,
    write,
)
from retrieval.learned import Learned
from retrieval.terms import terms_of
from retrieval.texts import Spelled, Texts, vectors_of
from retrieval.tokenize import LEXICON, Tokenizer, default_tokenizer
from retrieval.traits import of_passages
from retrieval.vectors import FaissVectors, Labels, VectorStore
from retrieval.words import Words

FloatArray = npt.NDArray[np.float32]

_CODE = (
    "tokenize.py",
    "texts.py",
    "terms.py",
    "bm25.py",
    "dense.py",
    "vectors.py",
    "words.py",
    "graph.py",
    "traits.py",
    "building.py",
)
_LIBRARIES = ("jieba", "opencc", "faiss-cpu", "tokenizers")
_ALWAYS = np.iinfo(np.int32)

# Questions are of much the same length; a longer one is hardly vaguer for it.
_QUESTION_LENGTHS = 0.4


def content_key(
    passages: Sequence[Passage], encoder: Encoder, store: str, lexicon: Path = LEXICON
) -> str:
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
    content.update(f"{encoder.name}|{by_word(encoder).name}|{store}|{learning.digest()}".encode())
    return content.hexdigest()


def build(
    passages: Iterable[Passage],
    directory: Path,
    *,
    embedding: EmbeddingConfig | None = None,
    store: str = IN_PROCESS,
    tokenizer: Tokenizer | None = None,
    show_progress: bool = False,
) -> IndexInfo:
    """Make ``directory`` hold the index of ``passages``; do nothing if it already does.

    ``store`` is ``faiss`` or the address of a Milvus. Raises ``ConnectionError`` if that does
    not answer.
    """
    config = embedding or EmbeddingConfig()
    encoder = make_encoder(config)
    ordered = tuple(passages)
    key = content_key(ordered, encoder, store)
    current = current_folder(directory)
    if current is not None and current.name == key[:20]:
        return read_info(current)
    started = time.perf_counter()
    directory.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=".building-", dir=directory))
    try:
        with Progress(disable=not show_progress, transient=True) as progress:
            index, vectors = assemble(
                ordered,
                encoder=encoder,
                tokenizer=tokenizer or default_tokenizer(),
                info=IndexInfo(
                    key,
                    encoder.name,
                    by_word(encoder).name,
                    config,
                    len(ordered),
                    0,
                    0.0,
                    store=store,
                ),
                progress=progress,
            )
        info = write(index, workplace, vectors, time.perf_counter() - started)
        target = directory / key[:20]
        if target.exists():
            shutil.rmtree(target)
        workplace.rename(target)
    except BaseException:
        shutil.rmtree(workplace, ignore_errors=True)
        raise
    point_to(directory, target)
    # Readers that still map the old files keep them until they let go.
    if current is not None and current != target:
        shutil.rmtree(current)
    return info


@dataclass(frozen=True)
class _Columns:
    kinds: npt.NDArray[np.uint8]
    since: npt.NDArray[np.int32]
    until: npt.NDArray[np.int32]


def assemble(
    passages: Sequence[Passage],
    *,
    encoder: Encoder,
    tokenizer: Tokenizer,
    info: IndexInfo,
    progress: Progress | None = None,
    asked: Mapping[str, int] | None = None,
) -> tuple[Index, VectorStore]:
    """Compute the index of ``passages`` and put its vectors into the store that ``info`` names.

    Raises ``ValueError`` for a topic that is none of ``TOPICS``.
    """
    if strange := {passage.topic for passage in passages}.difference(TOPICS):
        raise ValueError(f"unknown topics: {', '.join(sorted(strange))}")
    counts = Learned.load().asked if asked is None else asked
    texts = Texts.of(passages)
    advance = _step(progress, "words", len(texts.bodies) + len(texts.questions))
    body = LexicalIndex.build(terms_of(texts.bodies, tokenizer))
    advance(len(texts.bodies))
    lay = LexicalIndex.build(
        terms_of(texts.questions, tokenizer).spread(texts.which.astype(np.int64)),
        b=_QUESTION_LENGTHS,
    )
    advance(len(texts.questions))
    columns = _Columns(
        kinds=np.asarray([KINDS.index(passage.kind) for passage in passages], np.uint8),
        since=np.asarray([_ordinal(p.in_force_from, _ALWAYS.min) for p in passages], np.int32),
        until=np.asarray([_ordinal(p.in_force_until, _ALWAYS.max) for p in passages], np.int32),
    )
    single = by_word(encoder)
    spelled = Spelled.of(texts, single)
    vectors = vectors_of(texts, spelled, encoder)
    _step(progress, "vectors", len(vectors))(len(vectors))
    store = _keep(vectors, texts.starts, columns, info, progress)
    del vectors
    groups = [_group(passage) for passage in passages]
    names = tuple(dict.fromkeys(groups))
    index = Index(
        info=info,
        keys=tuple(passage.key for passage in passages),
        kinds=columns.kinds,
        topics=np.asarray([TOPICS.index(passage.topic) for passage in passages], np.uint8),
        since=columns.since,
        until=columns.until,
        groups=_numbered(groups),
        names=names,
        chapters=_numbered([(passage.kind, passage.title) for passage in passages]),
        asked=how_asked(passages, counts),
        law_asked=how_laws_asked(passages, counts),
        traits=of_passages(passages),
        body=body,
        questions=lay,
        dense=DenseIndex(store, texts.starts),
        distinct=texts.which,
        words=Words.build(spelled.bodies, single.tables.texts),
        lay_words=Words.build(spelled.questions, single.tables.questions),
        graph=Graph.build(passages),
    )
    return index, store


def how_asked(passages: Sequence[Passage], counts: Mapping[str, int]) -> FloatArray:
    """Return float32 (passages,), 0 to 1: how often each article was the answer, as a logarithm."""
    most = math.log1p(max(counts.values(), default=1))
    return np.asarray(
        [math.log1p(counts.get(p.key, 0)) / most if p.kind == "article" else 0.0 for p in passages],
        np.float32,
    )


def how_laws_asked(passages: Sequence[Passage], counts: Mapping[str, int]) -> FloatArray:
    """Return float32 (passages,), 0 to 1: the same for the whole law of each article."""
    laws: dict[str, int] = {}
    for key, count in counts.items():
        law = key.rpartition("/")[0]
        laws[law] = laws.get(law, 0) + count
    most = math.log1p(max(laws.values(), default=1))
    return np.asarray(
        [
            math.log1p(laws.get(p.key.rpartition("/")[0], 0)) / most if p.kind == "article" else 0.0
            for p in passages
        ],
        np.float32,
    )


def _keep(
    vectors: FloatArray,
    starts: npt.NDArray[np.int64],
    columns: _Columns,
    info: IndexInfo,
    progress: Progress | None,
) -> VectorStore:
    if info.store == IN_PROCESS:
        return FaissVectors.build(vectors, say=progress.console.print if progress else _silent)
    # Imported here: only where a Milvus is configured.
    from retrieval.milvus import MilvusVectors

    counts = np.diff(starts)
    labels = Labels(
        np.repeat(columns.kinds, counts),
        np.repeat(columns.since, counts),
        np.repeat(columns.until, counts),
    )
    return MilvusVectors.build(
        info.store, info.key[:20], vectors, labels, _step(progress, "Milvus", len(vectors))
    )


def _group(passage: Passage) -> str:
    if passage.kind == "article":
        return passage.key.rpartition("/")[0]
    return f"{passage.kind}:{passage.topic}"


def _numbered(values: Sequence[Hashable]) -> npt.NDArray[np.int32]:
    """Return int32 (values,): the same number for the same value, in order of appearance."""
    numbers = {value: i for i, value in enumerate(dict.fromkeys(values))}
    return np.asarray([numbers[value] for value in values], np.int32)


def _ordinal(day: dt.date | None, otherwise: int) -> int:
    return otherwise if day is None else day.toordinal()


def _silent(_: object) -> None:
    pass


def _step(progress: Progress | None, name: str, total: int) -> Callable[[int], None]:
    if progress is None:
        return _silent
    task = progress.add_task(name, total=int(total))
    return lambda count: progress.advance(task, count)
