"""Sign in and out of the staff's pages, in one step or two, with forms that need no script."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from bot.accounts.own_pages import add_own_pages, forget
from bot.accounts.service import SESSION_LASTS, AccountService, CodeWanted, TicketOver
from bot.accounts.tickets import TICKET_LASTS
from bot.accounts.wording import load_wording
from bot.domain.people import Staff
from bot.errors import Forbidden, LawbridgeError, NotSignedIn, TooManyRequests
from bot.web.staff import COOKIE, StaffGuard, comes_from_here

HOME = "/desk"
TICKET_COOKIE = "lawbridge_half_way"
CODE_PAGE = f"{HOME}/login/code"


def create_accounts_router(
    accounts: AccountService,
    templates: Jinja2Templates,
    *,
    cookie_secure: bool,
    login_limit: str,
    limit_storage: str = "memory://",
) -> APIRouter:
    """Return the sign-in routes; ``login_limit`` counts per address (``20/minute``)."""
    router = APIRouter(prefix=HOME, tags=["accounts"])
    guard = StaffGuard(accounts)
    door = _Door(accounts, templates, cookie_secure, login_limit, limit_storage)
    _add_password_step(router, door, guard)
    _add_code_step(router, door)
    _add_way_out(router, accounts, guard)
    add_own_pages(router, accounts, guard, templates)
    return router


class _Door:
    """What both steps of signing in share: the limit, the pages and the cookies."""

    def __init__(
        self,
        accounts: AccountService,
        templates: Jinja2Templates,
        cookie_secure: bool,
        login_limit: str,
        limit_storage: str,
    ) -> None:
        self.accounts = accounts
        self._templates = templates
        self._secure = cookie_secure
        self._limiter = MovingWindowRateLimiter(storage_from_string(limit_storage))
        self._limit = parse(login_limit)

    def admit(self, request: Request) -> None:
        """Let an attempt through.

        Raises:
            Forbidden: the form was sent from another site.
            TooManyRequests: this address tries too often.
        """
        address = request.client.host if request.client else ""
        if not comes_from_here(request):
            raise Forbidden
        if not self._limiter.hit(self._limit, "login", address):
            raise TooManyRequests

    def page(
        self,
        request: Request,
        name: str,
        error: LawbridgeError | None = None,
        login: str = "",
    ) -> Response:
        context = {"staff": None, "error": error.detail if error else "", "login": login}
        status = error.status if error else 200
        return self._templates.TemplateResponse(request, name, context, status_code=status)

    def go_on(self, ticket: str) -> Response:
        """Send the browser to the second step with its ticket."""
        response = RedirectResponse(CODE_PAGE, 303)
        response.set_cookie(
            TICKET_COOKIE,
            ticket,
            max_age=int(TICKET_LASTS.total_seconds()),
            path=CODE_PAGE,
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
        return response

    def let_in(self, request: Request, token: str) -> Response:
        """Give the browser its session and end the one that somebody else left in it."""
        self.accounts.revoke(request.cookies.get(COOKIE, ""))
        response = RedirectResponse(HOME, 303)
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION_LASTS.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
        return _without_ticket(response)


def _add_password_step(router: APIRouter, door: _Door, guard: StaffGuard) -> None:
    @router.get("/login", response_class=HTMLResponse, include_in_schema=False)
    def login_page(request: Request) -> Response:
        try:
            guard.signed_in(request)
        except NotSignedIn:
            return door.page(request, "login.html")
        return RedirectResponse(HOME, 303)

    @router.post("/login", response_class=HTMLResponse, summary="登录律师工作台")
    def sign_in(
        request: Request,
        login: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        try:
            door.admit(request)
            _, token = door.accounts.authenticate(login, password, _device(request))
        except CodeWanted as wanted:
            return door.go_on(wanted.ticket)
        except LawbridgeError as error:
            return door.page(request, "login.html", error, login[:40])
        return door.let_in(request, token)


def _add_code_step(router: APIRouter, door: _Door) -> None:
    @router.get("/login/code", response_class=HTMLResponse, include_in_schema=False)
    def code_page(request: Request) -> Response:
        try:
            door.accounts.half_way(request.cookies.get(TICKET_COOKIE, ""))
        except TicketOver:
            return _without_ticket(RedirectResponse(f"{HOME}/login", 303))
        return door.page(request, "login_code.html")

    @router.post("/login/code", response_class=HTMLResponse, summary="登录的第二步：验证码")
    def give_code(request: Request, code: Annotated[str, Form(max_length=40)] = "") -> Response:
        ticket = request.cookies.get(TICKET_COOKIE, "")
        try:
            door.admit(request)
            _, token = door.accounts.finish(ticket, code, _device(request))
        except TicketOver as over:
            return _without_ticket(door.page(request, "login.html", over))
        except LawbridgeError as error:
            return door.page(request, "login_code.html", error)
        return door.let_in(request, token)


def _add_way_out(router: APIRouter, accounts: AccountService, guard: StaffGuard) -> None:
    @router.post("/logout", summary="退出登录")
    def sign_out(request: Request) -> Response:
        if not comes_from_here(request):
            raise Forbidden
        accounts.revoke(request.cookies.get(COOKIE, ""))
        return forget(RedirectResponse(HOME, 303))

    @router.post("/logout/everywhere", summary="在所有设备上退出登录")
    def sign_out_everywhere(staff: Staff = Depends(guard.of_page)) -> Response:
        accounts.revoke_all(staff.id)
        return forget(RedirectResponse(HOME, 303))


def _device(request: Request) -> str:
    return load_wording().device(request.headers.get("user-agent", ""))


def _without_ticket(response: Response) -> Response:
    response.delete_cookie(TICKET_COOKIE, path=CODE_PAGE, httponly=True, samesite="strict")
    return response
