"""The only door to retrieval: a question goes in, ranked passages and a confidence come out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from knowledge_base.models import TOPICS, Kind
from retrieval.candidates import Candidates, gather
from retrieval.dense import Encoder, make_encoder
from retrieval.fusion import signals, softmax
from retrieval.index import KINDS, NO_TOPIC, Index, load
from retrieval.learned import Learned
from retrieval.tokenize import Tokenizer, default_tokenizer

ALL: frozenset[Kind] = frozenset(KINDS)
LONGEST_QUERY = 512
"""Characters; what follows is ignored. Nobody's question needs more, and time stays bounded."""

System = Literal["bm25", "dense", "full"]

_VOTERS = 10
_JUDGED: tuple[Kind, ...] = ("article", "answer")


@dataclass(frozen=True)
class Hit:
    """One passage found; ``score`` is the fused score as a fraction of the best possible."""

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
        self._tokenizer = tokenizer or default_tokenizer()
        self._learned = learned or Learned.load()

    @classmethod
    def load(cls, directory: Path) -> Searcher:
        """Load the index in ``directory``.

        Raises ``FileNotFoundError`` if there is none, ``ValueError`` if the model changed since.
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
            return NOTHING
        scores = self._learned.ranker.score(candidates.components)
        order = np.argsort(-scores, kind="stable")
        hits: dict[tuple[Kind, str], Hit] = {}
        for i in order.tolist():
            if len(hits) >= limit:
                break
            row = int(candidates.rows[i])
            kind, key = KINDS[self.index.kinds[row]], self.index.keys[row]
            # Several versions of one article share a key; the best stands for it.
            if (kind, key) not in hits:
                hits[kind, key] = Hit(
                    kind,
                    key,
                    float(scores[i]) / self._learned.ranker.scale,
                    float(candidates.bm25[i]),
                    float(
                        max(
                            candidates.evidence.cosine[i],
                            candidates.evidence.nearest_question[i],
                        )
                    ),
                )
        topic_scores = self._topics(candidates, scores, order)
        topic = max(topic_scores, key=topic_scores.__getitem__, default=TOPICS[NO_TOPIC])
        return SearchResult(
            tuple(hits.values()),
            self._confidence(candidates, scores),
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
            tokenizer=self._tokenizer,
            learned=self._learned,
            allowed=self._allowed(kinds, on),
        )

    def order(
        self, query: str, system: System, *, kinds: Collection[Kind], limit: int
    ) -> list[tuple[str, float]]:
        """Rank by one system alone, for comparison: keys and scores, best first."""
        cut = query.strip()[:LONGEST_QUERY]
        allowed = self._allowed(kinds, None)
        if system == "bm25":
            scores = self._plain(cut)
            rows = np.arange(len(scores))
        elif system == "dense":
            vector = self._encoder.encode_query(cut)
            rows = self.index.dense.nearest(vector, limit, allowed)
            scores = np.maximum(*self.index.dense.score(vector, rows))
        else:
            candidates = self.candidates(cut, kinds=kinds)
            rows, scores = candidates.rows, self._learned.ranker.score(candidates.components)
        if system == "bm25" and allowed is not None:
            scores[~allowed] = 0.0
        count = min(limit, len(rows))
        best = np.argpartition(-scores, count - 1)[:count] if count else np.arange(0)
        best = best[np.argsort(-scores[best], kind="stable")]
        return [(self.index.keys[rows[i]], float(scores[i])) for i in best.tolist()]

    def _plain(self, query: str) -> npt.NDArray[np.float32]:
        weights: dict[str, float] = {}
        for term in self._tokenizer.terms(query):
            weights[term] = weights.get(term, 0.0) + 1.0
        return self.index.body.score(weights)

    def _allowed(self, kinds: Collection[Kind], on: dt.date | None) -> npt.NDArray[np.bool_] | None:
        wanted = [KINDS.index(kind) for kind in set(kinds)]
        if len(wanted) == len(KINDS) and on is None:
            return None
        allowed = np.isin(self.index.kinds, wanted)
        if on is not None:
            day = on.toordinal()
            # The last day in force is the one before another text took its place.
            allowed &= (self.index.since <= day) & (day < self.index.until)
        return allowed

    def _confidence(self, candidates: Candidates, scores: npt.NDArray[np.float32]) -> float:
        kinds = [KINDS.index(kind) for kind in _JUDGED]
        judged = np.isin(self.index.kinds[candidates.rows], kinds)
        if not judged.any():
            return 0.0
        return self._learned.ranker.confidence(
            signals(scores[judged], candidates.evidence.only(judged), candidates.words)
        )

    def _topics(
        self,
        candidates: Candidates,
        scores: npt.NDArray[np.float32],
        order: npt.NDArray[np.int64],
    ) -> dict[str, float]:
        """Let the best passages vote; one that bears no topic abstains."""
        topics = self.index.topics[candidates.rows[order]]
        voters = order[topics != NO_TOPIC][:_VOTERS]
        shares = softmax(scores[voters])
        votes: dict[str, float] = {}
        for i, share in zip(voters.tolist(), shares.tolist(), strict=True):
            name = TOPICS[self.index.topics[candidates.rows[i]]]
            votes[name] = votes.get(name, 0.0) + share
        return dict(sorted(votes.items(), key=lambda vote: -vote[1]))
