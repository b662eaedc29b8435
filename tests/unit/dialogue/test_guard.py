"""No citation leaves that the law base does not hold."""

from __future__ import annotations

from bot.dialogue.guard import WITHHELD, CitationGuard
from bot.dialogue.turn import TurnReply
from bot.texts import load_texts
from connectors.messages import Part, text
from knowledge_base.loader import ROOT, load
from tests.law import law_of


def guard() -> CitationGuard:
    return CitationGuard(law_of(load(ROOT)).stands, load_texts())


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
