"""One Milvus serves several application processes, and ranks as FAISS does in each of them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge_base.models import Passage
from retrieval.building import build
from retrieval.search import Searcher
from tests.live import until

QUERIES = ("狗咬人谁赔", "没签合同能要双倍工资吗", "彩礼太高合法吗")

# What an application process does: open the index, ask, and say what it found.
PROCESS = """
import json, sys
from pathlib import Path
from retrieval.search import Searcher
searcher = Searcher.load(Path(sys.argv[1]))
for query in sys.argv[2:]:
    print(json.dumps([[hit.key, hit.score] for hit in searcher.search(query).hits]), flush=True)
"""


@pytest.fixture
def milvus(tmp_path: Path) -> Iterator[str]:
    """Serve an embedded Milvus on a port of its own until the test ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "milvus_lite", "server", "--host", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "--data-dir", str(tmp_path / "milvus"), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(port), 60.0)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _found(process: subprocess.Popen[str]) -> list[list[tuple[str, float]]]:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return [[(key, score) for key, score in json.loads(line)] for line in out.splitlines()]


def test_two_processes_share_one_milvus(
    milvus: str, tmp_path: Path, tiny_passages: tuple[Passage, ...], tiny_index: Path
) -> None:
    shared = tmp_path / "shared"
    build(tiny_passages, shared, store=milvus)
    local = Searcher.load(tiny_index)
    wanted = [[(hit.key, hit.score) for hit in local.search(query).hits] for query in QUERIES]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(shared), *QUERIES],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        for found, expected in zip(_found(process), wanted, strict=True):
            assert [key for key, _ in found] == [key for key, _ in expected]
            assert [score for _, score in found] == pytest.approx(
                [score for _, score in expected], abs=0.01
            )
