"""The features of each candidate, from which the ranker makes a score.

``COMPONENTS``, the first columns, are summed with weights; the forest sees every column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.dense import Cosines
from retrieval.fusion import best_normalised, reciprocal_rank, softmax
from retrieval.groups import best_of_group, share_of_group
from retrieval.traits import ARTICLE_TRAITS, QUESTION_TRAITS
from retrieval.words import Found

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

COMPONENTS: tuple[str, ...] = (
    "bm25",
    "translated",
    "lay",
    "dense",
    "near",
    "asked",
    "law",
    "named",
    "bm25_rank",
    "dense_rank",
    "words",
    "told",
    "lay_words",
)
"""What the weighted sum adds up."""

FEATURES: tuple[str, ...] = (
    *COMPONENTS,
    "bm25_share",
    "lay_share",
    "lay_three",
    "cosine",
    "near_three",
    "near_every",
    "questions",
    "cosine_best",
    "near_rank",
    "lay_rank",
    "translated_rank",
    "rough",
    "rough_rank",
    "law_behind",
    "below_law",
    "chapter",
    "below_chapter",
    "beside",
    "law_asked",
    "lead",
    "words_share",
    "words_rank",
    "words_below_law",
    "told_share",
    "told_rank",
    "lay_words_rank",
    "lay_both",
    "cites",
    "cited",
    *ARTICLE_TRAITS,
    *QUESTION_TRAITS,
)
"""The columns of a feature matrix."""

# The rough sum that laws, chapters and neighbours are compared by; exact values matter little.
_ROUGH = {"bm25": 3.0, "translated": 1.0, "lay": 2.0, "dense": 4.0, "near": 3.0, "words": 3.0}

_BESIDE = (-2, -1, 1, 2)


@dataclass(frozen=True)
class Raw:
    """What the candidates of one query scored, float32 (candidates,) each."""

    body: FloatArray
    """BM25 of the query and the passage's title and text."""
    lay: FloatArray
    """BM25 of the query and the passage's best question; and the mean of its best three."""
    lay_three: FloatArray
    translated: FloatArray
    """BM25 of what the query's words suggest and the passage's title and text."""
    cosines: Cosines
    words: Found
    """How the single words of the query and of the passage meet."""
    lay_words: FloatArray
    """How well the best question of a passage holds the words of the query."""
    lay_both: FloatArray
    """How well the best question and the query hold each other's words, on the mean."""
    body_ceiling: float
    """What a passage best in every term would score; and a question."""
    lay_ceiling: float


@dataclass(frozen=True)
class About:
    """What the index knows of the candidates beforehand; arrays of (candidates, ...)."""

    rows: IntArray
    """Rows of the index, ascending."""
    laws: npt.NDArray[np.int32]
    chapters: npt.NDArray[np.int32]
    asked: FloatArray
    law_asked: FloatArray
    named: FloatArray
    traits: FloatArray
    citing: IntArray
    """Citations between candidates, as places among them: int64 (citations,) both."""
    cited: IntArray


def features(raw: Raw, about: About, question: FloatArray) -> FloatArray:
    """Return float32 (candidates, len(FEATURES)).

    ``question`` float32 (len(QUESTION_TRAITS),), the same for every candidate.
    """
    near = np.maximum(raw.cosines.question, 0.0)
    columns: dict[str, FloatArray] = {
        "bm25": best_normalised(raw.body),
        "translated": best_normalised(raw.translated),
        "lay": best_normalised(raw.lay),
        "dense": best_normalised(raw.cosines.text),
        "near": near,
        "asked": about.asked,
        "named": about.named,
        "bm25_rank": reciprocal_rank(raw.body),
        "dense_rank": reciprocal_rank(raw.cosines.text),
        "bm25_share": raw.body / raw.body_ceiling,
        "lay_share": raw.lay / raw.lay_ceiling,
        "lay_three": raw.lay_three / raw.lay_ceiling,
        "cosine": raw.cosines.text,
        "near_three": raw.cosines.questions,
        "near_every": raw.cosines.every,
        "questions": raw.cosines.asked,
        "cosine_best": np.maximum(raw.cosines.text, near),
        "near_rank": reciprocal_rank(near),
        "lay_rank": reciprocal_rank(raw.lay),
        "translated_rank": reciprocal_rank(raw.translated),
        "law_asked": about.law_asked,
        "words": best_normalised(raw.words.asked),
        "told": best_normalised(raw.words.told),
        "lay_words": raw.lay_words,
        "words_share": raw.words.asked,
        "words_rank": reciprocal_rank(raw.words.asked),
        "words_below_law": raw.words.asked - best_of_group(raw.words.asked, about.laws),
        "told_share": raw.words.told,
        "told_rank": reciprocal_rank(raw.words.told),
        "lay_words_rank": reciprocal_rank(raw.lay_words),
        "lay_both": raw.lay_both,
    }
    rough = np.asarray(sum(w * columns[name] for name, w in _ROUGH.items()), np.float32)
    share = softmax(rough)
    best_of_law = best_of_group(rough, about.laws)
    columns |= {
        "rough": rough,
        "rough_rank": reciprocal_rank(rough),
        "law": share_of_group(share, about.laws),
        "law_behind": best_of_law - rough.max(initial=0.0),
        "below_law": rough - best_of_law,
        "chapter": share_of_group(share, about.chapters),
        "below_chapter": rough - best_of_group(rough, about.chapters),
        "beside": _best_beside(rough, about) - rough,
        "lead": np.full_like(rough, _lead(rough)),
        "cites": _best_linked(rough, about.citing, about.cited) - rough,
        "cited": _best_linked(rough, about.cited, about.citing) - rough,
    }
    ahead = [columns[name] for name in FEATURES[: len(FEATURES) - _KNOWN]]
    known = np.broadcast_to(question, (len(rough), len(question)))
    return np.hstack([np.stack(ahead, axis=1), about.traits, known]).astype(np.float32)


_KNOWN = len(ARTICLE_TRAITS) + len(QUESTION_TRAITS)


def _best_beside(rough: FloatArray, about: About) -> FloatArray:
    """Return the best rough score among the candidates up to two articles away, 0 without one."""
    best = np.zeros_like(rough)
    for step in _BESIDE:
        place = np.searchsorted(about.rows, about.rows + step)
        place[place == len(about.rows)] = 0
        is_beside = (about.rows[place] == about.rows + step) & (about.laws[place] == about.laws)
        np.maximum(best, np.where(is_beside, rough[place], 0.0), out=best)
    return best


def _best_linked(rough: FloatArray, linked: IntArray, to: IntArray) -> FloatArray:
    """Return the best rough score among those that each is linked ``to``, 0 without one."""
    best = np.zeros_like(rough)
    np.maximum.at(best, linked, rough[to])
    return best


def _lead(rough: FloatArray) -> float:
    """Return how far the best is ahead of the tenth."""
    if not len(rough):
        return 0.0
    ordered = np.sort(rough)[::-1]
    return float(ordered[0] - ordered[min(9, len(ordered) - 1)])
