"""Words and bigrams, one normal form, and no crash in jieba."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.bm25 import LexicalIndex
from retrieval.terms import Terms, terms_of
from retrieval.tokenize import Tokenizer, default_tokenizer, normalise

_ALPHABET = "用人单位未及时足额支付劳动报酬的，可以解除合同。双倍工资㐀龘abc19 \n怎么办的了"


def test_traditional_wide_and_capital_letters_become_one_form() -> None:
    assert normalise("拖欠工資Ｎ＋１") == "拖欠工资n+1"


@pytest.mark.parametrize("wrong", [None, 3, b"bytes", 1.5])
def test_what_is_no_string_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        normalise(wrong)  # type: ignore[arg-type]


def test_terms_are_words_and_bigrams_of_each_run() -> None:
    terms = default_tokenizer().terms("双倍工资，2024")
    assert {"双倍工资", "双倍", "倍工", "工资", "2024"} <= set(terms)
    assert "资2" not in terms


def test_stop_words_are_left_out() -> None:
    assert "怎么办" not in default_tokenizer().words("工资不发怎么办")


def test_lexicon_words_are_not_cut_apart(tmp_path: Path) -> None:
    tokenizer = Tokenizer(["掩隐罪名"], cache_dir=tmp_path)
    assert tokenizer.words("什么是掩隐罪名")[-1] == "掩隐罪名"


def test_the_jieba_cache_goes_where_it_is_told(tmp_path: Path) -> None:
    Tokenizer(cache_dir=tmp_path / "deep" / "cache")
    assert [p.name for p in (tmp_path / "deep" / "cache").iterdir()] == ["jieba.cache"]


@given(st.text(max_size=40))
def test_any_text_gives_terms_without_space_or_punctuation(text: str) -> None:
    assert all(term and term.isalnum() for term in default_tokenizer().terms(text))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet=_ALPHABET, max_size=60), max_size=4))
def test_many_texts_have_the_terms_that_each_has_alone(texts: list[str]) -> None:
    tokenizer = default_tokenizer()
    normal = [normalise(text) for text in texts]
    together, alone = terms_of(normal, tokenizer), Terms.of([tokenizer.terms(t) for t in normal])
    assert _found(together) == _found(alone)
    assert together.size == len(texts)


def _found(terms: Terms) -> list[tuple[int, int]]:
    hashes = terms.hashes[terms.columns]
    return sorted(zip(terms.documents.tolist(), hashes.tolist(), strict=True))


def test_terms_are_spread_to_the_documents_that_share_them() -> None:
    terms = Terms.of([["工资"], ["离婚", "房子"], ["从未用到"]])
    spread = terms.spread(np.asarray([1, 0, 1]))
    assert _found(spread) == _found(Terms.of([["离婚", "房子"], ["工资"], ["离婚", "房子"]]))
    assert LexicalIndex.build(spread).score({"离婚": 1.0}).astype(bool).tolist() == [1, 0, 1]
