"""Dense vectors: an encoder that needs no torch while serving, and vectors grouped by passage.

The built-in model is a static table: a text's vector is the mean of its tokens' rows. Any other
sentence-transformers model can take its place by configuration; only then is torch imported.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import Tokenizer as TokenTable

from retrieval.groups import best_of_each, rows_of
from retrieval.vectors import VectorStore, Within

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

MODEL = Path(__file__).resolve().parent / "model"

_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"},
    {
        "idx": 1,
        "name": "1",
        "path": "1_Normalize",
        "type": "sentence_transformers.models.Normalize",
    },
]
_SETTINGS: dict[str, object] = {
    "model_type": "SentenceTransformer",
    "prompts": {},
    "default_prompt_name": None,
    "similarity_fn_name": "cosine",
}

# An article's three nearest questions together say more than one that happens to sound alike.
_BEST_QUESTIONS = 3

# Vectors looked at for each passage wanted: articles have up to a dozen questions.
_VECTORS_A_PASSAGE = 4

_HANDLE = re.compile(r"[\w.\-]+(/[\w.\-]+)?")


@dataclass(frozen=True)
class EmbeddingConfig:
    """``model`` is ``builtin``, a folder, or the hub name of a sentence-transformers model."""

    model: str = "builtin"
    query_prompt: str = ""
    """Text put before a query; some models (BAAI/bge-*-zh) are trained with one."""


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    name: str
    """Changes whenever the vectors would: part of the index's key."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return float32 (len(texts), dimensions), rows of length one, or zero for no tokens."""
        ...

    def encode_query(self, text: str) -> FloatArray:
        """Return float32 (dimensions,)."""
        ...


class StaticEncoder:
    """The static table, read with numpy."""

    def __init__(self, tokens: TokenTable, table: npt.NDArray[np.floating], name: str) -> None:
        """``table`` (vocabulary, dimensions), of any precision."""
        self.name = name
        self.tokens = tokens
        self._table = table
        self.tokens.no_truncation()
        self.tokens.no_padding()

    @classmethod
    def load(cls, folder: Path = MODEL) -> StaticEncoder:
        """Read a model that ``write_static`` or sentence-transformers wrote.

        Raises ``FileNotFoundError`` if there is none.
        """
        weights = folder / "model.safetensors"
        tokens = folder / "tokenizer.json"
        if not weights.exists() or not tokens.exists():
            raise FileNotFoundError(f"no model in {folder}")
        return cls(
            TokenTable.from_file(str(tokens)),
            _map_table(weights),
            f"static-{_digest(weights)}-{_digest(tokens)}",
        )

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return float32 (len(texts), dimensions), rows of length one, or zero for no tokens."""
        parts = [self._encode(texts[i : i + 256]) for i in range(0, len(texts), 256)]
        if not parts:
            return np.zeros((0, self._table.shape[1]), np.float32)
        return np.concatenate(parts)

    def _encode(self, texts: Sequence[str]) -> FloatArray:
        encoded = self.tokens.encode_batch_fast(list(texts), add_special_tokens=False)
        vectors = np.zeros((len(texts), self._table.shape[1]), np.float32)
        ids = [encoding.ids for encoding in encoded]
        full = [i for i, tokens in enumerate(ids) if tokens]
        if full:
            rows = self._table[[token for i in full for token in ids[i]]].astype(np.float32)
            starts = np.cumsum([0] + [len(ids[i]) for i in full[:-1]])
            vectors[full] = np.add.reduceat(rows, starts, axis=0)
        return _unit(vectors)

    def encode_query(self, text: str) -> FloatArray:
        """Return float32 (dimensions,)."""
        vector: FloatArray = self._encode([text])[0]
        return vector


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _map_table(path: Path) -> npt.NDArray[np.float16]:
    """Map the only tensor of a safetensors file: a query touches a dozen of its rows."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))["embedding.weight"]
    if header["dtype"] != "F16":
        raise ValueError(f"{path}: expected half precision, found {header['dtype']}")
    start = 8 + length + header["data_offsets"][0]
    table = np.memmap(path, np.float16, mode="r", offset=start, shape=tuple(header["shape"]))
    return np.asarray(table)


def write_static(folder: Path, tokens: TokenTable, table: FloatArray) -> None:
    """Write a static model in half precision, so that ``SentenceTransformer(folder)`` reads it.

    ``table`` float32 (vocabulary, dimensions); its rows' lengths are the words' weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokens.save(str(folder / "tokenizer.json"), pretty=False)
    weights = folder / "model.safetensors"
    save_file({"embedding.weight": table.astype(np.float16)}, weights)
    weights.chmod(0o644)
    (folder / "modules.json").write_text(json.dumps(_MODULES, indent=1), encoding="utf-8")
    (folder / "config_sentence_transformers.json").write_text(
        json.dumps(_SETTINGS, indent=1), encoding="utf-8"
    )


class TransformerEncoder:
    """Any sentence-transformers model, on the processor it finds."""

    def __init__(self, config: EmbeddingConfig) -> None:
        # Imported here: 3 s and 500 MB that the built-in model never needs.
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(config.model)
        self._prompt = config.query_prompt
        self.name = f"st-{config.model}-{config.query_prompt}"

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return float32 (len(texts), dimensions), rows of length one."""
        vectors = self._model.encode(list(texts), convert_to_numpy=True, show_progress_bar=False)
        return _unit(np.asarray(vectors, np.float32))

    def encode_query(self, text: str) -> FloatArray:
        """Return float32 (dimensions,)."""
        vector: FloatArray = self.encode([self._prompt + text])[0]
        return vector


def make_encoder(config: EmbeddingConfig | None = None) -> Encoder:
    """Return the encoder that ``config`` names.

    Raises ``ValueError`` for a name that is neither a folder nor a hub name.
    """
    chosen = config or EmbeddingConfig()
    if chosen.model == "builtin":
        return StaticEncoder.load()
    if not Path(chosen.model).is_dir() and not _HANDLE.fullmatch(chosen.model):
        raise ValueError(f"no such embedding model: {chosen.model!r}")
    return TransformerEncoder(chosen)


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit


@dataclass(frozen=True)
class Scope:
    """Which passages a search may return, bool (passages,), and the same for their vectors."""

    passages: npt.NDArray[np.bool_]
    within: Within


@dataclass(frozen=True)
class Cosines:
    """Cosines of one query and some passages, float32 (passages,) each."""

    text: FloatArray
    question: FloatArray
    """Of the nearest question; 0 without one."""
    questions: FloatArray
    """Mean over the three nearest questions, or as many as there are."""


class DenseIndex:
    """Vectors in groups, one group a passage: its text first, then its questions.

    ``starts`` int64 (passages + 1,): the vectors of passage ``p`` are rows ``starts[p]`` to
    ``starts[p + 1]`` of the store.
    """

    def __init__(self, store: VectorStore, starts: IntArray) -> None:
        self._store = store
        self.starts = starts
        self._owner = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))

    def scope(
        self, passages: npt.NDArray[np.bool_], kinds: tuple[int, ...], day: int | None
    ) -> Scope:
        """Return the scope of some passages, which are those of ``kinds`` in force on ``day``."""
        return Scope(passages, Within(passages[self._owner], kinds, day))

    def nearest(
        self,
        query: FloatArray,
        limit: int,
        scope: Scope | None = None,
        without: IntArray | None = None,
    ) -> IntArray:
        """Return up to ``limit`` passages, unordered: those whose nearest vector is nearest.

        A passage with many questions owns many vectors near to a query that one of them
        resembles, so several times as many vectors are looked at. ``without`` are the rows of
        vectors to be overlooked.
        """
        rows, _ = self._store.nearest(
            query, limit * _VECTORS_A_PASSAGE, scope.within if scope else None
        )
        if without is not None:
            rows = rows[~np.isin(rows, without)]
        owners = self._owner[rows]
        _, first = np.unique(owners, return_index=True)
        found: IntArray = owners[np.sort(first)[:limit]].astype(np.int64)
        return found

    def score(
        self, query: FloatArray, passages: IntArray, without: IntArray | None = None
    ) -> Cosines:
        """Return the cosines of the passages' texts and of their questions.

        ``without`` are the rows of questions' vectors to be overlooked.
        """
        if not len(passages):
            nothing = np.zeros(0, np.float32)
            return Cosines(nothing, nothing, nothing)
        rows, lengths = rows_of(self.starts, passages)
        cosines = self._store.cosines(query, rows)
        first = np.cumsum(lengths) - lengths
        text: FloatArray = cosines[first]
        # The text's own place stands empty, so that only questions are left to be compared.
        cosines[first] = 0.0
        if without is not None:
            cosines[np.isin(rows, without)] = 0.0
        best = best_of_each(cosines, lengths, _BEST_QUESTIONS)
        held = np.clip(lengths - 1, 1, _BEST_QUESTIONS).astype(np.float32)
        return Cosines(text, best[:, 0], best.sum(axis=1) / held)

    def save(self, folder: Path) -> None:
        """Write the groups under ``folder``; the vectors are the store's to keep."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "starts.npy", self.starts)
