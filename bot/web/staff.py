"""Who is asking, on the staff's pages and interfaces: the session cookie and the CSRF rules.

A cookie alone never changes anything. Browsers name the page a request comes from (``Origin``,
``Sec-Fetch-Site``), and scripts must add a header that a foreign form cannot send.
"""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request

from bot.domain.people import Staff
from bot.errors import Forbidden, NotSignedIn

COOKIE = "lawbridge_staff"
SCRIPT_HEADER = "x-lawbridge"
SCRIPT_VALUE = "desk"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})
_SIGN_IN = "请先登录律师工作台。"
_FOREIGN = "请求不是从本站页面发出的，已拒绝。"
_LOGIN_PAGE = "/desk/login"


class StaffSessions(Protocol):
    """The accounts as a guard needs them."""

    def session(self, token: str) -> Staff | None: ...


def comes_from_here(connection: HTTPConnection) -> bool:
    """Say whether nothing in the request names a foreign page as its source.

    Only the host is compared: a proxy that ends TLS changes the scheme, not the host.
    """
    if connection.headers.get("sec-fetch-site", "same-origin") not in _OWN_SITE:
        return False
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == connection.headers.get("host", "")


class StaffGuard:
    """Dependencies for staff endpoints; blocking, as sessions are in the store."""

    def __init__(self, accounts: StaffSessions) -> None:
        self._accounts = accounts

    def of_page(self, request: Request) -> Staff:
        """Return who is signed in, for pages and the forms on them; others go to the sign-in page.

        Raises:
            Forbidden: a form was sent from another site.
        """
        if request.method not in _SAFE and not comes_from_here(request):
            raise Forbidden(_FOREIGN)
        try:
            return self.signed_in(request)
        except NotSignedIn:
            raise HTTPException(303, headers={"Location": _LOGIN_PAGE}) from None

    def of_script(self, request: Request) -> Staff:
        """Return who is signed in, for interfaces called by our own scripts.

        Raises:
            NotSignedIn: there is no valid session.
            Forbidden: a change was asked for without the script header or from another site.
        """
        if request.method not in _SAFE and not (
            comes_from_here(request) and request.headers.get(SCRIPT_HEADER) == SCRIPT_VALUE
        ):
            raise Forbidden(_FOREIGN)
        return self.signed_in(request)

    def signed_in(self, connection: HTTPConnection) -> Staff:
        """Return who holds the session cookie.

        Raises:
            NotSignedIn: there is no valid session.
        """
        token = connection.cookies.get(COOKIE, "")
        staff = self._accounts.session(token) if token else None
        if staff is None:
            raise NotSignedIn(_SIGN_IN)
        return staff
