"""The ``bot`` command as an operator types it, each call a process of its own."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.clamav import Addresses
from tests.conftest import ROOT, free_port


def bot(data_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BOT_")}
    environment |= {"BOT_DATA_DIR": str(data_dir), "COLUMNS": "200", **settings}
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def add_lawyer(data_dir: Path, login: str = "wang") -> subprocess.CompletedProcess[str]:
    return bot(
        data_dir, "lawyer", "add", login, "--name", "王律师", "--licence", "15301202010000001",
        "--password", "correct horse",
    )  # fmt: skip


def logins(data_dir: Path) -> list[str]:
    with closing(sqlite3.connect(data_dir / "lawbridge.db")) as connection:
        return [row[0] for row in connection.execute("SELECT login FROM staff ORDER BY login")]


def test_a_lawyer_is_added_once(tmp_path: Path) -> None:
    assert add_lawyer(tmp_path).returncode == 0
    again = add_lawyer(tmp_path)
    assert again.returncode == 1
    assert "已经有人用了" in again.stderr
    assert "Traceback" not in again.stderr
    assert logins(tmp_path) == ["wang"]


def test_a_backup_brings_everything_back_with_its_keys(tmp_path: Path) -> None:
    live, other, archive = tmp_path / "live", tmp_path / "other", tmp_path / "b.tar.gz"
    add_lawyer(live)
    made = bot(live, "backup", str(archive))
    assert made.returncode == 0, made.stderr
    assert archive.stat().st_mode & 0o077 == 0
    add_lawyer(live, "later")
    assert bot(live, "restore", str(archive), "--yes").returncode == 0
    assert logins(live) == ["wang"]
    assert bot(other, "restore", str(archive), "--yes").returncode == 0
    assert logins(other) == ["wang"]
    assert (other / "secrets.json").read_text() == (live / "secrets.json").read_text()


def test_a_backup_never_overwrites(tmp_path: Path) -> None:
    add_lawyer(tmp_path)
    archive = tmp_path / "b.tar.gz"
    archive.write_text("kept")
    refused = bot(tmp_path, "backup", str(archive))
    assert refused.returncode == 1
    assert archive.read_text() == "kept"


def test_a_file_that_is_no_backup_changes_nothing(tmp_path: Path) -> None:
    add_lawyer(tmp_path)
    fake = tmp_path / "fake.tar.gz"
    fake.write_text("not an archive")
    refused = bot(tmp_path, "restore", str(fake), "--yes")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert logins(tmp_path) == ["wang"]


def test_doctor_says_what_is_configured_reachable_and_stale(tmp_path: Path) -> None:
    found = bot(tmp_path, "doctor", BOT_PORT="1", BOT_RASA_PORT="2")
    assert "Traceback" not in found.stderr
    for name in (
        "数据库",
        "知识库",
        "法规全文",
        "检索索引",
        "Rasa 模型",
        "Redis",
        "病毒检查",
        "微信公众号",
        "文书模板",
        "磁盘",
    ):
        assert name in found.stderr
    assert "未启用" in found.stderr


def test_doctor_fails_when_something_is_wrong(tmp_path: Path) -> None:
    found = bot(tmp_path, "doctor", BOT_DATABASE_URL="postgresql+psycopg://x@127.0.0.1:1/x")
    assert found.returncode == 1
    assert "连不上" in found.stderr


def test_doctor_says_whether_the_scanner_answers(tmp_path: Path, clamd_server: Addresses) -> None:
    answering = bot(tmp_path, "doctor", BOT_CLAMAV=clamd_server.unix).stderr
    assert re.search(r"病毒检查\W+正常\W.*clamd\.sock，ClamAV \d", answering), answering
    silent = bot(tmp_path, "doctor", BOT_CLAMAV=f"127.0.0.1:{free_port()}")
    assert re.search(r"病毒检查\W+有问题\W.*没有应答，现在不收任何文件", silent.stderr), (
        silent.stderr
    )
    assert silent.returncode == 1
    assert "Traceback" not in silent.stderr


def test_doctor_names_a_template_of_the_office_that_cannot_be_used(tmp_path: Path) -> None:
    own = tmp_path / "own letters"
    own.mkdir()
    (own / "refusal.docx").write_bytes(b"not a document")
    found = bot(tmp_path, "doctor", BOT_LETTERS_DIR=str(own))
    assert re.search(r"文书模板\W+有问题\W", found.stderr), found.stderr
    assert "refusal.docx" in found.stderr
    assert found.returncode == 1
    assert "Traceback" not in found.stderr


def test_the_index_is_built_once(tmp_path: Path) -> None:
    assert "已重建" in bot(tmp_path, "index", "build").stderr
    assert "无需重建" in bot(tmp_path, "index", "build").stderr


def test_the_knowledge_base_passes_its_check(tmp_path: Path) -> None:
    checked = bot(tmp_path, "kb", "check")
    assert checked.returncode == 0, checked.stdout[-2000:]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00bad"])
def test_a_file_that_cannot_be_read_is_one_line_and_exit_two(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "in.jsonl"
    if content is not None:
        file.write_bytes(content)
    refused = bot(tmp_path, "route", str(file))
    assert refused.returncode == 2
    assert len(refused.stderr.strip().splitlines()) == 1
