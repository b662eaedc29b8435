"""Which questions want something typed, so that a number typed is no choice of a button."""

from __future__ import annotations

import pytest

from bot.dialogue.turn import TurnReply, merge
from bot.domain.conversation import Context
from connectors.messages import Part, buttons
from tests.integration.aid.form_desk import Desk, answer, begin


def side_doors(replies: list[TurnReply]) -> bool:
    """Say whether the buttons of a reply lead elsewhere than to an answer."""
    (there,) = [part for part in merge(replies).parts if part.type == "buttons"]
    return bool(there.body.get("typed"))


def is_typed(desk: Desk, until: str) -> bool:
    desk.applicant.fill(until=until)
    return side_doors([desk.aid.ask(desk.hear("继续申请"))])


@pytest.mark.parametrize(
    "key",
    ["name", "id_number", "phone", "place", "address", "opponent", "facts", "request", "evidence",
     "deadline"],
)  # fmt: skip
def test_what_an_applicant_types_is_no_choice(desk: Desk, key: str) -> None:
    assert is_typed(desk, key)


@pytest.mark.parametrize("key", ["for_whom", "matter", "group", "pledge"])
def test_what_an_applicant_chooses_may_be_chosen_by_number(desk: Desk, key: str) -> None:
    assert not is_typed(desk, key)


def pick(desk: Desk, calculator: str) -> list[TurnReply]:
    option = f"guided.pick.sum-{calculator}"
    offered = Context(options=((option, "帮我一步步算"),), last_route="calculate")
    desk.applicant.conversations.remember(desk.applicant.conversation_id, offered)
    return say(desk, "帮我一步步算", option)


def say(desk: Desk, words: str, option: str | None = None) -> list[TurnReply]:
    desk.hear(words, option)
    desk.run("validate_guided_form", "give_detail", "guided_form")
    return desk.run("action_ask_guided_complete", "give_detail", "guided_form")[0]


def test_a_sum_is_typed_and_a_yes_is_chosen(desk: Desk) -> None:
    asked = [pick(desk, "severance")]
    asked += [say(desk, words) for words in ("2020-1-1", "2023-7-31", "8000", "3", "不是")]
    # Two days, a wage; the ground and whether notice was given; a sum that may be left out.
    assert [side_doors(replies) for replies in asked] == [True, True, True, False, False, True]


def test_a_consultation_is_chosen_but_a_story_in_it_is_typed(desk: Desk) -> None:
    assert not side_doors(begin(desk, "开始欠薪引导咨询"))
    while not side_doors(say(desk, "1")):
        assert len(desk.context.guided_answers) < 6
    before = desk.context.guided_answers
    # A number is not taken for the only button there, which would skip the question.
    say(desk, "1")
    assert desk.context.guided_answers == before
    assert answer(desk, "先跳过") is True


def test_the_mark_goes_through_rasa_and_the_store_and_is_left_out_where_not_needed() -> None:
    marked, plain = buttons(("a", "甲"), typed=True), buttons(("a", "甲"))
    assert Part.from_json(marked.to_json()) == marked
    assert marked.to_json()["typed"] is True
    assert "typed" not in plain.to_json()
    assert merge([TurnReply("x", (plain,)), TurnReply("x", (marked,))]).parts == (marked,)
