"""WeChat followers and their conversations."""

from __future__ import annotations

from bot.dialogue.repository import ConversationRepository
from bot.domain.conversation import Sender
from connectors.messages import Outbound

CHANNEL = "wechat"


class WeChatFollowers:
    """Finds a follower's conversation by a keyed hash of the openid; the openid is not stored."""

    def __init__(self, conversations: ConversationRepository, consent_version: str) -> None:
        self._conversations = conversations
        self._consent_version = consent_version

    async def conversation_of(self, openid: str) -> tuple[str, bool]:
        def find() -> tuple[str, bool]:
            known = self._conversations.by_visitor(CHANNEL, openid)
            if known is not None:
                return known.id, False
            made, _ = self._conversations.create(CHANNEL, self._consent_version, openid)
            return made.id, True

        return await self._conversations.store.run(find)

    async def undelivered(self, conversation_id: str, before: int) -> list[Outbound]:
        """Return what a lawyer wrote between the visitor's last two messages."""

        def find() -> list[Outbound]:
            recent = self._conversations.before(conversation_id, before)
            written: list[Outbound] = []
            for message in recent:
                if message.sender == Sender.VISITOR:
                    break
                if message.sender == Sender.LAWYER:
                    written.append(message)
            return written[::-1]

        return await self._conversations.store.run(find)
