"""What a follower's message means: each kind becomes a message of the conversation, or an act.

Everything is stored under the platform's message id, so that hearing the same again does nothing.
What is answered is stored too, and leaves by ``sends``.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from bot.dialogue.normalise import MAX_CHARACTERS, canonical, clean
from bot.dialogue.repository import ConversationRepository
from bot.domain.conversation import BOT_SPEAKS, Mode, Sender
from bot.domain.follower import Follower
from bot.domain.matter import find_number
from bot.errors import LawbridgeError, StorageUnavailable
from bot.redact import mask_personal
from bot.texts import Texts
from bot.wechat.evidence import VIDEOS, Evidence
from bot.wechat.followers import FollowerRepository, Met
from bot.wechat.ports import Binder, Centres, Links, Offices, Told
from bot.wechat.secrets import for_follower
from bot.wechat.sends import CLIENT_PREFIX, SendRepository
from connectors.messages import Chat, Inbound, Part, buttons, notice, text
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.incoming import WeChatMessage
from connectors.wechat.rendering import chosen

log = structlog.get_logger(__name__)

LONGEST_KEY = 80 - len(CLIENT_PREFIX)
LOOK_S = 0.5
LONGEST_ANSWER_S = 60.0
PAGE = "page:"
"""Begins the key of a menu entry that opens a page."""
_QRSCENE = "qrscene_"
_NOT_WORDS = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"[1-9][0-9]?")
_CONSENTS = frozenset({"subscribe_msg_popup_event", "subscribe_msg_change_event"})
_SILENT_ACTS = frozenset({"scancode_push", "scancode_waitmsg"})
"""They let something be sent, but a reply to them is not shown."""


@dataclass(frozen=True)
class Heard:
    """Whose message it was and in which conversation it stands; neither where no reply is shown."""

    follower_id: int | None = None
    conversation_id: str | None = None


class Hearing:
    def __init__(
        self,
        chat: Chat,
        conversations: ConversationRepository,
        followers: FollowerRepository,
        sends: SendRepository,
        evidence: Evidence,
        binder: Binder,
        centres: Centres,
        links: Links,
        offices: Offices,
        texts: Texts,
        words: Texts,
        told: Told,
    ) -> None:
        """``texts`` are the application's, ``words`` the channel's own.

        ``told`` hears of a conversation whose follower can no longer be reached.
        """
        self._chat = chat
        self._conversations = conversations
        self._followers = followers
        self._sends = sends
        self._evidence = evidence
        self._binder = binder
        self._centres = centres
        self._links = links
        self._offices = offices
        self._texts = texts
        self._words = words
        self._told = told
        self._run = conversations.store.run
        self._fillers = frozenset(bare_words(one) for one in words.get("fillers"))
        self._erase = re.compile(words.say("erase.words"))

    async def hear(
        self,
        account: WeChatAccount,
        message: WeChatMessage,
        met: Met,
        has_earlier: Callable[[], bool],
    ) -> Heard:
        """Do what the message calls for.

        ``met`` hears whose it is; ``has_earlier`` says whether somebody still works on what the
        same follower sent before.

        Raises:
            StorageUnavailable: it is not stored; it can be heard again.
        """
        if message.is_event:
            return await self._event(account, message, met)
        # To the platform a tapped line of a menu message is a tap on the menu.
        is_typed = not message.menu_id
        follower = await self._run(lambda: self._meet(account, message, met, is_message=is_typed))
        conversation_id = _conversation(follower)
        is_sign = is_typed and message.kind == "text"
        is_sign = is_sign and await self._is_sign(follower, message.text)
        if is_sign and await self._has_waited(has_earlier):
            mode = await self._run(lambda: self._conversations.get(conversation_id).mode)
            if mode is not Mode.HUMAN:
                # Whoever answered the message before may have taken its answer along already.
                return Heard(follower.id, conversation_id)
        try:
            inbound = await self._inbound(account, follower, conversation_id, message)
            if inbound is not None:
                # Binding may have led the follower to another conversation.
                conversation_id = inbound.conversation_id
                await self._hand_over(inbound, message)
        except StorageUnavailable:
            raise
        except LawbridgeError as refused:
            await self._tell(conversation_id, message, refused.detail)
        return Heard(follower.id, conversation_id)

    async def _is_sign(self, follower: Follower, words: str) -> bool:
        """Say whether words may be there only to hear the rest, as we ask for "any word".

        A single sign or number is, where it chooses nothing.
        """
        bare = bare_words(words)
        if not bare or bare in self._fillers:
            return True
        return len(bare) == 1 and not await self._run(partial(self._followers.choices, follower.id))

    async def _has_waited(self, has_earlier: Callable[[], bool]) -> bool:
        """Wait for the answer that a word was written for; say whether there was one to come."""
        clock = asyncio.get_running_loop()
        ends, has_waited = clock.time() + LONGEST_ANSWER_S, False
        while clock.time() < ends and await self._run(has_earlier):
            has_waited = True
            await asyncio.sleep(LOOK_S)
        return has_waited

    async def _hand_over(self, inbound: Inbound, message: WeChatMessage) -> None:
        reply = await self._chat.receive(inbound)
        if message.kind == "text" and inbound.given and reply.mode == Mode.HUMAN:
            # A page or a binding was asked of us, whoever else is in the conversation.
            await self._say(inbound.conversation_id, *inbound.given)

    def _meet(
        self, account: WeChatAccount, message: WeChatMessage, met: Met, *, is_message: bool
    ) -> Follower:
        return self._followers.meet(
            account.app_id,
            message.openid,
            self._first(message),
            is_message=is_message,
            also=(met, self._sends.wake),
        )

    def _first(self, message: WeChatMessage) -> tuple[Part, ...]:
        """Return what somebody who follows may choose from."""
        if message.event != "subscribe":
            return ()
        return (buttons(*(self._texts.button(key) for key in self._words.get("greeting_buttons"))),)

    async def _tell(self, conversation_id: str, message: WeChatMessage, sentence: str) -> None:
        """Store what could not be taken as what it was, with the reason as the answer."""
        words = clean(message.text)[:MAX_CHARACTERS] or self._words.say("kinds.unknown_sent")
        said = (text(words),)
        await self._chat.receive(
            Inbound(
                conversation_id,
                f"{_client_id(message)}!",
                "",
                parts=said,
                given=(notice(sentence, "warning"),),
            )
        )

    # --- messages -----------------------------------------------------------------------------

    async def _inbound(
        self,
        account: WeChatAccount,
        follower: Follower,
        conversation_id: str,
        message: WeChatMessage,
    ) -> Inbound | None:
        client_id = _client_id(message)
        kind = message.kind
        if kind == "text":
            return await self._typed(follower, conversation_id, client_id, message)
        if kind == "voice":
            return await self._evidence.voice(account, conversation_id, client_id, message)
        if kind == "image" or kind in VIDEOS:
            return await self._evidence.shown(
                account, follower.id, conversation_id, client_id, message
            )
        say = self._words.say
        if kind == "location":
            latitude, longitude = message.latitude, message.longitude
            found = await self._run(partial(self._centres.nearest, latitude, longitude))
            said = say("kinds.location", label=self._place(message))
            return _given(conversation_id, client_id, said, found)
        if kind == "link":
            title, url = clean(message.title)[:200], clean(message.url)[:500]
            said = say("kinds.shared_link", title=title, url=url)
            return _given(conversation_id, client_id, said, say("kinds.link"))
        if kind == "file":
            link = await self._link(follower, "upload")
            told = say("kinds.file_link", link=link) if link else say("kinds.file")
            answer = for_follower(told, self._words)
            said = say("kinds.file_sent", title=clean(message.title)[:100])
            return _given(conversation_id, client_id, said, answer)
        return _given(conversation_id, client_id, say("kinds.unknown_sent"), say("kinds.unknown"))

    def stored(self, follower: Follower, message: WeChatMessage) -> int | None:
        """Return under which number a message stands in the follower's conversation, if it does."""
        return self._conversations.message_id(_conversation(follower), _client_id(message))

    def _place(self, message: WeChatMessage) -> str:
        """Return what a place is called, or at least where it lies."""
        if label := clean(message.label)[:100]:
            return label
        if message.latitude is None or message.longitude is None:
            return self._words.say("kinds.no_point")
        latitude, longitude = f"{message.latitude:.4f}", f"{message.longitude:.4f}"
        return self._words.say("kinds.point", latitude=latitude, longitude=longitude)

    async def _typed(
        self, follower: Follower, conversation_id: str, client_id: str, message: WeChatMessage
    ) -> Inbound | None:
        words = message.text.strip()
        if message.menu_id:
            # A tap ends a question of binding, as other words do.
            await self._run(partial(self._binder.reply, follower, words))
            return self._tapped(conversation_id, client_id, message.menu_id, words)
        about = await self._run(partial(self._binder.reply, follower, words))
        if about is not None:
            # It may have led to another conversation, or out of one; the answer goes where he is.
            meet = partial(self._followers.meet, follower.account, message.openid)
            now = _conversation(await self._run(meet))
            # A telephone number or a code is of no use to whoever reads the conversation.
            # No matter has a number that could be such a code.
            has_code = find_number(about) is None
            told = for_follower(about, self._words, has_code=has_code)
            return _given(now, client_id, mask_personal(words), told)
        page = self._words.get("asks").get(bare_words(words))
        if page is not None:
            told = for_follower(await self._page(follower, page), self._words)
            return _given(conversation_id, client_id, words, told)
        mode = await self._run(lambda: self._conversations.get(conversation_id).mode)
        if mode not in BOT_SPEAKS and self._erase.fullmatch(bare_words(words)):
            # Whoever waits, or talks to a lawyer, has the right all the same.
            link = await self._link(follower, "me")
            name = "erase.link" if link else "erase.no_link"
            told = for_follower(self._words.say(name, link=link), self._words)
            return _given(conversation_id, client_id, words, told)
        if mode is Mode.HUMAN:
            # "1" may be the answer to a lawyer's question.
            return Inbound(conversation_id, client_id, words)
        offered = await self._run(partial(self._followers.choices, follower.id))
        choice = chosen(words, offered)
        if choice is not None:
            return self._tapped(conversation_id, client_id, choice.id, choice.label)
        if _NUMBER.fullmatch(words) and offered and not offered[0].is_aside:
            sentence = self._words.say("not_offered", last=len(offered))
            return _given(conversation_id, client_id, words, sentence)
        if await self._is_sign(follower, words):
            waiting = await self._run(partial(self._sends.waiting, follower.id))
            if any(one.in_reply_to is not None or one.message.author for one in waiting):
                # Only to hear the rest: what waits is the answer.
                return None
        return Inbound(conversation_id, client_id, words)

    def _tapped(self, conversation_id: str, client_id: str, key: str, label: str) -> Inbound:
        return Inbound(conversation_id, client_id, label, button=key)

    # --- events -------------------------------------------------------------------------------

    async def _event(self, account: WeChatAccount, message: WeChatMessage, met: Met) -> Heard:
        event = message.event
        if event == "unsubscribe":
            left = await self._run(partial(self._left, account, message))
            if left is not None:
                await self._told(left)
            return Heard()
        if event in _CONSENTS:
            return await self._run(partial(self._consented, account, message))
        if event not in {"subscribe", "scan", "click"} | _SILENT_ACTS:
            # A page that was opened, or a report of the platform about its own work.
            return Heard()
        known = await self._run(partial(self._followers.find, account.app_id, message.openid))
        follower = await self._run(lambda: self._meet(account, message, met, is_message=False))
        conversation_id = _conversation(follower)
        if event in _SILENT_ACTS:
            return Heard()
        if event == "click":
            await self._clicked(follower, conversation_id, message)
        else:
            scene = message.event_key.removeprefix(_QRSCENE)
            more = self._first(message)
            office = await self._run(
                partial(self._bind_office, follower, conversation_id, scene, more)
            )
            is_known = known is not None and known.conversation_id is not None
            if is_known and not office:
                await self._say(conversation_id, text(self._words.say("welcome_back")))
        return Heard(follower.id, conversation_id)

    def _left(self, account: WeChatAccount, message: WeChatMessage) -> str | None:
        """Send who is gone nothing any more; return the conversation whose lawyer should know."""
        follower = self._followers.find(account.app_id, message.openid)
        if follower is None:
            return None
        self._followers.set_following(follower.id, False)
        self._sends.refuse(follower.id, "unfollowed")
        return follower.conversation_id

    def _consented(self, account: WeChatAccount, message: WeChatMessage) -> Heard:
        follower = self._followers.find(account.app_id, message.openid)
        if follower is None:
            return Heard()
        for template_id, answer in message.answers:
            if template_id == account.notice_template:
                agreed = answer == "accept"
                self._followers.consent(follower.id, template_id, agreed=agreed, adds_up=True)
        return Heard()

    def _bind_office(
        self, follower: Follower, conversation_id: str, scene: str, more: tuple[Part, ...]
    ) -> bool:
        """Bind to the office of a QR code and say so; ``more`` is what may be chosen then."""
        office = self._centres.office_of_scene(scene) if scene else None
        if office is None:
            return False
        office_id, name = office
        self._followers.set_office(follower.id, office_id)
        # Whoever waits for a lawyer waits where he waits.
        is_bound = self._offices.set_office(conversation_id, office_id)
        sentence = "office" if is_bound else "office_later"
        said = text(self._words.say(sentence, name=name))
        self._conversations.append_one(conversation_id, Sender.SYSTEM, (said, *more))
        return True

    async def _clicked(
        self, follower: Follower, conversation_id: str, message: WeChatMessage
    ) -> None:
        key = message.event_key
        page = key.removeprefix(PAGE)
        if key.startswith(PAGE) and page in self._words.get("pages"):
            told = for_follower(await self._page(follower, page), self._words)
            await self._say(conversation_id, told)
            return
        if key not in self._texts.get("buttons"):
            await self._say(conversation_id, text(self._words.say("menu_gone")))
            return
        label = str(self._texts.get("buttons")[key]["label"])
        try:
            await self._chat.receive(
                Inbound(conversation_id, _client_id(message), label, button=key)
            )
        except StorageUnavailable:
            raise
        except LawbridgeError as refused:
            await self._say(conversation_id, notice(refused.detail, "warning"))

    async def _page(self, follower: Follower, target: str) -> str:
        """Return the line with a link to a page, or that there are none."""
        link = await self._link(follower, target)
        return (
            self._words.say(f"pages.{target}", link=link) if link else self._words.say("no_pages")
        )

    async def _say(self, conversation_id: str, *parts: Part) -> None:
        await self._run(
            partial(self._conversations.append_one, conversation_id, Sender.SYSTEM, parts)
        )

    async def _link(self, follower: Follower, target: str) -> str:
        conversation_id = _conversation(follower)
        return await self._run(partial(self._links.link, follower.id, conversation_id, target))


def bare_words(said: str) -> str:
    """Return what was typed as rules compare it: simplified, without signs and faces."""
    return _NOT_WORDS.sub("", canonical(said)).lower()


def _conversation(follower: Follower) -> str:
    assert follower.conversation_id is not None, "whoever was met has a conversation"
    return follower.conversation_id


def _client_id(message: WeChatMessage) -> str:
    return f"{CLIENT_PREFIX}{message.key}"[: LONGEST_KEY + len(CLIENT_PREFIX) - 1]


def _given(conversation_id: str, client_id: str, said: str, answer: str | Part) -> Inbound:
    """Return what the follower did, in words, with what is answered to it."""
    said_part = text(clean(said) or said)
    given = answer if isinstance(answer, Part) else text(answer)
    return Inbound(conversation_id, client_id, "", parts=(said_part,), given=(given,))
