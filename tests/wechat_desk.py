"""WeChat as the desk sees it, in the hand of a test; and recordings as telephones make them."""

from __future__ import annotations

import datetime as dt
import io
import struct
import wave
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.domain.channel import ChannelState

AMR = b"#!AMR\n" + bytes((0x3C, *range(31))) * 40
"""Forty frames of 20 ms each (RFC 4867, 5.3)."""
AMR_CUT_OFF = b"#!AMR\n" + bytes(8)
MP3 = b"ID3\x04\0\0\0\0\0\0" + b"\xff\xfb\x90\x44" + bytes(400)
OGG = b"OggS\0\x02" + bytes(20) + b"\x01\x13" + b"OpusHead" + bytes(60)
SPEEX = b"OggS\0\x02" + bytes(20) + b"\x01\x50" + b"Speex   1.2.0" + bytes(60)


def speex(rate: int, packets: int = 50) -> bytes:
    """Return an Ogg file of Speex, narrow band, that claims a rate (RFC 3533, Speex manual)."""
    head = struct.pack("<13i", 1, 80, rate, 0, 4, 1, -1, 160, 0, 1, 0, 0, 0)
    first = b"Speex   " + b"1.2.0".ljust(20, b"\0") + head
    comment = struct.pack("<I4sI", 4, b"test", 0)
    pages = ([first], [comment], [bytes(8)] * packets)
    return b"".join(_page(page, number, len(pages)) for number, page in enumerate(pages))


def _page(packets: list[bytes], number: int, of: int) -> bytes:
    flags = 2 if number == 0 else 4 if number == of - 1 else 0
    lacing = bytes(len(packet) for packet in packets)
    position = 0 if number < 2 else 160 * len(packets)
    head = b"OggS\0" + bytes([flags]) + struct.pack("<qIII", position, 1, number, 0)
    page = head + bytes([len(lacing)]) + lacing + b"".join(packets)
    # The sum is made with its own four bytes zero.
    return page[:22] + struct.pack("<I", _sum_of(page)) + page[26:]


def _sum_of(page: bytes) -> int:
    found = 0
    for byte in page:
        found ^= byte << 24
        for _ in range(8):
            found = (found << 1) ^ (0x104C11DB7 if found & 0x80000000 else 0)
    return found & 0xFFFFFFFF


OPEN = ChannelState(
    "wechat",
    can_push=True,
    following=True,
    window_until=dt.datetime(2026, 11, 24, 23, 20, tzinfo=dt.UTC),
    left=3,
    waiting=0,
    sentence="微信：还可连发 3 条，窗口到 11月25日 07:20。",
    level="good",
    can_notify=False,
)
USED_UP = replace(
    OPEN,
    left=0,
    waiting=2,
    level="warn",
    sentence="微信：本轮条数已用完，写的话会等对方回话后送达。",
)
OVER = replace(
    OPEN,
    window_until=None,
    left=0,
    waiting=1,
    level="bad",
    sentence="微信：48小时窗口已关。可写，对方下次来时送达；着急请打电话或发订阅通知。",
)


def wav(seconds: float = 0.3) -> bytes:
    """Return silence that a browser plays."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(int(16000 * seconds)))
    return file.getvalue()


@dataclass
class WeChatInHand:
    """Satisfies ``bot.desk.ports.Channel``: says what the test has put in."""

    states: dict[str, ChannelState] = field(default_factory=dict)
    became: dict[int, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)
    """The conversations in which a lawyer wrote."""

    def state(self, conversation_id: str) -> ChannelState | None:
        return self.states.get(conversation_id)

    def typing(self, conversation_id: str) -> None:
        self.typed.append(conversation_id)

    def deliveries(self, conversation_id: str, after_message_id: int) -> Mapping[int, str]:
        if conversation_id not in self.states:
            return {}
        return {key: state for key, state in self.became.items() if key > after_message_id}
