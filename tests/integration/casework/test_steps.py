"""The forms of the steps over HTTP: what happens, what is told, what is kept after an error."""

from __future__ import annotations

from bot.domain.aid import AidState
from tests.conftest import FixedClock
from tests.integration.casework.conftest import Pages, china_days


def test_a_step_is_carried_out_and_told(pages: Pages) -> None:
    number = pages.bureau.hand_in()
    seen = {"seen": pages.mark("zhao", number)}
    answer = pages.step("zhao", number, "accept", seen)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        f"/desk/aid/{number}?done=accept",
    )
    assert "已受理。" in pages.of("zhao").get(answer.headers["location"]).text
    pages.bureau.deliver()
    assert "已受理" in pages.bureau.applicants[-1].told()[-1]


def test_papers_are_asked_for_by_ticking_and_in_own_words(pages: Pages) -> None:
    bureau = pages.bureau
    number = bureau.hand_in()
    page = pages.read("zhao", number)
    assert 'value="2026-12-08"' in page, "the usual day is proposed"
    keys = [item.key for item in bureau.items(number)][:2]
    form = {"keys": keys, "own": "房东的证明", "due": "2026-12-10"}
    assert pages.step("zhao", number, "ask", form).status_code == 303
    page = pages.read("zhao", number)
    assert "房东的证明" in page
    assert "2026-12-10 前" in page
    assert "补材料期间暂停计算" in page


def test_after_an_error_the_same_page_says_what_is_wrong_and_keeps_what_was_typed(
    pages: Pages,
) -> None:
    bureau = pages.bureau
    number = bureau.hand_in()
    key = bureau.items(number)[0].key
    for step, form, says, kept in (
        ("refuse", {"reasons": "  "}, "写明理由", "<details"),
        ("ask", {"keys": [key], "own": "房东<证明", "due": "昨天"}, "按“2026-12-15”这样写",
         ">房东&lt;证明</textarea>"),
        ("urgent", {"item": "44(2)", "reason": ""}, "写明为什么", 'value="44(2)" required checked'),
        ("place", {"said": "火星"}, "没认出", 'value="火星"'),
        ("forward", {"office": "", "reason": "应由盘龙办"}, "转给哪个机构",
         ">应由盘龙办</textarea>"),
        ("approve", {"note": "材料后补"}, "必须先有的材料还没收到", ">材料后补</textarea>"),
    ):  # fmt: skip
        answer = pages.step("zhao", number, step, form)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert says in answer.text
        assert kept in answer.text
        assert f'href="#step-{step}"' in answer.text
        assert f'id="step-{step}"' in answer.text
    assert bureau.state(number) is AidState.SUBMITTED
    assert bureau.actions(number) == ["state.submitted"]


def test_a_step_from_an_old_tab_is_refused_with_who_was_faster(pages: Pages) -> None:
    bureau = pages.bureau
    number = bureau.hand_in()
    seen = pages.mark("sun", number)
    pages.step("zhao", number, "accept", {"seen": seen})
    late = pages.step("sun", number, "refuse", {"seen": seen, "reasons": "不在<范围"})
    assert late.status_code == 409
    assert "officerzhao在" in late.text
    assert ">不在&lt;范围</textarea>" in late.text
    assert bureau.state(number) is AidState.ACCEPTED


def test_what_was_typed_for_a_step_that_is_gone_can_be_copied(pages: Pages) -> None:
    bureau = pages.bureau
    number = bureau.hand_in()
    bureau.casework.deciding.refuse(number, bureau.person("zhao"), "不在范围")
    late = pages.step("sun", number, "ask", {"own": "劳动合同原件", "due": "2026-12-10"})
    assert late.status_code == 409
    assert "现在是“不予”，不能改为“待补正”" in late.text
    assert "readonly>劳动合同原件</textarea>" in late.text


def test_what_was_typed_for_a_case_that_is_elsewhere_by_now_can_be_copied(pages: Pages) -> None:
    bureau = pages.bureau
    number = bureau.hand_in()
    form = {"office": str(bureau.offices["盘龙"]), "reason": "事情发生在盘龙"}
    gone = pages.step("zhao", number, "forward", form)
    assert gone.headers["location"] == "/desk/aid?done=forward"
    assert "已转办" in pages.of("zhao").get(gone.headers["location"]).text
    late = pages.step("zhao", number, "refuse", {"reasons": "写了很久的理由"})
    assert late.status_code == 404
    assert "已经转给别的机构" in late.text
    assert "写了很久的理由" in late.text
    assert number not in late.text


def test_the_office_of_the_place_is_proposed_with_the_reason_by_article_38(pages: Pages) -> None:
    bureau = pages.bureau
    number = bureau.hand_in()
    assert "第三十八条由" not in pages.read("zhao", number)
    pages.step("zhao", number, "place", {"said": "昆明市盘龙区"})
    page = pages.read("zhao", number)
    assert f'value="{bureau.offices["盘龙"]}" selected' in page
    assert "事情所在地是云南省昆明市盘龙区，按法律援助法第三十八条由盘龙区法律援助中心受理" in page


def test_withdrawal_is_offered_only_after_the_day(pages: Pages, clock: FixedClock) -> None:
    bureau = pages.bureau
    number = bureau.hand_in()
    due = china_days(clock, 2)
    bureau.casework.reviewing.ask(number, bureau.person("zhao"), (), "合同", due)
    assert "/withdraw" not in pages.read("zhao", number)
    clock.advance(days=3)
    assert "/withdraw" in pages.read("zhao", number)
    refused = pages.step("zhao", number, "withdraw", {"note": "两次电话"})
    assert refused.status_code == 422
    assert ">两次电话</textarea>" in refused.text
    assert pages.step("zhao", number, "withdraw", {"warned": "1"}).status_code == 303
    assert bureau.state(number) is AidState.WITHDRAWN


def test_a_case_goes_from_the_choice_of_a_lawyer_to_its_close(pages: Pages) -> None:
    bureau = pages.bureau
    number, li = bureau.granted(), bureau.person("li")
    page = pages.read("zhao", number)
    assert "最晚 2026-11-26" in page
    assert page.index("lawyerli") < page.index("lawyerzhou")
    assert "擅长这类；本机构；在办 0 件" in page
    assert pages.step("zhao", number, "assign", {"lawyer": str(li.id)}).status_code == 303
    assert pages.step("li", number, "take").status_code == 303
    assert pages.step("li", number, "progress", {"words": "已交仲裁申请"}).status_code == 303
    form = {"form": "22(6)", "result": "agreed", "hearings": "1", "days": "两天"}
    wrong = pages.step("li", number, "report", form)
    assert wrong.status_code == 422
    assert "工作天数请填数字" in wrong.text
    assert 'value="两天"' in wrong.text
    report = {**form, "days": "2.5", "documents": ["agreement"], "summary": "分两期付清"}
    assert pages.step("li", number, "report", report).status_code == 303
    page = pages.read("zhao", number)
    assert "已填好律师提交的报告" in page
    assert 'value="2.5"' in page
    assert 'value="agreement" checked' in page
    assert pages.step("zhao", number, "close", report).status_code == 303
    closed = pages.read("zhao", number)
    assert "调解、和解结案" in closed
    assert "/close" not in closed
    assert bureau.state(number) is AidState.CLOSED


def test_a_lawyer_who_declines_goes_back_to_the_list(pages: Pages) -> None:
    number = pages.bureau.assigned()
    answer = pages.step("li", number, "decline", {"reason": "和对方有来往"})
    assert answer.headers["location"] == "/desk/aid?done=decline"
    assert "已退回" in pages.of("li").get(answer.headers["location"]).text
    assert "说过不能承办这件" in pages.read("zhao", number)


def test_a_lawyer_with_a_conflict_cannot_be_ticked_or_sent(pages: Pages) -> None:
    bureau = pages.bureau
    bureau.assigned("li", name="何建国", opponent="王小芳", phone="13800138001")
    number = bureau.granted(name="王小芳", opponent="何建国", phone="13800138002")
    li = bureau.person("li")
    assert f'value="{li.id}" required disabled' in pages.read("zhao", number)
    answer = pages.step("zhao", number, "assign", {"lawyer": str(li.id)})
    assert answer.status_code == 422
    assert "利益冲突" in answer.text
    assert bureau.get(number).staff_id is None
