"""Trains the committed model from the statutes and the judged questions, fold by fold.

One fifth of the judged questions is never read: it is what the model card's scores come from.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

from knowledge_base.citations import key_of
from knowledge_base.models import Kind, KnowledgeBase, Passage
from retrieval import train_ranker, train_vectors
from retrieval.bm25 import LexicalIndex
from retrieval.candidates import Candidates, gather
from retrieval.corpus import passages
from retrieval.dense import DenseIndex, EmbeddingConfig, StaticEncoder, write_static
from retrieval.fusion import COMPONENTS, SIGNALS, Ranker, signals
from retrieval.index import KINDS, Index, IndexInfo, assemble, how_asked
from retrieval.learned import Learned
from retrieval.tokenize import Tokenizer, default_tokenizer, normalise
from retrieval.train_split import fold_of, is_held_out
from retrieval.train_vectors import Judged

FOLDS = 3
OFF_TOPIC = Path(__file__).with_name("off_topic.txt")

_JUDGED_KINDS: tuple[Kind, ...] = ("article", "answer")
_PER_FOLD = 400
# Unseen questions cannot show what a question is worth that we wrote ourselves: it must find
# its passage, so what matches questions keeps some weight.
_LEAST = {"near": 1.0, "lay": 0.5}
_EPOCHS = 8
# Two points of R@10 below eight epochs, and half the time: enough to weigh the components by.
_EPOCHS_IN_FOLDS = 4
# Few against thousands of questions of law, yet common in a real chat.
_OFF_TOPIC_WEIGHT = 8.0


@dataclass(frozen=True)
class Question:
    """A layperson's question with the keys of the passages that answer it."""

    id: str
    text: str
    keys: tuple[str, ...]
    answer: str = ""


def read_questions(path: Path) -> list[Question]:
    """Read judged questions with citations as gold, held-out ones included."""
    found: list[Question] = []
    for entry in _lines(path):
        keys = (key_of(article["name"]) for article in entry["articles"])
        answer = entry.get("answer")
        found.append(
            Question(
                str(entry["query_id"]),
                entry["text"],
                tuple(key for key in keys if key),
                answer if isinstance(answer, str) else "",
            )
        )
    return found


@dataclass(frozen=True)
class Case:
    """What an unseen question found, for fitting the weights or the confidence."""

    candidates: Candidates
    true: npt.NDArray[np.bool_]
    weight: float
    """In the fit of the weights; 0 leaves it out."""
    judged: float = 0.0
    """In the fit of the confidence; 0 leaves it out."""


class Training:
    """One training run over one knowledge base and one folder of corpora."""

    def __init__(self, kb: KnowledgeBase, corpora: Path, console: Console) -> None:
        self._say = console.print
        self._tokenizer: Tokenizer = default_tokenizer()
        self._curated = passages(kb)
        self._basis = {answer.id: answer.basis for answer in kb.answers.values()}
        self._merged = passages(
            kb, {"lawrefbook": corpora / "lawrefbook", "just-laws": corpora / "just-laws"}
        )
        consultations = corpora / "consultations"
        asked = read_questions(consultations / "stard-train.jsonl")
        self._asked = [question for question in asked if not is_held_out(question.id)]
        self._pairs = [
            (str(entry["text"]), str(entry["answer"]))
            for path in sorted(consultations.glob("lawbench-*.jsonl"))
            for entry in _lines(path)
        ]
        self._own = [
            (question, i)
            for i, passage in enumerate(self._curated)
            for question in passage.questions
        ]
        self._texts = [normalise(f"{p.title}\n{p.body}") for p in (*self._merged, *self._curated)]
        self._say(
            f"{len(self._merged)} passages, {len(self._asked)} judged questions, "
            f"{len(self._own)} questions of our own"
        )

    def run(self, out: Path) -> None:
        """Train everything and write it under ``out``."""
        lay = [f"{q.text} {q.answer}" for q in self._asked]
        lay += [" ".join(pair) for pair in self._pairs] + [text for text, _ in self._own]
        self._tokens = train_vectors.make_tokens(self._texts, lay, self._tokenizer)
        table = train_vectors.skip_gram(self._tokens, self._texts, [normalise(t) for t in lay])
        self._say("skip-gram done")
        articles = [(p.title, p.body) for p in self._merged if p.kind == "article"]
        self._base = train_vectors.contrast(table, self._tokens, articles)
        self._say("contrastive epochs done")
        self._documents = train_vectors.encode(self._tokens, self._texts)
        self._judged = self._mine()
        self._merged_index = assemble(
            self._merged,
            encoder=self._encoder(self._base, "base"),
            tokenizer=self._tokenizer,
            info=_info("base"),
            asked={},
        )
        self._say("negatives mined, index assembled")
        cases: list[Case] = []
        for fold in range(FOLDS):
            cases += self._out_of_fold(fold)
            self._say(f"fold {fold} done")
        examples = [(case.candidates.components, case.true, case.weight) for case in cases]
        weights = train_ranker.fit_weights(
            examples, Ranker().weights, least=[_LEAST.get(name, 0.0) for name in COMPONENTS]
        )
        ranker = Ranker(weights=tuple(weights))
        confidence, bias, area = _fit_confidence(ranker, [case for case in cases if case.judged])
        self._say(dict(train_ranker.named(COMPONENTS, weights)))
        self._say(dict(train_ranker.named(SIGNALS, confidence)), f"bias {bias:.3f}, AUC {area:.3f}")
        final = self._supervised(None)
        write_static(out, self._tokens, final)
        _write(out / "translation.json", self._translation(None))
        _write(out / "asked.json", dict(sorted(self._counts(None).items())))
        _write(
            out / "ranker.json",
            {
                "weights": train_ranker.named(COMPONENTS, weights),
                "confidence": {**train_ranker.named(SIGNALS, confidence), "bias": round(bias, 4)},
                "auc_out_of_fold": round(area, 3),
            },
        )

    def _mine(self) -> list[tuple[str, Judged]]:
        """Pair every question with its documents and with look-alikes that do not answer it."""
        place: dict[str, list[int]] = {}
        for i, passage in enumerate((*self._merged, *self._curated)):
            place.setdefault(f"{passage.kind}:{passage.key}", []).append(i)
        index = LexicalIndex.build([self._tokenizer.terms(text) for text in self._texts])

        def judge(text: str, gold: Sequence[int], answer: str) -> Judged:
            scores = index.score(Counter(self._tokenizer.terms(text)))
            near = np.argpartition(-scores, 60)[:60].tolist()
            return Judged(
                normalise(text), tuple(gold), tuple(set(near) - set(gold)), normalise(answer)
            )

        found: list[tuple[str, Judged]] = []
        for question in self._asked:
            gold = [i for key in question.keys for i in place.get(f"article:{key}", ())]
            if gold:
                found.append((question.id, judge(question.text, gold, question.answer)))
        for text, i in self._own:
            passage = self._curated[i]
            # The statute's wording as well as our own answers the question.
            found.append((text, judge(text, place[f"{passage.kind}:{passage.key}"], "")))
        return found

    def _supervised(self, without: int | None) -> train_vectors.FloatArray:
        chosen = [one for name, one in self._judged if _fold(name) != without]
        return train_vectors.supervise(
            self._base,
            self._tokens,
            self._documents,
            chosen,
            self._pairs,
            epochs=_EPOCHS if without is None else _EPOCHS_IN_FOLDS,
        )

    def _out_of_fold(self, fold: int) -> Iterator[Case]:
        name = f"fold-{fold}"
        encoder = self._encoder(self._supervised(fold), name)
        counts = self._counts(fold)
        learned = Learned(translation=self._translation(fold), asked=counts).with_synonyms()
        texts = [
            normalise(text) for p in self._merged for text in (f"{p.title}\n{p.body}", *p.questions)
        ]
        full = replace(
            self._merged_index,
            info=_info(name),
            dense=DenseIndex.build(encoder.encode(texts), self._merged_index.dense.starts),
            asked=how_asked(self._merged, counts),
        )

        def small(base: Sequence[Passage]) -> Index:
            return assemble(
                base, encoder=encoder, tokenizer=self._tokenizer, info=_info(name), asked=counts
            )

        unseen = [
            replace(p, questions=tuple(q for q in p.questions if _fold(q) != fold))
            for p in self._curated
        ]
        curated, incomplete = small(self._curated), small(unseen)
        asked = [question for question in self._asked if _fold(question.id) == fold]
        own = [(text, i) for text, i in self._own if _fold(text) == fold]
        own.sort(key=lambda item: hashlib.sha256(item[0].encode()).digest())

        def cases(
            text: str, index: Index, keys: Sequence[str], kind: Kind, weight: float, judged: float
        ) -> Iterator[Case]:
            # Weights are learned within one kind: which kind to show is the caller's choice.
            for kinds, in_fit, in_confidence in (
                ([kind], weight, 0.0),
                (_JUDGED_KINDS, 0.0, judged),
            ):
                numbers = [KINDS.index(one) for one in kinds]
                found = gather(
                    text,
                    index,
                    encoder=encoder,
                    tokenizer=self._tokenizer,
                    learned=learned,
                    allowed=np.isin(index.kinds, numbers),
                )
                true = self._true(found, index, keys)
                yield Case(found, true, in_fit, in_confidence)

        for question in asked:
            yield from cases(question.text, full, question.keys, "article", 1.0, 1.0)
            yield from cases(question.text, curated, question.keys, "article", 1.0, 1.0)
        for text, i in own[:_PER_FOLD]:
            passage = self._curated[i]
            keys = (passage.key, *self._basis.get(passage.key, ()))
            judged = 1.0 if passage.kind in _JUDGED_KINDS else 0.0
            yield from cases(text, incomplete, keys, passage.kind, 0.7, judged)
        for text in OFF_TOPIC.read_text(encoding="utf-8").split():
            if _fold(text) == fold:
                yield from cases(text, curated, (), "article", 0.0, _OFF_TOPIC_WEIGHT)

    def _true(
        self, candidates: Candidates, index: Index, keys: Sequence[str]
    ) -> npt.NDArray[np.bool_]:
        """Mark the candidates that answer: those named, and answers that rest on one of them."""
        wanted = set(keys)
        found = [index.keys[row] for row in candidates.rows.tolist()]
        return np.asarray(
            [key in wanted or bool(wanted & set(self._basis.get(key, ()))) for key in found], bool
        )

    def _translation(self, without: int | None) -> dict[str, dict[str, float]]:
        words = self._tokenizer.words
        bodies = {p.key: p for p in self._merged if p.kind == "article"}
        pairs: list[tuple[Sequence[str], Sequence[str]]] = []
        for question in self._asked:
            if _fold(question.id) != without:
                texts = [bodies[key].body for key in question.keys if key in bodies]
                pairs.append((words(question.text), words("\n".join((*texts, question.answer)))))
        for text, i in self._own:
            if _fold(text) != without:
                pairs.append((words(text), words(self._curated[i].body)))
        return train_ranker.translation_table(pairs)

    def _counts(self, without: int | None) -> dict[str, int]:
        return dict(
            Counter(
                key
                for question in self._asked
                if _fold(question.id) != without
                for key in question.keys
            )
        )

    def _encoder(self, table: train_vectors.FloatArray, name: str) -> StaticEncoder:
        return StaticEncoder(self._tokens, table, name)


def train(kb: KnowledgeBase, corpora: Path, out: Path, console: Console) -> None:
    """Train on ``corpora`` and write the model files under ``out``; takes a quarter of an hour."""
    Training(kb, corpora, console).run(out)


def _fit_confidence(
    ranker: Ranker, cases: Sequence[Case]
) -> tuple[train_ranker.FloatArray, float, float]:
    rows: list[npt.NDArray[np.float32]] = []
    hits: list[bool] = []
    for case in cases:
        scores = ranker.score(case.candidates.components)
        rows.append(signals(scores, case.candidates.evidence, case.candidates.words))
        hits.append(bool(case.true[np.argsort(-scores, kind="stable")[:3]].any()))
    table = np.stack(rows)
    weights = np.asarray([case.judged for case in cases])
    coefficients, bias = train_ranker.fit_confidence(table, np.asarray(hits), weights)
    area = train_ranker.area_under_curve((table @ coefficients).tolist(), hits)
    return coefficients, bias, area


def _fold(identifier: str) -> int:
    return fold_of(identifier, FOLDS, "inner")


def _info(encoder: str) -> IndexInfo:
    return IndexInfo("", encoder, EmbeddingConfig(), 0, 0, 0.0)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _write(path: Path, table: Mapping[str, Any]) -> None:
    text = json.dumps(table, ensure_ascii=False, indent=0)
    path.write_text(text + "\n", encoding="utf-8")
