"""Words out of a voice message, by a recognition service of the house, where WeChat sent none.

The service speaks the interface of OpenAI's ``audio/transcriptions``, as whisper servers do. What
was said is in no log; which service it is, and that it stays in the house, is for the operator.
"""

from __future__ import annotations

import re
import time

import httpx2
import structlog
from pydantic import BaseModel, ValidationError

from bot.dialogue.normalise import MAX_CHARACTERS, clean

log = structlog.get_logger(__name__)

MOST_BYTES = 5 * 1024 * 1024
"""A voice of WeChat lasts a minute at most; more is not what it seems to be."""
MOST_ANSWERED = 256 * 1024
MODEL, LANGUAGE = "whisper-1", "zh"

_SUBTYPE = re.compile(r"audio/(?:x-)?([a-z0-9]{1,10})")


class SpeechUnavailable(Exception):
    """The service gave no usable answer in time; the message names the kind of failure only."""


class _Transcription(BaseModel):
    text: str


class HttpSpeech:
    """Satisfies ``bot.wechat.ports.Speech``; ``url`` is the whole address that is posted to."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s

    def words(self, body: bytes, mime: str) -> str:
        """Return the words of a voice message, empty where there are none. Blocks.

        Raises:
            SpeechUnavailable: it is too large, or the service failed, refused or was too slow.
        """
        if not body:
            return ""
        if len(body) > MOST_BYTES:
            raise _failed("too large")
        try:
            answered = self._answer(body, mime)
            found = _Transcription.model_validate_json(answered)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValidationError) as error:
            raise _failed(type(error).__name__) from None
        return clean(found.text)[:MAX_CHARACTERS]

    def _answer(self, body: bytes, mime: str) -> bytes:
        """Return what the service answered; it may neither be endless nor come drop by drop."""
        ends = time.monotonic() + self._timeout_s
        # Services tell the format by the name of the file.
        kind = _SUBTYPE.match(mime)
        name = f"voice.{kind[1] if kind else 'amr'}"
        answered = bytearray()
        with (
            httpx2.Client(timeout=self._timeout_s, trust_env=False) as client,
            client.stream(
                "POST",
                self._url,
                data={"model": MODEL, "language": LANGUAGE},
                files={"file": (name, body, mime or "audio/amr")},
            ) as response,
        ):
            response.raise_for_status()
            for piece in response.iter_bytes():
                answered += piece
                if len(answered) > MOST_ANSWERED:
                    raise _failed("endless")
                if time.monotonic() > ends:
                    raise _failed("slow")
        return bytes(answered)


def _failed(kind: str) -> SpeechUnavailable:
    log.warning("speech_unavailable", error=kind)
    return SpeechUnavailable(kind)
