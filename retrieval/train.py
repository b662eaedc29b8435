"""Trains the committed model: every weight, table and forest, from one command.

Judged questions are used whole; what is reported of them comes from folds that did not see them.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from knowledge_base.models import KnowledgeBase
from retrieval import train_ranker, train_vectors
from retrieval.calibration import signals
from retrieval.encoders import StaticEncoder, Tables, write_static
from retrieval.features import COMPONENTS
from retrieval.folds import FOLDS
from retrieval.forest import Forest
from retrieval.ranker import RERANKED, Ranker, Rankers
from retrieval.tokenize import normalise
from retrieval.train_examples import (
    Case,
    Fold,
    Material,
    fold_tables,
    importance,
    importance_of_confidence,
    lexical_indexes,
)

# Unseen questions cannot show what a question is worth that we wrote ourselves: it must find
# its passage, so what matches questions keeps some weight.
_LEAST = {"near": 1.0, "lay": 0.5}
_STEPS = 4 + (FOLDS + 1) * train_vectors.EPOCHS + FOLDS + 1


def train(kb: KnowledgeBase, corpora: Path, out: Path, cases_file: Path, console: Console) -> None:
    """Train on ``corpora``; write the model under ``out`` and the cases for the tables beside."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    ) as progress:
        task = progress.add_task("语料", total=_STEPS)

        def done(what: str) -> None:
            progress.update(task, advance=1, description=what)
            if not console.is_terminal:
                console.print(f"{progress.tasks[task].completed:.0f}/{_STEPS} {what}")

        material = Material(kb, corpora)
        console.print(
            f"{len(material.articles)} articles, {len(material.stard)} + "
            f"{len(material.scenarios)} judged questions, {len(material.own)} of our own"
        )
        lay = [normalise(one.text) for one in (*material.own, *material.own_curated)]
        tokens = train_vectors.make_tokens(material.texts, lay, material.tokenizer)
        done("词表")
        pairs = [
            normalise(f"{one.text}\n{material.articles[one.passages[0]].body}")
            for one in material.own
        ]
        table = train_vectors.skip_gram(tokens, material.texts, pairs)
        done("词向量")
        base = train_vectors.contrast(table, tokens, [(p.title, p.body) for p in material.articles])
        done("对照")
        documents = train_vectors.encode(tokens, material.texts)
        indexes = lexical_indexes(material, StaticEncoder(tokens, Tables(base, base), "base"))
        done("索引")
        cases: list[Case] = []
        for number, vectors in fold_tables(
            material, base, tokens, documents, lambda: done("交叉验证")
        ):
            cases += Fold(number, material, indexes, tokens, vectors).cases()
            done(f"第 {number + 1} 折")
        cases_file.parent.mkdir(parents=True, exist_ok=True)
        cases_file.write_bytes(pickle.dumps(cases))
        rankers = fit(cases)
        done("排序")
        final = train_vectors.supervise(
            base,
            tokens,
            documents,
            material.judged(None),
            material.pairs,
            advance=lambda: done("最后的词向量"),
        )
    write_static(out, tokens, final)
    counts = dict(sorted(material.counts(None).items()))
    text = json.dumps(counts, ensure_ascii=False, indent=0)
    (out / "asked.json").write_text(text + "\n", encoding="utf-8")
    rankers.save(out)


def fit(cases: Sequence[Case]) -> Rankers:
    """Fit the weights, the forest and the confidences on cases of every fold.

    The forest is calibrated on forests that did not see the case's fold.
    """
    articles = [case for case in cases if case.kind == "article"]
    others = [case for case in cases if case.kind != "article"]
    weights = fit_sum(articles)
    unseen: list[tuple[Case, Ranker]] = []
    for fold in sorted({case.fold for case in cases}):
        forest = fit_forest([case for case in articles if case.fold != fold], weights)
        unseen += [(case, Ranker(weights, forest)) for case in articles if case.fold == fold]
    of_others = Ranker(fit_sum(others))
    # Only answers are given or withheld by their confidence.
    answers = [(case, of_others) for case in others if case.kind == "answer"]
    return Rankers(
        articles=Ranker(
            weights, fit_forest(articles, weights), train_ranker.calibrated(*judged_signals(unseen))
        ),
        others=replace(of_others, calibration=train_ranker.calibrated(*judged_signals(answers))),
    )


def fit_sum(cases: Sequence[Case]) -> tuple[float, ...]:
    """Fit the weights of the sum."""
    examples = [
        (case.candidates.features[:, : len(COMPONENTS)], case.true, importance(case))
        for case in cases
    ]
    weights = train_ranker.fit_weights(
        examples, Ranker().weights, least=[_LEAST.get(name, 0.0) for name in COMPONENTS]
    )
    return tuple(float(weight) for weight in weights)


def fit_forest(
    cases: Sequence[Case], weights: tuple[float, ...], columns: Sequence[int] | None = None
) -> Forest:
    """Fit the forest on what it will re-order: the best of each case's articles by the sum.

    ``columns`` keeps only some features.
    """
    by_sum = Ranker(weights)
    examples = []
    for case in cases:
        best = by_sum.rank(case.candidates.features).order[:RERANKED]
        features = case.candidates.features[best]
        if columns is not None:
            features = _only(features, columns)
        examples.append((features, case.true[best], importance(case)))
    return train_ranker.fit_forest(examples)


def judged_signals(
    ranked: Sequence[tuple[Case, Ranker]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return signals (cases, len(SIGNALS)), whether the first three answer, and the weights."""
    rows: list[np.ndarray] = []
    hits: list[bool] = []
    weights: list[float] = []
    for case, ranker in ranked:
        found = case.candidates
        if not len(found.rows):
            continue
        ranking = ranker.rank(found.features)
        rows.append(signals(ranking.scores, ranking.order, found.evidence, found.words))
        hits.append(bool(case.true[ranking.order[:3]].any()))
        weights.append(importance_of_confidence(case))
    return np.stack(rows), np.asarray(hits), np.asarray(weights)


def _only(features: np.ndarray, columns: Sequence[int]) -> np.ndarray:
    """Blank every other feature: a forest cannot split on what never changes."""
    kept = np.zeros_like(features)
    kept[:, list(columns)] = features[:, list(columns)]
    return kept
