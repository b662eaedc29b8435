"""Uploads where a malware scanner is configured: what is infected or unchecked is not kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.domain.conversation import Mode
from bot.errors import InfectedFile, UncheckedFile
from bot.store.tables import files, messages
from bot.store.unit import Store
from bot.uploads.scanning import ClamavScanner
from tests.clamav import INFECTED_PDF, PDF, SIGNATURE, Addresses, StandIn
from tests.conftest import FixedClock, free_port
from tests.integration.web.conftest import Caller
from tests.integration.web.small_app import SmallApp, build
from tests.office import furnish

NAME = "张三的借条.pdf"

Arrive = Callable[[str], Caller]


@pytest.fixture
def arrive_at(sqlite_store: Store, clock: FixedClock, tracker: Path) -> Iterator[Arrive]:
    clients: list[TestClient] = []

    def made(address: str) -> Caller:
        small: SmallApp = build(
            sqlite_store, clock, tracker, scanner=ClamavScanner(address, timeout_s=2.0)
        )
        client = TestClient(small.app)
        client.__enter__()
        clients.append(client)
        opened = client.post("/api/web/sessions", json={"consent": "2026-11"}).json()
        return Caller(client, opened["token"], opened["session"])

    yield made
    for client in clients:
        client.__exit__(None, None, None)


def upload(visitor: Caller, body: bytes, client_id: str = "f1") -> Any:
    return visitor.post(
        "/files", data={"id": client_id}, files={"file": (NAME, io.BytesIO(body), "image/png")}
    )


def stored(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(files)).scalar_one())


def said(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(messages)).scalar_one())


def test_an_infected_pdf_is_refused_in_a_sentence_and_not_kept(
    arrive_at: Arrive, daemon: Addresses, sqlite_store: Store
) -> None:
    visitor = arrive_at(daemon.tcp)
    before = said(sqlite_store)
    with capture_logs() as logs:
        answer = upload(visitor, INFECTED_PDF)
    assert answer.status_code == 422
    assert answer.json() == {
        "error": {
            "code": "infected_file",
            "message": "这个文件没有通过病毒检查，没有保存。"
            "请先给手机或电脑杀毒，或者把材料拍成照片再传。",
        }
    }
    assert stored(sqlite_store) == 0
    assert said(sqlite_store) == before
    [line] = [one for one in logs if one["event"] == "file_infected"]
    assert line["log_level"] == "warning"
    assert line["signature"].startswith(SIGNATURE)
    assert line["conversation_id"] == visitor.session
    assert set(line) == {
        "event", "log_level", "signature", "conversation_id", "mime", "size"
    }  # fmt: skip
    assert "张三" not in str(logs)


def test_a_clean_file_is_kept_as_it_came(
    arrive_at: Arrive, daemon: Addresses, sqlite_store: Store
) -> None:
    visitor = arrive_at(daemon.unix)
    part = upload(visitor, PDF).json()["file"]
    assert visitor.client.get(part["url"], headers=visitor.headers).content == PDF
    assert stored(sqlite_store) == 1


def test_a_clean_file_may_follow_an_infected_one_under_the_same_id(
    arrive_at: Arrive, daemon: Addresses, sqlite_store: Store
) -> None:
    visitor = arrive_at(daemon.tcp)
    assert upload(visitor, INFECTED_PDF).status_code == 422
    assert upload(visitor, PDF).status_code == 200
    assert stored(sqlite_store) == 1


def refused_unchecked(visitor: Caller, store: Store) -> None:
    with capture_logs() as logs:
        answer = upload(visitor, PDF)
    assert answer.status_code == 503
    assert answer.json() == {
        "error": {
            "code": "unchecked_file",
            "message": "暂时不能检查文件，请稍后再传。文件没有保存，您输入的文字还在，不会丢失。",
        }
    }
    assert stored(store) == 0
    [line] = [one for one in logs if one["event"] == "file_not_scanned"]
    assert line["log_level"] == "warning"
    assert "exc_info" not in line
    assert "张三" not in str(logs)
    assert [one for one in logs if one["log_level"] in ("error", "critical")] == []


def test_without_its_scanner_files_wait_and_words_do_not(
    arrive_at: Arrive, sqlite_store: Store
) -> None:
    visitor = arrive_at(f"127.0.0.1:{free_port()}")
    refused_unchecked(visitor, sqlite_store)
    answer = visitor.say("echo 还能说话", "m1").json()
    assert answer["messages"][0]["parts"][0]["text"] == "还能说话"


def test_a_scanner_that_does_not_answer_in_time_stores_nothing(
    arrive_at: Arrive, stand_in: StandIn, sqlite_store: Store
) -> None:
    visitor = arrive_at(stand_in.addresses.tcp)
    stand_in.books.silent = True
    refused_unchecked(visitor, sqlite_store)
    stand_in.books.silent = False
    assert upload(visitor, PDF).status_code == 200


def test_a_file_longer_than_the_scanner_takes_is_not_kept(
    arrive_at: Arrive, stand_in: StandIn, sqlite_store: Store
) -> None:
    stand_in.books.longest = len(PDF) - 1
    refused_unchecked(arrive_at(stand_in.addresses.tcp), sqlite_store)


def test_what_is_no_picture_and_no_pdf_does_not_reach_the_scanner(
    arrive_at: Arrive, stand_in: StandIn
) -> None:
    visitor = arrive_at(stand_in.addresses.tcp)
    answer = upload(visitor, b"MZ\x90\0" + bytes(60))
    assert answer.json()["error"]["code"] == "bad_file"
    assert upload(visitor, PDF).status_code == 200
    # Sent again it is the file that was scanned already.
    assert upload(visitor, PDF).status_code == 200
    assert stand_in.books.streams == [PDF]


def test_a_lawyers_files_are_scanned_too(
    sqlite_store: Store, clock: FixedClock, daemon: Addresses
) -> None:
    office = furnish(sqlite_store, clock, scanner=ClamavScanner(daemon.tcp))
    conversation_id = office.queued()
    office.conversations.move(conversation_id, Mode.HUMAN, lawyer_id=office.wang.id)
    before = said(sqlite_store)
    with pytest.raises(InfectedFile):
        office.desk.send_file(conversation_id, office.wang, "f1", NAME, INFECTED_PDF)
    assert (stored(sqlite_store), said(sqlite_store)) == (0, before)
    office.desk.send_file(conversation_id, office.wang, "f1", NAME, PDF)
    assert (stored(sqlite_store), said(sqlite_store)) == (1, before + 1)


def test_a_lawyers_file_waits_for_the_scanner(sqlite_store: Store, clock: FixedClock) -> None:
    office = furnish(sqlite_store, clock, scanner=ClamavScanner(f"127.0.0.1:{free_port()}"))
    conversation_id = office.queued()
    office.conversations.move(conversation_id, Mode.HUMAN, lawyer_id=office.wang.id)
    with pytest.raises(UncheckedFile):
        office.desk.send_file(conversation_id, office.wang, "f1", NAME, PDF)
    assert stored(sqlite_store) == 0
