"""What every page is told of where it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request

WECHAT_BROWSER = "MicroMessenger"


def where_shown(*, has_wechat: bool) -> Callable[[Request], dict[str, Any]]:
    """Return a context processor; ``has_wechat`` says whether there is an official account.

    ``in_wechat`` is true in WeChat's own browser, whoever opened the page there.
    """

    def known(request: Request) -> dict[str, Any]:
        there = WECHAT_BROWSER in request.headers.get("user-agent", "")
        return {"has_wechat": has_wechat, "in_wechat": has_wechat and there}

    return known
