"""The administrator's pages in a browser, and the audit page."""

from __future__ import annotations

import re

import pytest

from bot.domain.people import Role
from bot.web.staff import COOKIE
from tests.integration.accounts.conftest import Building
from tests.unit.accounts.conftest import PASSWORD

NEW = {"login": "sun", "name": "孙平", "licence": "", "role": "mediator"}
CHANGES = ["role", "password", "codes", "unlock", "sessions", "deactivate", "activate"]


def shown_password(page: str) -> str:
    found = re.search(r'<code id="first-password">([^<]+)</code>', page)
    assert found is not None
    return found.group(1)


def test_a_new_colleague_signs_in_with_the_password_shown_once(building: Building) -> None:
    admin = building.browser("chen")
    page = admin.post("/desk/people", data=NEW)
    password = shown_password(page.text)
    assert "孙平" in page.text
    assert password not in admin.get("/desk/people").text
    browser = building.browser()
    answer = browser.post("/desk/login", data={"login": "sun", "password": password})
    assert answer.status_code == 303
    assert "调解员" in browser.get("/desk/account").text


def test_a_refused_form_keeps_what_was_typed(building: Building) -> None:
    typed = {"login": "wang", "name": '孙"平<b>', "licence": "L-1", "role": "officer"}
    page = building.browser("chen").post("/desk/people", data=typed)
    assert page.status_code == 409
    assert "已经有人用了" in page.text
    for kept in ('value="wang"', 'value="孙&#34;平&lt;b&gt;"', 'value="L-1"'):
        assert kept in page.text
    assert re.search(r'value="officer" required checked', page.text)


HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize("path", ["/desk/people", "/desk/audit"])
def test_a_page_that_is_not_for_this_account_is_refused_in_a_sentence(
    building: Building, path: str
) -> None:
    browser = building.browser("wang")
    page = browser.get(path, headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (403, "text/html; charset=utf-8")
    refused = browser.get(path)
    assert refused.headers["content-type"] == "application/json"
    assert refused.json()["error"]["message"] in page.text
    # The frame names who is signed in and leads back.
    assert 'class="name"' in page.text
    assert '<a href="/desk">回到工作台</a>' in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_a_change_refused_to_a_form_is_said_on_a_page_and_changes_nothing(
    building: Building,
) -> None:
    browser = building.browser("wang")
    before = building.bureau.actions()
    foreign = {**HTML, "Origin": "https://elsewhere.example"}
    answer = browser.post("/desk/people", data=NEW, headers=foreign)
    assert answer.status_code == 403
    assert "不是从本站页面发出的" in answer.text
    assert building.bureau.actions() == before


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_the_administrator_sees_and_changes_accounts(building: Building, role: Role) -> None:
    bureau = building.bureau
    bureau.people.set_role(bureau.admin, bureau.wang.id, role)
    browser = building.browser("wang")
    before = bureau.actions()
    assert browser.get("/desk/people").status_code == 403
    assert browser.get(f"/desk/people/{bureau.admin.id}").status_code == 403
    assert browser.post("/desk/people", data=NEW).status_code == 403
    for change in CHANGES:
        path = f"/desk/people/{bureau.admin.id}/{change}"
        assert browser.post(path, data={"role": "lawyer"}).status_code == 403
    assert bureau.actions() == before


@pytest.mark.parametrize("change", CHANGES)
def test_another_site_changes_no_account(building: Building, change: str) -> None:
    browser = building.browser("chen")
    before = building.bureau.actions()
    answer = browser.post(
        f"/desk/people/{building.bureau.wang.id}/{change}",
        data={"role": "admin"},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert building.bureau.actions() == before


def test_deactivating_signs_the_person_out_at_once(building: Building) -> None:
    wang = building.bureau.wang
    browser, admin = building.browser("wang"), building.browser("chen")
    assert admin.post(f"/desk/people/{wang.id}/deactivate").status_code == 303
    assert browser.get("/desk/account").status_code == 303
    assert "已停用" in admin.get(f"/desk/people/{wang.id}").text
    assert admin.post(f"/desk/people/{wang.id}/activate").status_code == 303
    assert building.browser("wang").get("/desk/account").status_code == 200


def test_the_last_administrator_is_told_why_not(building: Building) -> None:
    admin, own = building.browser("chen"), f"/desk/people/{building.bureau.admin.id}"
    for path, form in ((f"{own}/deactivate", {}), (f"{own}/role", {"role": "lawyer"})):
        page = admin.post(path, data=form)
        assert page.status_code == 409
        assert "最后一个在用的管理员" in page.text
    assert admin.get("/desk/people").status_code == 200


def test_a_reset_password_is_shown_once_and_works(building: Building) -> None:
    wang, browser = building.bureau.wang, building.browser("wang")
    page = building.browser("chen").post(f"/desk/people/{wang.id}/password")
    password = shown_password(page.text)
    assert browser.get("/desk/account").status_code == 303
    answer = building.browser().post("/desk/login", data={"login": "wang", "password": password})
    assert answer.status_code == 303


def test_a_lost_telephone_and_a_lock_are_lifted_on_the_page(building: Building) -> None:
    bureau, admin = building.bureau, building.browser("chen")
    bureau.enrol(bureau.wang)
    for _ in range(5):
        building.browser().post("/desk/login", data={"login": "wang", "password": "wrong"})
    one = f"/desk/people/{bureau.wang.id}"
    assert "锁定至" in admin.get(one).text
    assert admin.post(f"{one}/unlock").status_code == 303
    assert admin.post(f"{one}/codes").status_code == 303
    assert "锁定至" not in admin.get(one).text
    assert building.browser("wang").get("/desk/account").status_code == 200


@pytest.mark.parametrize("path", ["999999", "0", "99999999999999999999", "abc"])
def test_an_account_that_is_not_there_is_not_found(building: Building, path: str) -> None:
    admin = building.browser("chen")
    assert admin.get(f"/desk/people/{path}").status_code in (404, 422)
    assert admin.post(f"/desk/people/{path}/deactivate").status_code in (404, 422)


def test_a_change_that_is_none_is_not_found(building: Building) -> None:
    admin = building.browser("chen")
    assert admin.post(f"/desk/people/{building.bureau.wang.id}/promote").status_code == 404


# The audit page


@pytest.mark.parametrize(
    ("role", "status"),
    [("lawyer", 403), ("mediator", 403), ("officer", 403), ("supervisor", 200), ("admin", 200)],
)
def test_the_trail_is_for_administrator_and_supervisor(
    building: Building, role: str, status: int
) -> None:
    building.bureau.people.set_role(building.bureau.admin, building.bureau.wang.id, role)
    assert building.browser("wang").get("/desk/audit").status_code == status


def test_the_trail_shows_what_was_done_and_is_filtered(building: Building) -> None:
    admin = building.browser("chen")
    admin.post(f"/desk/people/{building.bureau.wang.id}/role", data={"role": "officer"})
    page = admin.get("/desk/audit").text
    assert "角色改为法律援助工作人员" in page
    assert "添加账号" in page
    found = admin.get("/desk/audit", params={"actor": "陈主任", "subject": "wang"}).text
    assert "角色改为" in found
    assert "添加账号" not in found
    empty = admin.get("/desk/audit", params={"day": "2020-01-01"}).text
    assert "没有符合条件的记录" in empty


def test_a_bad_day_is_said_above_the_form_and_kept(building: Building) -> None:
    page = building.browser("chen").get("/desk/audit", params={"day": "soon", "actor": "wang"})
    assert page.status_code == 422
    assert "2026-11-23" in page.text
    assert 'value="soon"' in page.text
    assert 'value="wang"' in page.text


def test_the_trail_has_no_way_to_change_it(building: Building) -> None:
    admin = building.browser("chen")
    page = admin.get("/desk/audit").text
    posted = set(re.findall(r'<form method="post" action="([^"]+)"', page))
    assert posted == {"/desk/logout"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert admin.request(method, "/desk/audit").status_code == 405
    assert building.bureau.accounts.session(admin.cookies[COOKIE]) is not None


def test_older_rows_are_one_link_away_with_the_filter_kept(building: Building) -> None:
    for _ in range(60):
        building.bureau.accounts.revoke(building.bureau.accounts.authenticate("wang", PASSWORD)[1])
    admin = building.browser("chen")
    page = admin.get("/desk/audit", params={"actor": "wang"}).text
    found = re.search(r'href="(/desk/audit\?actor=wang&amp;before=\d+)"', page)
    assert found is not None
    older = admin.get(found.group(1).replace("&amp;", "&")).text
    assert older.count("<time>") == 20
    assert "更早的记录" not in older
