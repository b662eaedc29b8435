"""No citation leaves that the law base does not hold."""

from __future__ import annotations

import datetime as dt

from bot.dialogue.guard import WITHHELD, CitationGuard
from bot.dialogue.turn import TurnReply
from bot.texts import load_texts
from connectors.messages import Part, text
from knowledge_base.freshness import Coverage
from knowledge_base.loader import ROOT, load
from tests.law import law_of

COVERAGE = Coverage({"法律": dt.date(2026, 6, 26), "司法解释": dt.date(2025, 4, 5)})


def guard() -> CitationGuard:
    return CitationGuard(law_of(load(ROOT)).stands, COVERAGE, load_texts())


def test_a_true_citation_passes() -> None:
    reply = TurnReply("legal_question", (text("依照劳动合同法第八十二条"),))
    assert guard().checked(reply) == reply


def test_a_part_with_an_invented_article_is_withheld_and_counted() -> None:
    before = WITHHELD._value.get()
    reply = TurnReply(
        "legal_question", (text("依照劳动合同法第八十二条"), text("依照《劳动合同法》第九百条"))
    )
    assert [p.body["text"] for p in guard().checked(reply).parts] == ["依照劳动合同法第八十二条"]
    assert WITHHELD._value.get() == before + 1


def test_citations_inside_cards_are_checked_too() -> None:
    card = Part("citations", {"items": [{"title": "民法典第九千条", "gist": "没有"}]})
    checked = guard().checked(TurnReply("legal_question", (card,)))
    assert "第九千条" not in str(checked.parts)
    assert checked.parts


def test_citations_say_how_far_the_law_base_reaches_for_their_kind() -> None:
    law = {"title": "劳动合同法第八十二条", "gist": "", "level": "法律"}
    ruling = {"title": "", "gist": "", "level": "司法解释"}
    reply = TurnReply(
        "legal_question",
        (Part("citations", {"items": [law]}), Part("citations", {"items": [law, ruling]})),
    )
    days = [part.body.get("as_of") for part in guard().checked(reply).parts]
    assert days == ["2026-06-26", "2026-06-26（法律），2025-04-05（司法解释）"]


def test_a_former_article_passes_only_under_its_year() -> None:
    parts = (text("当时是《合同法》（1999年）第一百零七条"), text("按《合同法》第一百零七条"))
    checked = guard().checked(TurnReply("legal_question", parts))
    assert [p.body["text"] for p in checked.parts] == ["当时是《合同法》（1999年）第一百零七条"]


def test_a_sentence_that_denies_an_article_may_name_it() -> None:
    denying = Part("text", {"text": "《民法典》里没有第一千三百条", "denies": True})
    reply = TurnReply("statute_lookup", (denying, Part("buttons", {"items": []})))
    assert guard().checked(reply).parts == reply.parts


def test_a_reply_of_which_only_buttons_are_left_says_something() -> None:
    reply = TurnReply(
        "legal_question", (text("《民法典》第九千条"), Part("buttons", {"items": []}))
    )
    assert [part.type for part in guard().checked(reply).parts] == ["text", "buttons"]


def test_of_several_cards_only_the_false_one_is_withheld() -> None:
    true = {"title": "劳动合同法第八十二条", "gist": "", "level": "法律"}
    false = {"title": "劳动合同法第九百条", "gist": "", "level": "法律"}
    (part,) = guard().checked(TurnReply("x", (Part("citations", {"items": [true, false]}),))).parts
    assert [item["title"] for item in part.body["items"]] == ["劳动合同法第八十二条"]


def test_a_former_article_may_cite_the_law_of_its_day() -> None:
    former = {
        "title": "《最高人民法院关于适用〈中华人民共和国婚姻法〉若干问题的解释（一）》"
        "（2001年）第十条",
        "gist": "婚姻法第十一条所称的胁迫，是指以生命、健康等相要挟。",
        "level": "司法解释",
        "in_force_until": "2021-01-01",
    }
    reply = TurnReply("x", (Part("citations", {"items": [former]}),))
    assert guard().checked(reply).parts
    today = {**former, "in_force_until": ""}
    assert (
        guard().checked(TurnReply("x", (Part("citations", {"items": [today]}),))).parts[0].type
        == "text"
    )
