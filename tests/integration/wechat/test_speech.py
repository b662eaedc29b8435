"""Speech recognition against a service on loopback that answers well, badly, slowly, or never."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from structlog.testing import capture_logs

from bot.dialogue.normalise import MAX_CHARACTERS
from bot.wechat.speech import MOST_ANSWERED, MOST_BYTES, HttpSpeech, SpeechUnavailable

VOICE = b"#!AMR\n" + bytes(200)
SAID = "老板欠我三个月工资"

Answer = Callable[[BaseHTTPRequestHandler], None]


class Service:
    """A recognition service; ``answer`` says what it does with a request."""

    def __init__(self) -> None:
        self.answer: Answer = with_text(SAID)
        self.heard: list[dict[str, tuple[str | None, str, bytes]]] = []
        self.over = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.heard.append(_fields(self))
                service.answer(self)

            def log_message(self, *_told: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/audio/transcriptions"

    def speech(self, timeout_s: float = 5.0) -> HttpSpeech:
        return HttpSpeech(self.url, timeout_s)


def _fields(request: BaseHTTPRequestHandler) -> dict[str, tuple[str | None, str, bytes]]:
    """Return name, file name, type and contents of what a multipart form held."""
    raw = request.rfile.read(int(request.headers["Content-Length"]))
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    found = {}
    for part in BytesParser().parsebytes(head + raw).walk():
        name = part.get_param("name", header="content-disposition")
        if name:
            held = part.get_payload(decode=True)
            assert isinstance(held, bytes)
            found[str(name)] = (part.get_filename(), part.get_content_type(), held)
    return found


def with_body(body: bytes, status: int = 200, kind: str = "application/json") -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def with_text(words: object) -> Answer:
    return with_body(json.dumps({"text": words}).encode())


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.over.set()
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def test_a_voice_becomes_words(service: Service) -> None:
    assert service.speech().words(VOICE, "audio/amr") == SAID
    [heard] = service.heard
    assert heard["file"] == ("voice.amr", "audio/amr", VOICE)
    assert (heard["model"][2], heard["language"][2]) == (b"whisper-1", b"zh")


@pytest.mark.parametrize(
    ("mime", "name"),
    [("audio/mpeg", "voice.mpeg"), ("audio/x-speex", "voice.speex"), ("", "voice.amr"),
     ("audio/../../x", "voice.amr"), ("audio/mp3; a=1", "voice.mp3")],
)  # fmt: skip
def test_the_file_is_named_after_its_kind(service: Service, mime: str, name: str) -> None:
    service.speech().words(VOICE, mime)
    assert service.heard[0]["file"][0] == name


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (f"\u200b {SAID}\r\n", SAID),
        ("欠我\x00钱\ufeff", "欠我 钱"),
        ("  \n ", ""),
        ("", ""),
        ("啊" * 5000, "啊" * MAX_CHARACTERS),
    ],
)
def test_what_was_heard_is_cleaned_and_kept_short(service: Service, told: str, words: str) -> None:
    service.answer = with_text(told)
    assert service.speech().words(VOICE, "audio/amr") == words


def test_an_empty_voice_is_not_sent_anywhere(service: Service) -> None:
    assert service.speech().words(b"", "audio/amr") == ""
    assert service.heard == []


def test_a_voice_too_large_is_not_sent_anywhere(service: Service) -> None:
    with pytest.raises(SpeechUnavailable):
        service.speech().words(bytes(MOST_BYTES + 1), "audio/amr")
    assert service.heard == []


def moved(request: BaseHTTPRequestHandler) -> None:
    request.send_response(302)
    request.send_header("Location", "http://127.0.0.1:1/elsewhere")
    request.send_header("Content-Length", "0")
    request.end_headers()


def hung_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


@pytest.mark.parametrize(
    "answer",
    [
        with_body(b'{"error": "busy"}', 500),
        with_body(b'{"error": "key"}', 401),
        with_body(b"<html>502</html>", kind="text/html"),
        with_body(b"\xff\xfe"),
        with_body(b"[]"),
        with_body(b"[" * 100_000),
        with_body(b'{"words": "x"}'),
        with_text(None),
        with_text(["x"]),
        with_body(b'{"text": "' + b"a" * MOST_ANSWERED + b'"}'),
        moved,
        hung_up,
    ],
)
def test_every_bad_answer_is_one_failure(service: Service, answer: Answer) -> None:
    service.answer = answer
    with pytest.raises(SpeechUnavailable):
        service.speech().words(VOICE, "audio/amr")


def test_a_service_that_says_nothing_is_left_in_time(service: Service) -> None:
    def silent(request: BaseHTTPRequestHandler) -> None:
        service.over.wait(10)

    service.answer = silent
    with pytest.raises(SpeechUnavailable):
        service.speech(0.2).words(VOICE, "audio/amr")


def test_a_service_that_speaks_drop_by_drop_is_left_in_time(service: Service) -> None:
    def drops(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while not service.over.wait(0.05):
                request.wfile.write(b" ")
        except OSError:
            return

    service.answer = drops
    with pytest.raises(SpeechUnavailable, match="slow"):
        service.speech(0.2).words(VOICE, "audio/amr")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://[/", "ftp://127.0.0.1/x", "x"])
def test_no_service_and_no_address_are_failures_too(url: str) -> None:
    with pytest.raises(SpeechUnavailable):
        HttpSpeech(url, 1.0).words(VOICE, "audio/amr")


def test_the_proxy_of_the_environment_is_not_used(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert service.speech().words(VOICE, "audio/amr") == SAID


def test_nothing_that_was_said_is_logged(service: Service) -> None:
    with capture_logs() as logs:
        service.speech().words(VOICE, "audio/amr")
        service.answer = with_body(SAID.encode())
        with pytest.raises(SpeechUnavailable) as failed:
            service.speech().words(VOICE, "audio/amr")
    assert [entry["event"] for entry in logs] == ["speech_unavailable"]
    assert SAID not in str(logs)
    assert SAID not in str(failed.value)
    assert failed.value.__cause__ is None
