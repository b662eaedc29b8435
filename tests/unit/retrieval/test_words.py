"""Single words compared one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders import QuestionWords, Tokens
from retrieval.words import Words

# Words 1 and 2 are nearly the same, 3 is unlike them and weighs twice as much; 0 is unknown.
TABLE = np.asarray([[0, 0, 0], [1, 0, 0], [0.8, 0.6, 0], [0, 0, 2]], np.float32)
TEXTS = Tokens(np.asarray([1, 1, 3, 2], np.int32), np.asarray([0, 3, 4, 4]))


def _query(*tokens: int) -> QuestionWords:
    rows = TABLE[list(tokens)]
    weights = np.linalg.norm(rows, axis=1)
    return QuestionWords(rows / weights[:, None], weights)


def test_each_word_of_the_query_meets_its_nearest() -> None:
    found = Words.build(TEXTS, TABLE).meet(_query(1, 3), np.asarray([0, 1, 2]))
    assert found.asked == pytest.approx([1.0, 0.8 / 3, 0.0], abs=0.01)


def test_each_word_of_the_passage_meets_its_nearest() -> None:
    found = Words.build(TEXTS, TABLE).meet(_query(1), np.asarray([0, 1, 2]))
    # Of the first text a third is said by the query: its other word weighs two.
    assert found.told == pytest.approx([1 / 3, 0.8, 0.0], abs=0.01)


def test_only_the_passages_asked_for_are_compared() -> None:
    found = Words.build(TEXTS, TABLE).meet(_query(3), np.asarray([1]))
    assert found.asked == pytest.approx([0.0], abs=0.01)


@pytest.mark.parametrize("passages", [[], [0, 2]])
def test_a_query_without_words_meets_nothing(passages: list[int]) -> None:
    nobody = QuestionWords(np.zeros((0, 3), np.float32), np.zeros(0, np.float32))
    found = Words.build(TEXTS, TABLE).meet(nobody, np.asarray(passages, np.int64))
    assert found.asked.tolist() == found.told.tolist() == [0.0] * len(passages)


def test_words_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    words = Words.build(TEXTS, TABLE)
    words.save(tmp_path)
    before = words.meet(_query(1, 3), np.asarray([0, 1]))
    after = Words.load(tmp_path).meet(_query(1, 3), np.asarray([0, 1]))
    assert after.asked.tolist() == before.asked.tolist()
    assert after.told.tolist() == before.told.tolist()


def test_a_vocabulary_too_large_for_two_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        Words.build(TEXTS, np.zeros((70_000, 1), np.float32))
