"""A follower: what one does on the phone, and what its screen shows."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.platform import media, pages
from tests.platform.accounts import Account, Json
from tests.platform.allowances import Quota
from tests.platform.books import Push, Seen
from tests.platform.letters import Fields, envelope

if TYPE_CHECKING:
    from tests.platform.world import Platform

JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 60
AMR = b"#!AMR\n" + b"\x00" * 32
ACTIONS = ("subscribe", "click", "scan", "scancode_push", "scancode_waitmsg")
"""Events that allow customer-service messages for a minute."""
_CHOICE = re.compile(r"""weixin://bizmsgmenu\?[^"'>\s]+""")


class Follower:
    """Whoever writes without ``follow()`` followed before the product was there."""

    def __init__(self, platform: Platform, account: Account, openid: str) -> None:
        self.openid = openid
        self.following = False
        self.quota = Quota()
        self.consents: Counter[str] = Counter()
        self.said_at: dt.datetime | None = None
        self.typing_since: dt.datetime | None = None
        self.typings: list[dt.datetime] = []
        self.seen: list[Seen] = []
        self._platform, self._account = platform, account
        self._changed = threading.Condition()
        self._has_left = False
        self._watchers: list[Callable[[Seen], None]] = []

    # The screen

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.seen]

    @property
    def said_left(self) -> int:
        return self.quota.left(self._platform.clock.now())[0]

    @property
    def acted_left(self) -> int:
        return self.quota.left(self._platform.clock.now())[1]

    def show(self, seen: Seen) -> None:
        with self._changed:
            self.seen.append(seen)
            self._changed.notify_all()
        for watcher in self._watchers:
            watcher(seen)

    def watch(self, watcher: Callable[[Seen], None]) -> None:
        """Have everything that comes from now on told to this."""
        self._watchers.append(watcher)

    def wait_for(
        self, wanted: str | Callable[[Seen], bool], timeout_s: float = 10.0, after: int = 0
    ) -> Seen:
        """Return the first thing on the screen that holds these words, or fits.

        Raises:
            AssertionError: it did not come in time.
        """
        fits = wanted if callable(wanted) else lambda one: str(wanted) in one.text
        ends = time.monotonic() + timeout_s
        with self._changed:
            while True:
                for one in self.seen[after:]:
                    if fits(one):
                        return one
                left_s = ends - time.monotonic()
                if left_s <= 0 or not self._changed.wait(left_s):
                    shown = "\n".join(f"{one.how}: {one.text}" for one in self.seen[after:])
                    raise AssertionError(f"waited for {wanted!r}, the screen shows:\n{shown}")

    # Messages

    def say(self, text: str, msg_id: str = "") -> Push:
        return self.send("text", [("Content", text)], msg_id)

    def speak(self, recognition: str = "", body: bytes = AMR) -> Push:
        """Send a voice message; what was said comes with it where the account has that."""
        fields: Fields = [("MediaId", self._keep("voice", "voice.amr", "audio/amr", body))]
        fields.append(("Format", "amr"))
        if self._account.registration.has_recognition:
            fields.append(("Recognition", recognition))
        return self.send("voice", fields)

    def send_image(self, body: bytes = JPEG) -> Push:
        media_id = self._keep("image", "image.jpg", media.mime_of(body) or "image/jpeg", body)
        url = f"http://mmbiz.qpic.cn/mmbiz_jpg/{secrets.token_urlsafe(24)}/0"
        return self.send("image", [("PicUrl", url), ("MediaId", media_id)])

    def send_video(self, kind: str = "video") -> Push:
        """Send a video, of which the platform tells the account only where it lies."""
        video = self._keep("video", "video.mp4", "video/mp4", b"\x00\x00\x00\x18ftypmp42")
        thumb = self._keep("thumb", "thumb.jpg", "image/jpeg", JPEG)
        return self.send(kind, [("MediaId", video), ("ThumbMediaId", thumb)])

    def send_shortvideo(self) -> Push:
        return self.send_video("shortvideo")

    def send_location(self, latitude: float, longitude: float, label: str = "") -> Push:
        place: Fields = [("Location_X", latitude), ("Location_Y", longitude), ("Scale", 15)]
        return self.send("location", [*place, ("Label", label)])

    def send_link(self, title: str, description: str, url: str) -> Push:
        fields: Fields = [("Title", title), ("Description", description), ("Url", url)]
        return self.send("link", fields)

    def send_file(self, title: str) -> Push:
        """Send a file, of which the platform tells the account only the name and the size."""
        fields: Fields = [("Title", title), ("Description", ""), ("FileKey", secrets.token_hex(16))]
        return self.send(
            "file", [*fields, ("FileMd5", secrets.token_hex(16)), ("FileTotalLen", 1024)]
        )

    def tap(self, item: str) -> Push:
        """Tap an item of the newest message that offers it, by its id."""
        for one in reversed(self.seen):
            offered = dict(one.items)
            for link in _CHOICE.findall(one.text.replace("&amp;", "&")):
                found = parse_qs(urlsplit(link).query)
                offered[found["msgmenuid"][0]] = found["msgmenucontent"][0]
            if item in offered:
                # A tap counts as a menu's, and does not allow what a message of one's own does.
                return self._send("text", [("Content", offered[item])], item)
        raise AssertionError(f"nothing on the screen offers {item!r}")

    def send(
        self, kind: str, fields: Fields, msg_id: str = "", created_at: int | None = None
    ) -> Push:
        """Send a message of any kind."""
        return self._send(kind, fields, "", msg_id, created_at)

    def _send(
        self,
        kind: str,
        fields: Fields,
        tapped: str,
        msg_id: str = "",
        created_at: int | None = None,
    ) -> Push:
        now = self._platform.clock.now()
        with self._account.lock:
            self.following = not self._has_left
            self.said_at = now
            if tapped:
                self.quota.acted(now)
            else:
                self.quota.said(now)
        msg_id = msg_id or self._platform.next_msg_id()
        tail: Fields = [("MsgId", int(msg_id) if msg_id.isdecimal() else msg_id)]
        if tapped:
            tail.append(("bizmsgmenuid", tapped))
        return self._push(kind, [*fields, *tail], msg_id=msg_id, created_at=created_at)

    # Events

    def follow(self, scene: str = "") -> Push:
        """Follow, by a QR code's scene where one is given."""
        self._has_left = False
        self.following = True
        more = {"Ticket": secrets.token_urlsafe(48)} if scene else {}
        return self.event("subscribe", f"qrscene_{scene}" if scene else "", **more)

    def unfollow(self) -> Push:
        self._has_left = True
        self.following = False
        self.quota = Quota()
        return self.event("unsubscribe")

    def click(self, key: str) -> Push:
        return self.event("CLICK", key)

    def view(self, url: str) -> Push:
        return self.event("VIEW", url, MenuId="1")

    def press(self, name: str) -> Push:
        """Press a button of the menu as the product made it, by its name."""
        for button in self._buttons():
            if button["name"] == name:
                kind = button.get("type", "")
                if kind == "view":
                    return self.view(button["url"])
                return self.event(kind.upper() if kind == "click" else kind, button["key"])
        raise AssertionError(f"the menu has no button {name!r}")

    def _buttons(self) -> list[Json]:
        top = (self._account.menu or {}).get("button", [])
        return [one for button in top for one in (button.get("sub_button") or [button])]

    def scan(self, code: str) -> Push:
        """Scan a QR code: its scene, or the address or ticket of one that the product made."""
        scene, ticket = code, secrets.token_urlsafe(48)
        for made in self._account.codes:
            if code in (made.url, made.ticket):
                if made.ends_at is not None and self._platform.clock.now() > made.ends_at:
                    raise AssertionError("the QR code has expired")
                scene, ticket = made.scene, made.ticket
        if not self.following:
            return self.follow(scene)
        return self.event("SCAN", scene, Ticket=ticket)

    def locate(self, latitude: float, longitude: float) -> Push:
        """Report where the phone is, as it does when a conversation is opened."""
        return self._event("LOCATION", [("Latitude", latitude), ("Longitude", longitude)])

    def accept(self, template_id: str) -> Push:
        """Agree to one message of a template, in the pop-up of a page."""
        self.consents[template_id] += 1
        return self._decide("subscribe_msg_popup_event", template_id, "accept")

    def reject(self, template_id: str) -> Push:
        return self._decide("subscribe_msg_popup_event", template_id, "reject")

    def withdraw(self, template_id: str) -> Push:
        """Switch a template's messages off again."""
        self.consents[template_id] = 0
        return self._decide("subscribe_msg_change_event", template_id, "reject")

    def _decide(self, event: str, template_id: str, decision: str) -> Push:
        entry: Fields = [("TemplateId", template_id), ("SubscribeStatusString", decision)]
        name = "SubscribeMsgChangeEvent"
        if event == "subscribe_msg_popup_event":
            entry.append(("PopupScene", 1))
            name = "SubscribeMsgPopupEvent"
        return self._event(event, [(name, [("List", entry)])])

    def event(self, name: str, key: str = "", **more: str) -> Push:
        """Send an event of any kind; those of the platform carry no MsgId."""
        return self._event(name, [("EventKey", key), *more.items()])

    def _event(self, name: str, fields: Fields) -> Push:
        if name.lower() in ACTIONS:
            with self._account.lock:
                self.quota.acted(self._platform.clock.now())
        return self._push("event", [("Event", name), *fields], event=name.lower())

    def redeliver(self, push: Push) -> Push:
        """Deliver a message once more, as the platform does whose acknowledgement got lost."""
        again = Push(self.openid, push.msg_id, push.created_at, push.xml, push.kind, push.event)
        return self._platform.push(self._account, again)

    # The browser

    def oauth_code(self) -> str:
        return pages.new_code(self._account, self)

    def authorise(self, url: str) -> str:
        """Open an OAuth link; return the address that it redirects to."""
        return pages.authorise(self._account, self, url)

    def subscribe_by(self, url: str, accepts: bool = True) -> str:
        """Decide on a one-time subscription link; return the address that it redirects to."""
        return pages.subscribe_by(self._account, self, url, accepts)

    def _keep(self, kind: str, name: str, mime: str, body: bytes) -> str:
        return media.keep(self._account, kind, name, mime, body)

    def _push(
        self,
        kind: str,
        fields: Fields,
        event: str = "",
        msg_id: str = "",
        created_at: int | None = None,
    ) -> Push:
        if created_at is None:
            created_at = int(self._platform.clock.now().timestamp())
        xml = envelope(
            self._account.registration.original_id, self.openid, created_at, kind, fields
        )
        push = Push(self.openid, msg_id, created_at, xml, kind, event)
        return self._platform.push(self._account, push)
