"""The judged questions of our own are sound: their keys exist and none is in the base already."""

from __future__ import annotations

from collections import Counter

from benchmarks.judged import read
from knowledge_base.loader import load
from knowledge_base.passages import passages


def test_there_are_enough_and_their_keys_exist() -> None:
    judged = read()
    held = {(passage.kind, passage.key) for passage in passages(load())}
    assert len(judged) >= 200
    assert {one.kind for one in judged} == {"answer", "case", "service"}
    assert all((one.kind, key) in held for one in judged for key in one.keys)


def test_no_judged_question_stands_in_the_base_or_twice() -> None:
    judged = read()
    known = {question for passage in passages(load()) for question in passage.questions}
    assert not known & {one.text for one in judged}
    assert max(Counter(one.text for one in judged).values()) == 1
