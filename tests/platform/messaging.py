"""The endpoints that reach a follower: customer-service messages, typing, subscriptions."""

from __future__ import annotations

import datetime as dt

from tests.platform.accounts import Account, Json, Refused, Request, word
from tests.platform.books import MOST_BYTES, Seen
from tests.platform.media import valid_media
from tests.platform.phones import Follower

TYPING_AFTER = dt.timedelta(seconds=30)
TYPING_LASTS = dt.timedelta(seconds=15)
"""How long the platform shows it is not published; only that a second call meanwhile fails."""
MOST_SCENE = 10_000
MOST_TITLE = 15
MOST_CONTENT = 200
MOST_THING = 20

_OK: Json = {"errcode": 0, "errmsg": "ok"}


def send(account: Account, request: Request) -> Json:
    body = request.json()
    kind = word(body, "msgtype", 40008, errmsg="invalid message type")
    part = body.get(kind)
    if not isinstance(part, dict):
        raise Refused(47001, "data format error", f"a message without its {kind}")
    if kind == "text":
        seen = _text(account, part)
    elif kind == "image":
        media_id = word(part, "media_id", 40007, errmsg="invalid media_id")
        if valid_media(account, media_id).kind != "image":
            raise Refused(40007, "invalid media_id", "media that is no image sent as one")
        seen = Seen("service", "image", "", account.clock.now(), media_id=media_id)
    elif kind == "msgmenu":
        seen = _choices(account, part)
    else:
        raise Refused(40008, "invalid message type", f"a message of the kind {kind!r}")
    follower = account.follower(body.get("touser"))
    _must_follow(account, follower)
    if errcode := follower.quota.draw(account.clock.now()):
        late = "response out of time limit or subscription is canceled"
        raise Refused(errcode, late if errcode == 45015 else "out of response count limit")
    follower.typing_since = None
    follower.show(seen)
    return _OK


def _text(account: Account, part: Json) -> Seen:
    content = word(part, "content", 44004, errmsg="empty content")
    _must_fit(content)
    return Seen("service", "text", content, account.clock.now())


def _choices(account: Account, part: Json) -> Seen:
    for name in ("head_content", "tail_content"):
        if not isinstance(part.get(name, ""), str):
            raise Refused(47003, "argument invalid", f"a msgmenu whose {name} is no text")
    listed = part.get("list")
    if not isinstance(listed, list) or not listed:
        raise Refused(47003, "argument invalid", "a msgmenu without items")
    items = []
    for item in listed:
        if not isinstance(item, dict):
            raise Refused(47003, "argument invalid", "a msgmenu item that is no object")
        items.append((word(item, "id"), word(item, "content")))
    if len({name for name, _ in items}) < len(items):
        raise Refused(47003, "argument invalid", "two msgmenu items with one id")
    lines = [part.get("head_content", ""), *(label for _, label in items)]
    lines.append(part.get("tail_content", ""))
    shown = "\n".join(line for line in lines if line)
    _must_fit(shown)
    return Seen("service", "msgmenu", shown, account.clock.now(), items=tuple(items))


def _must_fit(content: str) -> None:
    size = len(content.encode())
    if size > MOST_BYTES:
        raise Refused(45002, "content size out of limit", f"a text of {size} bytes")


def typing(account: Account, request: Request) -> Json:
    body = request.json()
    command = body.get("command")
    if command not in ("Typing", "CancelTyping"):
        raise Refused(45072, "invalid command", f"the typing command {command!r}")
    follower = account.follower(body.get("touser"))
    _must_follow(account, follower)
    now = account.clock.now()
    if command == "CancelTyping":
        follower.typing_since = None
        return _OK
    if follower.said_at is None or now - follower.said_at > TYPING_AFTER:
        raise Refused(45080, "no message of the user in the last 30 seconds")
    if follower.typing_since is not None and now - follower.typing_since < TYPING_LASTS:
        raise Refused(45081, "already typing")
    follower.typing_since = now
    follower.typings.append(now)
    return _OK


def one_time(account: Account, request: Request) -> Json:
    """Answer ``message/template/subscribe``."""
    body = request.json()
    follower = account.follower(body.get("touser"))
    template = _template(account, body)
    scene = str(body.get("scene", ""))
    if not scene.isdecimal() or int(scene) > MOST_SCENE:
        raise Refused(47003, "argument invalid", f"the subscription scene {scene!r}")
    title = word(body, "title")
    if len(title) > MOST_TITLE:
        raise Refused(47003, "argument invalid", f"a title of {len(title)} letters")
    data = body.get("data")
    content = data.get("content") if isinstance(data, dict) else None
    if not isinstance(content, dict):
        raise Refused(47003, "argument invalid", "a subscription message without data.content")
    words = word(content, "value")
    if len(words) > MOST_CONTENT:
        raise Refused(47003, "argument invalid", f"a content of {len(words)} letters")
    return _notify(account, follower, template, title, words, _link(body, "url"))


def long_term(account: Account, request: Request) -> Json:
    """Answer ``message/subscribe/bizsend``."""
    body = request.json()
    follower = account.follower(body.get("touser"))
    template = _template(account, body)
    data = body.get("data")
    if not isinstance(data, dict) or not data:
        raise Refused(47003, "argument invalid", "a subscription message without data")
    lines = []
    for name, entry in data.items():
        if not isinstance(entry, dict):
            raise Refused(47003, "argument invalid", f"data.{name} without its value")
        words = word(entry, "value")
        if name.startswith("thing") and len(words) > MOST_THING:
            raise Refused(47003, "argument invalid", f"data.{name} of {len(words)} letters")
        lines.append(words)
    return _notify(account, follower, template, "", "\n".join(lines), _link(body, "page"))


def notice_templates(account: Account, request: Request) -> Json:
    """Answer ``wxaapi/newtmpl/gettemplate``: the templates of the pop-up, not of the page."""
    content = account.registration.notice_content
    listed = [
        {"priTmplId": one, "title": "回复通知", "content": content, "example": "", "type": 2}
        for one in account.registration.templates
    ]
    return {"errcode": 0, "errmsg": "ok", "data": listed}


def _template(account: Account, body: Json) -> str:
    template = body.get("template_id")
    if not isinstance(template, str) or template not in account.registration.templates:
        raise Refused(40037, "invalid template_id")
    return template


def _link(body: Json, name: str) -> str:
    url = body.get(name) or ""
    if not isinstance(url, str) or (url and not url.startswith(("http://", "https://"))):
        raise Refused(47003, "argument invalid", f"the {name} of a subscription message")
    return url


def _notify(
    account: Account, follower: Follower, template: str, title: str, words: str, url: str
) -> Json:
    if not follower.consents[template]:
        raise Refused(43101, "user refuse to accept the msg")
    follower.consents[template] -= 1
    now = account.clock.now()
    follower.show(Seen("subscription", "text", words, now, title=title, url=url))
    return _OK


def _must_follow(account: Account, follower: Follower) -> None:
    if not follower.following:
        raise Refused(account.unfollowed_errcode, "require subscribe")
