"""The candidates of one query and their features.

Lexical and dense search each propose passages; every proposal then gets every feature, so that
the ranker compares like with like.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.calibration import Evidence
from retrieval.dense import Scope
from retrieval.encoders import Encoder, QuestionWords, StaticEncoder
from retrieval.features import FEATURES, About, Raw, features
from retrieval.fusion import best_normalised
from retrieval.groups import best_of_each, rows_of
from retrieval.index import Index
from retrieval.learned import Learned
from retrieval.tokenize import Tokenizer, normalise
from retrieval.traits import of_question

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

# Proposals by each side.
_LEXICAL = 120
_DENSE = 160
_LAY = 40

# A term the index has never seen weighs about as much as a rare one it has.
_UNSEEN = 6.0

_BEST_QUESTIONS = 3


@dataclass(frozen=True)
class Candidates:
    """Rows of the index, int64 ascending, and their features, float32 (rows, len(FEATURES))."""

    rows: IntArray
    features: FloatArray
    bm25: FloatArray
    evidence: Evidence
    words: int


_EMPTY = np.zeros(0, np.float32)
_NONE = Candidates(
    np.zeros(0, np.int64),
    np.zeros((0, len(FEATURES)), np.float32),
    _EMPTY,
    Evidence(_EMPTY, _EMPTY, _EMPTY),
    0,
)


def gather(
    query: str,
    index: Index,
    *,
    encoder: Encoder,
    single: StaticEncoder,
    tokenizer: Tokenizer,
    learned: Learned,
    scope: Scope | None = None,
    without: IntArray | None = None,
) -> Candidates:
    """Propose candidates for ``query`` within ``scope``.

    A query of stop words alone proposes nothing, whatever its vector resembles. ``single`` is the
    model whose words are compared one by one. ``without`` are
    questions (rows of ``index.questions``) to be overlooked: training asks our own questions so.
    """
    found, pairs = tokenizer.cut(query)
    words = dict.fromkeys(found, 1.0)
    if not words or not index.keys:
        return _NONE
    terms = {term: float(n) for term, n in Counter(found + pairs).items()}
    body = index.body.score(terms)
    questions = index.questions.score(terms)
    if without is not None:
        questions[without] = 0.0
    lay = index.best_of_questions(questions)
    translated = index.body.score(learned.translate(words))
    mixed = best_normalised(body) + 0.4 * best_normalised(translated) + 0.8 * best_normalised(lay)
    if scope is not None:
        mixed[~scope.passages] = 0.0
        lay[~scope.passages] = 0.0
    plain = normalise(query)
    vector = encoder.encode_questions([plain])[0]
    overlooked = None if without is None else index.vectors_of(without)
    proposals = [_best(mixed, _LEXICAL), _best(lay, _LAY)]
    if vector.any():
        proposals.append(index.dense.nearest(vector, _DENSE, scope, overlooked))
    rows = np.unique(np.concatenate(proposals))
    cosines = index.dense.score(vector, rows, overlooked)
    question_rows, lengths = rows_of(index.question_starts, rows)
    three = best_of_each(questions[question_rows], lengths, _BEST_QUESTIONS)
    spoken = single.question_words(plain)
    lay_asked, lay_both = _lay_words(index, spoken, question_rows, lengths, without)
    raw = Raw(
        body=body[rows],
        lay=three[:, 0],
        lay_three=three.sum(axis=1) / np.clip(lengths, 1, _BEST_QUESTIONS).astype(np.float32),
        translated=translated[rows],
        cosines=cosines,
        words=index.words.meet(spoken, rows),
        lay_words=lay_asked,
        lay_both=lay_both,
        body_ceiling=index.body.ceiling(terms, unknown=_UNSEEN) or 1.0,
        lay_ceiling=index.questions.ceiling(terms, unknown=_UNSEEN) or 1.0,
    )
    laws = index.groups[rows]
    citing, cited = index.graph.among(rows)
    about = About(
        rows=rows,
        laws=laws,
        chapters=index.chapters[rows],
        asked=index.asked[rows],
        law_asked=index.law_asked[rows],
        named=np.asarray([index.names[law] in query for law in laws], np.float32),
        traits=index.traits[rows],
        citing=citing,
        cited=cited,
    )
    table = features(raw, about, of_question(query, len(words)))
    coverage = np.maximum(raw.body / raw.body_ceiling, raw.lay / raw.lay_ceiling)
    return Candidates(
        rows,
        table,
        raw.body,
        Evidence(cosines.text, cosines.question, coverage.astype(np.float32)),
        len(words),
    )


def _lay_words(
    index: Index,
    query: QuestionWords,
    rows: IntArray,
    lengths: IntArray,
    without: IntArray | None,
) -> tuple[FloatArray, FloatArray]:
    """Return what the best question of each candidate holds: ``Raw.lay_words`` and ``lay_both``.

    ``rows`` are the candidates' questions, ``lengths`` how many each has.
    """
    found = index.lay_words.meet(query, index.distinct[rows].astype(np.int64))
    both: FloatArray = (found.asked + found.told) / np.float32(2)
    if without is not None:
        overlooked = np.isin(rows, without)
        found.asked[overlooked] = 0.0
        both[overlooked] = 0.0
    return best_of_each(found.asked, lengths, 1)[:, 0], best_of_each(both, lengths, 1)[:, 0]


def _best(scores: FloatArray, count: int) -> IntArray:
    """Return the rows of the ``count`` best scores above zero, unordered."""
    rows: IntArray = np.flatnonzero(scores > 0.0)
    if len(rows) <= count:
        return rows
    best: IntArray = rows[np.argpartition(scores[rows], len(rows) - count)[-count:]]
    return best
