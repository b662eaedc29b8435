"""Pictures, videos and voices: fetched from the platform in time, kept where web uploads are kept.

The platform holds them for three days. What cannot be fetched or checked at once is fetched later
by an outbox job; nothing that a follower sent is forgotten because the platform was slow.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal, TypeVar

import filetype
import structlog
from anyio import CapacityLimiter, move_on_after, to_thread

from bot.dialogue.normalise import clean
from bot.dialogue.repository import ConversationRepository
from bot.domain.clock import Clock
from bot.domain.conversation import Mode, Sender
from bot.errors import (
    BadFile,
    InfectedFile,
    LawbridgeError,
    NotFound,
    StorageUnavailable,
    TooManyFiles,
    UncheckedFile,
)
from bot.store.outbox import enqueue_once
from bot.texts import Texts
from bot.wechat.ports import Links, Media, Speech, Uploads
from bot.wechat.secrets import for_follower
from bot.wechat.speech import SpeechUnavailable
from connectors.messages import Inbound, Outbound, Part, notice, text
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.failures import ApiFailed, Failure
from connectors.wechat.incoming import WeChatMessage

log = structlog.get_logger(__name__)

T = TypeVar("T")
Shown = Literal["image", "video"]
"""What is handed in to be looked at; the first part of its sentences' names."""

FETCH = "wechat_media"
FETCH_AGAIN = dt.timedelta(seconds=20)
VIDEOS = frozenset({"video", "shortvideo"})
HELD_BY_PLATFORM = dt.timedelta(days=3)
AT_ONCE = 16
BESIDE_WORDS_S = 1.5
"""How long the sound is waited for where the platform has sent the words."""
_VOICE = "voice"
_ENDINGS: dict[Shown, str] = {"image": "jpg", "video": "mp4"}


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
        # The platform may be slow; it must not hold the threads of the database.
        self._limiter = CapacityLimiter(AT_ONCE)

    async def shown(
        self,
        account: WeChatAccount,
        follower_id: int,
        conversation_id: str,
        client_id: str,
        message: WeChatMessage,
    ) -> Inbound:
        """Return the message that hands a picture or video in, or says why it could not be had."""
        say, what = self._words.say, _what(message)
        try:
            part = await self._apart(
                partial(self._fetched, account, conversation_id, client_id, message)
            )
        except (ApiFailed, UncheckedFile) as failed:
            told = await self._without(
                account, follower_id, conversation_id, client_id, message, failed
            )
            answer = for_follower(told, self._words)
            said = say(f"kinds.{what}_sent")
        except (BadFile, TooManyFiles) as refused:
            why = self._why(what, refused)
            answer, said = notice(why, "warning"), say(f"kinds.{what}_refused", why=why)
        else:
            return Inbound(conversation_id, client_id, "", parts=(part,))
        return Inbound(conversation_id, client_id, "", parts=(text(said),), given=(answer,))

    def _fetched(
        self, account: WeChatAccount, conversation_id: str, client_id: str, message: WeChatMessage
    ) -> Part:
        what = _what(message)
        body = self._media.fetch(account, message.media_id, message.picture_url)
        name = f"{self._words.say(f'kinds.{what}_name')}.{_ENDINGS[what]}"
        sent_as: Literal["file", "video"] = "video" if what == "video" else "file"
        return self._uploads.part(conversation_id, client_id, name, body, sent_as=sent_as)

    def _why(self, what: Shown, refused: LawbridgeError) -> str:
        """Return why something is not kept; what is said of files does not speak of videos."""
        is_kind = type(refused) is BadFile and what == "video"
        return self._words.say("kinds.video_bad") if is_kind else refused.detail

    async def _without(
        self,
        account: WeChatAccount,
        follower_id: int,
        conversation_id: str,
        client_id: str,
        message: WeChatMessage,
        failed: ApiFailed | UncheckedFile,
    ) -> str:
        _note(failed)
        say, what = self._words.say, _what(message)
        if _is_worth_another_try(failed):
            later = partial(self._fetch_later, account, conversation_id, client_id, message)
            await self._run(later)
            return say(f"kinds.{what}_later")
        if what == "video":
            # The pages take none either.
            return say("kinds.video_never")
        link = await self._run(partial(self._links.link, follower_id, conversation_id, "upload"))
        return say("kinds.image_link", link=link) if link else say("kinds.image_no_link")

    async def voice(
        self,
        account: WeChatAccount,
        conversation_id: str,
        client_id: str,
        message: WeChatMessage,
    ) -> Inbound:
        """Return what was said, with the voice itself where it can be had."""
        words = clean(message.text)
        body, part = await self._voice_itself(
            account, conversation_id, client_id, message, BESIDE_WORDS_S if words else None
        )
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
        within_s: float | None,
    ) -> tuple[bytes | None, Part | None]:
        """Return the sound and how it is shown, as far as both can be had in time."""
        if not account.can_call:
            return None, None
        try:
            # The words matter more than the sound; they are not kept waiting for it.
            with move_on_after(within_s):
                return await self._apart(
                    partial(self._sound, account, conversation_id, client_id, message)
                )
        except ApiFailed as failed:
            _note(failed)
            if not _is_worth_another_try(failed):
                return None, None
        await self._run(partial(self._fetch_later, account, conversation_id, client_id, message))
        return None, None

    def _sound(
        self, account: WeChatAccount, conversation_id: str, client_id: str, message: WeChatMessage
    ) -> tuple[bytes | None, Part | None]:
        body = self._media.fetch(account, message.media_id, "")
        try:
            return body, self._recording(conversation_id, client_id, message, body)
        except InfectedFile:
            return None, None
        except (BadFile, TooManyFiles):
            return body, None
        except UncheckedFile as failed:
            _note(failed)
            self._fetch_later(account, conversation_id, client_id, message)
            return body, None

    def _recording(
        self, conversation_id: str, client_id: str, message: WeChatMessage, body: bytes
    ) -> Part:
        name = f"{self._words.say('kinds.voice_name')}.{message.format or 'amr'}"
        return self._uploads.part(conversation_id, client_id, name, body, sent_as="voice")

    async def _recognised(self, speech: Speech, body: bytes) -> str:
        mime = filetype.guess_mime(body) or "audio/amr"
        try:
            return await self._apart(partial(speech.words, body, mime))
        except SpeechUnavailable:
            return ""

    async def _apart(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)

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
            # Whose it is stands in the conversation, as long as there is one.
            "message": replace(message, openid="", to="", text="").to_json(),
            "sent_at": self._clock.now().isoformat(),
        }
        due = self._clock.now() + FETCH_AGAIN
        enqueue_once(self._conversations.store, due, FETCH, key, payload)

    def deliver(self, payload: Mapping[str, Any]) -> Outbound | None:
        """Fetch what could not be had before and hand it in; return the message that tells of it.

        Raises:
            ApiFailed, UncheckedFile: it still cannot be had, and may be tried again.
        """
        conversation_id, client_id = str(payload["conversation_id"]), str(payload["client_id"])
        account = self._accounts.get(str(payload["app_id"]))
        message = WeChatMessage.from_json(payload["message"])
        is_voice = message.kind == _VOICE
        sent_at = dt.datetime.fromisoformat(str(payload["sent_at"]))
        is_late = self._clock.now() > sent_at + HELD_BY_PLATFORM
        try:
            if account is None or is_late:
                lost = self._words.say(f"kinds.{_what(message)}_lost")
                return None if is_voice else self._warn(conversation_id, lost)
            if is_voice:
                body = self._media.fetch(account, message.media_id, "")
                part = self._recording(conversation_id, client_id, message, body)
            else:
                part = self._fetched(account, conversation_id, client_id, message)
            return self._hand_in(conversation_id, client_id, part, message)
        except NotFound:
            # The conversation was erased meanwhile.
            return None
        except (StorageUnavailable, UncheckedFile):
            raise
        except LawbridgeError as refused:
            why = self._why(_what(message), refused)
            return None if is_voice else self._warn(conversation_id, why)

    def _hand_in(
        self, conversation_id: str, client_id: str, part: Part, message: WeChatMessage
    ) -> Outbound | None:
        """Store what came late as the visitor's own, and tell of it unless it is a voice; once."""
        inbound = Inbound(conversation_id, f"{client_id}~", "", parts=(part,))
        received = self._conversations.receive(inbound, inbound.parts)
        is_voice = message.kind == _VOICE
        kept = self._words.say(f"kinds.{_what(message)}_kept")
        said = () if is_voice else (text(kept),)
        if received.mode is not Mode.HUMAN:
            sent, _ = self._conversations.finish(
                conversation_id,
                received.message_id,
                (said,),
                route="document",
                sender=Sender.SYSTEM,
            )
            return sent[0] if sent else None
        if said and received.is_new:
            return self._conversations.append_one(conversation_id, Sender.SYSTEM, said)
        # The desk hears of it all the same.
        return Outbound(
            received.message_id, conversation_id, Sender.VISITOR, inbound.parts, self._clock.now()
        )

    def _warn(self, conversation_id: str, why: str) -> Outbound:
        part = notice(why, "warning")
        return self._conversations.append_one(conversation_id, Sender.SYSTEM, (part,))


def _what(message: WeChatMessage) -> Shown:
    return "video" if message.kind in VIDEOS else "image"


def _is_worth_another_try(failed: ApiFailed | UncheckedFile) -> bool:
    """Say whether what cannot be had now may be had within the days it is held."""
    return not (isinstance(failed, ApiFailed) and failed.failure is Failure.UNAUTHORISED)


def _note(failed: ApiFailed | UncheckedFile) -> None:
    if isinstance(failed, ApiFailed):
        log.warning("media_not_fetched", failure=failed.failure.value, code=failed.code)
    else:
        log.warning("media_not_checked")
