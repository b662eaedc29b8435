"""Vectors in a Milvus server, shared by several processes and machines.

Needs the package ``pymilvus`` (``pip install '.[milvus]'``); a file name in place of an address
opens an embedded Milvus, which is for tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from retrieval.vectors import FloatArray, IntArray, Labels, Within, quantised

_BATCH = 2_000
_NAME = "lawbridge_"
# Milvus returns at most this many rows of one search.
_LARGEST_ANSWER = 16_000


class MilvusVectors:
    """One collection of unit vectors, addressed by row."""

    def __init__(self, client: Any, collection: str) -> None:
        self._client = client
        self._collection = collection

    @classmethod
    def build(
        cls,
        uri: str,
        key: str,
        vectors: FloatArray,
        labels: Labels,
        advance: Callable[[int], None] = lambda _: None,
    ) -> MilvusVectors:
        """Write ``vectors`` float32 (rows, dimensions) as the collection of the index ``key``.

        Vectors are rounded as FAISS has them, so that both rank alike. ``advance`` is told how
        many rows were written. Raises ``ConnectionError`` if the server does not answer.
        """
        client = _connect(uri)
        name = _NAME + key
        if client.has_collection(name):
            client.drop_collection(name)
        _create(client, name, vectors.shape[1])
        codes, scale = quantised(vectors)
        for start in range(0, len(codes), _BATCH):
            end = min(start + _BATCH, len(codes))
            client.insert(
                name,
                [
                    {
                        "row": row,
                        "kind": int(labels.kinds[row]),
                        "since": int(labels.since[row]),
                        "until": int(labels.until[row]),
                        "vector": (codes[row].astype(np.float32) / scale).tolist(),
                    }
                    for row in range(start, end)
                ],
            )
            advance(end - start)
        client.flush(name)
        client.load_collection(name)
        return cls(client, name)

    @classmethod
    def open(cls, uri: str, key: str, count: int) -> MilvusVectors:
        """Open the collection of the index ``key``, which must hold ``count`` vectors.

        Raises ``ConnectionError`` if the server does not answer, ``FileNotFoundError`` if it
        has no such collection, ``ValueError`` if the collection is not whole.
        """
        client = _connect(uri)
        name = _NAME + key
        if not client.has_collection(name):
            raise FileNotFoundError(f"Milvus has no collection {name}; build the index again")
        held = int(client.get_collection_stats(name)["row_count"])
        if held != count:
            raise ValueError(f"collection {name} holds {held} of {count} vectors; build it again")
        client.load_collection(name)
        return cls(client, name)

    def nearest(
        self, query: FloatArray, limit: int, within: Within | None = None
    ) -> tuple[IntArray, FloatArray]:
        """Return up to ``limit`` rows and their cosines with ``query``, best first."""
        return self._search(query, limit, _expression(within))

    def cosines(self, query: FloatArray, rows: IntArray) -> FloatArray:
        """Return float32 (len(rows),): the cosine of ``query`` with each of the rows."""
        wanted = np.unique(rows)
        scores = np.zeros(len(wanted), np.float32)
        for start in range(0, len(wanted), _LARGEST_ANSWER):
            part = wanted[start : start + _LARGEST_ANSWER]
            found, cosines = self._search(query, len(part), f"row in {part.tolist()}")
            scores[np.searchsorted(wanted, found)] = cosines
        answer: FloatArray = scores[np.searchsorted(wanted, rows)]
        return answer

    def _search(
        self, query: FloatArray, limit: int, expression: str
    ) -> tuple[IntArray, FloatArray]:
        from pymilvus.exceptions import MilvusException

        try:
            answer = self._client.search(
                self._collection,
                data=[query.tolist()],
                limit=max(limit, 1),
                filter=expression,
                output_fields=["row"],
            )[0]
        except MilvusException as error:
            raise ConnectionError(f"Milvus does not answer: {error}") from error
        rows = np.asarray([hit["row"] for hit in answer], np.int64)
        return rows, np.asarray([hit["distance"] for hit in answer], np.float32)


def _connect(uri: str) -> Any:
    try:
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException
    except ImportError as error:
        raise ConnectionError("Milvus is configured but pymilvus is not installed") from error
    try:
        return MilvusClient(uri, timeout=10)
    except MilvusException as error:
        raise ConnectionError(f"Milvus at {uri} does not answer: {error}") from error


def _create(client: Any, name: str, width: int) -> None:
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("row", DataType.INT64, is_primary=True)
    schema.add_field("kind", DataType.INT8)
    schema.add_field("since", DataType.INT32)
    schema.add_field("until", DataType.INT32)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=width)
    index = client.prepare_index_params()
    # FLAT is exhaustive: the same ranking as FAISS in the process.
    index.add_index("vector", index_type="FLAT", metric_type="IP")
    client.create_collection(name, schema=schema, index_params=index)


def _expression(within: Within | None) -> str:
    if within is None:
        return ""
    parts = [f"kind in {list(within.kinds)}"]
    if within.day is not None:
        parts.append(f"since <= {within.day} and until > {within.day}")
    return " and ".join(parts)
