"""The terms of many texts at once, as arrays: what an index of statutes is built from.

``Tokenizer.cut`` cuts one text; this gives the same terms twenty times faster. Cutting where the
words are likeliest is what jieba does in Python and a Unigram model in Rust, so jieba's own
dictionary is put into one.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, models, pre_tokenizers
from tokenizers import Tokenizer as TokenTable

from retrieval.groups import IntArray, distinct, rows_of
from retrieval.tokenize import HAN, Tokenizer

HashArray = npt.NDArray[np.uint64]
NumberArray = npt.NDArray[np.int32]

_LATIN = re.compile("[a-z0-9]+")
# Worse than any word: only what is in no dictionary takes it.
_UNKNOWN = -100.0
_BATCH = 2_048


def term_hash(term: str) -> int:
    """Return the 64-bit number that stands for a term in an index."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Terms:
    """Every term of every document: ``columns`` and ``documents`` int32, both (terms,).

    ``hashes`` uint64 (vocabulary,), ascending, says which term each column is.
    """

    hashes: HashArray
    columns: NumberArray
    documents: NumberArray
    size: int
    """Number of documents, those without terms included."""

    @classmethod
    def of(cls, documents: Sequence[Sequence[str]]) -> Terms:
        """Return the terms of documents that are cut already."""
        found = _Collected()
        for number, document in enumerate(documents):
            found.add(found.numbers_of(document), np.full(len(document), number, np.int32))
        return found.terms(len(documents))

    def spread(self, which: IntArray) -> Terms:
        """Return the terms of other documents, each the same as document ``which[row]``."""
        copies = np.bincount(which, minlength=self.size)
        starts = np.concatenate(([0], np.cumsum(copies)))
        rows, lengths = rows_of(starts, self.documents.astype(np.int64))
        return Terms(
            self.hashes,
            np.repeat(self.columns, lengths),
            np.argsort(which, kind="stable")[rows].astype(np.int32),
            len(which),
        )


class _Collected:
    """Terms as they are found, numbered in order of appearance."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._columns: list[NumberArray] = []
        self._documents: list[NumberArray] = []

    def numbers_of(self, terms: Iterable[str]) -> NumberArray:
        known = self._numbers
        return np.asarray([known.setdefault(term, len(known)) for term in terms], np.int32)

    def add(self, columns: NumberArray, documents: NumberArray) -> None:
        self._columns.append(columns)
        self._documents.append(documents)

    def terms(self, size: int) -> Terms:
        """Return what was found in ``size`` documents, the columns in the order of the hashes."""
        hashes = np.asarray([term_hash(term) for term in self._numbers], np.uint64)
        order = np.argsort(hashes)
        column_of = np.empty(len(order), np.int32)
        column_of[order] = np.arange(len(order), dtype=np.int32)
        nothing = np.zeros(0, np.int32)
        return Terms(
            hashes[order],
            column_of[np.concatenate([nothing, *self._columns])],
            np.concatenate([nothing, *self._documents]),
            size,
        )


def terms_of(texts: Sequence[str], tokenizer: Tokenizer) -> Terms:
    """Return the words and two-character pieces of normalised texts, stop words left out."""
    found = _Collected()
    cutter = _Cutter(texts, tokenizer, found)
    pairs = _Pairs(tokenizer.stop_words, found)
    for start in range(0, len(texts), _BATCH):
        part = texts[start : start + _BATCH]
        for columns, owners in (
            cutter.words(part),
            _latin(part, tokenizer.stop_words, found),
            pairs.of(part),
        ):
            found.add(columns, owners + np.int32(start))
    return found.terms(len(texts))


class _Cutter:
    """What the texts can hold of jieba's dictionary, and their characters, as a Unigram model."""

    def __init__(self, texts: Sequence[str], tokenizer: Tokenizer, found: _Collected) -> None:
        counts, total = tokenizer.dictionary()
        nothing = -math.log(total)
        pieces = [("", _UNKNOWN)]
        words = _possible([word for word, count in counts.items() if count], texts)
        pieces += [(word, math.log(counts[word]) + nothing) for word in words]
        held = {word for word, _ in pieces}
        characters = set().union(*texts) if texts else set()
        # jieba gives a character that is in no dictionary the count of one.
        pieces += [(c, nothing) for c in sorted(characters - held) if HAN.fullmatch(c)]
        self._table = TokenTable(models.Unigram(pieces, unk_id=0, byte_fallback=False))
        other = Regex(f"[^{HAN.pattern[1:-2]}]+")
        self._table.pre_tokenizer = pre_tokenizers.Split(other, "removed")
        self._found = found
        self._columns = np.full(len(pieces), -1, np.int32)
        self._words = [word for word, _ in pieces]
        self._is_stopped = np.asarray([word in tokenizer.stop_words for word in self._words])
        self._is_stopped[0] = True

    def words(self, texts: Sequence[str]) -> tuple[NumberArray, NumberArray]:
        encoded = self._table.encode_batch_fast(list(texts), add_special_tokens=False)
        found = [encoding.ids for encoding in encoded]
        lengths = [len(ids) for ids in found]
        numbers = np.fromiter((n for ids in found for n in ids), np.int32, sum(lengths))
        owners = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
        kept = ~self._is_stopped[numbers]
        numbers, owners = numbers[kept], owners[kept]
        used = np.flatnonzero(np.bincount(numbers, minlength=len(self._columns)))
        new = used[self._columns[used] < 0]
        self._columns[new] = self._found.numbers_of(self._words[n] for n in new.tolist())
        return self._columns[numbers], owners


def _latin(
    texts: Sequence[str], stop_words: frozenset[str], found: _Collected
) -> tuple[NumberArray, NumberArray]:
    runs = [
        (run, owner)
        for owner, text in enumerate(texts)
        for run in _LATIN.findall(text)
        if run not in stop_words
    ]
    return (
        found.numbers_of(run for run, _ in runs),
        np.asarray([owner for _, owner in runs], np.int32),
    )


class _Pairs:
    """Every two neighbouring Chinese characters."""

    def __init__(self, stop_words: frozenset[str], found: _Collected) -> None:
        self._stop_words = stop_words
        self._found = found

    def of(self, texts: Sequence[str]) -> tuple[NumberArray, NumberArray]:
        pairs, owners = _neighbours(texts)
        known = distinct(pairs)
        written = [chr(pair >> 16) + chr(pair & 0xFFFF) for pair in known.tolist()]
        is_kept = np.asarray([term not in self._stop_words for term in written], bool)
        columns = np.full(len(written), -1, np.int32)
        columns[is_kept] = self._found.numbers_of(
            term for term in written if term not in self._stop_words
        )
        found = columns[np.searchsorted(known, pairs)]
        return found[found >= 0], owners[found >= 0]


def _neighbours(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint32], NumberArray]:
    """Return every two neighbouring Chinese characters as one number, and whose text they are."""
    joined = "\n".join(texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), np.uint32)
    is_han = ((codes >= 0x3400) & (codes <= 0x4DBF)) | ((codes >= 0x4E00) & (codes <= 0x9FFF))
    is_pair = is_han[:-1] & is_han[1:]
    lengths = np.asarray([len(text) + 1 for text in texts], np.int64)
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)[: len(is_pair)]
    # Characters lie below 2**16: a pair fits in the 32 bits that sort fastest.
    pairs = (codes[:-1][is_pair] << np.uint32(16)) | codes[1:][is_pair]
    return pairs, owners[is_pair]


def _possible(words: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Return the words whose every pair of characters occurs in ``texts``.

    Most of a dictionary does not; leaving it out saves half the memory of building.
    """
    present = distinct(_neighbours(texts)[0])
    pairs, owners = _neighbours(words)
    at = np.minimum(np.searchsorted(present, pairs), max(len(present) - 1, 0))
    missing = present[at] != pairs if len(present) else np.ones(len(pairs), bool)
    absent = np.zeros(len(words), bool)
    absent[owners[missing]] = True
    return [word for word, gone in zip(words, absent.tolist(), strict=True) if not gone]
