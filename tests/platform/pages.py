"""The two links of the platform's own that lead a follower's browser back to the product."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.platform.accounts import Account, OAuthCode

if TYPE_CHECKING:
    from tests.platform.phones import Follower

OAUTH = "open.weixin.qq.com/connect/oauth2/authorize"
SUBSCRIPTION = "mp.weixin.qq.com/mp/subscribemsg"
# The platform matches the order too, and opens no page for another.
OAUTH_FIELDS = ("appid", "redirect_uri", "response_type", "scope", "state")
SCOPES = ("snsapi_base", "snsapi_userinfo")
CODE_LASTS = dt.timedelta(minutes=5)
_STATE = re.compile(r"[A-Za-z0-9]{0,128}")


def new_code(account: Account, follower: Follower) -> str:
    code = secrets.token_hex(16)
    account.oauth_codes[code] = OAuthCode(follower.openid, account.clock.now() + CODE_LASTS)
    return code


def authorise(account: Account, follower: Follower, url: str) -> str:
    """Open an OAuth link; return the address that the follower is sent on to."""
    _must_be_verified(account)
    found = _fields(account, url, OAUTH)
    said = tuple(found)
    if said not in (OAUTH_FIELDS, OAUTH_FIELDS[:-1]):
        _refuse(account, f"an OAuth link with {', '.join(said)}")
    if found["response_type"] != "code" or found["scope"] not in SCOPES:
        _refuse(account, "an OAuth link of another response_type or scope")
    state = _state(account, found.get("state", ""))
    back = _back(account, found["redirect_uri"])
    return _joined(back, {"code": new_code(account, follower), "state": state})


def subscribe_by(account: Account, follower: Follower, url: str, accepts: bool) -> str:
    """Decide on a one-time subscription; return the address that the follower is sent on to."""
    _must_be_verified(account)
    found = _fields(account, url, SUBSCRIPTION)
    template, scene = found.get("template_id", ""), found.get("scene", "")
    if found.get("action") != "get_confirm":
        _refuse(account, "a subscription link without action=get_confirm")
    if template not in account.registration.templates:
        _refuse(account, "a subscription link for an unknown template")
    if not scene.isdecimal() or int(scene) > 10_000:
        _refuse(account, f"a subscription link of the scene {scene!r}")
    reserved = _state(account, found.get("reserved", ""))
    back = _back(account, found.get("redirect_url", ""))
    if accepts:
        follower.consents[template] += 1
    more = {"openid": follower.openid, "template_id": template}
    more["action"] = "confirm" if accepts else "cancel"
    return _joined(back, {**more, "scene": scene, "reserved": reserved})


def _must_be_verified(account: Account) -> None:
    if not account.registration.has_customer_service:
        _refuse(account, "a link to a page that only a verified account has")


def _fields(account: Account, url: str, place: str) -> dict[str, str]:
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.netloc + parts.path != place:
        _refuse(account, f"a link that does not lead to https://{place}")
    if parts.fragment != "wechat_redirect":
        _refuse(account, "a link without #wechat_redirect")
    found = dict(parse_qsl(parts.query, keep_blank_values=True))
    if found.get("appid") != account.registration.app_id:
        _refuse(account, "a link with another account's appid")
    return found


def _state(account: Account, state: str) -> str:
    if not _STATE.fullmatch(state):
        _refuse(account, "a link whose state is not of at most 128 letters and digits")
    return state


def _back(account: Account, url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        _refuse(account, "a link that leads back to no web address")
    return url


def _joined(url: str, more: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = f"{parts.query}&{urlencode(more)}" if parts.query else urlencode(more)
    return parts._replace(query=query).geturl()


def _refuse(account: Account, breach: str) -> None:
    account.broken.append(breach)
    raise AssertionError(f"the page does not open: {breach}")
