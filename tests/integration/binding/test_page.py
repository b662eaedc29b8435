"""The page on which a follower binds: forms without script, whose they are, and what they say."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.domain.follower import Follower
from bot.h5.session import COOKIE
from bot.store.tables import continuations
from bot.store.unit import Store
from bot.store.wechat_tables import passes
from tests.conftest import FixedClock
from tests.integration.binding.conftest import PHONE, Room, make_room
from tests.integration.binding.site import Site, site_of
from tests.integration.h5.conftest import posted_to

FORMS = ("code", "number", "mobile", "sms", "leave", "end")
HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9"}


@dataclass
class Phone:
    """A follower's browser."""

    client: TestClient
    page: Any = None

    def get(self, path: str = "/m/bind") -> str:
        self.page = self.client.get(path)
        return self.words

    def post(self, form: str, headers: dict[str, str] | None = None, **data: str) -> str:
        self.page = self.client.post(f"/m/bind/{form}", data=data, headers=headers)
        return self.words

    @property
    def words(self) -> str:
        return html.unescape(re.sub(r"<[^>]+>", " ", self.page.text))

    @property
    def status(self) -> int:
        return int(self.page.status_code)


@pytest.fixture
def site(room: Room) -> Site:
    return site_of(room)


@pytest.fixture
def phone(site: Site, follower: Follower) -> Iterator[Phone]:
    with TestClient(site.app, headers=HTML) as client:
        client.cookies.set(COOKIE, site.admit(follower), path="/m")
        yield Phone(client)


def test_a_code_binds(room: Room, phone: Phone, follower: Follower) -> None:
    web = room.visitor()
    assert "接续码" in phone.get()
    said = phone.post("code", code=room.code(web))
    assert phone.status == 200
    assert phone.page.url.path == "/m/bind"
    assert "绑定好了" in said
    assert "现在绑定的" in said
    assert web in room.hears(follower)


def test_a_wrong_code_is_said_beside_its_field(phone: Phone) -> None:
    said = phone.post("code", code="0000 0000")
    assert phone.status == 422
    assert "接续码不对" in said
    assert 'value="0000 0000"' in phone.page.text
    assert 'aria-invalid="true"' in phone.page.text
    assert "有一处要改" in said


def test_number_and_telephone_bind(room: Room, phone: Phone, follower: Follower) -> None:
    applicant, number = room.applicant()
    said = phone.post("number", number=f" {number.lower()} ", phone="138 0013 8000")
    assert "短信里的 6 位数字" in said
    assert applicant.conversation_id not in room.hears(follower)
    said = phone.post("sms", sms=room.board.code)
    assert "绑定好了" in said
    assert number in said
    assert applicant.conversation_id in room.hears(follower)


@pytest.mark.parametrize(
    ("number", "telephone", "said"),
    [
        ("", PHONE, "没看懂这个编号"),
        ("工资", PHONE, "没看懂这个编号"),
        ("FY20261123-0001-0", PHONE, "抄错"),
        ("12345678", PHONE, "抄错"),
        ("FY20261123-0001", "", "完整手机号"),
        ("FY20261123-0001", "8000", "完整手机号"),
        ("FY20261123-0001", "0871-63512345", "对不上"),
    ],
)
def test_what_does_not_fit_is_said_and_kept(
    phone: Phone, number: str, telephone: str, said: str
) -> None:
    assert said in phone.post("number", number=number, phone=telephone)
    assert phone.status == 422
    assert f'value="{number}"' in phone.page.text
    assert f'value="{telephone}"' in phone.page.text


def test_a_telephone_binds_in_two_steps(room: Room, phone: Phone, follower: Follower) -> None:
    applicant, _ = room.applicant()
    assert "短信里的 6 位数字" not in phone.get()
    assert "短信里的 6 位数字" in phone.post("mobile", mobile=PHONE)
    assert PHONE not in phone.page.text
    assert "验证码不对" in phone.post("sms", sms="000000")
    assert "6 位数字" in phone.post("sms", sms="12")
    code = room.board.code
    assert "绑定好了" in phone.post("sms", sms=f"{code[:3]} {code[3:]}")
    assert applicant.conversation_id in room.hears(follower)


def test_a_gateway_that_is_down_is_said_and_the_telephone_kept(room: Room, phone: Phone) -> None:
    room.board.status = 500
    assert "短信没有发出去" in phone.post("mobile", mobile=PHONE)
    assert f'value="{PHONE}"' in phone.page.text


def test_a_code_for_the_computer_is_shown(room: Room, phone: Phone, follower: Follower) -> None:
    said = phone.post("leave")
    found = re.search(r"输入 (\d{4} \d{4})", said)
    assert found is not None
    assert room.codes.redeem(found[1], "device-0123456789")[0] == follower.conversation_id


def test_unbinding_ends_it_and_the_way_back_stays(
    room: Room, phone: Phone, follower: Follower
) -> None:
    web = room.bound(follower)
    assert "解除绑定" in phone.get()
    assert "看不到了" in phone.post("end")
    assert web not in room.hears(follower)
    assert "现在绑定的" not in phone.get()


def test_a_browser_that_looked_at_what_was_bound_is_let_out(
    room: Room, site: Site, phone: Phone, follower: Follower
) -> None:
    web = room.bound(follower)
    phone.client.cookies.set(COOKIE, site.admit(follower, web), path="/m")
    assert "看不到了" in phone.post("end")
    dropped = [one for one in phone.page.headers.get_list("set-cookie") if "Max-Age=0" in one]
    assert any(one.startswith(f"{COOKIE}=") for one in dropped)
    phone.get()
    assert phone.status == 401
    assert room.count(passes, conversation_id=web) == 0


def test_without_a_pass_nothing_is_shown(site: Site) -> None:
    with TestClient(site.app, headers=HTML) as client:
        stranger = Phone(client)
        for form in FORMS:
            stranger.post(form, code="00000000", number="x", phone="x")
            assert stranger.status == 401
        assert "公众号" in stranger.get()


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_another_site_does_nothing(
    room: Room, phone: Phone, follower: Follower, form: str
) -> None:
    web = room.bound(follower)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        phone.post(form, headers, code="00000000", mobile=PHONE)
        assert phone.status == 403
    assert web in room.hears(follower)
    assert room.board.taken == []
    assert room.trail("binding_denied") == []


def test_the_address_of_every_form_leads_to_the_page_and_changes_nothing(
    room: Room, site: Site, phone: Phone, follower: Follower
) -> None:
    """Large print is switched, and pages are loaded again, where a form was sent to."""
    web = room.bound(follower)
    forms = {path for path in posted_to(site.app) if path.startswith("/m/")}
    assert forms == {f"/m/bind/{form}" for form in FORMS}
    for path in forms:
        assert "用接续码绑定" in phone.get(path)
        assert phone.page.url.path == "/m/bind"
    assert web in room.hears(follower)


@pytest.mark.parametrize("form", ["none", "code/x"])
def test_no_other_address_below_the_page_is_there(phone: Phone, form: str) -> None:
    phone.get(f"/m/bind/{form}")
    assert phone.status == 404


def test_a_pass_of_a_lasting_link_neither_unbinds_nor_gives_a_code(
    room: Room, site: Site, phone: Phone, follower: Follower
) -> None:
    web = room.bound(follower)
    phone.client.cookies.set(COOKIE, site.admit(follower, target="talk"), path="/m")
    assert "解除绑定" in phone.get()
    for form in ("end", "leave"):
        assert "点收到的链接再来办" in phone.post(form)
        assert phone.status == 403
    assert web in room.hears(follower)
    assert room.count(continuations) == 0


def test_another_followers_bindings_are_not_shown(room: Room, phone: Phone) -> None:
    other = room.follower()
    _, number = room.applicant()
    room.service.by_number(other.id, number, PHONE)
    room.service.by_sms(other.id, room.board.code)
    assert number not in phone.get()


def test_while_a_lawyer_has_part_in_the_talk_no_form_is_shown(
    room: Room, phone: Phone, follower: Follower
) -> None:
    web = room.visitor()
    code = room.code(web)
    assert follower.conversation_id is not None
    room.queue(follower.conversation_id)
    assert "先不能绑定" in phone.get()
    assert 'action="/m/bind/code"' not in phone.page.text
    assert "先不能绑定" in phone.post("code", code=code)
    assert web not in room.hears(follower)


def test_without_a_gateway_its_form_is_not_shown(sqlite_store: Store, clock: FixedClock) -> None:
    room = make_room(sqlite_store, clock, sms=False)
    site = site_of(room)
    with TestClient(site.app, headers=HTML) as client:
        client.cookies.set(COOKIE, site.admit(room.follower()), path="/m")
        phone = Phone(client)
        assert "短信" not in phone.get()
        assert "不能用短信" in phone.post("mobile", mobile=PHONE)
        _, number = room.applicant()
        assert "看不到咨询内容" in phone.get()
        assert "以后办理进度会发到微信里" in phone.post("number", number=number, phone=PHONE)
        assert "只收办理进度" in phone.words


def test_codes_typed_are_counted_together_with_those_on_the_web(
    sqlite_store: Store, clock: FixedClock
) -> None:
    room = make_room(sqlite_store, clock)
    site = site_of(room, continuations_per_address="2/hour")
    with TestClient(site.app, headers=HTML) as client:
        phone = Phone(client)
        for status in (422, 422, 429):
            client.cookies.set(COOKIE, site.admit(room.follower()), path="/m")
            phone.post("code", code="00000000")
            assert phone.status == status


def test_no_word_of_an_address_is_shown(phone: Phone) -> None:
    phone.get("/m/bind?done=<script>")
    assert "<script>" not in phone.page.text
    assert phone.status == 200
    assert "绑定好了" not in phone.get("/m/bind?done=taken")
