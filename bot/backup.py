"""Back up and restore everything that cannot be made again: the database and its keys."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from bot.settings import Settings

SECRETS = "secrets.json"
SQLITE = "lawbridge.db"
POSTGRES = "lawbridge.pgdump"


class BackupError(Exception):
    """A backup could not be made or read; the message says why."""


def backup(settings: Settings, target: Path) -> int:
    """Write a consistent snapshot to ``target`` (.tar.gz, mode 0600); return its size in bytes.

    Raises:
        BackupError: the target exists or the database cannot be read.
    """
    if target.exists():
        raise BackupError(f"{target} 已存在，请换个文件名。")
    with tempfile.TemporaryDirectory() as folder:
        snapshot = _snapshot(settings, Path(folder))
        partial = target.with_name(target.name + ".part")
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
            archive.add(snapshot, snapshot.name)
            secrets = settings.data_dir / SECRETS
            if secrets.exists():
                archive.add(secrets, SECRETS)
            file.flush()
        os.replace(partial, target)
    return target.stat().st_size


def restore(settings: Settings, source: Path) -> None:
    """Replace the present database and keys by those of a backup; the old ones are kept aside.

    Raises:
        BackupError: the file is no backup, or does not fit the configured database.
    """
    try:
        with tarfile.open(source) as archive:
            members = {member.name: archive.extractfile(member) for member in archive.getmembers()}
            contents = {name: file.read() for name, file in members.items() if file is not None}
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"读不了备份 {source}：{error}") from error
    name = _database_member(settings)
    if name not in contents:
        raise BackupError(f"{source} 里没有适合当前数据库的备份（需要 {name}）。")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if name == POSTGRES:
        _run_postgres(
            settings, ["pg_restore", "--clean", "--if-exists", "--no-owner"], contents[name]
        )
    else:
        _replace_sqlite(settings, contents[name])
    if SECRETS in contents:
        _write_private(settings.data_dir / SECRETS, contents[SECRETS])


def _snapshot(settings: Settings, folder: Path) -> Path:
    snapshot = folder / _database_member(settings)
    if snapshot.name == POSTGRES:
        snapshot.write_bytes(_run_postgres(settings, ["pg_dump", "--format=custom"]))
        return snapshot
    path = _sqlite_path(settings)
    if not path.exists():
        raise BackupError(f"没有数据库文件 {path}，还没有可备份的数据。")
    with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(snapshot)) as copy:
        live.backup(copy)
    return snapshot


def _replace_sqlite(settings: Settings, content: bytes) -> None:
    path = _sqlite_path(settings)
    incoming = path.with_name(path.name + ".incoming")
    _write_private(incoming, content)
    with closing(sqlite3.connect(incoming)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            incoming.unlink()
            raise BackupError("备份中的数据库已损坏，没有恢复。")
    for suffix in ("", "-wal", "-shm"):
        old = path.with_name(path.name + suffix)
        if old.exists():
            shutil.move(old, old.with_name(old.name + ".before-restore"))
    os.replace(incoming, path)


def _sqlite_path(settings: Settings) -> Path:
    return Path(make_url(settings.resolved_database_url).database or "")


def _database_member(settings: Settings) -> str:
    backend = make_url(settings.resolved_database_url).get_backend_name()
    return SQLITE if backend == "sqlite" else POSTGRES


def _run_postgres(settings: Settings, command: list[str], stdin: bytes | None = None) -> bytes:
    url = make_url(settings.resolved_database_url)
    environment = {
        **os.environ,
        "PGHOST": url.host or "",
        "PGPORT": str(url.port or 5432),
        "PGUSER": url.username or "",
        "PGPASSWORD": str(url.password or ""),
        "PGDATABASE": url.database or "",
    }
    extra = ["--dbname", url.database or ""] if command[0] == "pg_restore" else []
    try:
        done = subprocess.run(
            [*command, *extra], input=stdin, env=environment, capture_output=True, check=True
        )
    except FileNotFoundError as error:
        raise BackupError(f"没有找到 {command[0]}，请安装 PostgreSQL 客户端。") from error
    except subprocess.CalledProcessError as error:
        tail = error.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise BackupError(f"{command[0]} 失败：{' '.join(tail)}") from error
    return io.BytesIO(done.stdout).getvalue()


def _write_private(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
