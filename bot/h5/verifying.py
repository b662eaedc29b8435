"""The files by which the platform is shown that a domain is ours, at the root of the site."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from bot.errors import NotFound

FOLDER = "wechat-verify"
"""Below the data directory; the operator puts the files there as they came."""
_CODE = re.compile(r"\w{4,32}", re.ASCII)
_CONTENT = re.compile(rb"[!-~]{1,200}\s*")
LARGEST = 256


def create_verification_router(folder: Path) -> APIRouter:
    """Return the route of the platform's files, of which nothing but plain words is given out."""
    router = APIRouter(include_in_schema=False)

    @router.get("/MP_verify_{code}.txt", response_class=Response)
    def verification(code: str) -> Response:
        if _CODE.fullmatch(code) is None:
            raise NotFound
        try:
            with (folder / f"MP_verify_{code}.txt").open("rb") as file:
                body = file.read(LARGEST + 1)
        except OSError as error:
            raise NotFound from error
        if _CONTENT.fullmatch(body) is None:
            raise NotFound
        return PlainTextResponse(body)

    return router
