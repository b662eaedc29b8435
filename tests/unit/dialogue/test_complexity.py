"""What makes a matter one for a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dialogue.complexity import Complexity
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.conversation import Context, HandoverReason
from bot.texts import load_texts
from connectors.messages import buttons, text

COMPLEXITY = Complexity(load_texts())


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("判决书收到了，上诉还有三天就到期了怎么办", "deadline"),
        ("仲裁裁决下来了，明天就过上诉期了", "deadline"),
        ("只剩2天举证期限就过了", "deadline"),
        ("我收到法院传票了，下周三开庭", "complex"),
        ("工程层层转包，最上面的公司不认账", "complex"),
        ("我们五个继承人，继承人有5个都不同意", "complex"),
        ("借给他八十万一直不还", "complex"),
        ("合同款1200000元被拖了两年", "complex"),
        ("我弟弟被刑事拘留了", "complex"),
        ("老板欠我三个月工资两万八", None),
        ("试用期还有三天结束", None),
        ("押金两千元不退", None),
        ("离婚冷静期三十天怎么算", None),
        ("明天去上班要带什么", None),
    ],
)
def test_what_needs_a_person_is_told_from_what_does_not(words: str, reason: str | None) -> None:
    assert COMPLEXITY.reason(words) == reason


def _answered(words: str, context: Context | None = None) -> TurnReply:
    parts = (text("可以上诉。"), buttons(("more", "再问一句")))
    turn = Turn("c", words, context or Context())
    return COMPLEXITY.offered(turn, TurnReply("legal_question", parts))


def test_the_answer_stays_and_the_lawyer_comes_first_among_the_buttons() -> None:
    reply = _answered("判决收到了，上诉还有三天就到期")
    assert [part.type for part in reply.parts] == ["text", "notice", "buttons"]
    assert [item["id"] for item in reply.parts[-1].body["items"]] == ["lawyer", "more"]
    assert reply.context is not None
    assert reply.context.offered == HandoverReason.DEADLINE
    assert reply.handover is None


def test_nothing_is_added_where_a_person_was_offered_or_comes_anyway() -> None:
    words = "我收到法院传票了，下周三开庭"
    offered = Context(offered=HandoverReason.UNSURE_TWICE)
    assert len(_answered(words, offered).parts) == 2
    comes = TurnReply("legal_question", (text("答"),), handover=HandoverReason.RISK)
    assert COMPLEXITY.offered(Turn("c", words, Context()), comes) == comes
    talk = replace(comes, route="smalltalk", handover=None)
    assert COMPLEXITY.offered(Turn("c", words, Context()), talk) == talk
