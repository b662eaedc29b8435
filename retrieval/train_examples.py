"""What questions found that the vectors and tables had not seen: the examples rankers learn from.

Five folds; a question is asked of an index whose vectors and counts were trained on
the other four. Our own questions are asked with themselves taken out of the index.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer as TokenTable

from knowledge_base.models import KnowledgeBase, Passage
from retrieval import train_vectors
from retrieval.building import assemble, how_asked, how_laws_asked
from retrieval.candidates import Candidates, gather
from retrieval.corpus import passages
from retrieval.dense import DenseIndex
from retrieval.encoders import EmbeddingConfig, StaticEncoder, Tables
from retrieval.folds import FOLDS, fold_of
from retrieval.index import KINDS, Index, IndexInfo
from retrieval.judged import Question, read_consultations, read_scenarios, read_stard
from retrieval.learned import Learned, read_synonyms
from retrieval.texts import Spelled, Texts, vectors_of
from retrieval.tokenize import Tokenizer, default_tokenizer, normalise
from retrieval.train_vectors import FloatArray, Judged
from retrieval.vectors import FaissVectors

OFF_TOPIC = Path(__file__).with_name("off_topic.txt")

_ARTICLE = KINDS.index("article")
_OWN_PER_FOLD = 800
_OWN_WEIGHT = 0.3
# Few against thousands of questions of law, yet common in a real chat.
_OFF_TOPIC_WEIGHT = 8.0
# Laypeople's judged questions are few; each counts for more than one of ours.
_JUDGED_WEIGHT = 1.5


@dataclass(frozen=True)
class Case:
    """What one unseen question found, and what it should have."""

    source: str
    """``stard``, ``scenario``, ``own`` or ``off_topic``; with ``-curated`` over that base alone."""
    id: str
    fold: int
    kind: str
    candidates: Candidates
    true: npt.NDArray[np.bool_]
    gold: int
    """How many passages should have been found, candidates or not."""
    keys: tuple[str, ...] = ()
    """Keys of the candidates, for questions whose ranking is reported."""


@dataclass(frozen=True)
class _Own:
    """A question of ours: the passages that it stands with, and its place among their questions."""

    text: str
    places: tuple[tuple[int, int], ...]

    @property
    def passages(self) -> tuple[int, ...]:
        """Return the passages alone."""
        return tuple(passage for passage, _ in self.places)


def _own(base: Sequence[Passage], wanted: Callable[[Passage], bool]) -> list[_Own]:
    """Return the questions of the wanted passages, each once."""
    places: dict[str, list[tuple[int, int]]] = {}
    for i, passage in enumerate(base):
        if wanted(passage):
            for place, question in enumerate(passage.questions):
                places.setdefault(question, []).append((i, place))
    return [_Own(text, tuple(found)) for text, found in places.items()]


class Material:
    """Everything that training reads, read once."""

    def __init__(self, kb: KnowledgeBase, corpora: Path) -> None:
        self.tokenizer: Tokenizer = default_tokenizer()
        self.curated = passages(kb)
        self.basis = {answer.id: answer.basis for answer in kb.answers.values()}
        merged = passages(
            kb, {"lawrefbook": corpora / "lawrefbook", "just-laws": corpora / "just-laws"}
        )
        self.articles = [passage for passage in merged if passage.kind == "article"]
        bodies = {passage.key: passage.body for passage in self.articles}
        consultations = corpora / "consultations"
        self.stard = read_stard(consultations / "stard-train.jsonl", bodies.keys())
        self.scenarios = read_scenarios(consultations / "lawbench-scenario-a.jsonl", bodies)
        told = read_consultations(consultations / "lawbench-consultation-a.jsonl", bodies)
        self.consultations = [question for question in told if question.keys]
        self.pairs = [
            (normalise(question.text), normalise(question.answer))
            for question in told
            if not question.keys
        ]
        self.documents = (*self.articles, *self.curated)
        self.texts = [normalise(f"{p.title}\n{p.body}") for p in self.documents]
        self.own = _own(self.articles, lambda passage: True)
        self.own_curated = _own(self.curated, lambda passage: passage.kind != "article")

    def judged(self, without: int | None) -> list[Judged]:
        """Return the questions to learn vectors from, one fold left out, with what answers them."""
        place: dict[str, list[int]] = {}
        for i, passage in enumerate(self.documents):
            place.setdefault(f"{passage.kind}:{passage.key}", []).append(i)
        found: list[Judged] = []
        for question in (*self.stard, *self.scenarios, *self.consultations):
            if fold_of(question.id) != without:
                gold = tuple(i for key in question.keys for i in place[f"article:{key}"])
                answer = normalise(question.answer)
                found.append(Judged(normalise(question.text), gold, answer, _JUDGED_WEIGHT))
        for own, base in ((self.own, self.articles), (self.own_curated, self.curated)):
            for one in own:
                if fold_of(one.text) != without:
                    names = (f"{base[i].kind}:{base[i].key}" for i in one.passages)
                    gold = tuple(row for name in names for row in place[name])
                    found.append(Judged(normalise(one.text), gold))
        return found

    def counts(self, without: int | None) -> dict[str, int]:
        """Return how often each article answered a layperson's question of the other folds."""
        return dict(
            Counter(
                key
                for question in self.stard
                if fold_of(question.id) != without
                for key in question.keys
            )
        )


@dataclass(frozen=True)
class Indexes:
    """The lexical halves of both indexes; vectors and counts are put in fold by fold."""

    full: Prepared
    curated: Prepared


@dataclass(frozen=True)
class Prepared:
    """An index, and its texts in tokens, which are the same in every fold."""

    index: Index
    texts: Texts
    spelled: Spelled


def lexical_indexes(material: Material, encoder: StaticEncoder) -> Indexes:
    """Build both indexes once; only their vectors and counts differ from fold to fold."""

    def made(base: Sequence[Passage]) -> Prepared:
        index, _ = assemble(
            base,
            encoder=encoder,
            tokenizer=material.tokenizer,
            info=IndexInfo("", encoder.name, encoder.name, EmbeddingConfig(), len(base), 0, 0.0),
            asked={},
        )
        texts = Texts.of(base)
        return Prepared(index, texts, Spelled.of(texts, encoder))

    return Indexes(made(material.articles), made(material.curated))


class Fold:
    """One fold: indexes that know nothing of its questions."""

    def __init__(
        self,
        number: int,
        material: Material,
        indexes: Indexes,
        tokens: TokenTable,
        tables: Tables,
    ) -> None:
        self._number = number
        self._material = material
        self._encoder = StaticEncoder(tokens, tables, f"fold-{number}")
        self._counts = material.counts(number)
        self._learned = Learned(read_synonyms(), self._counts)
        self._full = self._refreshed(indexes.full, material.articles)
        self._curated = self._refreshed(indexes.curated, material.curated)

    def cases(self, advance: Callable[[], None] = lambda: None) -> Iterator[Case]:
        """Ask every question of the fold, and some of our own."""
        material = self._material
        for question in material.stard:
            if self._is_mine(question.id):
                yield self._ask("stard", question, self._full)
                yield self._ask("stard-curated", question, self._curated)
                yield self._ask("stard-answers", question, self._curated, "answer")
                advance()
        for question in material.scenarios:
            if self._is_mine(question.id):
                yield self._ask("scenario", question, self._full)
        for one in self._some(material.own):
            yield self._ask_own("own", one, material.articles, self._full)
        for one in self._some(material.own_curated):
            yield self._ask_own("own-curated", one, material.curated, self._curated)
        for text in OFF_TOPIC.read_text(encoding="utf-8").split():
            if self._is_mine(text):
                for kind in ("article", "answer"):
                    nothing = Question(text, text, ())
                    yield self._ask("off_topic-curated", nothing, self._curated, kind)

    def _ask(self, source: str, question: Question, index: Index, kind: str = "article") -> Case:
        return self._case(source, question.id, question.text, question.keys, index, kind)

    def _ask_own(self, source: str, one: _Own, base: Sequence[Passage], index: Index) -> Case:
        rows = [int(index.question_starts[passage]) + place for passage, place in one.places]
        found = [base[i].key for i in one.passages]
        keys = tuple(
            dict.fromkeys(k for key in found for k in (key, *self._material.basis.get(key, ())))
        )
        kind = base[one.passages[0]].kind
        return self._case(source, one.text, one.text, keys, index, kind, np.asarray(rows))

    def _case(
        self,
        source: str,
        name: str,
        text: str,
        keys: Sequence[str],
        index: Index,
        kind: str,
        without: npt.NDArray[np.int64] | None = None,
    ) -> Case:
        number = next(i for i, known in enumerate(KINDS) if known == kind)
        found = gather(
            text,
            index,
            encoder=self._encoder,
            single=self._encoder,
            tokenizer=self._material.tokenizer,
            learned=self._learned,
            scope=index.dense.scope(index.kinds == number, (number,), None),
            without=without,
        )
        names = tuple(index.keys[row] for row in found.rows.tolist())
        wanted = set(keys)
        true = np.asarray([self._answers(key, wanted) for key in names], bool)
        return Case(source, name, self._number, kind, found, true, len(wanted), names)

    def _answers(self, key: str, wanted: set[str]) -> bool:
        """Tell whether a passage is named, or is an answer that rests on one that is."""
        return key in wanted or bool(wanted & set(self._material.basis.get(key, ())))

    def _some(self, own: Sequence[_Own]) -> list[_Own]:
        mine = [one for one in own if self._is_mine(one.text)]
        mine.sort(key=lambda one: hashlib.sha256(one.text.encode()).digest())
        return mine[:_OWN_PER_FOLD]

    def _is_mine(self, identifier: str) -> bool:
        return fold_of(identifier) == self._number

    def _refreshed(self, prepared: Prepared, base: Sequence[Passage]) -> Index:
        index = prepared.index
        vectors = vectors_of(prepared.texts, prepared.spelled, self._encoder)
        return replace(
            index,
            dense=DenseIndex(FaissVectors.build(vectors, "exact"), index.dense.starts),
            words=index.words.with_table(self._encoder.tables.texts),
            lay_words=index.lay_words.with_table(self._encoder.tables.questions),
            asked=how_asked(base, self._counts),
            law_asked=how_laws_asked(base, self._counts),
        )


def importance(case: Case) -> float:
    """Return what a case weighs when the ranking is fitted."""
    return {"stard": 1.0, "stard-curated": 0.5, "stard-answers": 0.5, "scenario": 1.0}.get(
        case.source, _OWN_WEIGHT
    )


def importance_of_confidence(case: Case) -> float:
    """Return what a case weighs when the confidence is fitted."""
    return _OFF_TOPIC_WEIGHT if case.source == "off_topic-curated" else 1.0


def fold_tables(
    material: Material,
    base: FloatArray,
    tokens: TokenTable,
    documents: train_vectors.Ids,
    advance: Callable[[], None],
) -> Iterator[tuple[int, Tables]]:
    """Yield the vectors of each fold, trained on the others."""
    for number in range(FOLDS):
        yield (
            number,
            train_vectors.supervise(
                base, tokens, documents, material.judged(number), material.pairs, advance=advance
            ),
        )
