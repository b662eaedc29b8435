"""What everybody does with their own account: password, one-time codes, devices signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.accounts.qr import qr_code
from bot.accounts.schemas import SESSION_KEY, rows_of
from bot.accounts.service import AccountService
from bot.accounts.wording import load_wording
from bot.domain.people import Staff
from bot.errors import LawbridgeError
from bot.web.staff import COOKIE, StaffGuard

SIGN_IN = "/desk/login"
ACCOUNT = "/desk/account"

Password = Annotated[str, Form(max_length=1000)]
Code = Annotated[str, Form(max_length=40)]


def add_own_pages(
    router: APIRouter, accounts: AccountService, guard: StaffGuard, templates: Jinja2Templates
) -> None:
    """Add /password and /account to the router of /desk."""
    _add_password(router, accounts, guard, templates)
    _add_sessions(router, accounts, guard, templates)
    _add_codes(router, accounts, guard, templates)


def _add_password(
    router: APIRouter, accounts: AccountService, guard: StaffGuard, templates: Jinja2Templates
) -> None:
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
        present: Password = "",
        new: Password = "",
        staff: Staff = Depends(guard.of_page),
    ) -> Response:
        try:
            accounts.change_password(staff.login, present, new)
        except LawbridgeError as error:
            return password_form(request, staff, error)
        return forget(RedirectResponse(SIGN_IN, 303))


def _add_sessions(
    router: APIRouter, accounts: AccountService, guard: StaffGuard, templates: Jinja2Templates
) -> None:
    wording = load_wording()

    @router.get("/account", response_class=HTMLResponse, include_in_schema=False)
    def account_page(request: Request, staff: Staff = Depends(guard.of_page)) -> Response:
        found = accounts.sessions(staff, request.cookies.get(COOKIE, ""))
        context = {
            "staff": staff,
            "role": wording.role(staff.role),
            "has_codes": accounts.has_codes(staff),
            "sessions": rows_of(found, wording.say("devices.unknown")),
        }
        return templates.TemplateResponse(request, "account.html", context)

    @router.post("/account/sessions/end", include_in_schema=False)
    def end_one(
        key: Annotated[str, Form(pattern=SESSION_KEY)], staff: Staff = Depends(guard.of_page)
    ) -> Response:
        accounts.revoke_one(staff, key)
        return RedirectResponse(ACCOUNT, 303)

    @router.post("/account/sessions/end-others", include_in_schema=False)
    def end_others(request: Request, staff: Staff = Depends(guard.of_page)) -> Response:
        accounts.revoke_others(staff, request.cookies.get(COOKIE, ""))
        return RedirectResponse(ACCOUNT, 303)


def _add_codes(
    router: APIRouter, accounts: AccountService, guard: StaffGuard, templates: Jinja2Templates
) -> None:
    def codes_page(
        request: Request, staff: Staff, error: LawbridgeError | None = None, sealed: str = ""
    ) -> Response:
        enrolment = None if accounts.has_codes(staff) else accounts.begin_codes(staff, sealed)
        context = {
            "staff": staff,
            "error": error.detail if error else "",
            "enrolment": enrolment,
            "qr": None if enrolment is None else qr_code(enrolment.link),
        }
        status = error.status if error else 200
        return templates.TemplateResponse(
            request, "account_codes.html", context, status_code=status
        )

    @router.get("/account/codes", response_class=HTMLResponse, include_in_schema=False)
    def enrolment(request: Request, staff: Staff = Depends(guard.of_page)) -> Response:
        return codes_page(request, staff)

    @router.post("/account/codes/on", response_class=HTMLResponse, include_in_schema=False)
    def turn_on(
        request: Request,
        sealed: Annotated[str, Form(max_length=1000)] = "",
        code: Code = "",
        staff: Staff = Depends(guard.of_page),
    ) -> Response:
        try:
            accounts.confirm_codes(staff, sealed, code)
        except LawbridgeError as error:
            return codes_page(request, staff, error, sealed)
        return RedirectResponse(ACCOUNT, 303)

    @router.post("/account/codes/off", response_class=HTMLResponse, include_in_schema=False)
    def turn_off(
        request: Request,
        password: Password = "",
        code: Code = "",
        staff: Staff = Depends(guard.of_page),
    ) -> Response:
        try:
            accounts.turn_codes_off(staff, password, code)
        except LawbridgeError as error:
            return codes_page(request, staff, error)
        return RedirectResponse(ACCOUNT, 303)


def forget(response: Response) -> Response:
    """Take the session cookie out of the browser."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response
