"""The only door to retrieval: a question goes in, ranked passages and a confidence come out."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from knowledge_base.models import TOPICS, Kind
from retrieval.calibration import Calibration, signals
from retrieval.candidates import Candidates, gather
from retrieval.dense import Scope
from retrieval.encoders import Encoder, by_word, make_encoder
from retrieval.fusion import softmax
from retrieval.index import KINDS, NO_TOPIC, Index, load
from retrieval.learned import Learned
from retrieval.ranker import Ranker, Ranking
from retrieval.tokenize import Tokenizer, default_tokenizer

ALL: frozenset[Kind] = frozenset(KINDS)
LONGEST_QUERY = 512
"""Characters; what follows is ignored. Nobody's question needs more, and time stays bounded."""

System = Literal["bm25", "dense", "full"]

Reason = Literal["empty", "no_words", "no_match"]

_VOTERS = 10
_JUDGED: tuple[Kind, ...] = ("article", "answer")

# Scopes are masks over all passages; a service asks for the same few all day.
_SCOPES = 16


@dataclass(frozen=True)
class Hit:
    """One passage found; ``score`` is its weighted sum as a fraction of the best possible.

    Articles are ordered by a forest, so that their scores need not fall.
    """

    kind: Kind
    key: str
    score: float
    bm25: float
    dense: float
    """Cosine of the query and the passage or its nearest question, whichever is closer."""


@dataclass(frozen=True)
class SearchResult:
    """Hits, best first, and how far to trust them."""

    hits: tuple[Hit, ...]
    confidence: float
    """Probability that one of the first three articles or answers truly answers the query."""
    topic: str
    topic_scores: Mapping[str, float]
    """Shares of the best passages' votes, by topic; empty if nothing was found."""
    reason: Reason | None = None
    """Why nothing was found: an empty query, none but stop words, or no passage in scope."""


NOTHING = SearchResult((), 0.0, TOPICS[NO_TOPIC], MappingProxyType({}))


class Searcher:
    """Searches one loaded index; read-only, and safe to share between threads."""

    def __init__(
        self,
        index: Index,
        *,
        encoder: Encoder | None = None,
        tokenizer: Tokenizer | None = None,
        learned: Learned | None = None,
    ) -> None:
        self.index = index
        self._encoder = encoder or make_encoder(index.info.embedding)
        if self._encoder.name != index.info.encoder:
            raise ValueError("the index was built with another embedding model; build it again")
        self._by_word = by_word(self._encoder)
        if self._by_word.name != index.info.words:
            raise ValueError("the index was built with another built-in model; build it again")
        self._tokenizer = tokenizer or default_tokenizer()
        self._learned = learned or Learned.load()
        self._scope = functools.lru_cache(_SCOPES)(self._make_scope)

    @classmethod
    def load(cls, directory: Path) -> Searcher:
        """Load the index in ``directory``.

        Raises ``FileNotFoundError`` if there is no index or no model, ``ValueError`` if one is
        damaged or they do not fit, ``ConnectionError`` if the vectors' server does not answer.
        """
        return cls(load(directory))

    def search(
        self,
        query: str,
        *,
        kinds: Collection[Kind] = ALL,
        on: dt.date | None = None,
        limit: int = 10,
    ) -> SearchResult:
        """Return the best ``limit`` passages of the given kinds in force on ``on``, if given."""
        candidates = self.candidates(query, kinds=kinds, on=on)
        if not len(candidates.rows):
            return replace(NOTHING, reason=self._reason(query))
        ranker = self._ranker(kinds)
        ranking = ranker.rank(candidates.features)
        hits: dict[tuple[Kind, str], Hit] = {}
        for i in ranking.order.tolist():
            if len(hits) >= limit:
                break
            row = int(candidates.rows[i])
            kind, key = KINDS[self.index.kinds[row]], self.index.keys[row]
            # Several versions of one article share a key; the best stands for it.
            if (kind, key) not in hits:
                evidence = candidates.evidence
                hits[kind, key] = Hit(
                    kind,
                    key,
                    float(ranking.sums[i]) / ranker.scale,
                    float(candidates.bm25[i]),
                    float(max(evidence.cosine[i], evidence.nearest_question[i])),
                )
        topic_scores = self._topics(candidates, ranking)
        topic = max(topic_scores, key=topic_scores.__getitem__, default=TOPICS[NO_TOPIC])
        return SearchResult(
            tuple(hits.values()),
            self._confidence(candidates, ranking, ranker.calibration),
            topic,
            MappingProxyType(topic_scores),
        )

    def candidates(
        self,
        query: str,
        *,
        kinds: Collection[Kind] = ALL,
        on: dt.date | None = None,
    ) -> Candidates:
        """Return the unranked candidates of ``query``; for ``search``, training and evaluation."""
        return gather(
            query.strip()[:LONGEST_QUERY],
            self.index,
            encoder=self._encoder,
            single=self._by_word,
            tokenizer=self._tokenizer,
            learned=self._learned,
            scope=self._scope(frozenset(kinds), on),
        )

    def order(
        self, query: str, system: System, *, kinds: Collection[Kind], limit: int
    ) -> list[tuple[str, float]]:
        """Rank by one system alone, for comparison: keys and scores, best first."""
        cut = query.strip()[:LONGEST_QUERY]
        scope = self._scope(frozenset(kinds), None)
        if system == "full":
            candidates = self.candidates(cut, kinds=kinds)
            ranking = self._ranker(kinds).rank(candidates.features)
            best = ranking.order[:limit]
            # Places, not scores: the forest scored only the first of them.
            places = np.arange(len(best), 0, -1)
            return [
                (self.index.keys[candidates.rows[i]], float(place))
                for i, place in zip(best.tolist(), places.tolist(), strict=True)
            ]
        if system == "bm25":
            scores = self._plain(cut)
            if scope is not None:
                scores[~scope.passages] = 0.0
            rows = np.arange(len(scores))
        else:
            vector = self._encoder.encode_questions([cut])[0]
            rows = self.index.dense.nearest(vector, limit, scope)
            cosines = self.index.dense.score(vector, rows)
            scores = np.maximum(cosines.text, cosines.question)
        count = min(limit, len(rows))
        best = np.argpartition(-scores, count - 1)[:count] if count else np.arange(0)
        best = best[np.argsort(-scores[best], kind="stable")]
        return [(self.index.keys[rows[i]], float(scores[i])) for i in best.tolist()]

    def _reason(self, query: str) -> Reason:
        if not query.strip():
            return "empty"
        return "no_match" if self._tokenizer.words(query[:LONGEST_QUERY]) else "no_words"

    def _ranker(self, kinds: Collection[Kind]) -> Ranker:
        rankers = self._learned.rankers
        return rankers.articles if set(kinds) == {"article"} else rankers.others

    def _plain(self, query: str) -> npt.NDArray[np.float32]:
        weights: dict[str, float] = {}
        for term in self._tokenizer.terms(query):
            weights[term] = weights.get(term, 0.0) + 1.0
        return self.index.body.score(weights)

    def _make_scope(self, kinds: frozenset[Kind], on: dt.date | None) -> Scope | None:
        wanted = tuple(sorted(KINDS.index(kind) for kind in kinds))
        if len(wanted) == len(KINDS) and on is None:
            return None
        allowed = np.isin(self.index.kinds, wanted)
        day = on.toordinal() if on else None
        if day is not None:
            # The last day in force is the one before another text took its place.
            allowed &= (self.index.since <= day) & (day < self.index.until)
        return self.index.dense.scope(allowed, wanted, day)

    def _confidence(
        self, candidates: Candidates, ranking: Ranking, calibration: Calibration
    ) -> float:
        judged = np.isin(self.index.kinds[candidates.rows], [KINDS.index(kind) for kind in _JUDGED])
        order = ranking.order[judged[ranking.order]]
        if not len(order):
            return 0.0
        found = signals(ranking.scores, order, candidates.evidence, candidates.words)
        return calibration.confidence(found)

    def _topics(self, candidates: Candidates, ranking: Ranking) -> dict[str, float]:
        """Let the best passages vote; one that bears no topic abstains."""
        topics = self.index.topics[candidates.rows[ranking.order]]
        voters = ranking.order[topics != NO_TOPIC][:_VOTERS]
        shares = softmax(ranking.sums[voters])
        votes: dict[str, float] = {}
        for i, share in zip(voters.tolist(), shares.tolist(), strict=True):
            name = TOPICS[self.index.topics[candidates.rows[i]]]
            votes[name] = votes.get(name, 0.0) + share
        return dict(sorted(votes.items(), key=lambda vote: -vote[1]))
