"""Encoders: texts to unit vectors, statutes and questions each in their own words.

The built-in model is two static tables, one for statutes and one for questions: a text's vector
is the mean of its tokens' rows, and a question's is near to the statutes that answer it. It needs
no torch while serving. Any other sentence-transformers model can take its place by configuration;
only then is torch imported.
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

FloatArray = npt.NDArray[np.float32]
Table = npt.NDArray[np.floating]

MODEL = Path(__file__).resolve().parent / "model"

_TEXTS = "document_0_StaticEmbedding"
_QUESTIONS = "query_0_StaticEmbedding"
_MODULES = [
    {
        "idx": 0,
        "name": "0",
        "path": "",
        "type": "sentence_transformers.base.modules.router.Router",
    },
    {
        "idx": 1,
        "name": "1",
        "path": "1_Normalize",
        "type": "sentence_transformers.base.modules.normalize.Normalize",
    },
]
_EMBEDDING = "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"
_ROUTES: dict[str, object] = {
    "types": {_QUESTIONS: _EMBEDDING, _TEXTS: _EMBEDDING},
    "structure": {"query": [_QUESTIONS], "document": [_TEXTS]},
    "parameters": {"default_route": "document", "allow_empty_key": True, "route_mappings": {}},
}
_SETTINGS: dict[str, object] = {
    "model_type": "SentenceTransformer",
    "prompts": {},
    "default_prompt_name": None,
    "similarity_fn_name": "cosine",
}

# Texts cut at a time: their tokens lie in memory as lists.
_BATCH = 2_048
_FEW = 64

# Words of a question that are compared one by one, the weightiest; time stays bounded.
_MOST_WORDS = 32

_HANDLE = re.compile(r"[\w.\-]+(/[\w.\-]+)?")


@dataclass(frozen=True)
class EmbeddingConfig:
    """``model`` is ``builtin``, a folder, or the hub name of a sentence-transformers model."""

    model: str = "builtin"
    query_prompt: str = ""
    """Text put before a question; some models (BAAI/bge-*-zh) are trained with one."""


@dataclass(frozen=True)
class Tables:
    """The rows of each token, of any precision, (vocabulary, dimensions) both."""

    texts: Table
    questions: Table


@dataclass(frozen=True)
class Tokens:
    """The tokens of texts: ``numbers`` int32 (tokens,); text ``i`` begins at ``starts[i]``.

    ``starts`` int64 (texts + 1,).
    """

    numbers: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]


@dataclass(frozen=True)
class QuestionWords:
    """The words of a question, each once, weightiest first.

    ``directions`` float32 (words, dimensions) of length one, ``weights`` float32 (words,).
    """

    directions: FloatArray
    weights: FloatArray


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    name: str
    """Changes whenever the vectors would: part of the index's key."""

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return float32 (len(texts), dimensions), rows of length one, or zero for no tokens."""
        ...

    def encode_questions(self, texts: Sequence[str]) -> FloatArray:
        """Return the same for what people ask."""
        ...


class StaticEncoder:
    """The static tables, read with numpy."""

    def __init__(self, tokens: TokenTable, tables: Tables, name: str) -> None:
        self.name = name
        self.tokens = tokens
        self.tables = tables
        self.tokens.no_truncation()
        self.tokens.no_padding()

    @classmethod
    def load(cls, folder: Path = MODEL) -> StaticEncoder:
        """Read a model that ``write_static`` wrote.

        Raises ``FileNotFoundError`` if there is none.
        """
        files = [folder / part / "model.safetensors" for part in (_TEXTS, _QUESTIONS)]
        tokens = folder / _QUESTIONS / "tokenizer.json"
        if not all(path.exists() for path in (*files, tokens)):
            raise FileNotFoundError(f"no model in {folder}")
        texts, questions = map(_map_table, files)
        digests = "-".join(_digest(path) for path in (*files, tokens))
        return cls(TokenTable.from_file(str(tokens)), Tables(texts, questions), f"static-{digests}")

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return float32 (len(texts), dimensions), rows of length one, or zero for no tokens."""
        return means(self.tokenise(texts), self.tables.texts)

    def encode_questions(self, texts: Sequence[str]) -> FloatArray:
        """Return the same for what people ask."""
        return means(self.tokenise(texts), self.tables.questions)

    def tokenise(self, texts: Sequence[str]) -> Tokens:
        """Return the tokens of ``texts``."""
        parts = [np.zeros(0, np.int32)]
        lengths: list[int] = []
        for i in range(0, len(texts), _BATCH):
            batch = list(texts[i : i + _BATCH])
            found = [e.ids for e in self.tokens.encode_batch_fast(batch, add_special_tokens=False)]
            parts.append(np.asarray([number for ids in found for number in ids], np.int32))
            lengths += map(len, found)
        starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        return Tokens(np.concatenate(parts), starts)

    def question_words(self, text: str) -> QuestionWords:
        """Return the words of what somebody asks, each with its vector and weight."""
        used, counts = np.unique(self.tokenise([text]).numbers, return_counts=True)
        rows = self.tables.questions[used].astype(np.float32)
        lengths = np.linalg.norm(rows, axis=1)
        weights = lengths * counts
        best = np.argsort(-weights, kind="stable")[:_MOST_WORDS]
        best = best[weights[best] > 0.0]
        return QuestionWords(rows[best] / lengths[best, None], weights[best].astype(np.float32))


def means(tokens: Tokens, table: Table) -> FloatArray:
    """Return float32 (texts, dimensions): the direction of each text's mean, or zero for none."""
    if len(tokens.starts) <= _FEW:
        total = np.zeros((len(tokens.starts) - 1, table.shape[1]), np.float32)
        full = np.flatnonzero(np.diff(tokens.starts))
        if len(full):
            rows = table[tokens.numbers].astype(np.float32)
            total[full] = np.add.reduceat(rows, tokens.starts[full], axis=0)
        return _unit(total)
    # Imported here: fifteen times faster for a whole base, and of no use to a single question.
    from scipy import sparse  # type: ignore[import-untyped]

    ones = np.ones(len(tokens.numbers), np.float32)
    counts = sparse.csr_matrix(
        (ones, tokens.numbers, tokens.starts), (len(tokens.starts) - 1, len(table))
    )
    return _unit(counts @ np.asarray(table, np.float32))


def write_static(folder: Path, tokens: TokenTable, tables: Tables) -> None:
    """Write a static model in half precision, so that ``SentenceTransformer(folder)`` reads it.

    The lengths of a table's rows are the words' weights.
    """
    for part, table in ((_TEXTS, tables.texts), (_QUESTIONS, tables.questions)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        tokens.save(str(folder / part / "tokenizer.json"), pretty=False)
        weights = folder / part / "model.safetensors"
        save_file({"embedding.weight": table.astype(np.float16)}, weights)
        weights.chmod(0o644)
    for name, content in (
        ("modules.json", _MODULES),
        ("router_config.json", _ROUTES),
        ("config_sentence_transformers.json", _SETTINGS),
    ):
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


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
        found = self._model.encode_document(
            list(texts), convert_to_numpy=True, show_progress_bar=False
        )
        return _unit(np.asarray(found, np.float32))

    def encode_questions(self, texts: Sequence[str]) -> FloatArray:
        """Return the same for what people ask, each after the configured prompt."""
        found = self._model.encode_query(
            [self._prompt + text for text in texts], convert_to_numpy=True, show_progress_bar=False
        )
        return _unit(np.asarray(found, np.float32))


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


def by_word(encoder: Encoder) -> StaticEncoder:
    """Return the model whose words are compared one by one: the built-in, beside any other."""
    return encoder if isinstance(encoder, StaticEncoder) else StaticEncoder.load()


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.maximum(lengths, np.finfo(np.float32).tiny)
    return vectors
