"""WeChat as the desk sees it, in the hand of a test; and recordings as telephones make them."""

from __future__ import annotations

import datetime as dt
import io
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
