"""Rating, transcript, export, erasure, uploads: what a visitor may do with what is held."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import text as sql

from bot.dialogue.repository import ConversationRepository
from bot.domain.conversation import Mode
from bot.errors import BadFile, BadInput, NotFound, TooManyRequests
from bot.ratings.repository import RatingRepository
from bot.ratings.service import RatingService
from bot.store.unit import Store
from bot.uploads import service as uploads_module
from bot.uploads.repository import UploadRepository
from bot.uploads.service import UploadService, safe_name
from connectors.messages import Inbound, text
from tests.conftest import FixedClock
from tests.integration.web.conftest import Caller
from tests.integration.web.small_app import LABEL, SmallApp
from tests.pictures import JPEG, PNG, WEBP

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


def upload(visitor: Caller, body: bytes, name: str = "合同.png", client_id: str = "f1") -> Any:
    return visitor.post(
        "/files", data={"id": client_id}, files={"file": (name, io.BytesIO(body), "image/png")}
    )


# --- files


@pytest.mark.parametrize(
    ("body", "mime", "name"),
    [
        (PNG, "image/png", "合同.png"),
        (JPEG, "image/jpeg", "合同.jpg"),
        (WEBP, "image/webp", "合同.webp"),
        (PDF, "application/pdf", "合同.pdf"),
    ],
)
def test_a_file_is_judged_by_its_contents(
    visitor: Caller, body: bytes, mime: str, name: str
) -> None:
    part = upload(visitor, body, "合同.exe").json()["file"]
    assert (part["mime"], part["name"], part["size"]) == (mime, name, len(body))
    found = visitor.client.get(part["url"], headers=visitor.headers)
    assert found.content == body
    assert found.headers["content-type"] == mime
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-disposition"].startswith("attachment;")
    assert unquote(found.headers["content-disposition"]).endswith(name)
    assert "sandbox" in found.headers["content-security-policy"]


@pytest.mark.parametrize(
    "body", [b"<script>alert(1)</script>", b"MZ\x90\0" + b"\0" * 60, b"", b"GIF89a" + b"\0" * 60]
)
def test_what_only_claims_to_be_an_image_is_refused(visitor: Caller, body: bytes) -> None:
    answer = upload(visitor, body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "bad_file"
    assert visitor.get("/messages").json()["messages"] == []


def test_more_than_ten_megabytes_are_refused(visitor: Caller) -> None:
    assert upload(visitor, PNG + b"\0" * (10 * 1024 * 1024)).status_code == 422
    assert upload(visitor, PNG + b"\0" * (12 * 1024 * 1024)).status_code == 413


def test_an_upload_sent_twice_is_one_file_and_one_message(visitor: Caller) -> None:
    first, second = upload(visitor, PNG).json(), upload(visitor, PNG).json()
    assert first["file"]["id"] == second["file"]["id"]
    senders = [m["sender"] for m in visitor.get("/messages").json()["messages"]]
    assert senders.count("visitor") == 1


def test_nobody_else_gets_the_file(arrive: Callable[[], Caller]) -> None:
    owner, other = arrive(), arrive()
    url = upload(owner, PNG).json()["file"]["url"]
    assert other.client.get(url, headers=other.headers).status_code == 404
    assert other.client.get(url).status_code == 401


@pytest.mark.parametrize("file_id", ["x", "..%2f..%2fetc", "a" * 40, "文件"])
def test_a_file_that_is_none_is_not_found(visitor: Caller, file_id: str) -> None:
    assert visitor.get(f"/files/{file_id}").status_code == 404


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "text/plain"])
def test_an_upload_that_is_not_multipart_is_refused(visitor: Caller, content_type: str) -> None:
    answer = visitor.client.post(
        "/api/web/files",
        content=b"{}",
        headers={**visitor.headers, "Content-Type": content_type},
    )
    assert answer.status_code == 422


def test_an_upload_without_an_id_is_refused(visitor: Caller) -> None:
    answer = visitor.post("/files", files={"file": ("a.png", io.BytesIO(PNG), "image/png")})
    assert answer.status_code == 422
    assert visitor.post("/files", data={"id": "f1", "file": "words"}).status_code == 422


def test_files_lie_encrypted_in_the_database(
    visitor: Caller, small: SmallApp, tmp_path: Path
) -> None:
    marker = b"PLANTED-EVIDENCE-TEXT"
    upload(visitor, PDF + marker, "张三的秘密.pdf")
    with small.store.write() as connection:
        row = connection.execute(sql("SELECT name_enc, body_enc FROM files")).one()
    assert marker not in bytes(row.body_enc)
    assert "张三".encode() not in bytes(row.name_enc)
    for path in tmp_path.glob("lawbridge.db*"):
        raw = path.read_bytes()
        assert marker not in raw
        assert "张三".encode() not in raw


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.png", "a.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\temp\\合同.final.pdf", "合同.final.jpg"),
        ("\u202egpj.exe", "gpj.jpg"),
        ("", "文件.jpg"),
        (".png", "png.jpg"),
        ("a\nb\0c.png", "abc.jpg"),
        ("长" * 300, "长" * 80 + ".jpg"),
        ("\ud800x.png", "x.jpg"),
    ],
)
def test_names_lose_paths_and_tricks(given: str, kept: str) -> None:
    assert safe_name(given, "jpg") == kept


def test_uploads_on_both_databases(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversations = ConversationRepository(store, clock)
    conversation, _ = conversations.create("web", "2026-11")
    uploads = UploadService(UploadRepository(store, clock))
    record = uploads.keep(conversation.id, "f1", "a.png", PNG)
    assert uploads.keep(conversation.id, "f1", "b.png", PNG).name == "a.png"
    assert uploads.read(conversation.id, record.id) == (record, PNG)
    with pytest.raises(NotFound):
        uploads.read("0" * 32, record.id)
    with pytest.raises(NotFound):
        uploads.keep("0" * 32, "f1", "a.png", PNG)
    with pytest.raises(BadFile):
        uploads.keep(conversation.id, "f2", "a.png", b"nothing")
    monkeypatch.setattr(uploads_module, "MAX_FILES", 1)
    with pytest.raises(TooManyRequests):
        uploads.keep(conversation.id, "f3", "a.png", PNG)
    conversations.erase(conversation.id)
    with store.read() as connection:
        assert connection.execute(sql("SELECT count(*) FROM files")).scalar_one() == 0


# --- ratings


@pytest.mark.parametrize("path", ["/rating"])
@pytest.mark.parametrize(
    "body", [{}, {"score": 0}, {"score": 6}, {"score": "5"}, {"solved": "yes"}, {"comment": " "}]
)
def test_a_rating_that_says_nothing_is_refused(
    visitor: Caller, path: str, body: dict[str, Any]
) -> None:
    assert visitor.post(path, json=body).status_code == 422


def test_a_second_rating_of_one_stretch_corrects_the_first(store: Store, clock: FixedClock) -> None:
    conversations = ConversationRepository(store, clock)
    service = RatingService(RatingRepository(store, clock))
    conversation, _ = conversations.create("web", "2026-11")
    service.rate(conversation.id, 2, comment="没听懂")
    service.rate(conversation.id, solved=True)
    service.rate(conversation.id, 4)
    found = service.of(conversation.id)
    assert [(r.stretch, r.score, r.solved, r.comment) for r in found] == [(1, 4, True, "没听懂")]
    with pytest.raises(BadInput):
        service.rate(conversation.id)
    with pytest.raises(NotFound):
        service.rate("0" * 32, 5)


def test_each_stretch_of_a_conversation_has_a_rating_of_its_own(
    store: Store, clock: FixedClock
) -> None:
    conversations = ConversationRepository(store, clock)
    service = RatingService(RatingRepository(store, clock))
    conversation, _ = conversations.create("web", "2026-11")

    def scores() -> list[int | None]:
        return [rating.score for rating in service.of(conversation.id)]

    conversations.move(conversation.id, Mode.CLOSED)
    clock.advance(minutes=1)
    service.rate(conversation.id, 5)
    service.rate(conversation.id, 4)
    assert scores() == [4]
    clock.advance(minutes=1)
    conversations.receive(Inbound(conversation.id, "m1", "再问"), [text("再问")])
    clock.advance(minutes=1)
    service.rate(conversation.id, 1)
    service.rate(conversation.id, 2)
    assert scores() == [4, 2]
    clock.advance(minutes=1)
    conversations.move(conversation.id, Mode.CLOSED)
    clock.advance(minutes=1)
    service.rate(conversation.id, 3)
    assert scores() == [4, 2, 3]


# --- transcript, export, erasure


def test_the_transcript_begins_and_ends_with_the_ai_label(visitor: Caller) -> None:
    visitor.say("老板欠我工资", "m1")
    answer = visitor.get("/transcript")
    lines = answer.text.strip().splitlines()
    assert lines[1] == LABEL
    assert lines[-1] == LABEL
    assert "老板欠我工资" in answer.text
    assert "劳动合同法第八十二条" in answer.text
    assert "【法律依据】" in answer.text
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-ai-generated"] == "true"
    assert visitor.session in answer.headers["x-aigc"]


def test_the_transcript_hides_the_numbers_that_the_visitor_wrote(visitor: Caller) -> None:
    visitor.say("身份证530102199001011237，电话13812345678", "m1")
    transcript = visitor.get("/transcript").text
    assert "530102199001011237" not in transcript
    assert "13812345678" not in transcript
    assert "〔身份证号〕" in transcript
    # What is held about the visitor stays complete in the export.
    assert "530102199001011237" in visitor.get("/export").text


def test_a_long_conversation_is_exported_complete(visitor: Caller, small: SmallApp) -> None:
    for number in range(410):
        small.conversations.append_one(visitor.session, "bot", [text(f"第{number}句")])  # type: ignore[arg-type]
    assert len(visitor.get("/export").json()["messages"]) == 410
    assert "第409句" in visitor.get("/transcript").text


def test_the_export_holds_everything_in_plain_words(visitor: Caller, small: SmallApp) -> None:
    visitor.say("老板欠我工资", "m1")
    upload(visitor, PNG, "考勤.png")
    visitor.post("/end")
    visitor.post("/rating", json={"score": 4, "solved": True, "comment": "说得清楚"})
    store = small.store
    with store.write() as connection:
        connection.execute(
            sql(
                "INSERT INTO aid_drafts (conversation_id, fields_enc, active, updated_at) "
                "VALUES (:c, :f, 1, '2026-11-23 00:00:00')"
            ),
            {
                "c": visitor.session,
                "f": store.cipher.encrypt_json("aid_drafts.fields", {"name": "李四"}),
            },
        )
    held = visitor.get("/export").json()
    assert held["conversation"]["consent_version"] == "2026-11"
    assert "老板欠我工资" in str(held["messages"])
    assert held["files"][0]["name"] == "考勤.png"
    assert held["ratings"][0]["comment"] == "说得清楚"
    assert held["aid_drafts"][0]["fields"] == {"name": "李四"}
    assert held["ai_label"] == LABEL


def test_erasing_leaves_nothing_but_the_mark_of_it(
    visitor: Caller, small: SmallApp, tracker: Path
) -> None:
    with sqlite3.connect(tracker) as connection:
        connection.execute("CREATE TABLE events (sender_id TEXT, timestamp REAL, data TEXT)")
        connection.execute("INSERT INTO events VALUES (?, 1, 'x')", (visitor.session,))
        connection.execute("INSERT INTO events VALUES ('other', 1, 'x')")
    visitor.say("老板欠我工资", "m1")
    upload(visitor, PNG)
    visitor.post("/rating", json={"score": 1})
    assert visitor.delete("/session").status_code == 200
    with small.store.read() as connection:
        for table in ("conversations", "messages", "files", "ratings"):
            assert connection.execute(sql(f"SELECT count(*) FROM {table}")).scalar_one() == 0
        noted = connection.execute(sql("SELECT actor, action, subject FROM audit")).all()
    assert [tuple(row) for row in noted] == [("visitor", "data_erased", visitor.session)]
    with sqlite3.connect(tracker) as connection:
        left = connection.execute("SELECT sender_id FROM events").fetchall()
    assert left == [("other",)]
    assert visitor.get("/messages").status_code == 401
    assert visitor.delete("/session").status_code == 401


def test_when_rasa_cannot_forget_nothing_is_erased_and_the_visitor_can_repeat(
    visitor: Caller, tracker: Path
) -> None:
    tracker.write_bytes(b"not a database at all" * 100)
    assert visitor.delete("/session").status_code == 503
    assert visitor.get("/messages").status_code == 200
    tracker.unlink()
    assert visitor.delete("/session").status_code == 200
