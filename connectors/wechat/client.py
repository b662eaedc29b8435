"""The platform's HTTP interface as the application needs it, on wechatpy's client; calls block.

Whether a call may be made, how often, and what follows from a refusal is for the caller.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar

from wechatpy import WeChatClient

from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.failures import ApiFailed, Failure
from connectors.wechat.pictures import fetch_video
from connectors.wechat.wire import Answer, Wire, check_errcode

T = TypeVar("T")

TIMEOUT_S = 5.0
MOST_MEDIA_BYTES = 10 * 1024 * 1024
MEDIA_WITHIN_S = 30.0

NO_SECRET = 41004
NO_MENU = 46003
NOT_NOW = (45072, 45080, 45081)
"""Why "正在输入" is not shown: nothing was written lately, or it is shown already."""


class Tokens(Protocol):
    """Where access tokens come from; kept by the application, for all its processes."""

    def token(self, account: WeChatAccount) -> str:
        """Return a token that holds.

        Raises:
            ApiFailed: there is none and none can be had.
        """
        ...

    def renew(self, account: WeChatAccount, bad: str) -> str:
        """Return another token than one that the platform refused.

        Raises:
            ApiFailed: none can be had.
        """
        ...


def fetch_stable_token(
    account: WeChatAccount, *, force: bool = False, timeout_s: float = TIMEOUT_S
) -> tuple[str, int]:
    """Ask the platform for a token; return it and for how many seconds it holds.

    Without ``force`` the tokens that others hold go on holding. By force every earlier one ends;
    that is allowed twenty times a day, thirty seconds apart.

    Raises:
        ApiFailed: the platform gives none.
    """
    if not account.can_call:
        raise ApiFailed(Failure.UNAUTHORISED, NO_SECRET)
    wanted = {
        "grant_type": "client_credential",
        "appid": account.app_id,
        "secret": account.secret,
        "force_refresh": force,
    }
    wire = Wire(timeout_s)
    try:
        url = f"{_base(account)}/cgi-bin/stable_token"
        found = wire.exchange("POST", url, json=wanted).json()
    finally:
        wire.close()
    try:
        return str(found["access_token"]), int(found["expires_in"])
    except (KeyError, TypeError, ValueError):
        raise ApiFailed(Failure.OTHER) from None


class WeChatApi:
    """One account's calls. Each raises ApiFailed, which tells neither the follower nor the text."""

    def __init__(
        self, account: WeChatAccount, tokens: Tokens, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.account = account
        self._wire = Wire(timeout_s)
        self._client = _Client(account, tokens, self._wire)

    def close(self) -> None:
        self._wire.close()

    # --- to a follower --------------------------------------------------------------------------

    def send_text(self, openid: str, text: str) -> None:
        self._client.message.send_text(openid, text)

    def send_image(self, openid: str, media_id: str) -> None:
        self._client.message.send_image(openid, media_id)

    def send_choices(
        self, openid: str, head: str, items: Iterable[tuple[str, str]], tail: str = ""
    ) -> None:
        """Send lines to tap, each given as the id that comes back and the label that is shown."""
        listed = [{"id": key, "content": label} for key, label in items]
        menu = {"head_content": head, "list": listed, "tail_content": tail}
        self._client.message.send_msg_menu(openid, menu)

    def typing(self, openid: str) -> bool:
        """Show that an answer is being written; say whether the platform shows it."""
        words = {"touser": openid, "command": "Typing"}
        try:
            self._client.post("message/custom/typing", data=words)
        except ApiFailed as refusal:
            if refusal.code in NOT_NOW:
                return False
            raise
        return True

    def send_subscription(
        self,
        openid: str,
        template_id: str,
        scene: int,
        title: str,
        data: Mapping[str, Mapping[str, str]],
        url: str = "",
    ) -> None:
        """Send the one notice that the follower agreed to; ``data`` as the template has it."""
        self._client.message.send_subscribe_template(
            openid, template_id, scene, title, dict(data), url or None
        )

    def send_notice(
        self, openid: str, template_id: str, data: Mapping[str, Mapping[str, str]], page: str = ""
    ) -> None:
        """Send a notice agreed to in the platform's pop-up; ``data`` as the template has it."""
        self._client.message.send_subscribe_message(
            openid, template_id, dict(data), page=page or None
        )

    def subscribe_url(self, scene: int, template_id: str, redirect_url: str, reserved: str) -> str:
        """Return where a follower agrees to one notice; nothing is called.

        ``reserved`` comes back with the answer: at most 128 letters and digits.
        """
        return str(
            self._client.message.get_subscribe_authorize_url(
                scene, template_id, redirect_url, reserved
            )
        )

    # --- media ----------------------------------------------------------------------------------

    def upload_image(self, name: str, body: bytes) -> str:
        """Return the id under which the picture can be sent for three days."""
        found = self._client.media.upload("image", (name, body))
        return _field(found, "media_id")

    def download(self, media_id: str) -> tuple[bytes, str]:
        """Return what a follower sent and its type; of a file over 10 MB, one byte more."""
        answer = self._client.fetch("media/get", {"media_id": media_id})
        where = _where(answer)
        if where:
            return fetch_video(self._wire, where), "video/mp4"
        return answer.body, answer.mime

    # --- the account ----------------------------------------------------------------------------

    def menu(self) -> dict[str, Any] | None:
        """Return the menu as it was last set through the interface, if it was."""
        try:
            found: dict[str, Any] = self._client.get("menu/get")
        except ApiFailed as refusal:
            if refusal.code == NO_MENU:
                return None
            raise
        menu = found.get("menu")
        return menu if isinstance(menu, dict) else None

    def set_menu(self, menu: Mapping[str, Any]) -> None:
        self._client.menu.create(dict(menu))

    def make_qr(self, scene: str) -> str:
        """Return the address that a lasting QR code of this scene encodes."""
        wanted = {
            "action_name": "QR_LIMIT_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        return _field(self._client.qrcode.create(wanted), "url")

    def has_customer_service(self) -> bool:
        """Say whether the account may send customer-service messages."""
        try:
            self._client.get("customservice/getkflist")
        except ApiFailed as refusal:
            if refusal.failure is Failure.UNAUTHORISED:
                return False
            raise
        return True

    def notice_templates(self) -> dict[str, str]:
        """Return the wording of each template that followers agree to in the pop-up, by its id."""
        listed = self._client.get("/wxaapi/newtmpl/gettemplate").get("data")
        if not isinstance(listed, list):
            raise ApiFailed(Failure.OTHER)
        return {
            one["priTmplId"]: str(one.get("content", ""))
            for one in listed
            if isinstance(one, dict) and isinstance(one.get("priTmplId"), str)
        }

    def oauth_openid(self, code: str) -> str:
        """Return who came back from the platform's page with this code; it works once."""
        known = {
            "appid": self.account.app_id,
            "secret": self.account.secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        url = f"{_base(self.account)}/sns/oauth2/access_token"
        return _field(self._wire.exchange("GET", url, params=known).json(), "openid")

    def server_time(self) -> dt.datetime | None:
        """Return what time it is by the platform, None where it does not say; needs no token."""
        answer = self._wire.exchange("HEAD", f"{_base(self.account)}/")
        try:
            return parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            return None


class _Client(WeChatClient):  # type: ignore[misc]
    """wechatpy's interfaces over our own exchange, with our own tokens.

    wechatpy renews a refused token without end, and lets the proxies of the environment in.
    """

    def __init__(self, account: WeChatAccount, tokens: Tokens, wire: Wire) -> None:
        super().__init__(account.app_id, account.secret, auto_retry=False)
        self.API_BASE_URL = f"{_base(account)}/cgi-bin/"
        self._account, self._tokens, self._wire = account, tokens, wire

    @property
    def access_token(self) -> str:
        return self._tokens.token(self._account)

    def _request(self, method: str, url_or_endpoint: str, **request: Any) -> Any:
        """Take the place of wechatpy's way out, which all its interfaces use."""
        process = request.pop("result_processor", None)
        if isinstance(words := request.pop("data", None), dict):
            # The platform shows escaped letters as they are.
            request["content"] = json.dumps(words, ensure_ascii=False).encode()
            request["headers"] = {"Content-Type": "application/json; charset=utf-8"}
        found = self._with_token(
            lambda token: self._exchange(method, url_or_endpoint, token, request).json()
        )
        return process(found) if process else found

    def fetch(self, endpoint: str, params: Mapping[str, str]) -> Answer:
        """Return a file, or where a video lies; raise ApiFailed where it is something else."""

        def once(token: str) -> Answer:
            request = {
                "params": params,
                "most": MOST_MEDIA_BYTES,
                "within_s": MEDIA_WITHIN_S,
            }
            answer = self._exchange("GET", endpoint, token, request)
            answer.check_status()
            found = _words_of(answer)
            if found is not None:
                check_errcode(found)
                if not _where(answer):
                    raise ApiFailed(Failure.OTHER)
            return answer

        return self._with_token(once)

    def _with_token(self, once: Callable[[str], T]) -> T:
        token = self.access_token
        try:
            return once(token)
        except ApiFailed as refusal:
            if refusal.failure is not Failure.TOKEN:
                raise
        return once(self._tokens.renew(self._account, token))

    def _exchange(
        self, method: str, endpoint: str, token: str, request: Mapping[str, Any]
    ) -> Answer:
        params = {**request.get("params", {}), "access_token": token}
        # A few interfaces lie beside all the others.
        base = _base(self._account) if endpoint.startswith("/") else self.API_BASE_URL
        url = f"{base}{endpoint}"
        return self._wire.exchange(method, url, **{**request, "params": params})


def _words_of(answer: Answer) -> dict[str, Any] | None:
    """Return the object that was answered in place of a file."""
    is_words = answer.mime in ("application/json", "text/plain")
    return answer.json_or_none() if is_words else None


def _where(answer: Answer) -> str:
    """Return where a video lies; empty where something else was answered."""
    where = (_words_of(answer) or {}).get("video_url")
    return where if isinstance(where, str) else ""


def _base(account: WeChatAccount) -> str:
    return account.api_url.rstrip("/")


def _field(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise ApiFailed(Failure.OTHER)
    return value
