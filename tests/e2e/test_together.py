"""Two lawyers and several citizens at once, each at a screen of his own, on the whole product."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ROOT
from tests.e2e.people import NARROW, WIDE, Citizen, Lawyer, Said, Town
from tests.e2e.screens import PNG
from tests.live import LiveApp, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.rasa, pytest.mark.browser]

PASSWORD = "correct horse battery"
LAWYERS = {"zhoumin": "周敏", "sunli": "孙立"}
DEPOSIT = "房东不退我押金怎么办"
ATTACK = "<img src=x onerror='window.hit=1'><script>window.hit=1</script>"
LINK = "[点这里](javascript:window.hit=1) javascript:window.hit=1"
LOCAL = "window.lawbridgeSettings = { storage: 'local' }"
CONFLICT = "409 (Conflict)"
CANNED = """(words) => document.addEventListener('readystatechange', () => {
  const desk = document.getElementById('desk');
  const canned = JSON.parse(desk.dataset.canned);
  if (document.readyState === 'interactive') {
    desk.dataset.canned = JSON.stringify([{ ...canned[0], text: words }]);
  }
})"""
"""Puts words into the list of canned texts, before the desk's scripts read it."""
GONE_OFFLINE = "ERR_INTERNET_DISCONNECTED"
UNPROCESSABLE = "422 ("


@pytest.fixture(scope="module")
def signed_in(live_app: LiveApp, browser: Browser) -> dict[str, Any]:
    """Two lawyers who have signed in once, so that no test runs into the limit on attempts."""
    found: dict[str, Any] = {}
    for login, name in LAWYERS.items():
        command = ["-m", "bot", "lawyer", "add", login, "--name", name, "--licence", "15301201912"]
        subprocess.run(
            [sys.executable, *command, "--password", PASSWORD],
            cwd=ROOT,
            env=live_app.environment,
            check=True,
            capture_output=True,
        )
        context = browser.new_context(locale="zh-CN")
        page = context.new_page()
        page.goto(f"{live_app.url}/desk")
        page.fill("#login", login)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_selector(".columns")
        found[login] = context.storage_state()
        context.close()
    return found


@pytest.fixture
def town(live_app: LiveApp, browser: Browser, signed_in: dict[str, Any]) -> Iterator[Town]:
    found = Town(live_app, browser, signed_in, LAWYERS)
    yield found
    found.leave()


@pytest.fixture(params=[WIDE, NARROW], ids=["desktop", "phone"])
def size(request: pytest.FixtureRequest) -> dict[str, int]:
    found: dict[str, int] = request.param
    return found


def met(town: Town, size: dict[str, int], question: str = DEPOSIT) -> tuple[Citizen, Lawyer]:
    """Return a citizen and the lawyer who has taken him."""
    citizen = town.citizen(size).start().calls_a_lawyer(question)
    lawyer = town.lawyer("zhoumin", size)
    lawyer.claim(question)
    citizen.sees("周敏律师")
    return citizen, lawyer


def test_of_two_lawyers_who_claim_at_once_one_has_the_citizen(
    town: Town, size: dict[str, int]
) -> None:
    citizen = town.citizen(size).start().calls_a_lawyer(DEPOSIT)
    rivals = [town.lawyer(login, size) for login in LAWYERS]
    held: list[Route] = []
    for rival in rivals:
        rival.show_list("queue")
        rival.waiting(DEPOSIT).wait_for()
        rival.page.route("**/claim", lambda route: held.append(route))
    for rival in rivals:
        rival.waiting(DEPOSIT).locator(".claim").click()
    until(lambda: rivals[0].page.evaluate("1") and len(held) == 2)
    for claim in held:
        claim.continue_()
    owner = until(lambda: [one for one in rivals if one.page.locator("#say").is_visible()])
    other = next(one for one in rivals if one is not owner[0])
    other.page.wait_for_selector(".toast:has-text('已由其他同事接待')")
    other.waiting(DEPOSIT).wait_for(state="detached")
    assert other.page.locator("#say").count() == 0
    assert other.page.locator(".mine .entry").count() == 0
    citizen.sees("已接入")
    owner[0].send("您好，合同还在吗？")
    citizen.sees("合同还在吗")
    joined = [words for sender, words in citizen.shown() if "已接入" in words]
    assert len(joined) == 1
    assert owner[0].name in joined[0]
    assert town.complaints(CONFLICT) == []


def test_an_application_goes_on_with_its_open_question_after_a_lawyer(
    town: Town, size: dict[str, int]
) -> None:
    citizen = town.citizen(size).start()
    assert "您为谁申请" in citizen.ask("我想申请法律援助")
    assert "哪一类事" in citizen.ask("我自己")
    citizen.frame.locator(".options button", has_text="讨要工资").click()
    citizen.sees("您叫什么名字")
    assert "身份证号" in citizen.ask("张小明")
    assert "手机号" in citizen.ask("11010519491231002X")
    citizen.calls_a_lawyer()
    lawyer = town.lawyer("zhoumin", size)
    lawyer.claim("申请法律援助")
    citizen.sees("周敏律师")
    lawyer.send("您好，哪里不清楚？")
    citizen.say("手机号要填谁的？")
    lawyer.sees("要填谁的")
    lawyer.send("填您自己的，接着填就行。")
    citizen.sees("接着填就行")
    lawyer.act("交还机器人")
    lawyer.confirm()
    citizen.sees("接着上次的申请继续填")
    returned, asked = citizen.shown()[-2:]
    assert returned[0] == "system"
    assert "由机器人继续为您服务" in returned[1]
    assert asked[0] == "bot"
    assert "请填您的手机号" in asked[1]
    assert "第 5 步，共 15 步" in citizen.frame.locator(".message.bot").last.inner_text()
    assert "发生在哪个县、区" in citizen.ask("13800138000")
    assert "您现在住在哪里" in citizen.ask("昆明市官渡区")
    assert "第 7 步，共 15 步" in citizen.frame.locator(".message.bot").last.inner_text()
    assert town.complaints() == []


def test_a_consultation_goes_on_with_its_open_question_after_a_lawyer(town: Town) -> None:
    citizen = town.citizen().start()
    citizen.ask("欠薪引导咨询")
    first = "您现在还在这家单位"
    choices = citizen.frame.locator(".options button")
    choices.first.click()
    citizen.sees("第 2 步，共 6 步")
    second = citizen.shown()[-1][1]
    citizen.calls_a_lawyer()
    lawyer = town.lawyer("sunli")
    lawyer.claim("转人工")
    citizen.sees("孙立律师")
    lawyer.send("这些问题照实回答就行。")
    citizen.sees("照实回答")
    lawyer.act("交还机器人")
    lawyer.confirm()
    citizen.sees("接着刚才的引导咨询")
    asked = citizen.shown()[-1][1]
    assert asked.endswith(second)
    assert first not in asked
    choices.first.click()
    citizen.sees("第 3 步，共 6 步")
    assert "请点一个选项" not in citizen.shown()[-1][1]
    assert town.complaints() == []


def test_whoever_leaves_the_queue_goes_on_with_the_open_question(town: Town) -> None:
    citizen = town.citizen().start()
    citizen.ask("我想申请法律援助")
    citizen.ask("我自己")
    citizen.calls_a_lawyer()
    citizen.frame.locator(".options button", has_text="继续问机器人").click()
    citizen.sees("接着上次的申请继续填")
    assert [sender for sender, _ in citizen.shown()[-2:]] == ["system", "bot"]
    assert "叫什么名字" in citizen.ask("讨要工资")
    assert town.complaints() == []


def test_a_laptop_that_was_closed_misses_and_repeats_nothing(
    town: Town, size: dict[str, int]
) -> None:
    citizen, lawyer = met(town, size)
    lawyer.send("您好，合同还在吗？")
    citizen.say("在的")
    lawyer.sees("在的")

    lawyer.page.context.set_offline(True)
    citizen.say("断网时说的话")
    assert citizen.frame.locator(".pending").count() == 0
    lawyer.page.context.set_offline(False)
    lawyer.sees("断网时说的话")

    # What is read here must not be called new when he comes back.
    until(lambda: "已读" in citizen.own.last.inner_text())
    lawyer.page.context.close()
    back = town.lawyer("zhoumin", size)
    back.show_list("mine")
    back.mine("断网时说的话").wait_for()
    assert back.page.locator(".mine .dot").count() == 0
    back.page.context.close()

    citizen.say("合上电脑时说的第一句")
    citizen.say("合上电脑时说的第二句")
    assert citizen.frame.locator(".pending").count() == 0
    assert "已读" not in citizen.own.last.inner_text()
    back = town.lawyer("zhoumin", size)
    back.show_list("mine")
    back.mine("第二句").locator(".dot").wait_for()
    back.select()
    back.sees("合上电脑时说的第二句")
    assert back.page.locator(".mine .dot").count() == 0
    assert [words for sender, words in back.talk() if sender == "visitor"][-4:] == [
        "在的",
        "断网时说的话",
        "合上电脑时说的第一句",
        "合上电脑时说的第二句",
    ]
    back.send("回来了")
    citizen.sees("回来了")
    assert back.talk() == citizen.talk()
    assert town.complaints(GONE_OFFLINE) == []


def test_a_citizen_who_comes_back_on_a_phone_page_finds_everything_once(town: Town) -> None:
    citizen = town.citizen()
    context = citizen.page.context
    context.add_init_script(LOCAL)
    citizen.storage = "local"
    citizen.start().calls_a_lawyer(DEPOSIT)
    lawyer = town.lawyer("zhoumin")
    lawyer.claim(DEPOSIT)
    lawyer.send("您好，合同还在吗？")
    citizen.sees("合同还在吗")
    citizen.say("在的")
    lawyer.sees("在的")
    before = citizen.shown()
    citizen.page.close()
    lawyer.send("拍照发来看看。")
    lawyer.send("押金条也要。")

    page = town.watched(context.new_page())
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    again = Citizen(page, town.app.url, "local").open()
    town.citizens.append(again)
    again.sees("押金条也要")
    assert again.shown()[: len(before)] == before
    assert again.talk()[-4:] == [
        ("lawyer", "您好，合同还在吗？"),
        ("visitor", "在的"),
        ("lawyer", "拍照发来看看。"),
        ("lawyer", "押金条也要。"),
    ]
    again.say("好，马上拍")
    lawyer.sees("马上拍")
    assert lawyer.talk() == again.talk()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert town.complaints() == []


def heard_by(page: Page) -> list[str]:
    """Return what every answer and frame brings to a page, while it comes."""
    heard: list[str] = []

    def keep(response: Any) -> None:
        if "/api/" in response.url:
            heard.append(response.text())

    page.on("response", keep)

    def frames(socket: Any) -> None:
        socket.on("framereceived", lambda frame: heard.append(str(frame)))

    page.on("websocket", frames)
    return heard


def test_a_conversation_is_handed_on_with_a_note_that_the_citizen_never_gets(
    town: Town, size: dict[str, int]
) -> None:
    citizen = town.citizen(size)
    heard = heard_by(citizen.page)
    citizen.start().calls_a_lawyer(DEPOSIT)
    first, second = (town.lawyer(login, size) for login in LAWYERS)
    first.claim(DEPOSIT)
    first.send("您好，请说说经过。")
    citizen.sees("请说说经过")
    first.note("备注甲乙丙：对方是开发商")
    citizen.box.press_sequentially("房东说墙脏了，")
    first.page.wait_for_selector(".typing:has-text('来访者正在输入')")
    first.act("转交")
    first.page.locator("dialog .choice", has_text="孙立").click()
    first.page.fill("#transfer-note", "转交说明丁戊己：要看合同")
    first.confirm()
    citizen.sees("已转给另一位同事")
    citizen.box.press_sequentially("要扣钱")
    assert citizen.box.input_value() == "房东说墙脏了，要扣钱"
    citizen.box.press("Enter")
    citizen.sees("已收到，您排在第")
    second.show_list("queue")
    second.waiting(DEPOSIT).locator(".yours").wait_for()
    second.claim(DEPOSIT)
    citizen.sees("孙立律师")
    for note in ("备注甲乙丙", "转交说明丁戊己"):
        second.page.wait_for_selector(f".said.noted:has-text('{note}')")
    second.sees("房东说墙脏了，要扣钱")
    second.send("墙面正常磨损不该扣。")
    citizen.sees("正常磨损")
    assert first.page.locator("#say").count() == 0
    assert any("正常磨损" in one for one in heard)
    for secret in ("甲乙丙", "丁戊己"):
        assert not any(secret in frame.content() for frame in citizen.page.frames)
        told = [one for one in heard if secret in one or json.dumps(secret)[1:-1] in one]
        assert told == []
    assert town.complaints() == []


def test_nothing_that_anybody_writes_is_run(town: Town, size: dict[str, int]) -> None:
    citizen, lawyer = met(town, size)
    lawyer.page.add_init_script(f"({CANNED})({json.dumps(ATTACK + LINK)})")
    lawyer.page.reload()
    lawyer.select()
    citizen.say(ATTACK)
    lawyer.sees("<script>")
    citizen.say(LINK)
    lawyer.sees("javascript:")
    citizen.attach("<img src=x onerror=window.hit=1>.png", "image/png", PNG)
    lawyer.page.locator(".said.visitor .thumb").wait_for()
    lawyer.send(ATTACK)
    citizen.sees("<script>")
    lawyer.send(LINK)
    citizen.sees("javascript:")
    lawyer.note(ATTACK)
    lawyer.page.click(".canned .tool")
    lawyer.page.locator("#canned-list button", has_text="<script>").first.click()
    assert ATTACK in lawyer.page.input_value("#say")
    lawyer.page.press("#say", "Enter")
    until(lambda: ("lawyer", ATTACK + LINK) in citizen.talk())
    for person in (citizen, lawyer):
        assert {("visitor", ATTACK), ("visitor", LINK), ("lawyer", LINK)} <= set(person.talk())
        assert not any(frame.evaluate("'hit' in window") for frame in person.page.frames)
    assert lawyer.page.locator("a[href^='javascript']").count() == 0
    assert citizen.frame.locator(".log :is(img, script)").count() == 0
    assert citizen.frame.locator(":is(.visitor, .lawyer) a").count() == 0
    assert citizen.frame.locator("a[href^='javascript']").count() == 0
    assert lawyer.page.inner_text(".said.noted .words") == ATTACK
    assert town.complaints() == []


def test_a_file_is_judged_by_its_contents_on_both_sides(town: Town, size: dict[str, int]) -> None:
    citizen, lawyer = met(town, size)
    before = town.stored_files()
    page, program = b"<!doctype html><script>window.hit=1</script>" * 40, b"MZ" + bytes(3000)
    for name, body in (("网页.jpg", page), ("程序.jpg", program)):
        citizen.attach(name, "image/jpeg", body)
        failed = citizen.frame.locator(".message.failed", has_text=name)
        assert "可能已损坏" in failed.locator("[role=alert]").inner_text()
        chosen: Any = {"name": name, "mimeType": "image/jpeg", "buffer": body}
        lawyer.page.set_input_files(".composer input[type=file]", files=[chosen])
        lawyer.page.click(".composer .line button")
        wrong = lawyer.page.locator(".attached li", has_text=name).locator(".wrong")
        assert "只支持 10 MB 以内的图片" in wrong.inner_text()
        lawyer.page.locator(".attached li", has_text=name).locator("button").click()
    assert town.stored_files() == before
    assert not any("网页" in words or "程序" in words for _, words in lawyer.talk())

    citizen.attach("押金条.pdf", "application/pdf", PNG)
    lawyer.page.locator(".said.visitor .thumb", has_text="押金条.png").locator("img").wait_for()
    chosen = {"name": "样本.pdf", "mimeType": "application/pdf", "buffer": PNG}
    lawyer.page.set_input_files(".composer input[type=file]", files=[chosen])
    lawyer.page.click(".composer .line button")
    citizen.sees("样本.png")
    with citizen.page.expect_download() as download:
        citizen.sees("样本.png").get_by_role("button", name="下载").click()
    assert download.value.path().read_bytes() == PNG
    assert download.value.suggested_filename == "样本.png"
    assert town.stored_files() == before + 2
    assert town.complaints("400 (", UNPROCESSABLE, "415 (") == []


def talks(person: Citizen | Lawyer, expected: list[Said]) -> None:
    """Wait until a screen shows all that was said; nothing may be out of order meanwhile."""
    until(lambda: len(person.talk()) >= len(expected))
    assert person.talk() == expected


def test_five_people_talk_at_once_and_everybody_has_his_own_words(town: Town) -> None:
    sizes = (WIDE, NARROW, WIDE)
    questions = [f"{n}号房的{DEPOSIT}" for n in (11, 12, 13)]
    citizens = [town.citizen(one).start() for one in sizes]
    for citizen, question in zip(citizens, questions, strict=True):
        citizen.calls_a_lawyer(question)
    first, second = town.lawyer("zhoumin"), town.lawyer("sunli", NARROW)
    tended = [first, first, second]
    places = (0, 1, 0)
    for lawyer, question in zip(tended, questions, strict=True):
        lawyer.claim(question)
    expected: list[list[Said]] = [[], [], []]
    for turn in range(1, 6):
        for n, citizen in enumerate(citizens):
            words = f"{n + 11}号来访者的第{turn}句"
            citizen.box.fill(words)
            citizen.box.press("Enter")
            expected[n].append(("visitor", words))
        for n, lawyer in enumerate(tended):
            lawyer.select(places[n])
            lawyer.sees(expected[n][-1][1])
            words = f"对{n + 11}号说的第{turn}句"
            lawyer.page.fill("#say", words)
            lawyer.page.press("#say", "Enter")
            expected[n].append(("lawyer", words))
    for n, citizen in enumerate(citizens):
        whole = [("visitor", questions[n]), ("visitor", "转人工"), *expected[n]]
        talks(citizen, whole)
        tended[n].select(places[n])
        talks(tended[n], whole)
        stored = [m for m in citizen.stored() if m["sender"] in ("visitor", "lawyer")]
        assert [(m["sender"], m["parts"][0]["text"]) for m in stored] == whole
    assert town.complaints() == []
