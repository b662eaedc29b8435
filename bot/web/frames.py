"""What every page is told of where it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request
from fastapi.responses import Response

FOLLOWER = "lawbridge_follower"
"""The cookie that says, and says no more than, that a browser came from the official account."""


def where_shown(*, has_wechat: bool) -> Callable[[Request], dict[str, Any]]:
    """Return a context processor; ``has_wechat`` says whether there is an official account.

    ``is_follower`` is true where the browser came from it: what is asked there belongs there.
    """

    def known(request: Request) -> dict[str, Any]:
        return {"has_wechat": has_wechat, "is_follower": has_wechat and FOLLOWER in request.cookies}

    return known


def mark_follower(response: Response, seconds: int | None = None) -> None:
    """Remember that a browser came from the account; until it is closed unless told for longer."""
    response.set_cookie(FOLLOWER, "1", max_age=seconds, httponly=True, samesite="lax")


def unmark_follower(response: Response) -> None:
    response.delete_cookie(FOLLOWER, httponly=True, samesite="lax")
