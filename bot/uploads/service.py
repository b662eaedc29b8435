"""Evidence that visitors upload: judged by content, kept encrypted, given back to its owners."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Callable
from typing import Literal

import filetype
import structlog

from bot.errors import BadFile, InfectedFile, NotFound, TooManyFiles, UncheckedFile
from bot.texts import load_texts
from bot.uploads.metadata import Unreadable, without_metadata
from bot.uploads.pictures import Busy, Pictures
from bot.uploads.repository import FileRecord, UploadRepository
from bot.uploads.scanning import NotScanned, Scanner
from bot.uploads.sounds import playable
from bot.uploads.videos import EXTENSIONS as VIDEOS
from bot.uploads.videos import MIME as VIDEO
from bot.uploads.videos import plain_video, video_mime
from bot.uploads.voices import EXTENSIONS as VOICES
from bot.uploads.voices import MAX_VOICES, is_voice, voice_mime
from connectors.messages import Part

log = structlog.get_logger(__name__)

MAX_BYTES = 10 * 1024 * 1024
MAX_FILES = 30
"""In one conversation, within ``COUNTED_FOR``; a follower's conversation goes on for years."""
COUNTED_FOR = dt.timedelta(days=1)
MAX_NAME = 80

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
}
_ENDINGS = EXTENSIONS | VOICES | VIDEOS
SentAs = Literal["file", "voice", "video"]
"""How it came: recordings and videos are taken only where they are expected."""
_UNSAFE = re.compile(r'[\\/:*?"<>|]')


class UploadService:
    def __init__(
        self,
        repository: UploadRepository,
        scanner: Scanner | None = None,
        pictures: Pictures | None = None,
    ) -> None:
        """Without a scanner nothing is looked at for malware."""
        self._repository = repository
        self._scanner = scanner
        self._pictures = pictures or Pictures()

    def keep(
        self,
        conversation_id: str,
        client_id: str,
        name: str,
        body: bytes,
        *,
        sent_as: SentAs = "file",
    ) -> FileRecord:
        """Store an upload, a picture without its metadata; the same client id is the same file.

        As "voice" a recording of at most 2 MB may come as well, as "video" an MP4.

        A PDF is stored as it came: to change it would break the signatures of contracts and
        invoices, and who made it when may be what it is to prove.

        Raises:
            BadFile: the contents are not a JPEG, PNG, WebP or PDF of at most 10 MB, or a picture
                that cannot be shown or has too many pixels.
            InfectedFile: the scanner found malware in them.
            UncheckedFile: the scanner gave no verdict, or too much else is being checked; what
                was not checked is not stored.
            TooManyFiles: as many as may came into the conversation within a day.
            NotFound: there is no such conversation.
        """
        file_id = self._repository.file_id(conversation_id, client_id)
        known = self._repository.find(conversation_id, file_id)
        if known is not None:
            return known
        if not body or len(body) > MAX_BYTES:
            raise BadFile
        # By content only: what the browser or the name says about the type is not believed.
        mime = _MORE[sent_as](body) or _mime(body)
        if not mime:
            raise BadFile
        most = MAX_VOICES if is_voice(mime) else MAX_FILES
        came = self._repository.count(conversation_id, COUNTED_FOR, voices=is_voice(mime))
        if came >= most:
            raise TooManyFiles
        # As it came: malware may sit in what is taken away, and its sender should hear of it.
        self._scan(conversation_id, mime, body)
        kept = self._stripped(conversation_id, mime, body)
        record = self._repository.add(
            conversation_id, file_id, safe_name(name, _ENDINGS[mime]), mime, kept
        )
        log.info("file_stored", conversation_id=conversation_id, mime=mime, size=record.size)
        return record

    def _scan(self, conversation_id: str, mime: str, body: bytes) -> None:
        if self._scanner is None:
            return
        about = {"conversation_id": conversation_id, "mime": mime, "size": len(body)}
        try:
            signature = self._scanner.signature(body)
        except NotScanned as reason:
            log.warning("file_not_scanned", reason=str(reason), **about)
            raise UncheckedFile from reason
        if signature is not None:
            log.warning("file_infected", signature=signature, **about)
            raise InfectedFile

    def _stripped(self, conversation_id: str, mime: str, body: bytes) -> bytes:
        about = {"conversation_id": conversation_id, "mime": mime, "size": len(body)}
        try:
            kept = _plain(mime, body)
            # What is stored, so that nothing is stored that cannot be shown.
            self._pictures.check(mime, kept)
        except Unreadable as reason:
            log.info("file_unreadable", reason=str(reason), **about)
            raise BadFile from reason
        except Busy as reason:
            log.warning("file_not_decoded", **about)
            raise UncheckedFile from reason
        return kept

    def part(
        self,
        conversation_id: str,
        client_id: str,
        name: str,
        body: bytes,
        *,
        sent_as: SentAs = "file",
    ) -> Part:
        """Store an upload and return how a message shows it; raises what ``keep`` raises.

        It carries the receipt: the SHA-256 of what is stored, and that of what was sent, which
        is what the sender's own copy has.
        """
        record = self.keep(conversation_id, client_id, name, body, sent_as=sent_as)
        receipt = {"sha256": record.sha256}
        if _becomes(body, record):
            receipt["sent_sha256"] = hashlib.sha256(body).hexdigest()
        return Part(
            "file",
            {
                "id": record.id,
                "name": record.name,
                "mime": record.mime,
                "size": record.size,
                "url": f"/api/web/files/{record.id}",
                **receipt,
            },
        )

    def read(self, conversation_id: str, file_id: str) -> tuple[FileRecord, bytes]:
        """Return a file of this conversation.

        Raises:
            NotFound: the conversation holds no such file.
        """
        record = self._repository.find(conversation_id, file_id)
        if record is None:
            raise NotFound
        return record, self._repository.body(conversation_id, file_id)

    def sound(self, conversation_id: str, file_id: str) -> tuple[FileRecord, str, bytes]:
        """Return a recording of this conversation, with type and contents as browsers play it.

        Raises:
            NotFound: the conversation holds no such recording.
            BadFile: it cannot be decoded.
        """
        record, body = self.read(conversation_id, file_id)
        if not is_voice(record.mime):
            raise NotFound
        try:
            return record, *playable(record.mime, body)
        except Unreadable as reason:
            log.info("sound_unreadable", reason=str(reason), mime=record.mime, size=record.size)
            raise BadFile from reason


def _mime(body: bytes) -> str:
    """Return the type of a picture or a PDF, empty for other contents."""
    kind = filetype.guess(body)
    mime = "" if kind is None else str(kind.mime)
    return mime if mime in EXTENSIONS else ""


_MORE: dict[SentAs, Callable[[bytes], str]] = {
    "file": lambda _: "",
    "voice": voice_mime,
    "video": video_mime,
}
"""The types that may come beside pictures and PDF."""


def _plain(mime: str, body: bytes) -> bytes:
    return plain_video(body) if mime == VIDEO else without_metadata(mime, body)


def _becomes(body: bytes, record: FileRecord) -> bool:
    """Say whether this file was made of these contents: a client id may come with others later."""
    try:
        kept = _plain(record.mime, body)
    except Unreadable:
        return False
    return hashlib.sha256(kept).hexdigest() == record.sha256


def safe_name(name: str, extension: str) -> str:
    """Return a file name without paths or control characters, ending as its contents are."""
    base = re.split(r"[\\/]", name)[-1]
    stem = base.rsplit(".", 1)[0] if "." in base.strip(".") else base
    whole = stem.encode("utf-8", "ignore").decode()
    plain = "".join(c for c in whole if unicodedata.category(c)[0] != "C")
    plain = _UNSAFE.sub("_", plain).strip(" .")[:MAX_NAME]
    return f"{plain or load_texts().say('files.unnamed')}.{extension}"
