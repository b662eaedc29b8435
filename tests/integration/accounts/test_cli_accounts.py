"""The operator's commands for accounts, each call a process of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.accounts import totp
from bot.accounts.repository import AccountRepository
from bot.accounts.service import AccountService
from bot.domain.clock import SystemClock
from bot.settings import Settings
from bot.store.crypto import Cipher
from bot.store.engine import make_engine
from bot.store.unit import Store
from tests.integration.test_cli import bot


def added(data_dir: Path, login: str, role: str) -> int:
    return bot(
        data_dir, "lawyer", "add", login, "--name", "王律师", "--role", role,
        "--password", "correct horse",
    ).returncode  # fmt: skip


def test_the_new_roles_are_known_at_the_command_line(tmp_path: Path) -> None:
    assert added(tmp_path, "wang", "mediator") == 0
    assert added(tmp_path, "li", "supervisor") == 0
    assert added(tmp_path, "sun", "judge") == 1


def test_the_operator_turns_off_the_codes_of_the_only_administrator(tmp_path: Path) -> None:
    added(tmp_path, "wang", "admin")
    settings = Settings(data_dir=tmp_path)
    engine = make_engine(settings.resolved_database_url)
    store = Store(engine, Cipher(settings.cipher_keys, settings.blind_key))
    clock = SystemClock()
    accounts = AccountService(AccountRepository(store, clock), clock)
    person, _ = accounts.authenticate("wang", "correct horse")
    begun = accounts.begin_codes(person)
    code = totp.code_at(begun.groups.replace(" ", ""), totp.step_at(clock.now()))
    accounts.confirm_codes(person, begun.sealed, code)
    engine.dispose()

    assert bot(tmp_path, "lawyer", "codeoff", "wang").returncode == 0
    again = bot(tmp_path, "lawyer", "codeoff", "wang")
    assert again.returncode == 1
    assert "没有开启" in again.stderr
    with closing(sqlite3.connect(tmp_path / "lawbridge.db")) as connection:
        rows = connection.execute("SELECT actor, subject FROM audit WHERE action='codes_cleared'")
        assert rows.fetchall() == [("operator", "wang")]
        assert connection.execute("SELECT totp_enc FROM staff").fetchall() == [(None,)]
