"""The endpoints of an account's menu, with the platform's limits of its buttons."""

from __future__ import annotations

from dataclasses import dataclass

from tests.platform.accounts import Account, Json, Refused, Request, word

MOST_BUTTONS = 3
MOST_SUB_BUTTONS = 5
MOST_KEY_BYTES = 128
MOST_URL_BYTES = 1024
WITH_KEY = (
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
)
WITH_MEDIA = ("media_id", "view_limited")

_OK: Json = {"errcode": 0, "errmsg": "ok"}


@dataclass(frozen=True)
class _Level:
    """What holds for the buttons of one level, and the codes of its faults."""

    name_bytes: int
    name_hanzi: int
    bad_type: int
    bad_name: int
    bad_key: int
    bad_url: int
    bad_domain: int


TOP = _Level(16, 4, 40017, 40018, 40019, 40020, 40055)
SUB = _Level(60, 8, 40024, 40025, 40026, 40027, 40054)


def create(account: Account, request: Request) -> Json:
    menu = request.json()
    buttons = menu.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MOST_BUTTONS:
        raise Refused(40016, "invalid button size", "a menu without one to three buttons")
    kept = []
    for button in buttons:
        if not isinstance(button, dict):
            raise Refused(47001, "data format error", "a button that is no object")
        subs = button.get("sub_button") or []
        if not isinstance(subs, list) or len(subs) > MOST_SUB_BUTTONS:
            raise Refused(40023, "invalid sub button size", "a button with more than five under it")
        if not subs:
            kept.append(_button(account, button, TOP))
            continue
        for sub in subs:
            if not isinstance(sub, dict) or sub.get("sub_button"):
                raise Refused(40023, "invalid sub button size", "a menu of more than two levels")
        name = _name(account, button, TOP)
        kept.append({"name": name, "sub_button": [_button(account, sub, SUB) for sub in subs]})
    account.menu = {"button": kept}
    return _OK


def _button(account: Account, button: Json, level: _Level) -> Json:
    kept: Json = {"type": button.get("type"), "name": _name(account, button, level)}
    kind = button.get("type")
    if kind in WITH_KEY:
        message = "invalid button key size"
        kept["key"] = word(button, "key", level.bad_key, MOST_KEY_BYTES, message)
    elif kind in WITH_MEDIA:
        kept["media_id"] = word(button, "media_id", 40007, errmsg="invalid media_id")
    elif kind in ("view", "miniprogram"):
        url = word(button, "url", level.bad_url, MOST_URL_BYTES, "invalid button url size")
        if not url.startswith(("http://", "https://")):
            raise Refused(level.bad_domain, "invalid button url domain", f"a button to {url!r}")
        kept["url"] = url
        if kind == "miniprogram":
            for name in ("appid", "pagepath"):
                kept[name] = word(button, name)
    else:
        raise Refused(level.bad_type, "invalid button type", f"a button of the type {kind!r}")
    return {**kept, "sub_button": []}


def _name(account: Account, button: Json, level: _Level) -> str:
    name = word(button, "name", level.bad_name, level.name_bytes, "invalid button name size")
    # The interface takes a longer name than a phone shows.
    if sum(1 if ord(letter) > 127 else 0.5 for letter in name) > level.name_hanzi:
        account.broken.append(f"menu/create: the button {name!r} is cut on the screen")
    return name


def get(account: Account, request: Request) -> Json:
    if account.menu is None:
        raise Refused(46003, "menu no exist")
    return {"menu": account.menu}


def delete(account: Account, request: Request) -> Json:
    account.menu = None
    return _OK
