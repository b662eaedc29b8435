"""What becomes of a photograph on its way in, and the receipt that its sender gets."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.domain.conversation import Mode
from bot.errors import BadFile, InfectedFile, UncheckedFile
from bot.redact import mask_personal
from bot.store.tables import files
from bot.store.unit import Store
from bot.uploads.pictures import Pictures
from bot.uploads.repository import UploadRepository
from bot.uploads.scanning import ClamavScanner
from bot.uploads.service import UploadService
from tests.clamav import PDF, SIGNATURE, VIRUS, StandIn
from tests.conftest import FixedClock
from tests.integration.web.conftest import Caller
from tests.integration.web.small_app import build
from tests.office import furnish
from tests.pictures import JPEG, PNG, SECRETS, bomb, exif, saved, scene, telling_jpeg

TURNED = 6
PHOTOGRAPH = telling_jpeg(TURNED)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def upload(visitor: Caller, body: bytes, client_id: str = "f1") -> Any:
    return visitor.post(
        "/files", data={"id": client_id}, files={"file": ("借条.jpg", io.BytesIO(body), "")}
    )


def fetched(visitor: Caller, part: dict[str, Any]) -> bytes:
    content: bytes = visitor.client.get(part["url"], headers=visitor.headers).content
    return content


def stored(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(files)).scalar_one())


# What is stored


def test_a_photograph_is_kept_without_what_it_tells(visitor: Caller) -> None:
    part = upload(visitor, PHOTOGRAPH).json()["file"]
    kept = fetched(visitor, part)
    assert part["size"] == len(kept) < len(PHOTOGRAPH)
    assert not any(secret in kept for secret in SECRETS)
    with Image.open(io.BytesIO(kept)) as after, Image.open(io.BytesIO(PHOTOGRAPH)) as before:
        assert dict(after.getexif()) == {0x0112: TURNED}
        assert after.tobytes() == before.tobytes()


@pytest.mark.parametrize(
    "body", [bomb(), saved(scene(300, 200), "JPEG")[:-900], PNG[:40] + bytes(40)]
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(
    visitor: Caller, sqlite_store: Store, body: bytes
) -> None:
    with capture_logs() as logs:
        answer = upload(visitor, body)
    assert answer.status_code == 422
    assert answer.json()["error"] == {
        "code": "bad_file",
        "message": "只支持 10 MB 以内的图片（JPG、PNG、WebP）和 PDF 文件。",
    }
    assert stored(sqlite_store) == 0
    [line] = [one for one in logs if one["event"] == "file_unreadable"]
    assert line["log_level"] == "info"
    assert line["reason"]
    assert "借条" not in str(logs)
    # The same upload, taken again.
    assert upload(visitor, JPEG).status_code == 200


def test_while_others_are_being_looked_at_a_picture_waits_and_a_pdf_does_not(
    sqlite_store: Store, clock: FixedClock
) -> None:
    conversation_id = furnish(sqlite_store, clock).queued()
    pictures = Pictures(at_once=1, wait_s=0)
    uploads = UploadService(UploadRepository(sqlite_store, clock), pictures=pictures)
    with pictures.turn(), capture_logs() as logs:
        with pytest.raises(UncheckedFile):
            uploads.keep(conversation_id, "f1", "a.jpg", PHOTOGRAPH)
        assert uploads.keep(conversation_id, "f2", "a.pdf", PDF).size == len(PDF)
    assert [one["log_level"] for one in logs if one["event"] == "file_not_decoded"] == ["warning"]
    assert uploads.keep(conversation_id, "f1", "a.jpg", PHOTOGRAPH).mime == "image/jpeg"


def test_the_scanner_sees_what_was_sent(
    sqlite_store: Store, clock: FixedClock, tracker: Path, stand_in: StandIn
) -> None:
    scanner = ClamavScanner(stand_in.addresses.tcp)
    small = build(sqlite_store, clock, tracker, scanner=scanner)
    infected = saved(scene(), "JPEG", comment=VIRUS)
    with TestClient(small.app) as client, capture_logs() as logs:
        opened = client.post("/api/web/sessions", json={"consent": "2026-11"}).json()
        visitor = Caller(client, opened["token"], opened["session"])
        assert upload(visitor, infected).json()["error"]["code"] == InfectedFile.code
        assert upload(visitor, PHOTOGRAPH).status_code == 200
        # A picture that cannot be shown is scanned all the same: its sender should hear of it.
        broken = infected[:-5]
        assert upload(visitor, broken, "f2").json()["error"]["code"] == InfectedFile.code
    assert stand_in.books.streams == [infected, PHOTOGRAPH, broken]
    [first, _] = [one for one in logs if one["event"] == "file_infected"]
    assert first["signature"].startswith(SIGNATURE)


# The receipt


@pytest.mark.parametrize("body", [PHOTOGRAPH, JPEG, PNG, PDF])
def test_the_receipt_is_of_what_is_stored_and_of_what_was_sent(
    visitor: Caller, body: bytes
) -> None:
    part = upload(visitor, body).json()["file"]
    kept = fetched(visitor, part)
    assert (part["sha256"], part["sent_sha256"]) == (digest(kept), digest(body))
    assert (part["sha256"] == part["sent_sha256"]) is (kept == body)
    [own] = [m for m in visitor.get("/messages").json()["messages"] if m["sender"] == "visitor"]
    assert own["parts"] == [{"type": "file", **part}]
    export = visitor.get("/export").json()
    assert export["files"][0]["sha256"] == part["sha256"]
    [told] = [m["parts"][0] for m in export["messages"] if m["parts"][0]["type"] == "file"]
    assert (told["sha256"], told["sent_sha256"]) == (part["sha256"], part["sent_sha256"])


def test_the_same_upload_again_gets_the_same_receipt(visitor: Caller, sqlite_store: Store) -> None:
    first = upload(visitor, PHOTOGRAPH).json()["file"]
    assert upload(visitor, PHOTOGRAPH).json()["file"] == first
    assert stored(sqlite_store) == 1


@pytest.mark.parametrize("other", [PNG, b"nothing", saved(scene(9, 9), "JPEG", exif=exif())])
def test_other_contents_under_the_same_id_get_no_receipt_of_their_own(
    visitor: Caller, other: bytes
) -> None:
    first = upload(visitor, PHOTOGRAPH).json()["file"]
    again = upload(visitor, other).json()["file"]
    assert "sent_sha256" not in again
    assert again["sha256"] == first["sha256"]
    assert digest(fetched(visitor, again)) == first["sha256"]


def test_the_desk_shows_the_receipt_and_hides_no_part_of_it(
    sqlite_store: Store, clock: FixedClock
) -> None:
    office = furnish(sqlite_store, clock)
    conversation_id = office.queued()
    office.conversations.move(conversation_id, Mode.HUMAN, lawyer_id=office.wang.id)
    # A size of picture whose digest holds what looks like a telephone's number.
    looking = next(
        body
        for body in (saved(Image.new("L", (side, 1)), "PNG", dpi=(9, 9)) for side in range(1, 4000))
        if "〔" in mask_personal(digest(body))
    )
    office.desk.send_file(conversation_id, office.wang, "f1", "样本.png", looking)
    message = office.conversations.after(conversation_id, 0)[-1]
    [part] = office.desk.shown(message)["parts"]
    assert (part["sha256"], part["sent_sha256"]) == (digest(looking), digest(looking))


def test_a_lawyers_photograph_tells_nothing_either(sqlite_store: Store, clock: FixedClock) -> None:
    office = furnish(sqlite_store, clock)
    conversation_id = office.queued()
    office.conversations.move(conversation_id, Mode.HUMAN, lawyer_id=office.wang.id)
    office.desk.send_file(conversation_id, office.wang, "f1", "现场.jpg", PHOTOGRAPH)
    part = office.conversations.after(conversation_id, 0)[-1].parts[0]
    _, body = office.uploads.read(conversation_id, part.body["id"])
    assert not any(secret in body for secret in SECRETS)
    with pytest.raises(BadFile):
        office.desk.send_file(conversation_id, office.wang, "f2", "现场.png", bomb())
