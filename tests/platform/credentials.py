"""The endpoints that hand out tokens: for the account, and for a follower's web page."""

from __future__ import annotations

import secrets

from tests.platform.accounts import Account, Json, Refused, Request
from tests.platform.allowances import TOKEN_LASTS_S


def stable(account: Account, request: Request) -> Json:
    body = request.json()
    _must_be_client(body.get("grant_type"))
    forced = body.get("force_refresh", False)
    if not isinstance(forced, bool):
        raise Refused(47001, "data format error", "a force_refresh that is no boolean")
    now = account.clock.now()
    if forced and (breach := account.tokens.force(now)):
        if "in a day" in breach:
            raise Refused(45009, "reach max api daily quota limit", breach)
        # The platform then does not refresh, and says nothing of it.
        account.broken.append(f"stable_token: {breach}")
    token, left_s = account.tokens.give_stable(now)
    return {"access_token": token, "expires_in": left_s}


def legacy(account: Account, request: Request) -> Json:
    """Answer ``token``, which ends the one before."""
    _must_be_client(request.query.get("grant_type"))
    token, left_s = account.tokens.give_legacy(account.clock.now())
    return {"access_token": token, "expires_in": left_s}


def _must_be_client(grant_type: object) -> None:
    if grant_type != "client_credential":
        raise Refused(40002, "invalid grant_type", f"the grant_type {grant_type!r}")


def oauth(account: Account, request: Request) -> Json:
    """Answer ``sns/oauth2/access_token``; a code is usable once."""
    if request.query.get("grant_type") != "authorization_code":
        raise Refused(40002, "invalid grant_type", "an OAuth call of another grant_type")
    code = account.oauth_codes.get(request.query.get("code", ""))
    if code is None:
        raise Refused(40029, "invalid code")
    if code.is_used:
        raise Refused(40163, "code been used")
    code.is_used = True
    if account.clock.now() > code.ends_at:
        raise Refused(42003, "oauth_code expired")
    return {
        "access_token": secrets.token_urlsafe(64),
        "expires_in": TOKEN_LASTS_S,
        "refresh_token": secrets.token_urlsafe(64),
        "openid": code.openid,
        "scope": "snsapi_base",
    }


def desk_accounts(account: Account, request: Request) -> Json:
    """Answer ``customservice/getkflist``."""
    name = f"desk1@{account.registration.original_id}"
    return {"kf_list": [{"kf_account": name, "kf_nick": "客服", "kf_id": "1001"}]}


def addresses(account: Account, request: Request) -> Json:
    return {"ip_list": ["127.0.0.1"]}
