"""Messages as a phone chat shows them, and what a typed number or word chooses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.messages import Part, buttons, notice, text
from connectors.wechat.rendering import (
    ChatWords,
    Choice,
    choices_of,
    chosen,
    numbered,
    render_for_chat,
)

WORDS = ChatWords("回复数字：", "也可以回复：")
CHOICES = choices_of(
    [
        Part(
            "buttons",
            {
                "items": [
                    {"id": "lawyer", "label": "转律师", "text": "转人工"},
                    {"id": "aid", "label": "申请法律援助"},
                    {"id": "t_family", "label": "婚姻、家庭", "text": "我想问离婚方面的问题"},
                ]
            },
        )
    ]
)
MARKS = tuple(Choice(f"score_{n}", f"{n} 分", f"评价 {n} 分") for n in range(5, 0, -1))
ASIDES = choices_of(
    [
        Part(
            "buttons",
            {
                "typed": True,
                "items": [
                    {"id": "back", "label": "改上一项"},
                    {"id": "cancel", "label": "先不办了", "text": "算了"},
                ],
            },
        )
    ]
)
SERVICES = Part(
    "services",
    {
        "items": [
            {"number": 13, "name": "法律援助", "content": "给困难群众", "url": "/services#item-13"},
            {"number": 4, "name": "法律咨询", "content": "解答问题"},
        ]
    },
)


def test_buttons_are_not_part_of_the_text() -> None:
    assert render_for_chat([text("您好"), buttons(("lawyer", "转律师")), notice("注意")]) == (
        "您好\n\n注意"
    )


def test_folded_parts_are_left_out_unless_wanted() -> None:
    parts = [text("要点"), text("细节", title="怎么做", collapsed=True)]
    assert render_for_chat(parts) == "要点"
    assert render_for_chat(parts, folded=True) == "要点\n\n【怎么做】\n细节"


def test_a_service_shows_its_link_only_where_it_can_be_opened() -> None:
    assert "services#" not in render_for_chat([SERVICES])
    shown = render_for_chat([SERVICES], base="https://12348.example.cn")
    assert "给困难群众\n  https://12348.example.cn/services#item-13\n" in shown
    assert shown.endswith("解答问题")
    item = {**SERVICES.body["items"][0], "url": "https://other.example/13"}
    assert "https://other.example/13" in render_for_chat([Part("services", {"items": [item]})])


def test_a_link_that_is_no_web_address_is_not_shown() -> None:
    item = {**SERVICES.body["items"][0], "url": "javascript:alert(1)"}
    shown = render_for_chat([Part("services", {"items": [item]})], base="https://a.example")
    assert "javascript" not in shown


def test_the_last_buttons_are_the_choices() -> None:
    parts = [buttons(("a", "甲")), text("……"), buttons(("b", "乙"), ("c", "丙"))]
    assert choices_of(parts) == (Choice("b", "乙", "乙"), Choice("c", "丙", "丙"))
    assert choices_of([text("您好")]) == ()
    assert CHOICES[0] == Choice("lawyer", "转律师", "转人工")


def test_choices_are_numbered() -> None:
    assert numbered(CHOICES, WORDS) == "回复数字：\n1 转律师\n2 申请法律援助\n3 婚姻、家庭"
    assert numbered((), WORDS) == ""


def test_side_doors_of_a_typed_question_have_no_numbers() -> None:
    assert numbered(ASIDES, WORDS) == "也可以回复：改上一项、先不办了"


def test_marks_keep_their_own_numbers() -> None:
    assert numbered(MARKS, WORDS) == "回复数字：\n5 分\n4 分\n3 分\n2 分\n1 分"


@pytest.mark.parametrize(
    "said",
    ["2", "２", "②", "二", "两", "2.", "2。", "2、", "（2）", "⒉", "㈡", "2️⃣", " 2 \n", "第二个",
     "第2个", "第二", "选2", "选 2", "選2", "我选二", "选择2", "选第二个", "第二個", "按2",
     "回复2",
     "申请法律援助", "申请法律援助。", "申请 法律援助", "2申请法律援助", "2、申请法律援助"],
)  # fmt: skip
def test_an_answer_chooses(said: str) -> None:
    choice = chosen(said, CHOICES)
    assert choice is not None
    assert choice.id == "aid"


@pytest.mark.parametrize(
    "said",
    ["", " ", "？", "0", "4", "99", "100", "-2", "2天", "2个", "两个", "2号", "1.5", "1 2", "1、2",
     "12", "二十", "转", "我想转律师", "2月", "2%", "½", "十", "选", "第", "法律援助", "😀"],
)  # fmt: skip
def test_other_answers_are_for_the_dialogue(said: str) -> None:
    assert chosen(said, CHOICES) is None


def test_what_a_choice_says_chooses_it_too() -> None:
    choice = chosen("转人工", CHOICES)
    assert choice is not None
    assert choice.id == "lawyer"


def test_a_mark_is_chosen_by_itself_not_by_its_place() -> None:
    for said, expected in (("5", "score_5"), ("1", "score_1"), ("第一个", "score_5")):
        choice = chosen(said, MARKS)
        assert choice is not None
        assert choice.id == expected


def test_a_typed_number_is_an_answer_and_not_a_side_door() -> None:
    assert chosen("1", ASIDES) is None
    assert chosen("第一个", ASIDES) is None
    choice = chosen("先不办了", ASIDES)
    assert choice is not None
    assert choice.id == "cancel"


def test_labels_that_hold_numbers_are_numbered_by_place() -> None:
    years = tuple(
        Choice(f"y{n}", label, label) for n, label in enumerate(["1 年以内", "1 至 3 年"])
    )
    assert numbered(years, WORDS) == "回复数字：\n1 1 年以内\n2 1 至 3 年"
    assert chosen("2", years) == years[1]
    assert chosen("1 年以内", years) == years[0]
    alone = (Choice("services", "16 项服务", "有哪些服务"),)
    assert chosen("1", alone) == alone[0]


@pytest.mark.parametrize(
    ("said", "place"), [("十", 10), ("十二", 12), ("二十", 20), ("⑩", 10), ("21", 21)]
)
def test_long_lists_are_chosen_from(said: str, place: int) -> None:
    many = tuple(Choice(f"c{n}", f"选项{chr(0x4E00 + n)}", "") for n in range(1, 25))
    choice = chosen(said, many)
    assert choice is not None
    assert choice.id == f"c{place}"


@given(st.text(max_size=20))
def test_any_text_chooses_one_of_the_choices_or_none(said: str) -> None:
    for choices in ((), CHOICES, MARKS, ASIDES):
        choice = chosen(said, choices)
        assert choice is None or choice in choices
