"""Talk to Rasa over its REST channel, and say when it does not answer.

Rasa returns ``200 []`` when its action call failed; while the bot owns the conversation that is an
error like any other.
"""

from __future__ import annotations

from typing import Protocol

import httpx2
from cryptography.fernet import InvalidToken

from bot.dialogue.turn import TurnReply, unseal
from bot.errors import DialogueUnavailable
from bot.store.crypto import Cipher


class DialogueManager(Protocol):
    """What decides which action answers a text."""

    async def send(self, sender: str, text: str) -> list[TurnReply]:
        """Return the replies of the actions that ran.

        Raises:
            DialogueUnavailable: no usable answer came in time.
        """
        ...

    async def is_ready(self) -> bool: ...


class RasaClient:
    """One Rasa server, bound to loopback."""

    def __init__(self, url: str, cipher: Cipher, timeout_s: float) -> None:
        self._client = httpx2.AsyncClient(
            base_url=url, timeout=httpx2.Timeout(timeout_s, connect=1.0), trust_env=False
        )
        self._cipher = cipher

    async def send(self, sender: str, text: str) -> list[TurnReply]:
        try:
            response = await self._client.post(
                "/webhooks/rest/webhook", json={"sender": sender, "message": text}
            )
            response.raise_for_status()
            events = response.json()
            replies = [
                unseal(event["custom"]["sealed"], self._cipher)
                for event in events
                if isinstance(event.get("custom"), dict) and "sealed" in event["custom"]
            ]
        except (httpx2.HTTPError, ValueError, KeyError, AttributeError, InvalidToken) as error:
            raise DialogueUnavailable(type(error).__name__) from error
        if not replies:
            raise DialogueUnavailable("empty reply")
        return replies

    async def is_ready(self) -> bool:
        try:
            # Rasa opens its port only after the model has been loaded.
            response = await self._client.get("/webhooks/rest/", timeout=2.0)
        except httpx2.HTTPError:
            return False
        return bool(response.status_code == 200)

    async def close(self) -> None:
        await self._client.aclose()
