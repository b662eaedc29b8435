"""What every malware scanner promises: on a strict stand-in and on a real ClamAV daemon."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.settings import Settings
from bot.uploads.scanning import AT_ONCE, ClamavScanner, NotScanned, open_scanner
from tests.clamav import (
    INFECTED_PDF,
    LONGEST_STREAM,
    PDF,
    SIGNATURE,
    VIRUS,
    Addresses,
    StandIn,
)
from tests.conftest import free_port

MEGABYTE = 1024 * 1024


@pytest.fixture(params=["tcp", "unix"])
def scanner(request: pytest.FixtureRequest, daemon: Addresses) -> ClamavScanner:
    return ClamavScanner(getattr(daemon, request.param))


# Every daemon


@pytest.mark.parametrize(
    "body", [b"x", PDF, PDF + VIRUS[:-1], PDF + bytes(10 * MEGABYTE - len(PDF))]
)
def test_clean_contents_have_no_signature(scanner: ClamavScanner, body: bytes) -> None:
    assert scanner.signature(body) is None


@pytest.mark.parametrize(
    "body",
    [VIRUS, INFECTED_PDF, PDF + bytes(9 * MEGABYTE) + VIRUS, PDF + VIRUS + bytes(9 * MEGABYTE)],
)
def test_malware_is_named_wherever_it_lies(scanner: ClamavScanner, body: bytes) -> None:
    found = scanner.signature(body)
    assert found is not None
    assert found.startswith(SIGNATURE)


def test_what_the_daemon_does_not_take_whole_is_not_judged(scanner: ClamavScanner) -> None:
    with pytest.raises(NotScanned):
        scanner.signature(bytes(LONGEST_STREAM + 1))
    with pytest.raises(NotScanned):
        scanner.signature(bytes(LONGEST_STREAM + MEGABYTE) + VIRUS)
    assert scanner.signature(PDF) is None


def test_a_daemon_says_which_it_is(scanner: ClamavScanner) -> None:
    assert scanner.version().startswith("ClamAV")


def test_contents_scanned_at_the_same_time_are_not_confused(scanner: ClamavScanner) -> None:
    bodies = [PDF + bytes([n]) * MEGABYTE + VIRUS * (n % 2) for n in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(scanner.signature, bodies))
    assert [one is not None for one in found] == [n % 2 == 1 for n in range(AT_ONCE)]


# Daemons in trouble


def test_the_contents_arrive_unchanged(stand_in: StandIn) -> None:
    body = bytes(range(256)) * 4096 + b"end"
    for address in (stand_in.addresses.tcp, stand_in.addresses.unix):
        ClamavScanner(address).signature(body)
    assert stand_in.books.streams == [body, body]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"stream: ",
        b"stream: OK?\n",
        b"stream: not quite OK\n",
        b"stream: OK\nstream: Other FOUND\n",
        b"stream: Can't allocate memory ERROR\n",
        b"UNKNOWN COMMAND\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\xfe\n",
    ],
)
def test_an_answer_that_is_no_verdict_is_none(stand_in: StandIn, answer: bytes) -> None:
    stand_in.books.says = answer
    for address in (stand_in.addresses.tcp, stand_in.addresses.unix):
        with pytest.raises(NotScanned):
            ClamavScanner(address).signature(PDF)


def test_malware_without_a_name_is_malware(stand_in: StandIn) -> None:
    stand_in.books.says = b"stream: FOUND\n"
    assert ClamavScanner(stand_in.addresses.tcp).signature(PDF)


def test_nobody_waits_for_ever(stand_in: StandIn) -> None:
    stand_in.books.silent = True
    for address in (stand_in.addresses.tcp, stand_in.addresses.unix):
        scanner = ClamavScanner(address, timeout_s=0.1)
        with pytest.raises(NotScanned):
            scanner.signature(PDF)
        with pytest.raises(NotScanned):
            scanner.version()


@pytest.mark.parametrize("address", ["127.0.0.1:{port}", "/nowhere/clamd.ctl", "/" + "x" * 200])
def test_a_daemon_that_is_not_there_is_no_verdict(address: str) -> None:
    scanner = ClamavScanner(address.format(port=free_port()))
    with pytest.raises(NotScanned):
        scanner.signature(PDF)
    with pytest.raises(NotScanned):
        scanner.version()


def test_a_daemon_that_hangs_holds_only_a_few_callers(stand_in: StandIn) -> None:
    stand_in.books.silent = True
    scanner = ClamavScanner(stand_in.addresses.tcp)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        held = [pool.submit(scanner.signature, PDF) for _ in range(AT_ONCE)]
        for _ in held:
            assert stand_in.books.waiting.acquire(timeout=20)
        with pytest.raises(NotScanned, match=str(AT_ONCE)):
            scanner.signature(PDF)
        stand_in.books.over.set()
        for one in held:
            with pytest.raises(NotScanned):
                one.result()
    stand_in.books.silent = False
    assert scanner.signature(PDF) is None


# The setting


def test_without_an_address_nothing_is_scanned() -> None:
    assert open_scanner(Settings(_env_file=None).clamav) is None
    assert open_scanner("127.0.0.1:3310") is not None


@pytest.mark.parametrize("address", ["clamav:3310", "127.0.0.1:1", "/run/clamav/clamd.ctl"])
def test_an_address_is_a_host_with_a_port_or_a_path(address: str) -> None:
    assert Settings(_env_file=None, clamav=address).clamav == address


@pytest.mark.parametrize(
    "address", ["3310", "clamav", ":3310", "h:", "h:0", "h:65536", "h:x", "a:b:1", "./clamd.ctl"]
)
def test_another_address_is_refused_at_the_start(address: str) -> None:
    with pytest.raises(ValueError, match="主机:端口"):
        Settings(_env_file=None, clamav=address)
