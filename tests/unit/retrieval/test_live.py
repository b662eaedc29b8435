"""A service goes on answering while its index is replaced."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from knowledge_base.models import Passage
from retrieval.building import build
from retrieval.live import LOOK_EVERY, LiveSearcher

Passages = tuple[Passage, ...]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _keys(live: LiveSearcher) -> set[str]:
    return {hit.key for hit in live.search("狗咬人 没签合同 彩礼", kinds={"article"}).hits}


def test_a_new_index_is_taken_up_after_a_while(tmp_path: Path, tiny_passages: Passages) -> None:
    clock = Clock()
    build(tiny_passages[:1], tmp_path)
    live = LiveSearcher(tmp_path, clock=clock)
    assert _keys(live) == {"劳动合同法/82"}
    build(tiny_passages, tmp_path)
    assert _keys(live) == {"劳动合同法/82"}
    clock.now = LOOK_EVERY
    assert "民法典/1245" in _keys(live)


def test_no_search_fails_while_indexes_come_and_go(tmp_path: Path, tiny_passages: Passages) -> None:
    clock = Clock()
    build(tiny_passages, tmp_path)
    live = LiveSearcher(tmp_path, clock=clock)
    done = threading.Event()

    def ask() -> int:
        answered = 0
        while not done.is_set() or not answered:
            clock.now += LOOK_EVERY
            assert "劳动合同法/82" in _keys(live)
            answered += 1
        return answered

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        for count in (1, 3, 2, 4, len(tiny_passages)):
            build(tiny_passages[:count], tmp_path)
        done.set()
        assert all(one.result() for one in asking)


def test_a_broken_new_index_leaves_the_old_one_in_service(
    tmp_path: Path, tiny_passages: Passages, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    build(tiny_passages[:1], tmp_path)
    live = LiveSearcher(tmp_path, clock=clock)
    assert _keys(live) == {"劳动合同法/82"}
    build(tiny_passages, tmp_path)
    next(tmp_path.glob("*/columns.npz")).write_bytes(b"")
    for _ in range(3):
        clock.now += LOOK_EVERY
        assert _keys(live) == {"劳动合同法/82"}
    assert len([r for r in caplog.records if "the old one stays" in r.message]) == 1


def test_without_any_index_the_reason_is_raised(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no search index"):
        LiveSearcher(tmp_path).search("没签合同")
