"""The list over HTTP: the order by the clock, filters with counts, pages, and the search."""

from __future__ import annotations

import re

import pytest

from bot.casework.listing import PAGE
from bot.uploads.repository import UploadRepository
from tests.conftest import FixedClock
from tests.integration.casework.conftest import PERSONAL, Bureau, Pages, china_days


def numbers(page: str) -> list[str]:
    """Return the applications of a list, in order."""
    return re.findall(r'class="number" href="/desk/aid/([^"]+)"', page)


def count(page: str, label: str) -> int:
    """Return the number beside a filter."""
    [found] = re.findall(rf">{label} <b[^>]*>(\d+)</b>", page)
    return int(found)


def test_the_list_shows_number_matter_days_and_a_masked_name(pages: Pages) -> None:
    number = pages.bureau.hand_in()
    page = pages.of("zhao").get("/desk/aid").text
    for shown in (number, "讨要工资", "已提交", "审查还剩 7 天", "张**", "官渡区法律援助中心"):
        assert shown in page
    for hidden in PERSONAL:
        assert hidden not in page


def test_urgent_ones_stand_first_then_by_the_day_of_the_decision(
    pages: Pages, clock: FixedClock
) -> None:
    bureau = pages.bureau
    first = bureau.hand_in()
    clock.advance(days=2)
    second = bureau.hand_in()
    urgent = bureau.hand_in(deadline="2026-11-28")
    refused = bureau.hand_in()
    bureau.casework.deciding.refuse(refused, bureau.person("zhao"), "不在范围")
    page = pages.of("zhao").get("/desk/aid").text
    assert numbers(page) == [urgent, first, second]
    assert "离法定时效或者期限不到七日" in page
    everything = pages.of("zhao").get("/desk/aid", params={"state": "all"}).text
    assert numbers(everything) == [urgent, first, second, refused]


def test_the_clocks_of_review_papers_and_assignment(pages: Pages, clock: FixedClock) -> None:
    bureau, zhao = pages.bureau, pages.bureau.person("zhao")
    bureau.hand_in()
    waiting = bureau.hand_in()
    bureau.casework.reviewing.ask(waiting, zhao, (), "合同", china_days(clock, 8))
    granted = bureau.granted()
    assigned = bureau.assigned()
    page = pages.of("zhao").get("/desk/aid").text
    for says in ("审查还剩 7 天", "补材料还剩 8 天", "指派还剩 3 天", "今天指派，等律师接受"):
        assert says in page
    clock.advance(days=9)
    page = pages.of("zhao").get("/desk/aid").text
    for says in ("审查超期 2 天", "补材料过期 1 天", "指派超期 6 天", "等律师接受，9 天了"):
        assert says in page
    assert set(numbers(pages.of("zhao").get("/desk/aid?flag=overdue").text)) == {
        numbers(page)[0],
        granted,
    }
    assert waiting in page
    assert assigned in page


def test_after_a_replacement_no_period_of_three_days_runs(pages: Pages, clock: FixedClock) -> None:
    bureau = pages.bureau
    number = bureau.assigned(taken=True)
    clock.advance(days=60)
    bureau.casework.assigning.replace(number, bureau.person("zhao"), "受援人请求")
    page = pages.of("zhao").get("/desk/aid").text
    assert "待重新指派" in page
    assert count(page, "已超期") == 0


def test_every_filter_says_how_many_and_shows_just_those(pages: Pages, clock: FixedClock) -> None:
    bureau, zhao = pages.bureau, pages.bureau.person("zhao")
    plain = bureau.hand_in()
    urgent = bureau.hand_in(deadline="2026-11-27")
    waiting = bureau.hand_in()
    bureau.casework.reviewing.ask(waiting, zhao, (), "合同", china_days(clock, 8))
    untaken = bureau.assigned()
    taken = bureau.assigned(taken=True)
    client = pages.of("zhao")
    page = client.get("/desk/aid").text
    for label, flag, expected in (
        ("先行援助", "urgent", [urgent]),
        ("已超期", "overdue", []),
        ("等材料", "papers", [waiting]),
        ("律师未接", "untaken", [untaken]),
    ):
        assert count(page, label) == len(expected)
        assert numbers(client.get("/desk/aid", params={"flag": flag}).text) == expected
    assert count(page, "未结") == 5
    assert "已指派 2" in page
    assert set(numbers(client.get("/desk/aid?state=assigned").text)) == {untaken, taken}
    assert numbers(client.get("/desk/aid?state=closed").text) == []
    assert plain in page


def test_scopes_tell_own_work_own_office_and_all_apart(pages: Pages) -> None:
    bureau = pages.bureau
    own = bureau.hand_in()
    nobodys = bureau.hand_in(place="北京市东城区")
    elsewhere = bureau.hand_in(place="昆明市盘龙区")
    bureau.casework.reviewing.accept(own, bureau.person("zhao"))
    bureau.casework.get(nobodys, bureau.person("zhao"))
    client = pages.of("zhao")
    page = client.get("/desk/aid").text
    assert set(numbers(page)) == {own, nobodys}
    assert (count(page, "全部"), count(page, "本机构"), count(page, "我办的")) == (2, 1, 1)
    assert numbers(client.get("/desk/aid?scope=mine").text) == [own]
    assert numbers(client.get("/desk/aid?scope=office").text) == [own]
    office = bureau.offices["盘龙"]
    assert numbers(pages.of("sun").get(f"/desk/aid?office={office}").text) == [elsewhere]
    assert "本机构" not in pages.of("sun").get("/desk/aid").text


def test_a_filter_that_is_none_says_so_on_the_page(pages: Pages) -> None:
    pages.bureau.hand_in()
    for query in ("state=nonsense", "flag=x", "scope=y", "office=z", "page=-1"):
        answer = pages.of("zhao").get(f"/desk/aid?{query}")
        assert answer.status_code == 422
        assert 'role="alert">筛选条件不对' in answer.text


def test_pages_of_fifty_keep_the_filter(pages: Pages) -> None:
    bureau = pages.bureau
    made = [bureau.hand_in() for _ in range(PAGE + 2)]
    first = pages.of("zhao").get("/desk/aid?state=submitted").text
    assert len(numbers(first)) == PAGE
    assert "第 1 页，共 2 页" in first
    [following] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = pages.of("zhao").get(following.replace("&amp;", "&")).text
    assert numbers(second) == made[PAGE:]
    assert "state=submitted" in second


@pytest.mark.parametrize(
    "typed", ["13800138000", "138 0013 8000", "11010519491231002x", " 张小明 ", "張小明"]
)
def test_somebody_is_found_exactly_and_never_by_the_address(pages: Pages, typed: str) -> None:
    number = pages.bureau.hand_in()
    pages.bureau.hand_in(name="李大力", phone="13800138009")
    answer = pages.of("zhao").post("/desk/aid/search", data={"q": typed})
    assert numbers(answer.text) == [number]
    for hidden in PERSONAL:
        assert hidden not in answer.text
        assert hidden not in str(answer.url)


def test_a_number_is_found_by_what_is_read_out_and_a_wrong_one_is_named(pages: Pages) -> None:
    number = pages.bureau.hand_in()
    client = pages.of("zhao")
    assert numbers(client.post("/desk/aid/search", data={"q": number[:-2]}).text) == [number]
    wrong = client.post("/desk/aid/search", data={"q": f"{number[:-1]}{9 - int(number[-1])}"})
    assert wrong.status_code == 422
    assert "好像抄错了一位" in wrong.text
    assert client.post("/desk/aid/search", data={"q": " "}).status_code == 422
    assert "没有查到" in client.post("/desk/aid/search", data={"q": "13900139000"}).text


def test_the_search_finds_only_what_one_may_see(pages: Pages) -> None:
    number = pages.bureau.hand_in()
    for login in ("qian", "li", "boss", "wu"):
        answer = pages.of(login).post("/desk/aid/search", data={"q": "13800138000"})
        assert (answer.status_code, numbers(answer.text)) == (200, [])
    assert numbers(pages.of("sun").post("/desk/aid/search", data={"q": number}).text) == [number]


def test_new_files_of_an_applicant_are_marked_until_somebody_acts(
    pages: Pages, clock: FixedClock
) -> None:
    bureau: Bureau = pages.bureau
    number = bureau.hand_in()
    conversation_id = bureau.applicants[-1].conversation_id
    with bureau.store.write() as connection:
        bureau.paperwork.note_upload(connection, conversation_id, "a" * 32)
    UploadRepository(bureau.store, clock).add(
        conversation_id, "a" * 32, "合同.png", "image/png", b"x"
    )
    assert "有新材料" in pages.of("zhao").get("/desk/aid").text
    pages.of("zhao").get(f"/desk/aid/{number}/files/{'a' * 32}")
    assert "有新材料" not in pages.of("zhao").get("/desk/aid").text
