"""The training of the static tables: skip-gram, SIF weights, contrastive pairs, judged questions.

Needs torch and gensim, which serving never imports. Texts stay in memory; only the tables leave.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from tokenizers import Regex, models, normalizers, pre_tokenizers
from tokenizers import Tokenizer as TokenTable

from retrieval.encoders import Tables
from retrieval.tokenize import Tokenizer

FloatArray = npt.NDArray[np.float32]
Ids = Sequence[Sequence[int]]

DIMENSIONS = 256
VOCABULARY = 20_000
TEMPERATURE = 0.05

_LONGEST_ANSWER = 400
_LEAST_BATCH = 16
_NEGATIVES = 1
EPOCHS = 5
_MINED_BEFORE = 2
"""The epoch before which look-alikes are looked for: the tables must know something first."""

_SENTENCE = re.compile(r"[。；\n]")
_LATIN = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Judged:
    """A question and the documents (positions) that answer it."""

    text: str
    gold: tuple[int, ...]
    answer: str = ""
    weight: float = 1.0


def make_tokens(
    texts: Iterable[str], lay: Iterable[str], tokenizer: Tokenizer, size: int = VOCABULARY
) -> TokenTable:
    """Return a Unigram table from jieba's counts, which nearly equals jieba and needs no jieba."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(tokenizer.words(text))
    for text in lay:
        for word in tokenizer.words(text):
            counts[word] += 3
    characters: Counter[str] = Counter()
    for word, count in counts.items():
        for character in word:
            characters[character] += count
    singles = [character for character, count in characters.items() if count >= 2]
    words = [
        word
        for word, count in counts.most_common()
        if 2 <= len(word) <= 8 and count >= 3 and not _LATIN.fullmatch(word)
    ]
    total = sum(counts.values())
    pieces = [("[UNK]", -30.0)]
    for word in (*singles, *words[: size - 1 - len(singles)]):
        pieces.append((word, math.log(max(counts.get(word, 0), 0.5) / total)))
    table = TokenTable(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    table.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    table.pre_tokenizer = pre_tokenizers.Split(Regex(r"[^㐀-䶿一-鿿a-z0-9]+"), "removed")
    return table


def encode(tokens: TokenTable, texts: Sequence[str]) -> list[list[int]]:
    """Return the token numbers of each text."""
    return [e.ids for e in tokens.encode_batch(list(texts), add_special_tokens=False)]


def skip_gram(
    tokens: TokenTable, texts: Sequence[str], pairs: Sequence[str], *, epochs: int = 3
) -> FloatArray:
    """Return the word vectors (vocabulary, DIMENSIONS), weighed by rarity (SIF).

    ``pairs`` are our own questions, each with the article that answers it: lay and legal words
    in one window. Judged questions stay out, so that every fold may begin from this table. Two
    workers race on the weights, so two runs differ slightly.
    """
    # Imported here: the tables are made from what training left, on machines without it.
    from gensim.models import Word2Vec

    sentences = [
        [str(token) for token in line] for line in (*encode(tokens, texts), *encode(tokens, pairs))
    ]
    model = Word2Vec(
        sentences,
        vector_size=DIMENSIONS,
        window=8,
        sg=1,
        negative=8,
        sample=1e-4,
        min_count=1,
        epochs=epochs,
        workers=2,
        seed=7,
    )
    size = tokens.get_vocab_size()
    table = np.zeros((size, DIMENSIONS), np.float32)
    counts = np.zeros(size)
    for name, row in model.wv.key_to_index.items():
        table[int(name)] = model.wv.vectors[row]
        counts[int(name)] = model.wv.get_vecattr(name, "count")
    table[0] = 0.0
    table *= (1e-3 / (1e-3 + counts / counts.sum()))[:, None].astype(np.float32)
    table /= np.sqrt((table**2).sum(axis=1).mean())
    return without_first_component(table, encode(tokens, texts[::5]))


def without_first_component(table: FloatArray, documents: Ids) -> FloatArray:
    """Remove from ``table`` what all documents have in common."""
    means = _means(torch.from_numpy(table), documents)
    component = torch.linalg.svd(means, full_matrices=False)[2][0].numpy()
    cleaned: FloatArray = table - np.outer(table @ component, component)
    return cleaned


def contrast(
    table: FloatArray,
    tokens: TokenTable,
    articles: Sequence[tuple[str, str]],
    *,
    epochs: int = 2,
    batch: int = 1024,
    seed: int = 7,
) -> FloatArray:
    """Draw together the parts of an article: title and text, a sentence and the rest, halves."""
    rng = random.Random(seed)
    weights = torch.nn.Parameter(torch.from_numpy(table.copy()))
    optimiser = torch.optim.Adam([weights], lr=1e-3, fused=True)
    for _ in range(epochs):
        pairs = _statute_pairs(articles, rng)
        left = encode(tokens, [a for a, _ in pairs])
        right = encode(tokens, [b for _, b in pairs])
        for i in range(0, len(pairs) - batch + 1, batch):
            a = _unit_means(weights, left[i : i + batch])
            b = _unit_means(weights, right[i : i + batch])
            similarity = a @ b.T / TEMPERATURE
            target = torch.arange(batch)
            loss = F.cross_entropy(similarity, target) + F.cross_entropy(similarity.T, target)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
    return weights.detach().numpy()


def supervise(
    table: FloatArray,
    tokens: TokenTable,
    documents: Ids,
    judged: Sequence[Judged],
    pairs: Sequence[tuple[str, str]],
    *,
    epochs: int = EPOCHS,
    batch: int = 512,
    rate: float = 1e-3,
    seed: int = 3,
    advance: Callable[[], None] = lambda: None,
) -> Tables:
    """Draw questions to the documents that answer them and away from those that only seem to.

    They are also drawn to other questions that the same document answers.
    Both tables begin as ``table`` and part ways: what a word means in a question is not what it
    means in a statute. ``pairs`` are further questions with free-text answers. What seems to
    answer is found with the tables themselves on the way. ``advance`` is called after every
    epoch.
    """
    rng = random.Random(seed)
    of_texts = torch.nn.Parameter(torch.from_numpy(table.copy()))
    of_questions = torch.nn.Parameter(torch.from_numpy(table.copy()))
    # Fused dense steps are three times faster here than sparse ones.
    optimiser = torch.optim.Adam([of_texts, of_questions], lr=rate, fused=True)
    questions = encode(tokens, [one.text for one in judged])
    answers = encode(tokens, [one.answer[:_LONGEST_ANSWER] for one in judged])
    asked = encode(tokens, [a for a, _ in pairs])
    told = encode(tokens, [b for _, b in pairs])
    asking: dict[int, list[int]] = {}
    for i, one in enumerate(judged):
        for gold in one.gold:
            asking.setdefault(gold, []).append(i)
    hard: npt.NDArray[np.int64] | None = None
    for epoch in range(epochs):
        if epoch == _MINED_BEFORE:
            hard = _look_alikes(of_texts.detach(), of_questions.detach(), questions, documents)
        items = [(i, gold) for i, one in enumerate(judged) for gold in one.gold[:4]]
        rng.shuffle(items)
        for start in range(0, len(items), batch):
            chunk = items[start : start + batch]
            if len(chunk) < _LEAST_BATCH:
                continue
            query = _unit_means(of_questions, [questions[i] for i, _ in chunk])
            pool = [gold for _, gold in chunk]
            if hard is not None:
                for i, _ in chunk:
                    others = [d for d in hard[i].tolist() if d not in judged[i].gold]
                    pool += rng.sample(others, min(_NEGATIVES, len(others)))
            loss = _info_nce(
                query,
                _unit_means(of_texts, [documents[d] for d in pool]),
                _also_gold([judged[i].gold for i, _ in chunk], pool),
                torch.tensor([judged[i].weight for i, _ in chunk]),
            )
            alike = _asked_alike(chunk, asking, rng)
            if len(alike) > 1:
                places = [n for n, _ in alike]
                loss = loss + 0.5 * _info_nce(
                    query[places],
                    _unit_means(of_questions, [questions[other] for _, other in alike]),
                    _also_gold(
                        [judged[chunk[n][0]].gold for n in places], [chunk[n][1] for n in places]
                    ),
                )
            answered = [n for n, (i, _) in enumerate(chunk) if answers[i]]
            if len(answered) > 1:
                who = [chunk[n][0] for n in answered]
                same = [[a == b and m != n for m, b in enumerate(who)] for n, a in enumerate(who)]
                loss = loss + 0.5 * len(answered) / len(chunk) * _info_nce(
                    query[answered],
                    _unit_means(of_texts, [answers[i] for i in who]),
                    torch.tensor(same),
                )
            if len(pairs) >= _LEAST_BATCH:
                some = rng.sample(range(len(pairs)), min(32, len(pairs)))
                loss = loss + 0.1 * _info_nce(
                    _unit_means(of_questions, [asked[i] for i in some]),
                    _unit_means(of_texts, [told[i] for i in some]),
                    None,
                )
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
        advance()
    return Tables(of_texts.detach().numpy(), of_questions.detach().numpy())


def _asked_alike(
    chunk: Sequence[tuple[int, int]], asking: Mapping[int, Sequence[int]], rng: random.Random
) -> list[tuple[int, int]]:
    """Return places in ``chunk`` with another question that the same document answers."""
    found: list[tuple[int, int]] = []
    for place, (question, gold) in enumerate(chunk):
        others = [other for other in asking[gold] if other != question]
        if others:
            found.append((place, rng.choice(others)))
    return found


def _look_alikes(
    of_texts: torch.Tensor,
    of_questions: torch.Tensor,
    questions: Ids,
    documents: Ids,
    count: int = 40,
) -> npt.NDArray[np.int64]:
    """Return int64 (questions, count): the documents nearest to each question, or all there are."""
    parts = [_unit_means(of_texts, documents[i : i + 4096]) for i in range(0, len(documents), 4096)]
    found = torch.cat(parts).T
    count = min(count, len(documents))
    nearest = [
        (_unit_means(of_questions, questions[i : i + 512]) @ found).topk(count, dim=1).indices
        for i in range(0, len(questions), 512)
    ]
    return torch.cat(nearest).numpy()


def _also_gold(golds: Sequence[Sequence[int]], pool: Sequence[int]) -> torch.Tensor:
    """Mark what must not count as a wrong answer: bool (questions, pool)."""
    places: dict[int, list[int]] = {}
    for place, document in enumerate(pool):
        places.setdefault(document, []).append(place)
    masked = np.zeros((len(golds), len(pool)), bool)
    for row, gold in enumerate(golds):
        for document in gold:
            masked[row, places.get(document, [])] = True
        masked[row, row] = False
    return torch.from_numpy(masked)


def _info_nce(
    query: torch.Tensor,
    pool: torch.Tensor,
    masked: torch.Tensor | None,
    importance: torch.Tensor | None = None,
) -> torch.Tensor:
    similarity = query @ pool.T / TEMPERATURE
    if masked is not None:
        similarity = similarity.masked_fill(masked, -1e4)
    losses = F.cross_entropy(similarity, torch.arange(len(query)), reduction="none")
    return losses.mean() if importance is None else (losses * importance).mean()


def _statute_pairs(
    articles: Sequence[tuple[str, str]], rng: random.Random
) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for title, text in articles:
        sentences = [s for s in _SENTENCE.split(text) if len(s) > 5]
        if sentences:
            pairs.append((title, text[:400]))
        if len(sentences) >= 2:
            one = rng.randrange(len(sentences))
            rest = "\n".join(sentences[:one] + sentences[one + 1 :])
            pairs.append((sentences[one], f"{title}\n{rest}"))
        if len(sentences) >= 4:
            half = len(sentences) // 2
            pairs.append(("\n".join(sentences[:half]), "\n".join(sentences[half:])))
    rng.shuffle(pairs)
    return pairs


def _means(table: torch.Tensor, ids: Ids) -> torch.Tensor:
    filled = [line or [0] for line in ids]
    offsets = np.cumsum([0] + [len(line) for line in filled[:-1]])
    flat = np.concatenate([np.asarray(line, np.int64) for line in filled])
    return F.embedding_bag(torch.from_numpy(flat), table, torch.from_numpy(offsets), mode="mean")


def _unit_means(table: torch.Tensor, ids: Ids) -> torch.Tensor:
    return F.normalize(_means(table, ids), dim=1)
