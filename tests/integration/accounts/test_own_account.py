"""My own account in a browser: devices and one-time codes."""

from __future__ import annotations

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient

from bot.accounts.qr import qr_code
from bot.web.staff import COOKIE
from tests.integration.accounts.conftest import Building
from tests.unit.accounts.conftest import PASSWORD, Telephone

CHANGING = [
    "/desk/account/sessions/end",
    "/desk/account/sessions/end-others",
    "/desk/account/codes/on",
    "/desk/account/codes/off",
]


def hidden(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', page)


def shown_secret(building: Building, browser: TestClient) -> tuple[Telephone, str]:
    page = browser.get("/desk/account/codes").text
    found = re.search(r'<code id="secret">([^<]+)</code>', page)
    assert found is not None
    telephone = Telephone(found.group(1).replace(" ", ""), building.bureau.clock)
    return telephone, hidden(page, "sealed")[0]


def test_the_devices_are_named_and_this_one_is_marked(building: Building) -> None:
    building.bureau.accounts.authenticate("wang", PASSWORD, "iPhone 上的 微信")
    page = building.browser("wang").get("/desk/account").text
    assert page.index("Windows 上的 Chrome 浏览器") < page.index("iPhone 上的 微信")
    assert page.count("这台设备") == 1
    assert "testclient" not in page
    assert "127.0.0.1" not in page


def test_a_device_is_signed_out_from_another(building: Building) -> None:
    lost, mine = building.browser("wang"), building.browser("wang")
    (key,) = hidden(mine.get("/desk/account").text, "key")
    answer = mine.post("/desk/account/sessions/end", data={"key": key})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/account")
    assert lost.get("/desk/account").status_code == 303
    assert mine.get("/desk/account").status_code == 200


def test_all_other_devices_are_signed_out(building: Building) -> None:
    others = [building.browser("wang") for _ in range(2)]
    mine, chens = building.browser("wang"), building.browser("chen")
    assert mine.post("/desk/account/sessions/end-others").status_code == 303
    assert [other.get("/desk/account").status_code for other in others] == [303, 303]
    assert mine.get("/desk/account").status_code == 200
    assert chens.get("/desk/account").status_code == 200
    assert "end-others" not in mine.get("/desk/account").text


def test_a_key_that_is_none_is_refused(building: Building) -> None:
    browser = building.browser("wang")
    for key in ("", "%", "x" * 16, "0" * 64):
        assert browser.post("/desk/account/sessions/end", data={"key": key}).status_code == 422
    assert browser.get("/desk/account").status_code == 200


def test_codes_are_turned_on_by_one_right_code(building: Building) -> None:
    browser = building.browser("wang")
    telephone, sealed = shown_secret(building, browser)
    form = {"sealed": sealed, "code": telephone.code()}
    assert browser.post("/desk/account/codes/on", data=form).status_code == 303
    assert "已开启" in browser.get("/desk/account").text
    building.bureau.clock.advance(seconds=30)
    assert building.browser("wang", telephone).get("/desk/account").status_code == 200


def test_a_wrong_code_keeps_the_secret_on_the_page(building: Building) -> None:
    browser = building.browser("wang")
    telephone, sealed = shown_secret(building, browser)
    form = {"sealed": sealed, "code": telephone.wrong()}
    page = browser.post("/desk/account/codes/on", data=form)
    assert page.status_code == 422
    assert "验证码不对" in page.text
    assert telephone.secret in page.text.replace(" ", "")
    again = {"sealed": hidden(page.text, "sealed")[0], "code": telephone.code()}
    assert browser.post("/desk/account/codes/on", data=again).status_code == 303


def test_the_secret_is_not_shown_again_once_codes_are_on(building: Building) -> None:
    telephone = building.bureau.enrol(building.bureau.wang)
    page = building.browser("wang", telephone).get("/desk/account/codes").text
    assert telephone.secret not in page.replace(" ", "")
    assert "otpauth:" not in page
    assert 'action="/desk/account/codes/off"' in page


def test_the_page_links_to_the_authenticator_of_this_device(building: Building) -> None:
    page = building.browser("wang").get("/desk/account/codes").text
    assert re.search(r'href="otpauth://totp/[^"]+wang\?secret=[A-Z2-7]{32}&amp;issuer=', page)


def test_codes_are_turned_off_with_password_and_code(building: Building) -> None:
    telephone = building.bureau.enrol(building.bureau.wang)
    browser = building.browser("wang", telephone)
    building.bureau.clock.advance(seconds=30)
    wrong = {"password": "wrong password", "code": telephone.code()}
    page = browser.post("/desk/account/codes/off", data=wrong)
    assert page.status_code == 401
    assert "密码不对" in page.text
    right = {"password": PASSWORD, "code": telephone.code()}
    assert browser.post("/desk/account/codes/off", data=right).status_code == 303
    assert building.browser("wang").get("/desk/account").status_code == 200


@pytest.mark.parametrize("path", CHANGING)
def test_strangers_and_other_sites_change_nothing(building: Building, path: str) -> None:
    form = {"key": "0" * 16}
    assert building.browser().post(path, data=form).headers["location"] == "/desk/login"
    browser = building.browser("wang")
    foreign = {"Origin": "https://evil.example"}
    assert browser.post(path, data=form, headers=foreign).status_code == 403
    assert building.bureau.accounts.session(browser.cookies[COOKIE]) is not None


@pytest.mark.parametrize(
    "path", ["/desk/account", "/desk/account/codes", "/desk/people", "/desk/audit"]
)
def test_the_pages_hold_no_inline_code_and_are_not_kept(building: Building, path: str) -> None:
    page = building.browser("chen").get(path)
    assert page.status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text)
    assert page.headers["cache-control"] == "no-store"
    assert building.browser().get(path).headers["location"] == "/desk/login"


def test_the_secret_is_shown_as_a_qr_code_drawn_in_the_page(building: Building) -> None:
    answer = building.browser("wang").get("/desk/account/codes")
    address = unescape(re.search(r'href="(otpauth://[^"]+)"', answer.text)[1])  # type: ignore[index]
    assert f'<path d="{qr_code(address).path}"/>' in answer.text
    # Nothing that the policy would keep from being shown.
    assert "data:" not in answer.text
    assert " style=" not in answer.text
