"""Uploads and downloads over HTTP: read a multipart body in memory, offer a file as attachment."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

MAX_FILE_BYTES = 10 * 1024 * 1024

UPLOAD_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["id", "file"],
                    "properties": {
                        "id": {"type": "string", "minLength": 1, "maxLength": 80},
                        "file": {"type": "string", "format": "binary"},
                    },
                }
            }
        },
    }
}


@dataclass(frozen=True)
class Upload:
    client_id: str
    name: str
    body: bytes


async def read_upload(
    request: Request, bad_input: Callable[[], Exception], bad_file: Callable[[], Exception]
) -> Upload:
    """Read the fields ``id`` and ``file``; raise ``bad_input()`` or ``bad_file()``."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise bad_input()
    parser = MultiPartParser(request.headers, request.stream(), max_files=1, max_fields=4)
    # Evidence is stored encrypted; a spool file would leave it readable on the disk meanwhile.
    parser.spool_max_size = 2 * MAX_FILE_BYTES
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise bad_input() from error
    try:
        client_id, file = form.get("id"), form.get("file")
        if not isinstance(client_id, str) or not 1 <= len(client_id) <= 80:
            raise bad_input()
        if not isinstance(file, UploadFile):
            raise bad_input()
        body = await file.read(MAX_FILE_BYTES + 1)
        if not body or len(body) > MAX_FILE_BYTES:
            raise bad_file()
        return Upload(_storable(client_id), _storable(file.filename or ""), body)
    finally:
        await form.close()


def attachment(
    name: str, mime: str, body: bytes, headers: dict[str, str] | None = None
) -> Response:
    """Return the bytes as a download that no browser will run or display."""
    disposition = f"attachment; filename*=UTF-8''{quote(_storable(name), safe='')}"
    fixed = {
        "Content-Disposition": disposition,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(body, media_type=mime, headers={**fixed, **(headers or {})})


def ai_marks(provider: str, conversation_id: str) -> dict[str, str]:
    """Return the implicit label that exported generated content carries beside the visible one."""
    label = {"Label": "1", "ContentProducer": provider, "ProduceID": conversation_id}
    return {"X-AIGC": json.dumps({"AIGC": label}), "X-AI-Generated": "true"}


def _storable(words: str) -> str:
    return words.encode("utf-8", "ignore").decode()
