"""ClamAV daemons for tests: a real one that knows one signature, and a strict stand-in."""

from __future__ import annotations

import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# The industry's harmless test file, in pieces, so that no scanner complains about this repository.
VIRUS = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURE = "Lawbridge.Test"
LONGEST_STREAM = 11 * 1024 * 1024
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"
INFECTED_PDF = PDF + VIRUS


@dataclass(frozen=True)
class Addresses:
    """Where a daemon listens, as ``BOT_CLAMAV`` would say it."""

    tcp: str
    unix: str


@contextmanager
def running_clamd(program: str, port: int) -> Iterator[Addresses]:
    """Run a real daemon with a database of its own; it needs no network."""
    with tempfile.TemporaryDirectory(prefix="lawbridge-clamd-") as name:
        folder = Path(name)
        (folder / "db").mkdir()
        (folder / "db" / "test.ndb").write_text(f"{SIGNATURE}:0:*:{VIRUS.hex()}\n")
        settings = {
            "Foreground": "yes",
            "DatabaseDirectory": folder / "db",
            "TemporaryDirectory": folder,
            "LocalSocket": folder / "clamd.sock",
            "TCPAddr": "127.0.0.1",
            "TCPSocket": port,
            "StreamMaxLength": LONGEST_STREAM,
        }
        lines = [f"{key} {value}" for key, value in settings.items()]
        (folder / "clamd.conf").write_text("\n".join(lines) + "\n")
        process = subprocess.Popen(
            [program, "--config-file", str(folder / "clamd.conf")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        said = []
        try:
            for line in process.stdout:
                said.append(line.decode())
                if line.startswith(b"Self checking"):
                    break
            else:
                raise AssertionError(f"clamd ended at its start: {''.join(said)}")
            yield Addresses(f"127.0.0.1:{port}", str(folder / "clamd.sock"))
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@dataclass
class Books:
    """What a stand-in is told to do, and what came."""

    says: bytes | None = None
    """The answer to every stream, instead of a verdict."""
    silent: bool = False
    longest: int = LONGEST_STREAM
    streams: list[bytes] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Breaches of the protocol."""
    waiting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Counts the callers that were left without an answer."""
    over: threading.Event = field(default_factory=threading.Event)


class _Breach(Exception):
    pass


class _Caller(socketserver.StreamRequestHandler):
    """One connection, one command: PING, VERSION or INSTREAM, each with its own terminator."""

    @property
    def books(self) -> Books:
        found: Books = self.server.books  # type: ignore[attr-defined]
        return found

    def handle(self) -> None:
        try:
            end, command = self._command()
            if command == b"INSTREAM":
                self._stream(end)
            elif command in (b"PING", b"VERSION"):
                if self.books.silent:
                    self._leave_waiting()
                    return
                self.wfile.write((b"PONG" if command == b"PING" else b"ClamAV 1.4.6") + end)
            else:
                raise _Breach(f"unknown command {command!r}")
        except _Breach as breach:
            self.books.broken.append(str(breach))

    def _command(self) -> tuple[bytes, bytes]:
        kind = self._exactly(1)
        if kind not in (b"n", b"z"):
            raise _Breach(f"a command starts with {kind!r}")
        end = b"\n" if kind == b"n" else b"\0"
        word = b""
        while (letter := self._exactly(1)) != end:
            word += letter
            if len(word) > 20:
                raise _Breach("a command without an end")
        return end, word

    def _stream(self, end: bytes) -> None:
        body = b""
        while size := int.from_bytes(self._exactly(4), "big"):
            if len(body) + size > self.books.longest:
                # As the real one does: it closes without reading the rest.
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR" + end)
                return
            body += self._exactly(size)
        self.books.streams.append(body)
        if self.books.silent:
            self._leave_waiting()
            return
        if self.books.says is not None:
            self.wfile.write(self.books.says)
            return
        verdict = f"{SIGNATURE}.UNOFFICIAL FOUND" if VIRUS in body else "OK"
        self.wfile.write(f"stream: {verdict}".encode() + end)

    def _leave_waiting(self) -> None:
        self.books.waiting.release()
        self.books.over.wait()

    def _exactly(self, count: int) -> bytes:
        read = self.rfile.read(count)
        if len(read) != count:
            raise _Breach(f"the connection ended within {count} bytes")
        return read


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@dataclass(frozen=True)
class StandIn:
    """A daemon that holds every caller to the letter of the protocol."""

    addresses: Addresses
    books: Books


@contextmanager
def standing_in() -> Iterator[StandIn]:
    books = Books()
    with tempfile.TemporaryDirectory(prefix="lawbridge-clamd-") as folder:
        path = f"{folder}/clamd.sock"
        with _Tcp(("127.0.0.1", 0), _Caller) as tcp, _Unix(path, _Caller) as unix:
            threads = []
            for server in (tcp, unix):
                server.books = books  # type: ignore[attr-defined]
                thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
                thread.start()
                threads.append(thread)
            yield StandIn(Addresses(f"127.0.0.1:{tcp.server_address[1]}", path), books)
            books.over.set()
            for server in (tcp, unix):
                server.shutdown()
            for thread in threads:
                thread.join()
