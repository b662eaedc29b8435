"""Where the vectors lie and how the nearest are found: FAISS in the process, or Milvus.

Vectors are kept in eight bits. An exhaustive search over them is exact up to that rounding, a
thousandth of a cosine; beyond ``EXACT_UP_TO`` vectors a graph or an inverted file answers, and
building prints what that costs in recall.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import faiss
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]
BoolArray = npt.NDArray[np.bool_]

Structure = Literal["exact", "hnsw", "ivf"]

# Measured on one thread (docs/scaling.md): exhaustive search takes 4 ms at 200,000 vectors of 256
# dimensions; the graph finds more than the inverted file but takes minutes to build beyond two
# million.
EXACT_UP_TO = 200_000
HNSW_UP_TO = 2_000_000

_LINKS = 32
_HNSW_BUILD = 80
_HNSW_SEARCH = 400
_IVF_PROBES = 48
_SAMPLE = 200
_LARGEST = 127
_MIDDLE = 128
_PART = 8_192


@dataclass(frozen=True)
class Within:
    """What a search may return, said twice: for a mask in memory and for a remote filter.

    ``rows`` bool (vectors,); ``kinds`` numbers of kinds; ``day`` an ordinal, or ``None`` for any.
    """

    rows: BoolArray
    kinds: tuple[int, ...]
    day: int | None


@dataclass(frozen=True)
class Labels:
    """What a remote store must know of each vector to filter by: arrays of (vectors,)."""

    kinds: npt.NDArray[np.uint8]
    since: npt.NDArray[np.int32]
    until: npt.NDArray[np.int32]


class VectorStore(Protocol):
    """Finds the nearest of many unit vectors; safe to share between threads."""

    def nearest(
        self, query: FloatArray, limit: int, within: Within | None = None
    ) -> tuple[IntArray, FloatArray]:
        """Return up to ``limit`` rows and their cosines with ``query``, best first."""
        ...

    def cosines(self, query: FloatArray, rows: IntArray) -> FloatArray:
        """Return float32 (len(rows),): the cosine of ``query`` with each of the rows."""
        ...


def quantised(vectors: FloatArray) -> tuple[npt.NDArray[np.int8], float]:
    """Return int8 codes of ``vectors`` (rows, dimensions) and the scale they are multiplied by."""
    largest = float(max(vectors.max(initial=0.0), -vectors.min(initial=0.0)))
    scale = _LARGEST / largest if largest else 1.0
    codes = np.empty(vectors.shape, np.int8)
    for part in _parts(len(vectors)):
        codes[part] = np.rint(vectors[part] * scale)
    return codes, scale


def _parts(count: int) -> Iterator[slice]:
    """Yield what to work on at a time, so that no second copy of all vectors is made."""
    return (slice(i, i + _PART) for i in range(0, count, _PART))


def structure_for(count: int) -> Structure:
    """Choose the structure for ``count`` vectors."""
    if count <= EXACT_UP_TO:
        return "exact"
    return "hnsw" if count <= HNSW_UP_TO else "ivf"


class FaissVectors:
    """A FAISS index over eight-bit codes, and the codes themselves for scoring given rows."""

    def __init__(self, index: faiss.Index, codes: ByteArray, scale: float) -> None:
        """``codes`` uint8 (vectors, dimensions), each ``_MIDDLE`` above its value, as FAISS does.

        They may be mapped from a file, or lie in the index itself.
        """
        self._index = index
        self._codes = codes
        self._scale = scale

    @classmethod
    def build(
        cls,
        vectors: FloatArray,
        structure: Structure | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> FaissVectors:
        """Index ``vectors`` float32 (rows, dimensions), in the structure that fits their number.

        ``say`` is told the recall of a structure that is not exhaustive.
        """
        chosen = structure or structure_for(len(vectors))
        codes, scale = quantised(vectors)
        exact = _flat(codes)
        if chosen == "exact":
            return cls(exact, _codes_of(exact), scale)
        built = _approximate(codes, chosen)
        say(f"{chosen}: {_recall(built, exact, codes):.1%} of the hundred nearest are found")
        return cls(built, _codes_of(exact).copy(), scale)

    def nearest(
        self, query: FloatArray, limit: int, within: Within | None = None
    ) -> tuple[IntArray, FloatArray]:
        """Return up to ``limit`` rows and their cosines with ``query``, best first."""
        count = min(limit, self._index.ntotal)
        if not count:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        parameters = None
        if within is not None:
            bits = np.packbits(within.rows, bitorder="little")
            parameters = _restricted(
                self._index, faiss.IDSelectorBitmap(len(bits) * 8, faiss.swig_ptr(bits))
            )
        # FAISS compares bytes with bytes: the query, too, must fill the range of one.
        asked, by = quantised(query[None, :])
        scores, rows = self._index.search(asked.astype(np.float32), count, params=parameters)
        found = rows[0] >= 0
        return rows[0][found], (scores[0][found] / (self._scale * by)).astype(np.float32)

    def cosines(self, query: FloatArray, rows: IntArray) -> FloatArray:
        """Return float32 (len(rows),): the cosine of ``query`` with each of the rows."""
        sums: FloatArray = self._codes[rows].astype(np.float32) @ query
        cosines: FloatArray = (sums - _MIDDLE * query.sum()) / np.float32(self._scale)
        return cosines

    def save(self, folder: Path) -> None:
        """Write the index and the codes under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        faiss.write_index(self._index, str(folder / "vectors.faiss"))
        if not _holds_codes(self._index):
            np.save(folder / "codes.npy", self._codes)
        np.save(folder / "scale.npy", np.float64(self._scale))

    @classmethod
    def load(cls, folder: Path) -> FaissVectors:
        """Map what ``save`` wrote.

        Raises ``ValueError`` if the files do not fit together, as after a copy broken off.
        """
        path = folder / "vectors.faiss"
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ValueError(f"{path} cannot be read: {error}") from error
        if _holds_codes(index):
            codes = _codes_of(index)
        else:
            codes = np.asarray(np.load(folder / "codes.npy", mmap_mode="r"))
        if codes.shape != (index.ntotal, index.d):
            raise ValueError(f"{path} and its codes are of different sizes")
        _search_widely(index)
        return cls(index, codes, float(np.load(folder / "scale.npy")))


def _flat(codes: npt.NDArray[np.int8]) -> faiss.Index:
    index = faiss.IndexScalarQuantizer(
        codes.shape[1],
        faiss.ScalarQuantizer.QT_8bit_direct_signed,
        faiss.METRIC_INNER_PRODUCT,
    )
    for part in _parts(len(codes)):
        index.add(codes[part].astype(np.float32))
    return index


def _holds_codes(index: faiss.Index) -> bool:
    """Tell whether ``_codes_of`` can read ``index``; an inverted file has its own order."""
    return not isinstance(faiss.downcast_index(index), faiss.IndexIVF)


def _codes_of(index: faiss.Index) -> ByteArray:
    """Return uint8 (vectors, dimensions): a view into ``index``, valid as long as it lives."""
    known: Any = faiss.downcast_index(index)
    if isinstance(known, faiss.IndexHNSW):
        known = faiss.downcast_index(known.storage)
    if not known.ntotal:
        return np.zeros((0, known.d), np.uint8)
    library: Any = faiss
    flat: ByteArray = library.rev_swig_ptr(known.codes.data(), known.ntotal * known.d)
    return flat.reshape(known.ntotal, known.d)


def _approximate(codes: npt.NDArray[np.int8], structure: Structure) -> Any:
    width = codes.shape[1]
    kind = faiss.ScalarQuantizer.QT_8bit_direct_signed
    vectors = codes.astype(np.float32)
    if structure == "hnsw":
        make: Any = faiss.IndexHNSWSQ
        index = make(width, kind, _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _HNSW_BUILD
        index.is_trained = True
    else:
        lists = max(1, int(4 * math.sqrt(len(codes))))
        make = faiss.IndexIVFScalarQuantizer
        index = make(
            faiss.IndexFlatIP(width), width, lists, kind, faiss.METRIC_INNER_PRODUCT, False
        )
        index.cp.max_points_per_centroid = 64
        index.train(vectors)
    index.add(vectors)
    _search_widely(index)
    return index


def _search_widely(index: faiss.Index) -> None:
    known: Any = faiss.downcast_index(index)
    if isinstance(known, faiss.IndexHNSW):
        known.hnsw.efSearch = _HNSW_SEARCH
    elif isinstance(known, faiss.IndexIVF):
        known.nprobe = min(_IVF_PROBES, known.nlist)


def _restricted(index: faiss.Index, selector: faiss.IDSelector) -> Any:
    library: Any = faiss
    known: Any = faiss.downcast_index(index)
    if isinstance(known, faiss.IndexHNSW):
        return library.SearchParametersHNSW(sel=selector, efSearch=_HNSW_SEARCH)
    if isinstance(known, faiss.IndexIVF):
        return library.SearchParametersIVF(sel=selector, nprobe=known.nprobe)
    return library.SearchParameters(sel=selector)


def _recall(index: faiss.Index, exact: faiss.Index, codes: npt.NDArray[np.int8]) -> float:
    """Return the part of the hundred nearest that ``index`` finds, for vectors moved a little."""
    generator = np.random.default_rng(0)
    sample = codes[generator.integers(0, len(codes), _SAMPLE)].astype(np.float32)
    sample += generator.normal(0.0, sample.std(), sample.shape).astype(np.float32) * 0.5
    sample = np.clip(np.rint(sample), -_LARGEST, _LARGEST)
    count = min(100, len(codes))
    _, wanted = exact.search(sample, count)
    _, found = index.search(sample, count)
    return float(
        np.mean([len(set(w) & set(f)) / count for w, f in zip(wanted, found, strict=True)])
    )


def use_threads(count: int) -> None:
    """Let FAISS use ``count`` threads: one where the time of a single search is measured."""
    faiss.omp_set_num_threads(count)
