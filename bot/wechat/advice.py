"""What an operator can do about a call to the platform that failed, in one sentence."""

from __future__ import annotations

from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.failures import ApiFailed, Failure
from connectors.wechat.wire import AddressRefused

_BY_CODE = {
    40013: "微信不认识这个 AppID：请核对 {app_id}",
    40001: "AppSecret 不对或者已经重置：请在公众平台“基本配置”里核对，改 {secret}",
    40125: "AppSecret 不对或者已经重置：请在公众平台“基本配置”里核对，改 {secret}",
    40243: "AppSecret 被冻结了：请在公众平台“基本配置”里解冻后再试",
    41004: "没有设 AppSecret，不能调用微信接口：请设 {secret}",
    65400: "公众平台上还没有开通客服功能：请在“功能插件”里添加“客服”后再试",
    89501: "微信在等公众号管理员确认这台服务器：请管理员在手机上确认后再试",
    89503: "微信要公众号管理员确认这台服务器：请管理员在手机上确认后再试",
}
_BY_FAILURE = {
    Failure.UNAUTHORISED: "公众号没有这个接口的权限（48001）：多半是没有认证，请先做微信认证",
    Failure.DAILY: "这个接口今天的次数用完了：请明天再试，或在公众平台清零",
    Failure.MINUTE: "调用得太频繁：请过一分钟再试",
    Failure.TOKEN: "微信不认刚给的凭证（{code}）：可能有别的程序也在用这个公众号，请几分钟后再试",
    Failure.BUSY: "微信接口连不上或没有按时应答：请看服务器能不能访问 {api_url}，过一会儿再试",
}


def setting(account: WeChatAccount, name: str) -> str:
    """Return the environment variable by which a field of this account is set."""
    place = f"BOT_WECHAT_MORE__{account.name.upper()}" if account.name else "BOT_WECHAT"
    return f"{place}__{name.upper()}"


def advice(account: WeChatAccount, failed: ApiFailed) -> str:
    """Say what is wrong and what to do."""
    if failed.failure is Failure.ADDRESS:
        ours = failed.address if isinstance(failed, AddressRefused) else ""
        return (
            f"这台服务器的地址{f' {ours} ' if ours else ''}不在 IP 白名单里（40164）："
            "请在公众平台“基本配置—IP白名单”里加上，几分钟后再试"
        )
    words = _BY_CODE.get(failed.code) or _BY_FAILURE.get(failed.failure)
    if words is None:
        return f"微信不答应（错误码 {failed.code}）：请在微信官方文档的“全局返回码”里查它的意思"
    return words.format(
        app_id=setting(account, "app_id"),
        secret=setting(account, "secret"),
        api_url=account.api_url,
        code=failed.code,
    )
