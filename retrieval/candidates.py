"""The candidates of one query and the components of their scores.

Lexical and dense search each propose passages; every proposal then gets every component, so
that a sum compares like with like. Weights are ``fusion``'s.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.dense import Encoder
from retrieval.fusion import (
    COMPONENTS,
    Evidence,
    best_normalised,
    group_share,
    reciprocal_rank,
    softmax,
)
from retrieval.index import Index
from retrieval.learned import Learned
from retrieval.tokenize import Tokenizer, normalise

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

# Proposals by each side; more than two hundred in all brought nothing on the statutes.
_LEXICAL = 120
_DENSE = 160

# Rough sum that the votes by law are taken with; its exact values matter little.
_VOTE = {"bm25": 3.0, "translated": 1.0, "lay": 2.0, "dense": 4.0, "near": 2.0}

# A term the index has never seen weighs about as much as a rare one it has.
_UNSEEN = 6.0


@dataclass(frozen=True)
class Candidates:
    """Rows of the index with their components, float32 (candidates, len(COMPONENTS))."""

    rows: IntArray
    components: FloatArray
    bm25: FloatArray
    evidence: Evidence
    words: int


_EMPTY = np.zeros(0, np.float32)
_NONE = Candidates(
    np.zeros(0, np.int64),
    np.zeros((0, len(COMPONENTS)), np.float32),
    _EMPTY,
    Evidence(_EMPTY, _EMPTY, _EMPTY),
    0,
)


def gather(
    query: str,
    index: Index,
    *,
    encoder: Encoder,
    tokenizer: Tokenizer,
    learned: Learned,
    allowed: npt.NDArray[np.bool_] | None = None,
) -> Candidates:
    """Propose candidates for ``query``; ``allowed`` bool (passages,) keeps only some.

    A query of stop words alone proposes nothing, whatever its vector resembles.
    """
    found, pairs = tokenizer.cut(query)
    words = dict.fromkeys(found, 1.0)
    if not words or not index.keys:
        return _NONE
    weights = {term: float(n) for term, n in Counter(found + pairs).items()}
    body = index.body.score(weights)
    lay = index.lay.score(weights)
    translated = index.body.score(learned.translate(words))
    mixed = best_normalised(body) + 0.4 * best_normalised(translated) + 0.6 * best_normalised(lay)
    if allowed is not None:
        mixed[~allowed] = 0.0
    vector = encoder.encode_query(normalise(query))
    has_vector = bool(vector.any())
    proposals = [_best(mixed, _LEXICAL)]
    if has_vector:
        proposals.append(index.dense.nearest(vector, _DENSE, allowed))
    rows = np.unique(np.concatenate(proposals))
    cosine, nearest = index.dense.score(vector, rows)
    ceiling = index.body.ceiling(weights, unknown=_UNSEEN) or 1.0
    bm25 = body[rows]
    columns = {
        "bm25": best_normalised(bm25),
        "translated": best_normalised(translated[rows]),
        "lay": best_normalised(lay[rows]),
        "dense": best_normalised(cosine),
        "near": np.maximum(nearest, 0.0),
        "asked": index.asked[rows],
        "named": np.asarray([index.names[g] in query for g in index.groups[rows]], np.float32),
        "bm25_rank": reciprocal_rank(bm25),
        "dense_rank": reciprocal_rank(cosine),
    }
    rough = np.asarray(sum(weight * columns[name] for name, weight in _VOTE.items()))
    columns["law"] = group_share(softmax(rough), index.groups[rows])
    return Candidates(
        rows,
        np.stack([columns[name] for name in COMPONENTS], axis=1).astype(np.float32),
        bm25,
        Evidence(cosine, nearest, (np.maximum(bm25, lay[rows]) / ceiling).astype(np.float32)),
        len(words),
    )


def _best(scores: FloatArray, count: int) -> IntArray:
    """Return the rows of the ``count`` best scores above zero, unordered."""
    if len(scores) > count:
        rows = np.argpartition(-scores, count)[:count]
    else:
        rows = np.arange(len(scores))
    best: IntArray = rows[scores[rows] > 0.0].astype(np.int64)
    return best
