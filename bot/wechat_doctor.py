"""The part of ``bot doctor`` that looks at the official accounts, a finding for each step.

Nothing is changed and no follower is reached. Where no account is configured, nothing is called.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import httpx2
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.clock import Clock, SystemClock
from bot.errors import StorageUnavailable
from bot.findings import Finding, State
from bot.h5.verifying import FOLDER as VERIFICATION
from bot.roster.repository import Office, RosterRepository
from bot.settings import Settings
from bot.store.crypto import Cipher
from bot.store.engine import make_engine
from bot.store.migrate import is_current
from bot.store.unit import Store
from bot.tenants import accounts_of
from bot.wechat.advice import advice, setting
from bot.wechat.own_menu import own_menu
from bot.wechat.tokens import DirectTokens
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.client import WeChatApi
from connectors.wechat.failures import ApiFailed, Failure
from connectors.wechat.menu import differences

TITLE = "微信公众号"
TIMEOUT_S = 5.0
MOST_SKEW_S = 60
MODES = {"safe": "安全模式", "compatible": "兼容模式", "plain": "明文模式"}

_APP_ID = re.compile(r"wx[0-9a-f]{16}")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
_FIELD = re.compile(r"\{\{(\w+)\.DATA\}\}")
_ORIGINAL_ID = re.compile(r"gh_[0-9a-z]{6,20}")


def examine_accounts(settings: Settings, clock: Clock | None = None) -> list[Finding]:
    """Look at every official account that is configured; it blocks."""
    accounts = accounts_of(settings)
    if not accounts:
        return [Finding(TITLE, "idle", "设 BOT_WECHAT__APP_ID、BOT_WECHAT__TOKEN 等项后启用")]
    clock = clock or SystemClock()
    findings = [_public_url(settings)]
    for account in accounts:
        findings += _Examination(settings, account, clock).findings()
    return findings


def _public_url(settings: Settings) -> Finding:
    name, url = f"{TITLE} 公网地址", settings.public_url
    if not url:
        return Finding(name, "warn", "没有设 BOT_PUBLIC_URL：公众号里给不出网页链接")
    if not url.startswith("https://"):
        return Finding(
            name, "bad", f"{url} 不是 https：微信里打不开，请配好证书后改 BOT_PUBLIC_URL"
        )
    return Finding(name, "good", url)


class _Examination:
    """The steps for one account, as far as each can be done."""

    def __init__(
        self,
        settings: Settings,
        account: WeChatAccount,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._account = account
        self._clock = clock
        self._title = f"{TITLE} {account.name}".rstrip()

    def findings(self) -> Iterator[Finding]:
        yield self._configuration()
        with httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as public:
            yield self._callback(public)
            if self._account.uses_oauth and self._settings.public_url:
                yield self._oauth(public)
        if self._account.office_id is not None:
            yield self._office(self._account.office_id)
        if not self._account.can_call:
            note = f"没有设，只能被动回复；要推送、收照片、设菜单，请设 {self._set('secret')}"
            yield self._found("AppSecret", "idle", note)
            return
        tokens = DirectTokens()
        api = WeChatApi(self._account, tokens, TIMEOUT_S)
        try:
            yield self._time(api)
            try:
                tokens.token(self._account)
            except ApiFailed as failed:
                yield self._found("AppSecret", "bad", advice(self._account, failed))
                return
            yield self._found("AppSecret", "good", "微信认可")
            allowed = self._allowed(api)
            yield self._customer_service(allowed)
            yield self._menu(api, may_be_missing=allowed is False)
            if self._account.subscribe_template:
                yield self._subscription(allowed)
            if self._account.notice_template:
                yield self._notice(api, allowed)
        finally:
            api.close()

    def _found(self, step: str, state: State, note: str) -> Finding:
        return Finding(f"{self._title} {step}", state, note)

    def _set(self, name: str) -> str:
        return setting(self._account, name)

    # --- here -----------------------------------------------------------------------------------

    def _configuration(self) -> Finding:
        if problems := list(self._problems()):
            return self._found("配置", "bad", "\n".join(problems))
        account = self._account
        note = f"AppID {account.app_id[:6]}…，{MODES[account.mode]}，回调地址 {account.path}"
        if account.mode == "plain":
            note += f"；明文模式下消息不加密，请在公众平台改选安全模式，并改 {self._set('mode')}"
            return self._found("配置", "warn", note)
        return self._found("配置", "good", note)

    def _problems(self) -> Iterator[str]:
        account = self._account
        if not _APP_ID.fullmatch(account.app_id):
            yield f"{self._set('app_id')} 应为 wx 开头的 18 位"
        if not _TOKEN.fullmatch(account.token):
            yield f"{self._set('token')} 应为 3 到 32 个英文字母或数字"
        if (account.mode != "plain" or account.aes_key) and not _AES_KEY.fullmatch(account.aes_key):
            yield f"{self._set('aes_key')} 应为公众平台上的 43 位 EncodingAESKey"
        if account.original_id and not _ORIGINAL_ID.fullmatch(account.original_id):
            yield f"{self._set('original_id')} 应以 gh_ 开头"
        needing = {
            "customer_service": account.has_customer_service,
            "oauth": account.uses_oauth,
            "subscribe_template": bool(account.subscribe_template),
            "notice_template": bool(account.notice_template),
        }
        for name, is_set in needing.items():
            if is_set and not account.can_call:
                yield f"设了 {self._set(name)}，但没有设 {self._set('secret')}，用不了"
        if account.uses_oauth and not self._settings.public_url:
            yield f"设了 {self._set('oauth')}，但没有设 BOT_PUBLIC_URL，用不了"

    def _office(self, office_id: int) -> Finding:
        step, name = "接待单位", self._set("office")
        try:
            known = self._offices()
        except (SQLAlchemyError, OSError, StorageUnavailable):
            return self._found(step, "warn", f"数据库连不上，没有核对 {name}")
        if known is None:
            return self._found(step, "idle", f"数据库还没有准备好，没有核对 {name}")
        office = next((one for one in known if one.id == office_id), None)
        if office is None:
            why = f"没有编号是 {office_id} 的单位"
        elif not office.active:
            why = f"{office.name}已停用"
        else:
            return self._found(step, "good", f"没有扫码的新关注者归{office.name}")
        note = f"{why}，新关注者不归哪个单位：请到“值班”页核对编号，改 {name}"
        return self._found(step, "warn", note)

    def _offices(self) -> list[Office] | None:
        """Return the offices; None where the database is not ready."""
        engine = make_engine(self._settings.resolved_database_url)
        try:
            if not is_current(engine):
                return None
            store = Store(engine, Cipher(self._settings.cipher_keys, self._settings.blind_key))
            return RosterRepository(store, self._clock).offices()
        finally:
            engine.dispose()

    # --- from outside ---------------------------------------------------------------------------

    def _callback(self, public: httpx2.Client) -> Finding:
        """Ask our own callback what the platform asks before it saves the address."""
        step = "回调"
        if not self._settings.public_url:
            return self._found(step, "idle", "没有设 BOT_PUBLIC_URL，没有检查")
        url = f"{self._settings.public_url}{self._account.path}"
        echo = secrets.token_hex(8)
        timestamp, nonce = str(int(self._clock.now().timestamp())), secrets.token_hex(4)
        signed = "".join(sorted((self._account.token, timestamp, nonce)))
        query = {
            "signature": hashlib.sha1(signed.encode()).hexdigest(),
            "timestamp": timestamp,
            "nonce": nonce,
            "echostr": echo,
        }
        try:
            answer = public.get(f"{url}?{urlencode(query)}")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return self._found(step, "bad", f"{url} {_unreachable(error)}")
        if answer.status_code == 200 and answer.text == echo:
            return self._found(step, "good", url)
        why = {
            200: "不是本系统在应答：请检查域名和反向代理指向哪里",
            403: "不认签名：应用在用别的 Token，请重启应用，或检查反向代理有没有改动参数",
            404: "没有这个地址：请重启应用，并检查反向代理转发了 /wechat",
        }
        otherwise = f"返回 {answer.status_code}：请检查应用和反向代理"
        return self._found(step, "bad", f"{url} {why.get(answer.status_code, otherwise)}")

    def _oauth(self, public: httpx2.Client) -> Finding:
        """Look for the file by which the platform knows the domain; the domain itself it hides."""
        step, base = "网页授权", self._settings.public_url
        files = sorted((self._settings.data_dir / VERIFICATION).glob("MP_verify_*.txt"))
        if not files:
            folder = self._settings.data_dir / VERIFICATION
            return self._found(step, "warn", f"没有校验文件：请从公众平台下载后放到 {folder}")
        for file in files:
            try:
                is_served = public.get(f"{base}/{file.name}").content == file.read_bytes()
            except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
                return self._found(step, "bad", f"{base}/{file.name} {_unreachable(error)}")
            if not is_served:
                note = f"{base}/{file.name} 取不到这个文件的内容：请检查反向代理"
                return self._found(step, "bad", note)
        note = f"校验文件取得到；公众平台上的网页授权域名应为 {urlsplit(base).netloc}，这里查不到"
        return self._found(step, "good", note)

    # --- at the platform ------------------------------------------------------------------------

    def _time(self, api: WeChatApi) -> Finding:
        step = "时钟"
        try:
            theirs = api.server_time()
        except ApiFailed as failed:
            return self._found(step, "warn", advice(self._account, failed))
        if theirs is None:
            return self._found(step, "warn", "微信没有说它的时间，没有核对")
        skew_s = round((self._clock.now() - theirs).total_seconds())
        if abs(skew_s) > MOST_SKEW_S:
            way = "快" if skew_s > 0 else "慢"
            note = (
                f"这台服务器比微信{way} {abs(skew_s)} 秒：请开启自动对时（NTP），差太多会收不到消息"
            )
            return self._found(step, "bad", note)
        return self._found(step, "good", f"与微信相差 {abs(skew_s)} 秒")

    def _allowed(self, api: WeChatApi) -> bool | ApiFailed:
        """Say whether messages may be pushed, or why that is not known."""
        try:
            return api.has_customer_service()
        except ApiFailed as failed:
            return failed

    def _customer_service(self, is_allowed: bool | ApiFailed) -> Finding:
        step, name = "客服消息", self._set("customer_service")
        if isinstance(is_allowed, ApiFailed):
            return self._found(step, "warn", advice(self._account, is_allowed))
        if is_allowed and self._account.has_customer_service:
            return self._found(step, "good", "有权限，已启用")
        if is_allowed:
            return self._found(step, "warn", f"有权限但没有启用：设 {name}=true 后能主动发消息")
        if self._account.has_customer_service:
            note = f"没有权限（48001）：请先做微信认证，或设 {name}=false 只被动回复"
            return self._found(step, "bad", note)
        return self._found(step, "idle", "没有权限，只被动回复；认证后可以启用")

    def _menu(self, api: WeChatApi, *, may_be_missing: bool) -> Finding:
        """Compare the menus; ``may_be_missing``: the account is not verified."""
        step = "菜单"
        try:
            present = api.menu()
            lines = differences(own_menu(self._settings.public_url), present)
        except ApiFailed as failed:
            if may_be_missing and failed.failure is Failure.UNAUTHORISED:
                note = "不适用：未认证的订阅号没有自定义菜单；群众发“转人工”“我的”等字，一样能办"
                return self._found(step, "idle", note)
            return self._found(step, "warn", advice(self._account, failed))
        except ValueError as error:
            return self._found(step, "bad", str(error))
        if not lines:
            return self._found(step, "good", "和菜单文件一致")
        chosen = f" --account {self._account.name}" if self._account.name else ""
        note = (
            f"和菜单文件有 {len(lines)} 处不同：用 bot wechat menu diff{chosen} 查看，"
            f"bot wechat menu push{chosen} 更新"
        )
        return self._found(step, "warn", note)

    def _subscription(self, is_allowed: bool | ApiFailed) -> Finding:
        step, name = "一次性订阅消息", "subscribe_template"
        if why := self._never_sent(name, is_allowed):
            return self._found(step, "warn", why)
        base = self._settings.public_url
        if not base:
            note = (
                f"设了 {self._set(name)}，但没有设 BOT_PUBLIC_URL，群众没有地方同意，一次也发不出"
            )
            return self._found(step, "warn", note)
        note = (
            f"已启用；微信不让查这种模板，请在“开放能力—一次性订阅消息”核对 {self._set(name)}，"
            f"“业务域名”里要有 {urlsplit(base).netloc}"
        )
        return self._found(step, "good", note)

    def _notice(self, api: WeChatApi, is_allowed: bool | ApiFailed) -> Finding:
        step, name = "订阅通知", "notice_template"
        if why := self._never_sent(name, is_allowed):
            return self._found(step, "warn", why)
        try:
            known = api.notice_templates()
        except ApiFailed as failed:
            return self._found(step, "warn", advice(self._account, failed))
        content = known.get(self._account.notice_template)
        if content is None:
            note = f"公众号上没有这个模板：请在“开放能力—订阅通知”核对 {self._set(name)}"
            return self._found(step, "bad", note)
        fields, field = _FIELD.findall(content), self._account.notice_field
        if field not in fields:
            note = (
                f"模板里没有字段 {field}，有 {'、'.join(fields)}：请改 {self._set('notice_field')}"
            )
            return self._found(step, "bad", note)
        return self._found(step, "good", f"模板在，放提示语的字段是 {field}")

    def _never_sent(self, name: str, is_allowed: bool | ApiFailed) -> str:
        """Say why a template that is set is of no use; empty where nothing speaks against it."""
        if self._account.has_customer_service and is_allowed is not False:
            return ""
        pushes = self._set("customer_service")
        if is_allowed is False:
            why, way = "这个号没有客服消息权限", f"请先做微信认证，再设 {pushes}=true"
        else:
            why, way = "没有启用客服消息", f"请设 {pushes}=true"
        return f"设了 {self._set(name)}，但{why}，一次也发不出：{way}；用不上就去掉这一项"


def _unreachable(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "的证书有问题：请换用受信任的证书，并带上中间证书"
    return "从本机连不上：请检查域名解析、证书和反向代理（本机绕不回公网地址时，请在外面试）"
