"""What lawyers do at the desk, and what they cannot do."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest
import yaml

from bot.desk.views import WORDS, load_words
from bot.domain.conversation import Context, HandoverReason, Mode, Sender
from bot.domain.people import Staff
from bot.errors import (
    AlreadyClaimed,
    BadInput,
    EmptyMessage,
    Forbidden,
    IllegalMove,
    LawbridgeError,
    MessageTooLong,
    NotFound,
    UnverifiedCitation,
)
from bot.store.unit import Store
from connectors.messages import text
from tests.conftest import ROOT, FixedClock
from tests.office import SECRET, Office, furnish
from tests.pictures import PNG

NOBODY = "0" * 32
LANES = ROOT / "knowledge_base" / "safety.yml"


def test_the_most_urgent_and_longest_waiting_come_first(office: Office) -> None:
    first = office.queued()
    office.clock.advance(minutes=1)
    second = office.queued()
    office.clock.advance(minutes=1)
    urgent = office.queued("有人打我", HandoverReason.RISK, priority=90)
    view = office.desk.queue(office.wang)
    assert [entry.id for entry in view.queue] == [urgent, first, second]
    assert view.mine == ()
    assert view.queue[0].reason == "触发安全规则，请优先接待"
    assert (office.clock.now() - view.queue[1].since).total_seconds() == 120


def test_claiming_moves_a_conversation_to_my_own(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    view = office.desk.queue(office.wang)
    assert view.queue == ()
    assert [entry.id for entry in view.mine] == [conversation_id]
    assert office.desk.queue(office.li).mine == ()


def test_the_visitor_is_told_the_lawyers_name_and_licence(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    sender, words = office.words(conversation_id)[-1]
    assert sender == Sender.SYSTEM
    assert words.startswith("王敏律师（执业证 15301202010123456）已接入")


def test_a_lawyer_without_a_licence_number_is_named_without_one(office: Office) -> None:
    assert office.desk.author(office.li) == "李强律师"


def test_second_lawyer_cannot_claim(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    with pytest.raises(AlreadyClaimed):
        office.desk.claim(conversation_id, office.li)
    assert office.conversations.get(conversation_id).lawyer_id == office.wang.id


def test_of_two_lawyers_claiming_at_once_one_wins(store: Store, clock: FixedClock) -> None:
    office = furnish(store, clock)
    for _ in range(8):
        conversation_id = office.queued()
        results: dict[str, str] = {}
        gate = threading.Barrier(2)

        def claim(
            person: Staff,
            conversation_id: str = conversation_id,
            results: dict[str, str] = results,
            gate: threading.Barrier = gate,
        ) -> None:
            gate.wait()
            try:
                office.desk.claim(conversation_id, person)
                results[person.login] = "claimed"
            except LawbridgeError as error:
                results[person.login] = error.code

        threads = [threading.Thread(target=claim, args=(p,)) for p in (office.wang, office.li)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results.values()) == ["already_claimed", "claimed"]
        notices = [w for s, w in office.words(conversation_id) if s == Sender.SYSTEM]
        assert len(notices) == 1


def test_claiming_twice_tells_the_visitor_once(office: Office) -> None:
    conversation_id = office.queued()
    assert office.desk.claim(conversation_id, office.wang) is not None
    assert office.desk.claim(conversation_id, office.wang) is None
    assert [s for s, _ in office.words(conversation_id)].count(Sender.SYSTEM) == 1


def test_a_visitor_who_left_the_queue_cannot_be_claimed(office: Office) -> None:
    conversation_id = office.queued()
    office.conversations.move(conversation_id, Mode.BOT)
    with pytest.raises(IllegalMove, match="已离开排队"):
        office.desk.claim(conversation_id, office.wang)


def test_an_unknown_conversation_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        office.desk.claim(NOBODY, office.wang)
    with pytest.raises(NotFound):
        office.desk.open(NOBODY, office.wang)
    with pytest.raises(NotFound):
        office.desk.say(NOBODY, office.wang, "a", "您好")
    with pytest.raises(NotFound):
        office.desk.close(NOBODY, office.wang)


def test_a_bot_reply_computed_before_the_claim_is_not_sent_after_it(office: Office) -> None:
    conversation_id = office.queued()
    inbound = office.visitor_says(conversation_id, "还有一件事")
    office.desk.claim(conversation_id, office.wang)
    sent, mode = office.conversations.finish(conversation_id, inbound, [[text("迟到的回答")]])
    assert sent == ()
    assert mode is Mode.HUMAN
    assert "迟到的回答" not in [words for _, words in office.words(conversation_id)]


def test_the_owner_writes_and_is_named(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    sent, is_new = office.desk.say(conversation_id, office.wang, "a", " 您好\u200b ")
    assert is_new
    assert sent.author == "王敏律师（执业证 15301202010123456）"
    assert office.words(conversation_id)[-1] == (Sender.LAWYER, "您好")


def test_the_same_client_id_is_the_same_message(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    first, _ = office.desk.say(conversation_id, office.wang, "a", "您好")
    again, is_new = office.desk.say(conversation_id, office.wang, "a", "您好")
    assert not is_new
    assert again.id == first.id
    assert office.words(conversation_id).count((Sender.LAWYER, "您好")) == 1


def test_a_visitor_cannot_take_a_lawyers_message_id(office: Office) -> None:
    conversation_id = office.queued()
    office.visitor_says(conversation_id, "v3 是我的编号")
    office.desk.claim(conversation_id, office.wang)
    _, is_new = office.desk.say(conversation_id, office.wang, f"v{office.sent}", "您好")
    assert is_new


@pytest.mark.parametrize("situation", ["waiting", "another's", "returned", "closed"])
def test_only_the_owner_of_an_open_conversation_can_write(office: Office, situation: str) -> None:
    conversation_id = office.queued()
    if situation == "another's":
        office.desk.claim(conversation_id, office.li)
    elif situation != "waiting":
        office.desk.claim(conversation_id, office.wang)
        leave = office.desk.give_back if situation == "returned" else office.desk.close
        leave(conversation_id, office.wang)
    before = office.words(conversation_id)
    with pytest.raises(Forbidden):
        office.desk.say(conversation_id, office.wang, "a", "您好")
    with pytest.raises(Forbidden):
        office.desk.give_back(conversation_id, office.wang)
    with pytest.raises(Forbidden):
        office.desk.close(conversation_id, office.wang)
    with pytest.raises(Forbidden):
        office.desk.reveal(conversation_id, office.wang, "核对身份")
    with pytest.raises(Forbidden):
        office.desk.may_write(conversation_id, office.wang)
    assert office.words(conversation_id) == before


def test_a_message_resent_after_handing_back_is_still_the_same(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    first, _ = office.desk.say(conversation_id, office.wang, "a", "您好")
    office.desk.give_back(conversation_id, office.wang)
    again, is_new = office.desk.say(conversation_id, office.wang, "a", "您好")
    assert (again.id, is_new) == (first.id, False)


def test_an_article_that_the_law_base_does_not_hold_is_refused_by_name(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    with pytest.raises(UnverifiedCitation, match="劳动合同法第九百九十九条"):
        office.desk.say(
            conversation_id, office.wang, "a", "依据《劳动合同法》第八十五条、第九百九十九条"
        )
    assert Sender.LAWYER not in [sender for sender, _ in office.words(conversation_id)]


def test_an_article_that_the_law_base_holds_is_sent(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    _, is_new = office.desk.say(
        conversation_id, office.wang, "a", "依据《劳动合同法》第八十五条，可以要求加付赔偿金"
    )
    assert is_new


def test_empty_and_too_long_messages_are_refused(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    with pytest.raises(EmptyMessage):
        office.desk.say(conversation_id, office.wang, "a", " \u200b\n ")
    with pytest.raises(MessageTooLong):
        office.desk.say(conversation_id, office.wang, "a", "长" * 2001)


def test_handing_back_lets_the_bot_answer_again(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    office.desk.give_back(conversation_id, office.wang)
    assert office.conversations.get(conversation_id).mode is Mode.RETURNED
    assert "由机器人继续为您服务" in office.words(conversation_id)[-1][1]
    inbound = office.visitor_says(conversation_id, "谢谢，再问一个")
    sent, _ = office.conversations.finish(conversation_id, inbound, [[text("请说")]])
    assert len(sent) == 1


def test_closing_asks_for_a_rating(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    office.desk.close(conversation_id, office.wang)
    assert office.conversations.get(conversation_id).mode is Mode.CLOSED
    assert "评价" in office.words(conversation_id)[-1][1]


def test_every_move_and_reveal_is_in_the_audit(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    office.desk.reveal(conversation_id, office.wang, "核对身份")
    office.desk.give_back(conversation_id, office.wang)
    office.conversations.move(conversation_id, Mode.QUEUED, reason=HandoverReason.ASKED)
    office.desk.claim(conversation_id, office.li)
    office.desk.close(conversation_id, office.li)
    assert office.actions() == [
        ("wang", "desk_claim"),
        ("wang", "desk_reveal"),
        ("wang", "desk_return"),
        ("li", "desk_claim"),
        ("li", "desk_close"),
    ]


def test_personal_numbers_are_hidden_until_revealed(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    view = office.desk.open(conversation_id, office.wang)
    shown = json.dumps(view.messages, ensure_ascii=False) + str(view.summary)
    shown += str(office.desk.queue(office.wang)) + str(
        office.desk.news(conversation_id, office.wang, 0)
    )
    assert "〔手机号〕" in shown
    assert "13812345678" not in shown
    assert "530102199001011237" not in shown
    revealed = json.dumps(
        office.desk.reveal(conversation_id, office.wang, "核对身份"), ensure_ascii=False
    )
    assert SECRET in revealed


def test_the_lawyers_own_licence_number_is_not_hidden(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    notice = office.desk.open(conversation_id, office.wang).messages[-1]
    assert "15301202010123456" in notice["parts"][0]["text"]


def test_another_lawyers_conversation_cannot_be_read(office: Office) -> None:
    conversation_id = office.queued()
    assert office.desk.open(conversation_id, office.li).mine is False
    office.desk.claim(conversation_id, office.wang)
    with pytest.raises(Forbidden):
        office.desk.open(conversation_id, office.li)
    with pytest.raises(Forbidden):
        office.desk.news(conversation_id, office.li, 0)


def test_a_conversation_with_the_bot_cannot_be_read(office: Office) -> None:
    conversation, _ = office.conversations.create("web", "v1")
    with pytest.raises(Forbidden):
        office.desk.open(conversation.id, office.wang)


def test_the_summary_says_what_is_known_already(office: Office) -> None:
    conversation_id = office.queued()
    office.clock.advance(minutes=3)
    office.desk.claim(conversation_id, office.wang)
    office.clock.advance(minutes=5)
    summary = office.desk.open(conversation_id, office.wang).summary
    assert summary.topic == "劳动"
    assert summary.reason == "来访者要求人工"
    assert summary.waited_s == 180
    assert summary.question.startswith("老板去年3月起欠我2万8千元")
    assert summary.answers[-1].articles == ("劳动合同法第三十条",)
    assert [cited.key for cited in summary.articles] == ["劳动合同法/30"]
    assert {fact.kind: fact.values for fact in summary.facts} == {
        "amounts": ("2万8千元",),
        "dates": ("去年3月",),
        "personal": ("〔手机号〕", "〔身份证号〕"),
    }
    assert summary.aid.draft == "none"


def test_older_messages_come_page_by_page_without_gap(office: Office) -> None:
    conversation_id = office.queued()
    for number in range(60):
        office.visitor_says(conversation_id, f"第{number}条")
    newest = office.desk.open(conversation_id, office.wang)
    assert newest.earlier
    older = office.desk.open(conversation_id, office.wang, int(newest.messages[0]["id"]))
    assert not older.earlier
    together = [int(m["id"]) for m in (*older.messages, *newest.messages)]
    assert together == [m.id for m in office.conversations.after(conversation_id, 0)]


def test_news_are_exactly_what_came_after(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    last = int(office.desk.open(conversation_id, office.wang).messages[-1]["id"])
    assert office.desk.news(conversation_id, office.wang, last) == ()
    office.visitor_says(conversation_id, "在吗")
    found = office.desk.news(conversation_id, office.wang, last)
    assert [m["parts"][0]["text"] for m in found] == ["在吗"]


def test_seeing_a_file_is_audited_once_for_each_person_file_and_day(office: Office) -> None:
    conversation_id = office.queued()
    first = office.uploads.keep(conversation_id, "f1", "合同.png", PNG)
    second = office.uploads.keep(conversation_id, "f2", "合同.png", PNG)
    office.desk.claim(conversation_id, office.wang)
    office.desk.invite(conversation_id, office.wang, office.li.id)

    def seen() -> list[str]:
        return [actor for actor, action in office.actions() if action == "desk_file"]

    for _ in range(3):
        office.desk.file(first.id, office.wang)
    assert seen() == ["wang"]
    office.desk.file(second.id, office.wang)
    office.desk.file(first.id, office.li)
    assert seen() == ["wang", "wang", "li"]
    # Nine in the morning: in China the day ends fifteen hours later.
    office.clock.advance(hours=14, minutes=59)
    office.desk.file(first.id, office.wang)
    assert len(seen()) == 3
    office.clock.advance(minutes=1)
    office.desk.file(first.id, office.wang)
    assert len(seen()) == 4


def test_files_are_for_the_lawyer_in_the_conversation(office: Office) -> None:
    conversation_id = office.queued()
    record = office.uploads.keep(conversation_id, "f1", "合同.png", PNG)
    with pytest.raises(Forbidden):
        office.desk.file(record.id, office.wang)
    office.desk.claim(conversation_id, office.wang)
    stored, body = office.desk.file(record.id, office.wang)
    assert (stored.name, body) == ("合同.png", PNG)
    with pytest.raises(Forbidden):
        office.desk.file(record.id, office.li)
    with pytest.raises(NotFound):
        office.desk.file("nothing", office.wang)


def test_canned_texts_pass_the_citation_check(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    assert len(office.desk.canned) >= 5
    for canned in office.desk.canned:
        words = re.sub(r"\{.+?\}", "2600 0123", canned.text)
        _, is_new = office.desk.say(conversation_id, office.wang, canned.id, words)
        assert is_new


def test_canned_texts_name_the_matter_where_the_visitor_needs_the_number(office: Office) -> None:
    texts = {canned.id: canned.text for canned in office.desk.canned}
    assert "{工单号}" in texts["closing"]
    assert "{工单号}" in texts["call_back"]
    assert "{律师}" in texts["greeting"]


@pytest.mark.parametrize("gap", ["{工单号}", "【工单号】", "【日期】"])
def test_a_message_with_an_open_variable_is_not_sent(office: Office, gap: str) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    with pytest.raises(BadInput, match=f"还有没填上的地方：【{gap[1:-1]}】，请换成实际内容"):
        office.desk.say(conversation_id, office.wang, "a", f"您的编号是{gap}，请记好。")
    assert Sender.LAWYER not in [sender for sender, _ in office.words(conversation_id)]


def test_other_brackets_are_the_lawyers_own(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    _, is_new = office.desk.say(conversation_id, office.wang, "a", "请看【要点】和{一}。")
    assert is_new


def test_a_canned_text_leaves_open_only_what_the_desk_knows(tmp_path: Path) -> None:
    words = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    words["canned"][0]["text"] = "{来访者}您好"
    changed = tmp_path / "canned.yml"
    changed.write_text(yaml.safe_dump(words, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ValueError, match="来访者"):
        load_words(changed)


def test_an_urgent_card_shows_the_words_that_called_for_a_person(office: Office) -> None:
    conversation, _ = office.conversations.create("web", "v1")
    said = office.visitor_says(conversation.id, f"我不想活了，{SECRET}")
    office.conversations.finish(
        conversation.id,
        said,
        [[text("请先拨打120")]],
        handover=HandoverReason.RISK,
        priority=100,
        context=Context(question="我不想活了", lane="self_harm"),
    )
    office.clock.advance(minutes=1)
    office.visitor_says(conversation.id, "谢谢")
    entry = office.desk.queue(office.wang).queue[0]
    assert entry.last_words == "谢谢"
    assert entry.trigger.startswith("我不想活了")
    assert "13812345678" not in entry.trigger
    assert entry.lane == "自伤、自杀风险"
    summary = office.desk.open(conversation.id, office.wang).summary
    assert (summary.trigger, summary.lane) == (entry.trigger, entry.lane)


def test_every_safety_lane_has_a_name_at_the_desk() -> None:
    lanes = {lane["lane"] for lane in yaml.safe_load(LANES.read_text(encoding="utf-8"))}
    assert lanes <= set(load_words().lanes)
