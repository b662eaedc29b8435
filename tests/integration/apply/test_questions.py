"""Each question on its page: taken, refused with the words kept, saved half written, corrected."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bot.aid.form import load_form
from bot.apply.service import load_words
from tests.integration.aid.conftest import ANSWERS
from tests.integration.apply.conftest import Browser

TITLE = re.compile(r"<title>([^<]*)</title>")


def title_of(browser: Browser) -> str:
    found = TITLE.search(browser.page.text)
    assert found is not None
    return found[1]


def test_the_pages_ask_in_the_order_of_the_form(citizen: Browser) -> None:
    citizen.begin()
    seen = []
    while found := re.fullmatch(r"/apply/q/(\w+)", citizen.path):
        key = found[1]
        seen.append(key)
        page = citizen.page.text
        assert f"第 {len(seen)} 步，共 " in page
        assert page.count("<h1>") == 1
        # Everything that is filled in has a name, and what is wrong or why is tied to it.
        for field in re.findall(r"<(?:input(?! type=\"hidden\")|textarea)[^>]*>", page):
            if 'type="radio"' not in field:
                label = re.search(r'id="(\w+)"', field)
                assert label is not None
                assert f'<label for="{label[1]}">' in page or f'for="{label[1]}">' in page
        citizen.answer(key, ANSWERS[key])
    assert citizen.path == "/apply/check"
    draft = citizen.draft
    asked = [f.key for f in citizen.mine.service.fields(draft)]
    assert seen == asked[:-1]
    assert draft.values["place"] == "云南省昆明市官渡区"


def test_what_the_pages_say_otherwise_belongs_to_questions_that_exist() -> None:
    form, words = load_form(), load_words()
    keys = {field.key for field in form.fields}
    for part in ("hints", "own", "wrong"):
        assert set(words.get(part)) - keys <= {"other"}, part
    for key, said in words.get("wrong").items():
        assert set(said) <= set(form.field_of(key).errors), key
    grouped = [key for group in words.get("groups") for key in group["keys"]]
    assert sorted(grouped) == sorted(keys - {"pledge"})


@pytest.mark.parametrize("key", ["for_whom", "name", "opponent", "facts", "deadline", "group"])
def test_an_empty_page_is_not_taken(citizen: Browser, key: str) -> None:
    citizen.begin().fill(until=key)
    citizen.post(f"/apply/q/{key}")
    assert citizen.page.status_code == 422
    assert "还没有" in citizen.words
    assert title_of(citizen).startswith("有一处要改：")
    assert 'role="alert"' in citizen.page.text
    assert 'href="#answer"' in citizen.page.text
    assert 'id="answer"' in citizen.page.text
    assert key not in citizen.draft.values


@pytest.mark.parametrize(
    ("key", "words", "said"),
    [
        ("name", "不告诉你", "不像姓名"),
        ("phone", "12345", "11 位"),
        ("place", "火星", "没认出是哪里"),
        ("facts", "欠钱", "至少 10 个字"),
        ("request", "钱" * 301, "最多 300 字"),
        ("deadline", "下个月", "请写完整日期"),
        ("matter", "二" * 50, "2 到 40 个字"),
    ],
)
def test_a_wrong_answer_stands_in_its_field_with_what_is_wrong(
    citizen: Browser, key: str, words: str, said: str
) -> None:
    citizen.begin().fill(until=key)
    citizen.post(f"/apply/q/{key}", text=words)
    assert citizen.page.status_code == 422
    assert said in citizen.words
    assert "转人工" not in citizen.words
    assert "说“" not in citizen.words
    assert words in citizen.page.text
    assert 'aria-invalid="true"' in citizen.page.text
    # And it is there again on coming back.
    assert words in citizen.get(f"/apply/q/{key}").page.text


def test_a_wrong_identity_number_three_times_keeps_the_draft(citizen: Browser) -> None:
    citizen.begin().fill(until="id_number")
    for wrong in ("110105", "11010519491231002A", "110105194912310021"):
        citizen.post("/apply/q/id_number", text=wrong)
        assert citizen.page.status_code == 422
        assert f'value="{wrong}"' in citizen.page.text
    assert citizen.draft.values == {k: ANSWERS[k] for k in ("for_whom", "matter", "name")}
    assert citizen.draft.active
    citizen.post("/apply/q/id_number", text="11010519491231002x")
    assert citizen.path == "/apply/q/phone"
    assert citizen.draft.values["id_number"] == ANSWERS["id_number"]


def test_choices_of_other_questions_and_unknown_ones_are_refused(citizen: Browser) -> None:
    citizen.begin()
    for option in ("aid.matter.wages", "aid.for_whom.nobody", "aid.correct.for_whom", "own"):
        citizen.post("/apply/q/for_whom", option=option)
        assert citizen.page.status_code == 422, option
    assert citizen.draft.values == {}
    for path in ("/apply/q/nothing", "/apply/q/pledge", "/apply/q/income"):
        assert citizen.get(path).path == "/apply/q/for_whom"


def test_own_words_count_without_the_choice_beside_them(citizen: Browser) -> None:
    citizen.begin().fill(until="matter")
    citizen.post("/apply/q/matter", text="邻居漏水不赔")
    assert citizen.draft.values["matter"] == "邻居漏水不赔"
    citizen.fill(until="opponent", matter="邻居漏水不赔")
    citizen.post("/apply/q/opponent", option="own", text="城东建筑公司")
    assert citizen.draft.values["opponent"] == "城东建筑公司"
    # A choice that was ticked says more than words left in the field beside it.
    citizen.post("/apply/q/opponent", option="aid.opponent.unknown", text="城东建筑公司")
    assert citizen.draft.values["opponent"] == "不知道"


def test_half_written_words_are_found_again_on_any_device(
    visiting: Callable[[], Browser],
) -> None:
    first, second = visiting(), visiting()
    first.begin().fill(until="facts")
    answer = first.client.post("/apply/typed", data={"key": "facts", "text": "去年三月"})
    assert answer.status_code == 204
    assert "facts" not in first.draft.values
    assert "去年三月</textarea>" in first.get("/apply/q/facts").page.text
    assert "替您找回来" in first.words
    first.post("/apply/code")
    code = re.search(r"\d{4} \d{4}", first.words)
    assert code is not None
    second.get("/apply")
    second.post("/apply/resume", code=code[0], device=second.value("device"))
    assert "去年三月</textarea>" in second.page.text
    second.post("/apply/q/facts", text=ANSWERS["facts"])
    assert "去年三月</textarea>" not in second.get("/apply/q/facts").page.text
    assert ANSWERS["facts"] in second.page.text
    assert "替您找回来" not in second.words


def test_typing_is_kept_only_for_questions_that_are_asked(citizen: Browser) -> None:
    citizen.begin()
    for key in ("income", "nothing", ""):
        answer = citizen.client.post("/apply/typed", data={"key": key, "text": "x"})
        assert answer.status_code in (404, 422), key
    assert citizen.draft.typed == {}


def test_a_number_that_was_given_is_not_shown_again(citizen: Browser) -> None:
    citizen.begin().fill()
    for key in ("id_number", "phone"):
        citizen.get(f"/apply/q/{key}?back=check")
        assert ANSWERS[key] not in citizen.page.text
        assert "已经填过" in citizen.words
        citizen.post(f"/apply/q/{key}", text="", back="check")
        assert citizen.path == "/apply/check"
        assert citizen.draft.values[key] == ANSWERS[key]
    assert "110105********002X" in citizen.words
    assert "138****8000" in citizen.words
    assert ANSWERS["id_number"] not in citizen.page.text


def test_a_correction_leads_back_to_the_checking_and_to_what_it_opens(citizen: Browser) -> None:
    citizen.begin().fill()
    citizen.answer("name", "李小红", back="check")
    assert citizen.path == "/apply/check"
    assert "李小红" in citizen.words
    citizen.answer("group", "残疾人", back="check")
    assert citizen.path == "/apply/q/income"
    assert citizen.value("back") == "check"
    citizen.answer("income", "没有固定来源", back="check")
    while citizen.path != "/apply/check":
        citizen.answer(citizen.path.split("/")[-1], "困难，作个人诚信承诺", back="check")
    assert "没有固定来源" in citizen.words


def test_the_pages_can_be_walked_back(citizen: Browser) -> None:
    citizen.begin().fill(until="phone")
    back = re.search(r'href="(/apply/q/\w+)">上一步', citizen.page.text)
    assert back is not None
    citizen.get(back[1])
    assert citizen.path == "/apply/q/id_number"
    citizen.post("/apply/q/id_number", text="")
    assert citizen.path == "/apply/q/phone"


def test_somebody_else_is_asked_about_in_the_third_person(citizen: Browser) -> None:
    citizen.begin().fill(until="name", for_whom="我的未成年孩子")
    assert "这位家人叫什么名字" in citizen.words
    assert 'autocomplete="name"' not in citizen.page.text
    citizen.answer("name", "张小花").answer("id_number", ANSWERS["id_number"])
    assert citizen.path == "/apply/q/agent_name"
    assert 'autocomplete="name"' in citizen.page.text


@pytest.mark.parametrize(
    "answers",
    [
        {"for_whom": "公司或单位"},
        {"matter": "刑事辩护", "for_whom": "被关押的家人", "special": "不满十八周岁"},
    ],
)
def test_where_there_is_nothing_to_apply_for_it_is_said_and_can_be_changed(
    citizen: Browser, answers: dict[str, str]
) -> None:
    citizen.begin().fill(**answers)
    assert citizen.path == "/apply/stopped"
    stop = citizen.mine.service.stop_of(citizen.mine.conversation_id)
    assert stop
    assert stop.split()[0] in citizen.words
    assert "12348" in citizen.words
    assert citizen.get("/apply/check").path == "/apply"
    assert "看看为什么" in citizen.words
    citizen.post("/apply/submit", option="aid.pledge.agree")
    assert citizen.made == []
    citizen.post("/apply/begin")
    assert re.fullmatch(r"/apply/q/\w+", citizen.path)
    assert citizen.draft.active


def test_words_that_look_like_code_stay_words(citizen: Browser) -> None:
    attack = '<script>window.hit=1</script>"><img src=x onerror=1>拖欠工资'
    citizen.begin().fill(until="facts")
    citizen.post("/apply/q/facts", text=attack)
    for path in ("/apply/q/facts", "/apply/check"):
        page = citizen.get(path).page.text
        assert "<script>window" not in page
        assert "<img src=x" not in page
        assert "拖欠工资" in page
