"""The schema, the cipher and the outbox, on both databases where it matters."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Engine, MetaData, select
from sqlalchemy.exc import IntegrityError

from bot.errors import StorageUnavailable
from bot.store.crypto import Cipher, ContextMismatch
from bot.store.engine import make_engine
from bot.store.migrate import is_current, migrate
from bot.store.outbox import OutboxRunner, enqueue
from bot.store.tables import UtcDateTime, aid_applications, aid_drafts, metadata, outbox
from bot.store.unit import Store
from tests.conftest import FixedClock


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_migrations_make_exactly_the_tables_on_sqlite(tmp_path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'new' / 'app.db'}")
    assert not is_current(engine)
    migrate(engine)
    assert is_current(engine)
    assert differences(engine) == []
    migrate(engine)
    engine.dispose()


def test_migrations_make_exactly_the_tables_on_postgresql(empty_postgres_url: str) -> None:
    engine = make_engine(empty_postgres_url)
    migrate(engine)
    assert is_current(engine)
    assert differences(engine) == []
    engine.dispose()


def test_two_processes_may_migrate_at_the_same_time(empty_postgres_url: str) -> None:
    errors: list[Exception] = []

    def work() -> None:
        engine = make_engine(empty_postgres_url)
        try:
            migrate(engine)
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        engine.dispose()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_ciphertext_is_bound_to_its_column(cipher: Cipher) -> None:
    token = cipher.encrypt("messages.parts", "秘密")
    assert cipher.decrypt("messages.parts", token) == "秘密"
    with pytest.raises(ContextMismatch):
        cipher.decrypt("files.name", token)


def test_keys_rotate() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    token = Cipher([old], "i").encrypt("c", "秘密")
    assert Cipher([new, old], "i").decrypt("c", token) == "秘密"
    with pytest.raises(InvalidToken):
        Cipher([new], "i").decrypt("c", token)


def test_a_blind_index_depends_on_value_column_and_key(cipher: Cipher) -> None:
    index = cipher.blind_index("phone", "13800138000")
    assert index == cipher.blind_index("phone", "13800138000")
    assert index != cipher.blind_index("id", "13800138000")
    assert index != cipher.blind_index("phone", "13800138001")
    assert "138" not in index[:3]


def put(store: Store, clock: FixedClock, key: str) -> None:
    with store.write() as connection:
        enqueue(connection, store.cipher, clock.now(), "greet", key, {"name": "王五"})


def fill(store: Store, clock: FixedClock) -> None:
    for number in range(500):
        put(store, clock, f"{number}")


def test_outbox_rows_are_delivered_once(store: Store, clock: FixedClock) -> None:
    seen: list[object] = []
    runner = OutboxRunner(store, clock, {"greet": seen.append})
    put(store, clock, "a")
    assert runner.run_once() == 1
    assert runner.run_once() == 0
    assert seen == [{"name": "王五"}]


def test_the_same_work_cannot_be_enqueued_twice(store: Store, clock: FixedClock) -> None:
    put(store, clock, "a")
    with pytest.raises(IntegrityError):
        put(store, clock, "a")


def test_work_that_fails_is_tried_again_later(store: Store, clock: FixedClock) -> None:
    attempts: list[int] = []

    def handler(_payload: object) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("not yet")

    runner = OutboxRunner(store, clock, {"greet": handler})
    put(store, clock, "a")
    assert runner.run_once() == 0
    assert runner.run_once() == 0
    clock.advance(minutes=2)
    assert runner.run_once() == 1
    assert len(attempts) == 2


def test_a_row_claimed_by_a_process_that_died_is_claimed_again(
    store: Store, clock: FixedClock
) -> None:
    class Died(BaseException):
        pass

    def die(_payload: object) -> None:
        raise Died

    put(store, clock, "a")
    with pytest.raises(Died):
        OutboxRunner(store, clock, {"greet": die}).run_once()
    seen: list[object] = []
    survivor = OutboxRunner(store, clock, {"greet": seen.append})
    assert survivor.run_once() == 0
    clock.advance(minutes=3)
    assert survivor.run_once() == 1
    assert len(seen) == 1


def test_payloads_are_unreadable_at_rest(sqlite_store: Store, clock: FixedClock) -> None:
    put(sqlite_store, clock, "a")
    with sqlite_store.read() as connection:
        row = connection.execute(select(outbox)).one()
    assert "王五" not in repr(tuple(row))
    assert row.due_at.tzinfo is not None


def test_a_stored_moment_needs_its_zone(sqlite_store: Store) -> None:
    clock = FixedClock(dt.datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(Exception, match="time zone"):
        put(sqlite_store, clock, "a")


def test_a_locked_database_is_said_in_words(sqlite_store: Store, clock: FixedClock) -> None:
    other = make_engine(str(sqlite_store.engine.url))
    with sqlite_store.engine.connect() as probe:
        probe.exec_driver_sql("PRAGMA busy_timeout=1")
        probe.rollback()
    with other.begin() as blocker:
        blocker.exec_driver_sql("DELETE FROM outbox")
        with pytest.raises(StorageUnavailable):
            put(sqlite_store, clock, "a")
    other.dispose()


def test_a_full_disk_is_said_in_words_and_nothing_is_half_written(
    sqlite_store: Store, clock: FixedClock
) -> None:
    with sqlite_store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        connection.rollback()
    with pytest.raises(StorageUnavailable):
        fill(sqlite_store, clock)
    with sqlite_store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def test_an_upgrade_keeps_what_a_database_holds(tmp_path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'app.db'}")
    migrate(engine, "0002")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO conversations (id, channel, mode, priority, consent_version, created_at,"
            " updated_at) VALUES ('c', 'web', 'bot', 0, 'v', '2026-01-01', '2026-01-01')"
        )
        connection.exec_driver_sql(
            "INSERT INTO messages"
            " (conversation_id, sender, author, parts_enc, answered, created_at)"
            " VALUES ('c', 'visitor', '', x'00', 1, '2026-01-01')"
        )
    migrate(engine)
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT conversation_id FROM messages").scalars().all()
    assert kept == ["c"]


OLD = (
    # number, state, handed in on, changed on, and its steps
    ("FY1", "submitted", 2, 2, ()),
    ("FY2", "need_supplement", 2, 5, (("need_supplement", 5),)),
    ("FY3", "accepted", 2, 9, (("need_supplement", 5), ("accepted", 9))),
    ("FY4", "approved", 2, 10, (("refused", 6), ("approved", 10))),
    ("FY5", "closed", 2, 11, (("approved", 3), ("closed", 11))),
)


def november(day: int) -> dt.datetime:
    return dt.datetime(2026, 11, day, 4, tzinfo=dt.UTC)


def fill_the_first_version(engine: Engine) -> None:
    """Put applications, their trail and a draft into a database of before legal aid was whole."""
    old = MetaData()
    old.reflect(engine, only=("conversations", "aid_applications", "aid_drafts", "audit"))
    moment = {"created_at": UtcDateTime(), "updated_at": UtcDateTime(), "at": UtcDateTime()}
    for table in old.tables.values():
        for column in table.columns:
            column.type = moment.get(column.name, column.type)
    with engine.begin() as connection:
        connection.execute(
            old.tables["conversations"].insert(),
            {
                "id": "c", "channel": "web", "mode": "bot", "priority": 0, "consent_version": "v",
                "created_at": november(1), "updated_at": november(1),
            },
        )  # fmt: skip
        connection.execute(
            old.tables["aid_drafts"].insert(),
            {"conversation_id": "c", "fields_enc": b"1", "active": True, "updated_at": november(1)},
        )
        for number, state, made, changed, steps in OLD:
            connection.execute(
                old.tables["aid_applications"].insert(),
                {
                    "number": number, "conversation_id": "c", "state": state, "matter": "工伤",
                    "fields_enc": b"2", "id_number_index": "i", "phone_index": "p",
                    "created_at": november(made), "updated_at": november(changed),
                },
            )  # fmt: skip
            for action, day in steps:
                connection.execute(
                    old.tables["audit"].insert(),
                    {"at": november(day), "actor": "1:王", "action": f"state.{action}",
                     "subject": number},
                )  # fmt: skip


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_applications_of_the_first_version_get_the_clock_that_their_trail_tells(
    tmp_path, request: pytest.FixtureRequest, kind: str
) -> None:
    url = f"sqlite:///{tmp_path / 'app.db'}"
    if kind == "postgresql":
        url = request.getfixturevalue("empty_postgres_url")
    engine = make_engine(url)
    migrate(engine, "0005")
    fill_the_first_version(engine)
    migrate(engine)
    with engine.connect() as connection:
        rows = {row.number: row for row in connection.execute(select(aid_applications))}
        drafts = connection.execute(select(aid_drafts.c.fields_enc)).scalars().all()
    engine.dispose()
    assert drafts == [b"1"]
    assert {number: row.state for number, row in rows.items()} == {o[0]: o[1] for o in OLD}
    assert {(r.place, r.urgent, r.office_id, r.name_index) for r in rows.values()} == {
        ("", "", None, "")
    }
    waits = rows["FY2"]
    assert waits.waiting_since == november(5)
    assert waits.supplement_by == dt.date(2026, 11, 20)
    assert [rows[n].waiting_since for n in ("FY1", "FY3", "FY4")] == [None] * 3
    assert (rows["FY3"].waited_days, rows["FY3"].decide_by) == (4, dt.date(2026, 11, 13))
    assert (rows["FY1"].waited_days, rows["FY1"].decide_by) == (0, dt.date(2026, 11, 9))
    assert rows["FY4"].decided_at == november(10)
    assert rows["FY5"].decided_at == november(3)
