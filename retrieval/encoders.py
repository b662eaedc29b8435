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

# Texts encoded at a time: their tokens' rows lie in memory together.
_BATCH = 256

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
        self._tables = tables
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
        return self._encode(texts, self._tables.texts)

    def encode_questions(self, texts: Sequence[str]) -> FloatArray:
        """Return the same for what people ask."""
        return self._encode(texts, self._tables.questions)

    def _encode(self, texts: Sequence[str], table: Table) -> FloatArray:
        vectors = np.empty((len(texts), table.shape[1]), np.float32)
        for i in range(0, len(texts), _BATCH):
            vectors[i : i + _BATCH] = self._means(texts[i : i + _BATCH], table)
        return vectors

    def _means(self, texts: Sequence[str], table: Table) -> FloatArray:
        encoded = self.tokens.encode_batch_fast(list(texts), add_special_tokens=False)
        vectors = np.zeros((len(texts), table.shape[1]), np.float32)
        ids = [encoding.ids for encoding in encoded]
        full = [i for i, tokens in enumerate(ids) if tokens]
        if full:
            rows = table[[token for i in full for token in ids[i]]].astype(np.float32)
            starts = np.cumsum([0] + [len(ids[i]) for i in full[:-1]])
            vectors[full] = np.add.reduceat(rows, starts, axis=0)
        return _unit(vectors)


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


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit
