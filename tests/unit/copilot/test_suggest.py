"""What the copilot suggests: law as of the day of the facts, cases, a draft, and its failures."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from bot.dialogue.normalise import MAX_CHARACTERS
from bot.domain.conversation import Sender
from bot.errors import Forbidden, NotFound
from connectors.messages import Inbound, Part
from knowledge_base.verifier import load_verifier
from tests.conftest import FixedClock
from tests.unit.copilot.conftest import Room

TODAY = dt.date(2026, 11, 26)
WAGES = "老板2026年3月起欠我2万8千元工资，没签合同，怎么要回来？"
ANSWER = "wage-arrears"


def answers(room: Room) -> str:
    """Let the search find a reviewed answer about wages and its basis; return its id."""
    kb = room.copilot.kb
    found = next(a for a in kb.answers.values() if "劳动合同法/85" in a.basis and a.topic == "劳动")
    room.search.finds("answer", {found.id: 0.9})
    room.search.finds("article", {key: 0.8 for key in found.basis[:3]})
    return found.id


def test_the_draft_is_the_reviewed_answer_with_its_citations_written_out(room: Room) -> None:
    answer = room.copilot.kb.answers[answers(room)]
    found = room.suggest(WAGES)
    assert answer.conclusion in found.draft
    assert answer.steps[0] in found.draft
    assert "《劳动合同法》第" in found.draft
    assert found.topic == "劳动"
    assert found.confidence == 0.9


def test_the_draft_holds_no_label_no_buttons_and_no_folded_parts(room: Room) -> None:
    answer = room.copilot.kb.answers[answers(room)]
    draft = room.suggest(WAGES).draft
    label = "AI"
    assert label not in draft
    assert answer.where not in draft
    assert "转人工" not in draft
    assert "看全文" not in draft


def test_the_draft_asks_for_what_is_missing_and_fits_a_message(room: Room) -> None:
    answers(room)
    found = room.suggest(WAGES)
    assert found.missing[0].ask in found.draft
    assert len(found.draft) <= MAX_CHARACTERS


def test_every_citation_of_the_draft_holds_in_the_verifier(room: Room) -> None:
    answers(room)
    draft = room.suggest(WAGES).draft
    assert load_verifier().citations(draft)
    assert load_verifier().doubts(draft, TODAY) == []


def test_the_basis_of_the_draft_comes_first_and_bears_its_score(room: Room) -> None:
    answers(room)
    statutes = room.suggest(WAGES).statutes
    assert statutes[0].is_basis
    assert statutes[0].score == 0.8
    assert statutes[0].gist
    assert statutes[0].version is not None


def test_an_article_not_in_force_is_not_suggested(room: Room) -> None:
    room.search.finds("article", {"民法典/675": 0.8}, confidence=0.1, topic="借贷")
    room.search.finds("article", {"合同法/206": 0.9, "民法典/675": 0.8}, 0.1, topic="借贷")
    found = room.suggest("朋友借钱不还", topic="借贷")
    assert [one.key for one in found.statutes] == ["民法典/675"]


def test_old_facts_bring_the_text_of_their_day_beside_that_of_today(room: Room) -> None:
    key = "治安管理处罚法/51"
    room.search.finds("article", {key: 0.8}, 0.6, topic="行政")
    found = room.suggest("2025年3月邻居打了我一拳，会拘留他吗？", topic="行政")
    assert found.facts_on is not None
    assert found.facts_on.first == dt.date(2025, 3, 1)
    now, then = found.statutes[0], found.statutes[1]
    assert (now.key, now.of_that_day) == (key, False)
    assert (then.key, then.of_that_day, then.now) == ("治安管理处罚法/43", True, key)
    assert then.in_force_until == dt.date(2026, 1, 1)
    assert then.gist
    law, _, number = then.key.rpartition("/")
    assert load_verifier().judge(law, number, found.facts_on.first).status == "in_force"


def test_a_text_that_has_not_changed_is_that_of_the_day(room: Room) -> None:
    answers(room)
    assert all(one.of_that_day for one in room.suggest(WAGES).statutes)


def test_without_a_day_nothing_is_said_about_the_text_of_the_day(room: Room) -> None:
    answers(room)
    found = room.suggest("老板一直欠我工资不给，怎么办")
    assert found.facts_on is None
    assert {one.of_that_day for one in found.statutes} == {None}


def test_last_year_means_the_year_before_it_was_said(room: Room, clock: FixedClock) -> None:
    clock.moment = dt.datetime(2025, 12, 30, 1, 0, tzinfo=dt.UTC)
    conversation_id = room.talk("去年朋友借了我5万元不还怎么办", topic="借贷")
    clock.moment = dt.datetime(2026, 1, 5, 1, 0, tzinfo=dt.UTC)
    found = room.copilot.suggest(conversation_id, room.office.wang)
    assert found.facts_on is not None
    assert found.facts_on.first.year == 2024


def test_a_day_told_in_another_message_counts(room: Room) -> None:
    answers(room)
    found = room.suggest("老板欠我工资不给怎么办", "是2026年5月的事")
    assert found.facts_on is not None
    assert found.facts_on.said == "2026年5月"


def test_a_case_is_shown_where_it_rests_on_an_article_found(room: Room) -> None:
    answers(room)
    case = next(c for c in room.copilot.kb.cases.values() if "劳动合同法/30" in c.articles)
    room.search.finds("article", {"劳动合同法/30": 0.8})
    room.search.finds("case", {case.id: 0.4}, confidence=0.1)
    found = room.suggest(WAGES)
    assert [(one.id, one.title) for one in found.cases] == [(case.id, case.title)]
    assert found.cases[0].source.startswith(case.source)


def test_a_case_that_has_nothing_to_do_with_it_is_not_shown(room: Room) -> None:
    answers(room)
    other = next(c for c in room.copilot.kb.cases.values() if c.topic == "婚姻家庭")
    room.search.finds("case", {other.id: 0.4}, confidence=0.1)
    assert room.suggest(WAGES).cases == ()


def test_where_nothing_is_sure_the_draft_asks_instead_of_answering(room: Room) -> None:
    room.search.finds("article", {"劳动合同法/30": 0.2}, confidence=0.02)
    found = room.suggest("那个事情就是这样子的", topic="劳动")
    assert "《" not in found.draft
    assert found.missing[0].ask in found.draft
    assert [one.key for one in found.statutes] == ["劳动合同法/30"]
    assert not found.statutes[0].is_basis
    assert any("没有找到有把握的依据" in note for note in found.notes)


def test_where_only_the_law_is_found_its_gists_are_the_draft(room: Room) -> None:
    room.search.finds("article", {"民法典/675": 0.8}, confidence=0.6, topic="借贷")
    found = room.suggest("朋友借钱不还怎么办", topic="借贷")
    gist = room.copilot.kb.articles["民法典/675"].gist
    assert f"《民法典》第六百七十五条：{gist}" in found.draft
    assert "建议再问问律师" not in found.draft


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("other model"), RuntimeError()])
def test_a_failing_search_leaves_the_rest_and_says_so(room: Room, error: Exception) -> None:
    room.search.broken = error
    found = room.suggest(WAGES)
    assert (found.statutes, found.cases, found.draft) == ((), (), "")
    assert any("检索暂时不可用" in note for note in found.notes)
    assert found.missing
    assert found.facts_on is not None


def test_an_index_that_knows_more_than_the_base_is_no_failure_of_the_page(room: Room) -> None:
    room.search.finds("article", {"没有的法/1": 0.9}, confidence=0.9)
    found = room.suggest(WAGES)
    assert found.statutes == ()
    assert any("检索暂时不可用" in note for note in found.notes)


def test_a_visitor_who_said_nothing_gets_no_draft_and_no_search(room: Room) -> None:
    conversation, _ = room.office.conversations.create("web", "v1")
    room.hand_over(conversation.id)
    found = room.copilot.suggest(conversation.id, room.office.wang)
    assert found.draft == ""
    assert any("还没有说出法律问题" in note for note in found.notes)
    assert room.search.asked == []


def test_personal_numbers_reach_neither_the_search_nor_the_suggestion(room: Room) -> None:
    answers(room)
    secret = "１３８１２３４５６７８"
    found = room.suggest(f"老板欠我工资，我电话{secret}，身份证530102199001011237，怎么办？")
    assert "13812345678" not in repr(found)
    assert "530102199001011237" not in repr(found)
    assert not any("138" in query for query in room.search.asked)


def test_a_question_asked_after_the_hand_over_is_the_one_answered(room: Room) -> None:
    conversation_id = room.talk("老板欠我工资怎么办")
    room.office.visitor_says(conversation_id, "好的")
    room.office.visitor_says(conversation_id, "另外我离婚的话孩子抚养费怎么算？")
    room.office.visitor_says(conversation_id, "谢谢")
    found = room.copilot.suggest(conversation_id, room.office.wang)
    assert found.question == "另外我离婚的话孩子抚养费怎么算？"
    assert any("抚养费" in query for query in room.search.asked)


def test_uploaded_files_count_as_evidence(room: Room) -> None:
    conversation_id = room.talk("老板欠我工资怎么办，我有聊天记录")
    photo = Part("file", {"id": "f1", "name": "借条.jpg", "mime": "image/jpeg", "size": 10})
    room.office.conversations.receive(Inbound(conversation_id, "file1", ""), [photo])
    found = room.copilot.suggest(conversation_id, room.office.wang)
    assert [(one.kind, one.said) for one in found.evidence] == [
        ("已上传的文件", "1"),
        ("聊天记录", "聊天记录"),
    ]


def test_what_the_bot_or_a_lawyer_said_is_not_the_visitors_word(room: Room) -> None:
    conversation_id = room.talk("老板欠我工资怎么办")
    room.office.conversations.append_one(
        conversation_id, Sender.LAWYER, [Part("text", {"text": "您有录音吗？2020年的？"})]
    )
    found = room.copilot.suggest(conversation_id, room.office.wang)
    assert found.evidence == ()
    assert found.facts_on is None


def test_a_lawyer_who_is_not_in_the_conversation_gets_nothing(room: Room) -> None:
    conversation_id = room.talk(WAGES)
    with pytest.raises(Forbidden):
        room.copilot.suggest(conversation_id, room.office.li)
    with pytest.raises(NotFound):
        room.copilot.suggest("0" * 32, room.office.wang)


def test_periods_are_told_with_the_article_they_stand_in(room: Room) -> None:
    found = room.suggest("2026年10月8日公司把我辞退了，工资没给")
    arbitration = next(one for one in found.deadlines if one.id == "labour-arbitration")
    assert arbitration.ends_on == dt.date(2027, 10, 8)
    assert re.search("第二十七条", arbitration.title)


def test_what_a_visitor_was_told_to_have_checked_is_told_to_the_lawyer_alone(room: Room) -> None:
    answer = next(a for a in room.copilot.kb.answers.values() if "民法典/675" in a.basis)
    room.search.finds("answer", {answer.id: 0.9}, topic="借贷")
    room.search.finds("article", {key: 0.8 for key in answer.basis[:3]}, topic="借贷")
    found = room.suggest("2018年5月朋友借了我5万元，怎么要回来？", topic="借贷")
    assert "请律师核对" not in found.draft
    assert "先说现行规定" in found.draft
    assert found.transitions
    assert any("请律师核对" in note or "当时有效的是" in note for note in found.notes)
