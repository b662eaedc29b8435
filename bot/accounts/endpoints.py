"""Sign in and out of the staff's pages, with plain forms that work without scripts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from bot.accounts.service import SESSION_LASTS, AccountService
from bot.domain.people import Staff
from bot.errors import Forbidden, LawbridgeError, NotSignedIn, TooManyRequests
from bot.web.staff import COOKIE, StaffGuard, comes_from_here

HOME = "/desk"


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
    limiter = MovingWindowRateLimiter(storage_from_string(limit_storage))
    limit = parse(login_limit)

    def page(request: Request, error: LawbridgeError | None = None, login: str = "") -> Response:
        context = {"staff": None, "error": error.detail if error else "", "login": login}
        status = error.status if error else 200
        return templates.TemplateResponse(request, "login.html", context, status_code=status)

    @router.get("/login", response_class=HTMLResponse, include_in_schema=False)
    def login_page(request: Request) -> Response:
        try:
            guard.signed_in(request)
        except NotSignedIn:
            return page(request)
        return RedirectResponse(HOME, 303)

    @router.post("/login", response_class=HTMLResponse, summary="登录律师工作台")
    def sign_in(
        request: Request,
        login: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        address = request.client.host if request.client else ""
        try:
            if not comes_from_here(request):
                raise Forbidden
            if not limiter.hit(limit, "login", address):
                raise TooManyRequests
            _, token = accounts.authenticate(login, password)
        except LawbridgeError as error:
            return page(request, error, login[:40])
        # A session left in this browser by someone else must not stay usable.
        accounts.revoke(request.cookies.get(COOKIE, ""))
        response = RedirectResponse(HOME, 303)
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION_LASTS.total_seconds()),
            path="/",
            secure=cookie_secure,
            httponly=True,
            samesite="strict",
        )
        return response

    def password_form(request: Request, staff: Staff, error: LawbridgeError | None) -> Response:
        context = {"staff": staff, "error": error.detail if error else ""}
        status = error.status if error else 200
        return templates.TemplateResponse(request, "password.html", context, status_code=status)

    @router.get("/password", response_class=HTMLResponse, include_in_schema=False)
    def password_page(request: Request, staff: Staff = Depends(guard.of_page)) -> Response:
        return password_form(request, staff, None)

    @router.post("/password", response_class=HTMLResponse, summary="修改密码，所有会话随之失效")
    def change_password(
        request: Request,
        present: Annotated[str, Form(max_length=1000)] = "",
        new: Annotated[str, Form(max_length=1000)] = "",
        staff: Staff = Depends(guard.of_page),
    ) -> Response:
        try:
            accounts.change_password(staff.login, present, new)
        except LawbridgeError as error:
            return password_form(request, staff, error)
        return _forget(RedirectResponse(f"{HOME}/login", 303))

    @router.post("/logout", summary="退出登录")
    def sign_out(request: Request) -> Response:
        if not comes_from_here(request):
            raise Forbidden
        accounts.revoke(request.cookies.get(COOKIE, ""))
        return _forget(RedirectResponse(HOME, 303))

    @router.post("/logout/everywhere", summary="在所有设备上退出登录")
    def sign_out_everywhere(staff: Staff = Depends(guard.of_page)) -> Response:
        accounts.revoke_all(staff.id)
        return _forget(RedirectResponse(HOME, 303))

    return router


def _forget(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response
