"""The tracker file, the lock, and the log of a running Rasa."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.integration.rasa_project.action_server import ActionServer
from tests.integration.rasa_project.conftest import Rasa, environment

pytestmark = pytest.mark.rasa
PLANTED = "我叫欧阳测试，电话13800000000，老板拖欠工资怎么办"

WAIT_FOR_A_LOCK = """
import asyncio, time
from bot.rasa_ext.lock_store import FastLockStore

async def main():
    store = FastLockStore()
    async def hold():
        async with store.lock("one"):
            await asyncio.sleep(0.1)
    async def wait():
        await asyncio.sleep(0.01)
        start = time.monotonic()
        async with store.lock("one"):
            print(time.monotonic() - start)
    await asyncio.gather(hold(), wait())

asyncio.run(main())
"""


def test_the_tracker_file_keeps_a_write_ahead_log_in_a_private_folder(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("stored", "你好")
    with closing(sqlite3.connect(rasa.database)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert stat.S_IMODE(rasa.database.parent.stat().st_mode) == 0o700


def test_deleting_a_senders_rows_makes_rasa_forget_the_conversation(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("forgotten", "我想申请法律援助")
    rasa.say("kept", "我想申请法律援助")
    with closing(sqlite3.connect(rasa.database)) as database, database:
        found = database.execute("DELETE FROM events WHERE sender_id = ?", ("forgotten",))
        assert found.rowcount > 0
    assert rasa.open_form("forgotten") is None
    assert rasa.open_form("kept") == "aid_form"


def test_deleted_text_is_gone_from_the_files_after_a_checkpoint(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("purged", PLANTED)
    with closing(sqlite3.connect(rasa.database)) as database:
        database.execute("PRAGMA secure_delete=ON")
        with database:
            database.execute("DELETE FROM events WHERE sender_id = ?", ("purged",))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    files = rasa.database.parent.glob("tracker.db*")
    # Rasa stores events as ASCII JSON, so the digits are what can be looked for.
    assert all(b"13800000000" not in file.read_bytes() for file in files)


def test_messages_of_one_sender_are_answered_one_after_the_other(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("hasty", "我想申请法律援助")
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda text: rasa.say("hasty", text), ["〔已填写〕"] * 2))
    assert sorted(reply[0]["question"] for reply in replies) == [2, 3]


def test_a_waiting_message_does_not_wait_a_whole_second(rasa_model: Path) -> None:
    waited = subprocess.run(
        [ROOT / ".venv-rasa" / "bin" / "python", "-c", WAIT_FOR_A_LOCK],
        cwd=ROOT,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert 0.05 < float(waited.stdout) < 0.9


def test_no_message_text_reaches_the_log(rasa: Rasa, actions: ActionServer) -> None:
    rasa.say("private", PLANTED)
    actions.stop()
    rasa.say("private", PLANTED)
    log = rasa.log.read_text("utf-8")
    assert "欧阳测试" not in log
    assert "13800000000" not in log
