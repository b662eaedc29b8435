"""Training draws a question to what answers it, in words that the two do not share."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.encoders import StaticEncoder
from retrieval.tokenize import default_tokenizer
from retrieval.train_vectors import Judged, encode, make_tokens, supervise

LAY = ("老板", "房东", "邻居", "网店")
LEGAL = ("用人单位", "出租人", "相邻权利人", "电子商务经营者")
SAID = ("怎么办", "能告吗", "合法吗", "找谁")


@pytest.fixture(scope="module")
def encoder() -> StaticEncoder:
    """Train on questions about four parties, each answered by its own article."""
    articles = [f"{party}应当依照约定履行义务" for party in LEGAL]
    judged = [
        Judged(f"{who}{said}", (place,), weight=1.0)
        for place, who in enumerate(LAY)
        for said in SAID * 8
    ]
    texts = [*articles, *(one.text for one in judged)] * 3
    tokens = make_tokens(texts, LAY, default_tokenizer())
    start = np.random.default_rng(1).normal(size=(tokens.get_vocab_size(), 32)).astype(np.float32)
    tables = supervise(
        start, tokens, encode(tokens, articles), judged, [], epochs=30, batch=64, rate=0.02
    )
    return StaticEncoder(tokens, tables, "trained")


def test_a_question_is_nearest_to_its_own_article(encoder: StaticEncoder) -> None:
    articles = encoder.encode([f"{party}应当依照约定履行义务" for party in LEGAL])
    questions = encoder.encode_questions([f"{who}违法吗" for who in LAY])
    assert (questions @ articles.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_questions_of_one_article_are_alike(encoder: StaticEncoder) -> None:
    one = encoder.encode_questions([f"{who}怎么办" for who in LAY])
    other = encoder.encode_questions([f"{who}能告吗" for who in LAY])
    assert (one @ other.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_the_two_tables_part_ways(encoder: StaticEncoder) -> None:
    same = encoder.encode(["老板怎么办"]) @ encoder.encode_questions(["老板怎么办"]).T
    assert float(same[0, 0]) < 0.99
