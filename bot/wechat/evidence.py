"""Pictures and voices: fetched from the platform in time, kept where web uploads are kept.

The platform holds them for three days. What cannot be fetched at once is fetched later by an
outbox job; nothing that a follower sent is forgotten because the platform was slow.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import filetype
import structlog
from anyio import to_thread

from bot.dialogue.normalise import clean
from bot.dialogue.repository import ConversationRepository
from bot.domain.clock import Clock
from bot.domain.conversation import Sender
from bot.errors import BadFile, LawbridgeError, NotFound, StorageUnavailable, TooManyRequests
from bot.store.outbox import enqueue_once
from bot.texts import Texts
from bot.wechat.ports import Links, Media, Speech, Uploads
from bot.wechat.speech import SpeechUnavailable
from connectors.messages import Inbound, Outbound, Part, notice, text
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.failures import ApiFailed
from connectors.wechat.incoming import WeChatMessage

log = structlog.get_logger(__name__)

FETCH = "wechat_media"
FETCH_AGAIN = dt.timedelta(seconds=20)
HELD_BY_PLATFORM = dt.timedelta(days=3)


class Evidence:
    def __init__(
        self,
        conversations: ConversationRepository,
        uploads: Uploads,
        media: Media,
        speech: Speech | None,
        links: Links,
        accounts: Mapping[str, WeChatAccount],
        clock: Clock,
        words: Texts,
    ) -> None:
        """``accounts`` by AppID. Without ``speech`` only the platform recognises voices."""
        self._conversations = conversations
        self._uploads = uploads
        self._media = media
        self._speech = speech
        self._links = links
        self._accounts = accounts
        self._clock = clock
        self._words = words
        self._run = conversations.store.run

    async def image(
        self,
        account: WeChatAccount,
        follower_id: int,
        conversation_id: str,
        client_id: str,
        message: WeChatMessage,
    ) -> Inbound:
        """Return the message that hands a picture in, or says why it could not be had.

        Raises:
            LawbridgeError: the picture cannot be kept, and why.
        """
        name = f"{self._words.say('kinds.picture_name')}.jpg"
        try:
            body = await self._fetch(account, message)
        except ApiFailed as failed:
            log.warning("media_not_fetched", failure=failed.failure.value, code=failed.code)
            said = (text(self._words.say("kinds.image_sent")),)
            answer = await self._without_picture(
                account, follower_id, conversation_id, client_id, message
            )
            return Inbound(conversation_id, client_id, "", parts=said, given=(text(answer),))
        part = await to_thread.run_sync(self._uploads.part, conversation_id, client_id, name, body)
        return Inbound(conversation_id, client_id, "", parts=(part,))

    async def _without_picture(
        self,
        account: WeChatAccount,
        follower_id: int,
        conversation_id: str,
        client_id: str,
        message: WeChatMessage,
    ) -> str:
        if account.can_call:
            await self._run(
                partial(self._fetch_later, account, conversation_id, client_id, message)
            )
            return self._words.say("kinds.image_later")
        link = await self._run(partial(self._links.link, follower_id, conversation_id, "upload"))
        if link:
            return self._words.say("kinds.image_link", link=link)
        return self._words.say("kinds.image_no_link")

    async def voice(
        self,
        account: WeChatAccount,
        conversation_id: str,
        client_id: str,
        message: WeChatMessage,
    ) -> Inbound:
        """Return what was said, with the voice itself where it can be had."""
        body, part = await self._voice_itself(account, conversation_id, client_id, message)
        words = clean(message.text)
        if not words and body is not None and self._speech is not None:
            words = await self._recognised(self._speech, body)
        files = () if part is None else (part,)
        if words:
            said = Part("text", {**text(words).body, "spoken": True})
            return Inbound(conversation_id, client_id, words, parts=(said, *files), spoken=True)
        say = self._words.say
        said = text(say("kinds.voice_sent"))
        answer = say("kinds.voice_later") if files else say("kinds.voice")
        return Inbound(conversation_id, client_id, "", parts=(said, *files), given=(text(answer),))

    async def _voice_itself(
        self,
        account: WeChatAccount,
        conversation_id: str,
        client_id: str,
        message: WeChatMessage,
    ) -> tuple[bytes | None, Part | None]:
        if not account.can_call:
            return None, None
        try:
            body = await self._fetch(account, message)
        except ApiFailed as failed:
            # The words matter more than the sound; they are not kept waiting for it.
            log.warning("media_not_fetched", failure=failed.failure.value, code=failed.code)
            return None, None
        name = f"{self._words.say('kinds.voice_name')}.{message.format or 'amr'}"
        try:
            part = await to_thread.run_sync(
                lambda: self._uploads.part(conversation_id, client_id, name, body, voice=True)
            )
        except (BadFile, TooManyRequests):
            return body, None
        return body, part

    async def _recognised(self, speech: Speech, body: bytes) -> str:
        mime = filetype.guess_mime(body) or "audio/amr"
        try:
            return await to_thread.run_sync(speech.words, body, mime)
        except SpeechUnavailable:
            log.warning("speech_unavailable")
            return ""

    async def _fetch(self, account: WeChatAccount, message: WeChatMessage) -> bytes:
        return await to_thread.run_sync(
            self._media.fetch, account, message.media_id, message.picture_url
        )

    # --- later --------------------------------------------------------------------------------

    def _fetch_later(
        self, account: WeChatAccount, conversation_id: str, client_id: str, message: WeChatMessage
    ) -> None:
        digest = hashlib.sha256(f"{conversation_id}:{client_id}".encode()).hexdigest()
        key = f"{FETCH}:{digest}"
        payload = {
            "app_id": account.app_id,
            "conversation_id": conversation_id,
            "client_id": client_id,
            "media_id": message.media_id,
            "picture_url": message.picture_url,
            "sent_at": self._clock.now().isoformat(),
        }
        due = self._clock.now() + FETCH_AGAIN
        enqueue_once(self._conversations.store, due, FETCH, key, payload)

    def deliver(self, payload: Mapping[str, Any]) -> Outbound | None:
        """Fetch a picture that could not be had before; return the message that says so.

        Raises:
            ApiFailed: it still cannot be had, and may be tried again.
        """
        conversation_id = str(payload["conversation_id"])
        account = self._accounts.get(str(payload["app_id"]))
        sent_at = dt.datetime.fromisoformat(str(payload["sent_at"]))
        is_late = self._clock.now() > sent_at + HELD_BY_PLATFORM
        try:
            if account is None or is_late:
                return self._lost(conversation_id)
            media_id, url = str(payload["media_id"]), str(payload["picture_url"])
            body = self._media.fetch(account, media_id, url)
            name = f"{self._words.say('kinds.picture_name')}.jpg"
            part = self._uploads.part(conversation_id, str(payload["client_id"]), name, body)
        except NotFound:
            # The conversation was erased meanwhile.
            return None
        except StorageUnavailable:
            raise
        except LawbridgeError as refused:
            return self._conversations.append_one(
                conversation_id, Sender.SYSTEM, (notice(refused.detail, "warning"),)
            )
        kept = self._words.say("kinds.image_kept")
        return self._conversations.append_one(conversation_id, Sender.SYSTEM, (text(kept), part))

    def _lost(self, conversation_id: str) -> Outbound:
        said = notice(self._words.say("kinds.image_lost"), "warning")
        return self._conversations.append_one(conversation_id, Sender.SYSTEM, (said,))
