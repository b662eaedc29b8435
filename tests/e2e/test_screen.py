"""The lawyers' desk in a real browser, on the desk's own interface, without Rasa or an index."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.conversation import Sender
from bot.store.tables import conversations
from connectors.messages import Part
from tests.conftest import FixedClock
from tests.e2e.screens import (
    ATTACK,
    DRAFT,
    NARROW,
    PNG,
    ZOOMED,
    Screens,
    act,
    dialog,
    open_screens,
    send,
    until,
)
from tests.integration.desk.conftest import Building, build  # noqa: F401
from tests.office import BUREAU

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.browser


@pytest.fixture
def screens(
    build: Callable[..., Building],  # noqa: F811
    clock: FixedClock,
    browser: Browser,
) -> Iterator[Screens]:
    with open_screens(build(), clock, browser) as found:
        yield found


def test_a_visitor_is_claimed_by_key_and_answered(screens: Screens) -> None:
    conversation_id = screens.waiting()
    page = screens.page()
    page.wait_for_selector(".waiting .entry")
    page.keyboard.press("Alt+n")
    send(page, "您好")
    page.locator(".mine .entry").wait_for()
    assert page.locator(".mine .entry").count() == 1
    assert screens.told(conversation_id) == ["您好"]


def test_delivery_is_shown_under_ones_own_words(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page)
    send(page, "您好")
    assert page.inner_text(".said.lawyer .state") == "已保存"
    for column, shown in (("visitor_got", "已送达"), ("visitor_seen", "已读")):
        with screens.building.office.store.write() as connection:
            connection.execute(conversations.update().values({column: 10**6}))
        page.reload()
        page.click("#view-mine")
        page.click(".mine .open")
        page.wait_for_selector(f".said.lawyer .state:text-is('{shown}')")
    assert screens.told(conversation_id) == ["您好"]


def test_a_note_never_goes_to_the_visitor(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page)
    page.fill("#say", "写给来访者的半句")
    page.press("#say", "Alt+b")
    page.wait_for_selector(".composer.note")
    # What was begun for the visitor stays there: nothing typed changes sides.
    assert page.input_value("#note") == ""
    assert page.inner_text(".composer .line button") == "存备注"
    page.fill("#note", "对方是包工头")
    page.press("#note", "Enter")
    page.wait_for_selector(".said.noted:has-text('对方是包工头')")
    assert "备注 · 赵律" in page.inner_text(".said.noted")
    page.click(".switch .reply")
    assert page.input_value("#say") == "写给来访者的半句"
    assert screens.told(conversation_id) == []
    assert "对方是包工头" not in screens.everything(conversation_id)


def test_a_conversation_is_handed_on_with_a_note(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page)
    page.keyboard.press("Alt+t")
    asked = dialog(page)
    barred = asked.locator(".choice", has_text="郑律")
    assert barred.locator("input").is_disabled()
    assert "有利益冲突" in barred.inner_text()
    asked.locator(".choice", has_text="钱律").click()
    asked.get_by_role("button", name="转交").click()
    assert "说明" in asked.locator("[role=alert]").inner_text()
    asked.locator("#transfer-note").fill("已问过入职时间，还要核对工资条")
    asked.get_by_role("button", name="转交").click()
    page.wait_for_selector(".toast:has-text('已转给钱律')")
    page.wait_for_selector(".chat.blank")
    assert "核对工资条" not in screens.everything(conversation_id)

    colleague = screens.page("qian")
    colleague.click(".waiting .entry.offered:has-text('派给您') .claim")
    colleague.wait_for_selector(".said.noted:has-text('还要核对工资条')")


def test_ending_needs_an_outcome_and_a_failure_keeps_what_was_written(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page)
    page.keyboard.press("Alt+e")
    asked = dialog(page)
    asked.locator("#close-advice").fill("先申请劳动仲裁")
    end = asked.get_by_role("button", name="结束")
    end.click()
    assert "请选择处理结果" in asked.locator("[role=alert]").inner_text()
    asked.locator(".choice", has_text="已解答").click()
    page.route("**/close", lambda route: route.abort())
    end.click()
    asked.locator("[role=alert]", has_text="网络不通").wait_for()
    assert asked.locator("#close-advice").input_value() == "先申请劳动仲裁"
    assert asked.locator(".choice", has_text="已解答").locator("input").is_checked()
    page.unroute("**/close")
    end.click()
    page.wait_for_selector(".chat.blank")
    assert screens.building.office.conversations.get(conversation_id).mode == "closed"


def test_numbers_are_shown_for_a_reason_and_stay_shown(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page, "我电话13812345678，老板欠薪")
    assert "13812345678" not in page.content()
    act(page, "显示号码")
    asked = dialog(page)
    asked.get_by_role("button", name="显示").click()
    assert "请选择查看理由" in asked.locator("[role=alert]").inner_text()
    asked.locator(".choice", has_text="回电联系").click()
    asked.get_by_role("button", name="显示").click()
    page.wait_for_selector(".said.visitor:has-text('13812345678')")
    assert ("zhao", "desk_reveal") in screens.building.office.actions()
    screens.building.office.visitor_says(conversation_id, "另一个13900001111")
    # The view is read anew, masked; what was revealed is not hidden again.
    page.click("#view-find")
    page.locator(".list .entry .open").first.click()
    page.wait_for_selector(".said.visitor:has-text('另一个')")
    assert "13812345678" in page.inner_text(".messages")
    assert "13900001111" not in page.content()


def test_a_draft_is_inserted_and_never_sent_by_itself(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page)
    page.press("#say", "Alt+b")
    page.press("#note", "Alt+d")
    page.wait_for_selector(".toast:has-text('现在写的是备注')")
    assert page.input_value("#note") == ""
    page.press("#note", "Alt+b")
    page.press("#say", "Alt+d")
    page.wait_for_selector(".composer .is-draft:has-text('请逐句核对')")
    page.press("#say", "Alt+2")
    assert page.input_value("#say").startswith(f"{DRAFT}\n《劳动合同法》第三十条：")
    assert screens.told(conversation_id) == []
    page.press("#say", "Enter")
    page.locator(".said.lawyer:not(.pending)").wait_for()
    assert screens.told(conversation_id)[0].startswith(DRAFT)
    assert page.query_selector(".composer .is-draft") is None


def test_a_lawyer_says_which_articles_are_right(screens: Screens) -> None:
    page = screens.page()
    screens.claimed(page)
    page.click("text=不对，改一下")
    page.click("text=交主管审核")
    page.wait_for_selector(".correction .alert:has-text('请写上正确的条文')")
    page.fill("#right-articles", "看不懂")
    page.click("text=交主管审核")
    page.wait_for_selector(".correction .alert:has-text('看不出是哪一条')")
    assert page.input_value("#right-articles") == "看不懂"
    page.fill("#right-articles", "劳动合同法第八十二条\n 工资支付暂行规定第七条 ")
    page.click("text=交主管审核")
    page.wait_for_selector(".correction .done")
    assert screens.rooms.corrections == [
        {
            "question": "没签合同，拖欠工资怎么办",
            "offered": ["劳动合同法/82", "劳动合同法/30"],
            "chosen": ["劳动合同法第八十二条", "工资支付暂行规定第七条"],
        }
    ]


def test_a_false_extension_is_refused_in_words_and_a_picture_is_shown(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page)
    chosen = [
        {"name": "合同.png", "mimeType": "image/png", "buffer": PNG},
        {"name": "假的.pdf", "mimeType": "application/pdf", "buffer": b"MZ" + b"\0" * 3000},
    ]
    page.set_input_files(".composer input[type=file]", files=chosen)  # type: ignore[arg-type]
    assert "图片 PNG" in page.inner_text(".attached li:has-text('合同.png')")
    assert "PDF 文件，3 KB" in page.inner_text(".attached li:has-text('假的.pdf')")
    assert screens.told(conversation_id) == []
    page.click(".composer .line button")
    page.wait_for_selector(".attached .wrong:has-text('只支持 10 MB 以内的图片')")
    page.wait_for_selector(".said.lawyer .thumb img")
    page.click(".thumb")
    shown = dialog(page).locator("img")
    assert str(shown.get_attribute("src")).startswith("/api/desk/files/")
    page.keyboard.press("Escape")
    assert page.locator(":focus").get_attribute("class") == "thumb"


def test_a_file_that_is_pasted_waits_to_be_sent_and_never_enters_a_note(screens: Screens) -> None:
    page = screens.page()
    screens.claimed(page)
    paste = """([id, words]) => {
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array(4000)], "截图.png", { type: "image/png" }));
      if (words) files.setData("text/plain", words);
      const event = new ClipboardEvent("paste", { clipboardData: files, bubbles: true });
      document.getElementById(id).dispatchEvent(event);
    }"""
    page.evaluate(paste, ["say", "从文档里拷来的话"])
    assert page.locator(".attached li").count() == 0
    page.evaluate(paste, ["say", ""])
    assert "图片 PNG，4 KB" in page.inner_text(".attached li")
    page.press("#say", "Alt+b")
    page.evaluate(paste, ["note", ""])
    page.wait_for_selector(".composer .alert:has-text('备注里不能放文件')")


def test_what_others_wrote_is_shown_as_text(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page, f"房东不退押金 {ATTACK}")
    screens.building.office.uploads.keep(conversation_id, "f", "x.png", PNG)
    name = {"name": "<img src=x onerror=window.hit=1>.png", "mimeType": "image/png", "buffer": PNG}
    page.set_input_files(".composer input[type=file]", files=[name])  # type: ignore[list-item]
    page.click(".composer .line button")
    page.wait_for_selector(".said.lawyer .thumb")
    page.press("#say", "Alt+b")
    page.fill("#note", ATTACK)
    page.press("#note", "Enter")
    page.wait_for_selector(".said.noted")
    assert page.inner_text(".said.noted .words") == ATTACK
    page.press("#note", "Alt+b")
    send(page, ATTACK)
    page.click(".thumb")
    assert page.evaluate("window.hit") is None
    assert page.locator("#desk img:not(.thumb img):not(.picture img)").count() == 0


def test_canned_texts_are_filled_and_a_gap_is_not_sent(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page)
    page.press("#say", "Alt+c")
    page.wait_for_selector("#canned-words:focus")
    page.keyboard.insert_text("开场")
    assert page.locator(".canned li").count() == 1
    page.keyboard.press("Enter")
    words = page.input_value("#say")
    assert words.startswith(f"您好，我是{BUREAU}的赵律律师，前面")
    page.press("#say", "Enter")
    page.locator(".said.lawyer:not(.pending)").wait_for()
    page.press("#say", "Alt+c")
    page.wait_for_selector("#canned-words:focus")
    page.keyboard.insert_text("今天")
    page.keyboard.press("Enter")
    assert page.input_value("#say").startswith(
        "今天（2026年11月23日）先说到这里，您的工单号是2600 0123，"
    )
    # Without a matter its number stays open, and nothing is sent.
    page.route("**/matters/of/*", lambda route: route.fulfill(status=404, json={}))
    page.reload()
    page.click("#view-mine")
    page.click(".mine .open")
    page.press("#say", "Alt+c")
    page.wait_for_selector("#canned-words:focus")
    page.keyboard.insert_text("回电")
    page.keyboard.press("Enter")
    page.press("#say", "Enter")
    page.wait_for_selector(".composer .alert:has-text('还有没填上的地方：【工单号】')")
    assert len(screens.told(conversation_id)) == 1


def test_the_keys_are_listed_and_rest_while_an_input_method_composes(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page)
    page.keyboard.press("Alt+h")
    listed = dialog(page).inner_text()
    assert all(key in listed for key in ("Alt+N", "Alt+B", "Alt+D", "Alt+T", "Alt+E", "Esc"))
    page.keyboard.press("Alt+t")
    assert dialog(page).count() == 1
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert page.evaluate("document.activeElement.id") == "say"
    page.fill("#say", "写到一半")
    page.evaluate(
        """for (const [key, code, altKey] of [["Enter", "Enter", false], ["t", "KeyT", true]])
             document.getElementById("say").dispatchEvent(new KeyboardEvent("keydown",
               { key, code, altKey, isComposing: true, bubbles: true, cancelable: true }));"""
    )
    assert dialog(page).count() == 0
    assert page.input_value("#say") == "写到一半"
    assert screens.told(conversation_id) == []


def test_a_guest_reads_and_writes_but_neither_ends_nor_hands_on(screens: Screens) -> None:
    page = screens.page()
    screens.claimed(page)
    act(page, "邀请同事")
    dialog(page).locator(".choice", has_text="钱律").click()
    dialog(page).get_by_role("button", name="邀请").click()
    page.wait_for_selector(".guests:has-text('同事：钱律')")
    guest = screens.page("qian")
    guest.click("#view-mine")
    guest.click(".mine .open")
    send(guest, "我也在")
    assert guest.locator(".acts-list button").all_inner_texts() == ["显示号码"]
    page.wait_for_selector(".said.lawyer:has-text('我也在')")
    guest.click(".guests button:text-is('离开')")
    guest.wait_for_selector(".chat.blank")


def test_the_other_side_is_noted_and_a_conflict_said(screens: Screens) -> None:
    page = screens.page()
    screens.claimed(page)
    page.click("text=登记对方当事人")
    dialog(page).locator("textarea").fill("某公司\n 钱大 \n")
    dialog(page).get_by_role("button", name="登记").click()
    page.wait_for_selector(".toast:has-text('有利益冲突')")
    assert screens.rooms.opponents == ["某公司", "钱大"]


def test_a_lawyer_steps_out_and_back_in(screens: Screens) -> None:
    page = screens.page()
    page.click(".away")
    page.wait_for_selector(".away:has-text('暂离')")
    assert screens.rooms.away == {screens.rooms.staff["zhao"]}
    page.click(".away")
    page.wait_for_selector(".away:has-text('在岗')")
    assert screens.rooms.away == set()
    assert page.inner_text(".duty").endswith("0/6")


def test_a_supervisor_finds_a_colleagues_conversation_and_only_reads(screens: Screens) -> None:
    page = screens.page()
    screens.claimed(page, "邻居漏水泡了我家")
    boss = screens.page("wu")
    boss.click("#view-find")
    boss.fill("#find-words", "没有这样的话")
    boss.wait_for_selector(".found:has-text('找到 0 个')")
    boss.fill("#find-words", "漏水")
    boss.click(".list .entry:has-text('漏水') .open")
    boss.wait_for_selector(".head:has-text('由同事接待中，只能查看')")
    assert boss.query_selector(".composer") is None
    lawyer = screens.page("qian")
    lawyer.click("#view-find")
    lawyer.wait_for_selector(".found:has-text('最近 0 个')")


def test_words_recognised_from_speech_say_so(screens: Screens) -> None:
    page = screens.page()
    conversation_id = screens.claimed(page)
    spoken = Part("text", {"text": "他说下个月给", "spoken": True})
    conversations = screens.building.office.conversations
    conversations.append_one(conversation_id, Sender.VISITOR, [spoken])
    page.reload()
    page.click("#view-mine")
    page.click(".mine .open")
    said = page.locator(".said.visitor", has_text="他说下个月给")
    assert "语音识别，可能有误" in said.inner_text()


def test_a_late_answer_to_earlier_words_does_not_replace_what_was_found(screens: Screens) -> None:
    screens.claimed(screens.page(), "邻居漏水泡了我家")
    boss = screens.page("wu")
    held: list[Route] = []
    searches = "**/api/desk/conversations?*"
    boss.route(searches, lambda route: route.continue_() if held else held.append(route))
    with boss.expect_request(searches):
        boss.click("#view-find")
    boss.fill("#find-words", "没有这样的话")
    boss.wait_for_selector(".found:has-text('找到 0 个')")
    with boss.expect_response(searches) as late:
        held[0].continue_()
    assert len(late.value.json()) == 1
    assert "找到 0 个" in boss.inner_text(".found")
    assert boss.locator(".list .entries .entry").count() == 0


def test_notices_are_asked_for_by_a_tap_and_name_only_the_topic(screens: Screens) -> None:
    other = screens.page("qian")
    page = screens.page()
    page.add_init_script(
        """window.asked = 0; window.shown = [];
        window.Notification = class {
          static permission = "default";
          static async requestPermission() { asked += 1; return (this.permission = "granted"); }
          constructor(title, { body }) { shown.push(body); }
        };
        document.hasFocus = () => false;"""
    )
    page.reload()
    page.wait_for_selector(".columns")
    assert page.evaluate("asked") == 0
    page.click("text=桌面提醒：关")
    page.wait_for_selector("text=桌面提醒：开")
    assert page.evaluate("asked") == 1
    screens.waiting("邻居漏水泡了我家")
    screens.waiting("老板欠薪2万8千元")
    # The colleague's claim is what makes both desks look at the queue.
    other.reload()
    other.locator(".waiting .claim").first.click()
    until(lambda: page.evaluate("shown.length"))
    assert page.evaluate("shown") == ["有来访者排队：劳动"]
    assert page.title().startswith("(1)")


@pytest.mark.parametrize("size", [NARROW, ZOOMED], ids=["phone", "zoomed"])
def test_a_small_screen_shows_one_column_without_scrolling_sideways(
    screens: Screens, size: dict[str, int]
) -> None:
    page = screens.page(size=size)
    conversation_id = screens.waiting("很长的话" * 40 + "https" + "a" * 200)

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert page.locator(".columns > .column:visible").count() == 1
        small = page.evaluate(
            """[...document.querySelectorAll("#desk button, #desk summary, #desk select")]
               .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5)
               .map((e) => e.innerText)"""
        )
        assert small == []

    page.reload()
    page.wait_for_selector(".waiting .claim")
    fits()
    page.click(".waiting .claim")
    send(page, "您好")
    fits()
    page.click(".acts .more")
    end = page.locator(".acts-list .danger").bounding_box()
    assert end is not None
    assert end["y"] + end["height"] <= size["height"]
    page.locator(".acts-list button", has_text="转交").click()
    dialog(page).get_by_role("button", name="转交").click()
    fits()
    page.keyboard.press("Escape")
    page.click(".tabs button:has-text('摘要')")
    page.wait_for_selector(".statutes li")
    fits()
    page.click(".statutes li >> nth=0 >> text=插入")
    assert page.is_visible("#say")
    assert page.input_value("#say").startswith("《劳动合同法》第八十二条：")
    assert screens.told(conversation_id) == ["您好"]


def test_who_looks_on_who_writes_and_who_was_faster_is_shown(screens: Screens) -> None:
    page = screens.page()
    sockets: list[Any] = []
    heard: list[str] = []

    def between(socket: Any) -> None:
        server = socket.connect_to_server()
        sockets.append(socket)

        def from_page(words: str) -> None:
            heard.append(words)
            server.send(words)

        socket.on_message(from_page)

    page.route_web_socket("**/api/desk/ws", between)
    conversation_id = screens.waiting()
    about = {"conversation_id": conversation_id}
    page.reload()
    page.click(".waiting .open")
    page.wait_for_selector(".composer.only")
    until(lambda: page.evaluate("1") and any('"look"' in words for words in heard))
    sockets[-1].send(json.dumps({"kind": "looking", "name": "李强", **about}))
    page.wait_for_selector(".head:has-text('李强也在看')")
    page.wait_for_selector(".waiting .looker:has-text('李强正在看')")

    colleague = screens.page("qian")
    colleague.click(".waiting .claim")
    page.wait_for_selector(".composer.only:has-text('已由同事接待')")
    assert page.query_selector(".composer .primary") is None

    page.keyboard.press("Escape")
    screens.waiting("另一位来访者")
    page.reload()
    page.click(".waiting .claim")
    page.wait_for_selector("#say")
    mine = screens.building.office.desk.queue(screens.staff("zhao")).mine[0].id
    typed = {"kind": "typing", "sender": "lawyer", "name": "李强", "conversation_id": mine}
    sockets[-1].send(json.dumps(typed))
    page.wait_for_selector(".typing.ours:has-text('李强正在输入')")
    # Written at another screen: this one learns of it by the hint alone.
    screens.building.office.desk.note(mine, screens.staff("zhao"), "同事写的备注")
    sockets[-1].send(json.dumps({"kind": "changed", "conversation_id": mine}))
    page.wait_for_selector(".said.noted:has-text('同事写的备注')")
