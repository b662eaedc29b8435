"""The widget's own files, held in memory with a common version so that browsers may keep them."""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).with_name("static")
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}


@dataclass(frozen=True)
class Asset:
    body: bytes
    packed: bytes
    media_type: str
    etag: str


class Assets:
    """Every file below ``static/``; a path that is not among them does not exist."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): _asset(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        together = "".join(name + asset.etag for name, asset in self._files.items())
        self.version = hashlib.sha256(together.encode()).hexdigest()[:12]

    def serve(self, request: Request, name: str, cache: str) -> Response | None:
        """Return the file, 304 when the browser has it already, or None when there is none."""
        asset = self._files.get(name)
        if asset is None:
            return None
        headers = {"Cache-Control": cache, "ETag": asset.etag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == asset.etag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.packed, media_type=asset.media_type, headers=headers)
        return Response(asset.body, media_type=asset.media_type, headers=headers)

    def page(self, name: str, config: Mapping[str, Any]) -> str:
        """Return an HTML file with $version and $config (JSON for an attribute) filled in."""
        source = self._files[name].body.decode()
        data = html.escape(json.dumps(config, ensure_ascii=False), quote=True)
        return Template(source).substitute(version=self.version, config=data)


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return Asset(
        body,
        gzip.compress(body, 6, mtime=0),
        kind or "text/plain",
        f'"{hashlib.sha256(body).hexdigest()[:20]}"',
    )
