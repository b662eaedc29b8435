"""Ten people who need legal aid, from the first question to a decision, on the running product."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.clock import china_date
from tests.e2e.aid_people import NUMBER, STEP, Bureau, Official, sign_in
from tests.e2e.people import NARROW
from tests.live import LiveApp, until
from tests.pictures import PNG

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = [pytest.mark.rasa, pytest.mark.browser]

COMMON = ("name", "id_number", "phone", "place", "address", "opponent", "facts", "request",
          "evidence", "deadline", "group")  # fmt: skip
TODAY = china_date(dt.datetime.now(dt.UTC))


@pytest.fixture(scope="module")
def signed_in(live_app: LiveApp, browser: Browser) -> dict[str, Any]:
    return {
        "officer": sign_in(live_app, browser, "zheng", "郑主任", "officer"),
        "lawyer": sign_in(live_app, browser, "qianlv", "钱律师", "lawyer"),
    }


@pytest.fixture
def bureau(live_app: LiveApp, browser: Browser, signed_in: dict[str, Any]) -> Iterator[Bureau]:
    found = Bureau(live_app, browser, signed_in)
    yield found
    found.close()
    assert found.problems == []


def number_in(said: str) -> str:
    found = NUMBER.search(said)
    assert found is not None, said
    return found[0]


def choose(form: Locator, words: str) -> None:
    form.locator("label", has_text=words).first.click()


def saw_the_identity_card(form: Locator) -> None:
    form.locator("select").first.select_option("received")


def test_a_migrant_worker_applies_on_a_phone_and_is_helped_to_the_end(bureau: Bureau) -> None:
    worker = bureau.applicant(51).begin().fill()
    assert not {"means", "income", "stage"} & set(worker.seen)
    number = worker.submit()
    officer = bureau.official("officer")
    shown = officer.open(number)
    assert "免予核查经济困难状况" in shown
    assert "第四十二条第三项" in shown
    assert worker.answers["id_number"] not in shown
    officer.take("accept")
    assert "必须先有" in officer.take("approve")
    officer.take("settle", saw_the_identity_card)
    assert "决定给予" in officer.take("approve")
    shown = officer.take("assign", lambda form: choose(form, "钱律师"))
    assert "已指派" in shown
    lawyer = bureau.official("lawyer")
    assert lawyer.numbers() == [number]
    lawyer.open(number)
    lawyer.take("take")
    lawyer.take(
        "progress", lambda form: form.locator("textarea").fill("已经向劳动仲裁委递交申请。")
    )
    told = until(lambda: "劳动仲裁委" in (shown := worker.progress()) and shown)
    for step in ("已提交", "受理", "决定给予", "已指派"):
        assert step in told
    officer.open(number)

    def report(form: Locator) -> None:
        form.locator("[name=form]").select_option(index=1)
        form.locator("[name=result]").select_option(index=1)
        form.locator("[name=hearings]").fill("1")
        form.locator("[name=days]").fill("3")

    assert "办结" in officer.take("close", report)
    assert "办结" in worker.progress()


def test_a_victim_of_violence_with_means_is_not_asked_about_them(bureau: Bureau) -> None:
    victim = bureau.caller(52, matter="家庭暴力", group="以上都不是")
    said = victim.apply("for_whom", "matter", *COMMON)
    assert "诚信承诺" in said
    assert not any("经济状况怎么样" in asked for asked in victim.asked)
    number = number_in(victim.say("同意"))
    shown = bureau.official("officer").open(number)
    assert "不看经济状况" in shown
    assert "第三十二条第四项" in shown


def test_a_pensioner_hit_by_a_car_is_measured_by_the_standard(bureau: Bureau) -> None:
    pensioner = bureau.caller(
        53, matter="交通事故", group="老年人", income="有固定来源", means="困难，按标准核查收入"
    )
    said = pensioner.apply("for_whom", "matter", *COMMON, "income", "means")
    assert "诚信承诺" in said
    shown = bureau.official("officer").open(number_in(pensioner.say("同意")))
    assert "按经济困难标准" in shown
    assert "第三十四条" in shown
    assert "第四十二条" not in shown.split("条件对照")[1].split("对申请人说的")[0]


def test_the_mother_of_a_suspect_of_seventeen_hears_that_nobody_need_apply(
    bureau: Bureau,
) -> None:
    before = bureau.rows("SELECT COUNT(*) FROM aid_applications")
    mother = bureau.applicant(54, for_whom="我的未成年孩子", matter="刑事辩护").begin().fill()
    assert mother.page.url.endswith("/apply/stopped")
    shown = mother.page.locator("main").inner_text()
    assert "办案机关应当通知" in shown
    assert "不用自己申请" in shown
    in_chat = bureau.caller(54, for_whom="我的未成年孩子", matter="刑事辩护")
    said = in_chat.apply("for_whom", "matter")
    assert "办案机关应当通知" in said
    assert "没有登记申请" in said
    assert bureau.rows("SELECT COUNT(*) FROM aid_applications") == before


def test_a_company_hears_where_to_go(bureau: Bureau) -> None:
    firm = bureau.caller(55, for_whom="公司或单位")
    said = firm.apply("for_whom")
    assert "公民个人" in said
    assert "律师事务所" in said
    on_the_web = bureau.applicant(55, for_whom="公司或单位").begin().fill()
    assert on_the_web.page.url.endswith("/apply/stopped")
    assert "律师事务所" in on_the_web.page.locator("main").inner_text()


def test_whoever_has_five_days_left_stands_first_with_the_reason(bureau: Bureau) -> None:
    patient = bureau.caller(56, matter="工伤")
    patient.apply("for_whom", "matter", *COMMON, "pledge")
    hurried = bureau.caller(57, deadline=str(TODAY + dt.timedelta(days=5)))
    hurried.apply("for_whom", "matter", *COMMON)
    number = number_in(hurried.say("同意"))
    officer = bureau.official("officer")
    assert officer.numbers()[0] == number
    shown = officer.open(number)
    assert "先行援助" in shown
    assert "第四十四条第一项" in shown


def test_missing_papers_are_asked_for_once_and_lead_to_withdrawal(bureau: Bureau) -> None:
    worker = bureau.applicant(58).begin().fill()
    number = worker.submit()
    assert "可以先受理" in worker.page.locator("main").inner_text()
    officer = bureau.official("officer")
    officer.open(number)

    def ask(form: Locator) -> None:
        form.locator("textarea").fill("工地的名称和地址")

    shown = officer.take("ask", ask)
    assert "待补正" in shown
    assert officer.page.locator("form[action$='/withdraw']").count() == 0
    told = until(lambda: "工地的名称和地址" in (shown := worker.progress()) and shown)
    assert "视为撤回" in told
    assert "不予" not in told
    paper = worker.page.locator(".papers li").first
    paper.locator("input[type=file]").set_input_files(
        [{"name": "身份证.png", "mimeType": "image/png", "buffer": PNG}]
    )
    paper.locator("button").click()
    worker.page.get_by_text("已收到并加密保存").first.wait_for()
    officer.page.goto(f"{bureau.app.url}/desk/aid")
    assert "有新材料" in officer.page.locator("tr", has_text=number).inner_text()

    past = str(TODAY - dt.timedelta(days=1))
    bureau.change("UPDATE aid_applications SET supplement_by = ? WHERE number = ?", past, number)
    officer.open(number)
    shown = officer.take("withdraw", lambda form: form.locator("[name=warned]").check())
    assert "视为撤回" in shown
    told = until(lambda: "可以重新申请" in (shown := worker.progress()) and shown)
    assert "不予" not in told


def test_a_father_applies_for_his_detained_son(bureau: Bureau) -> None:
    father = bureau.caller(59, for_whom="被关押的家人", matter="刑事辩护", group="低保")
    said = father.apply(
        "for_whom", "matter", "stage", "counsel", "special", "name", "id_number", "agent_name",
        "agent_relation", "custody", "phone", "place", "address", "facts", "deadline", "group",
    )  # fmt: skip
    assert any("这位家人叫什么名字" in asked for asked in father.asked)
    assert any("第四十条" in asked for asked in father.asked)
    assert "诚信承诺" in said
    said = father.say("同意")
    number = number_in(said)
    assert "关系证明" in said
    shown = bureau.official("officer").open(number)
    assert "官渡区看守所" in shown
    assert "父亲或母亲" in shown
    assert "第二十四条" in shown
    status = father.say("我的申请到哪了")
    assert number in status


def test_a_wrong_identity_number_three_times_loses_nothing(bureau: Bureau) -> None:
    worker = bureau.applicant(60).begin().fill(until="id_number")
    right = worker.answers["id_number"]
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    for _ in range(3):
        worker.answer(wrong)
        assert worker.question == "id_number"
        assert "校验位" in worker.page.locator(".wrong").first.inner_text()
        assert worker.page.locator("[name=text]").input_value() == wrong
    worker.answer(right)
    worker.page.goto(f"{bureau.app.url}/apply/q/name")
    assert "张小明" in worker.page.content()
    assert NUMBER.fullmatch(worker.go_on().fill().submit())


def test_a_draft_is_taken_up_after_three_days_on_another_device(bureau: Bureau) -> None:
    caller = bureau.caller(61)
    said = caller.apply("for_whom", "matter", "name", "id_number", "phone")
    step = STEP.search(said)
    assert step is not None
    ago = str(dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(days=3))
    mine = caller.visitor.session
    for table, key in (("aid_drafts", "conversation_id"), ("conversations", "id")):
        bureau.change(f"UPDATE {table} SET updated_at = ? WHERE {key} = ?", ago, mine)
    code = caller.visitor.continuation_code()
    other = bureau.applicant(61)
    other.page.goto(f"{bureau.app.url}/apply")
    other.page.fill("#code", code)
    other.page.get_by_role("button", name="接着填").click()
    other.page.wait_for_url(lambda url: "/apply" in url and not url.endswith("/apply"))
    assert other.go_on().question == "place"
    assert step[0] in other.page.locator(".progress").inner_text()
    number = other.fill().submit()
    shown = bureau.official("officer").open(number)
    assert "讨要工资" in shown
    assert NARROW["width"] == other.page.viewport_size["width"]  # type: ignore[index]


def test_an_officer_who_was_too_slow_is_told(bureau: Bureau) -> None:
    worker = bureau.caller(62, matter="医疗事故", group="低保")
    worker.apply("for_whom", "matter", *COMMON)
    number = number_in(worker.say("同意"))
    first, second = bureau.official("officer"), bureau.official("officer")
    first.open(number)
    first.take("settle", saw_the_identity_card)
    second.open(number)
    assert "决定给予" in first.take("approve")

    def reasons(form: Locator) -> None:
        form.locator("textarea").fill("不属于援助范围，理由写了很多。")

    assert "决定给予" in slow(second, reasons)


def slow(second: Official, reasons: Any) -> str:
    """Refuse what has been granted meanwhile; return the page with what was typed."""
    shown = second.take("refuse", reasons)
    kept = second.page.locator("textarea").evaluate_all("all => all.map(e => e.value).join()")
    assert "理由写了很多" in f"{shown}{kept}"
    return shown
