"""Replies on their way through Rasa: sealed, complete, merged."""

from __future__ import annotations

import pytest
from cryptography.fernet import InvalidToken

from bot.dialogue.turn import TurnReply, merge, seal, unseal
from bot.domain.conversation import Context, HandoverReason
from bot.store.crypto import Cipher
from connectors.messages import buttons, text

REPLY = TurnReply(
    "legal_question",
    (text("结论"), buttons(("lawyer", "转律师"))),
    topic="劳动",
    items=("劳动合同法/82",),
    confidence=0.7,
    context=Context(question="王小二欠薪", articles=("劳动合同法/82",), options=(("a", "b"),)),
    handover=HandoverReason.ASKED,
    priority=3,
)


def test_a_sealed_reply_opens_unchanged(cipher: Cipher) -> None:
    assert unseal(seal(REPLY, cipher), cipher) == REPLY


def test_a_sealed_reply_shows_nothing(cipher: Cipher) -> None:
    sealed = seal(REPLY, cipher)
    assert "王小二" not in sealed
    assert "legal" not in sealed


def test_a_seal_of_other_keys_does_not_open(cipher: Cipher) -> None:
    from cryptography.fernet import Fernet

    other = Cipher([Fernet.generate_key().decode()], "other")
    with pytest.raises(InvalidToken):
        unseal(seal(REPLY, other), cipher)


def test_merging_keeps_the_first_route_and_the_last_buttons() -> None:
    asked = TurnReply("aid_apply", (text("请问姓名"), buttons(("cancel", "先不办了"))))
    merged = merge([REPLY, asked])
    assert merged.route == "legal_question"
    assert merged.context == REPLY.context
    assert [part.type for part in merged.parts] == ["text", "text", "buttons"]
    assert merged.parts[-1].body["items"][0]["id"] == "cancel"


def test_there_must_be_something_to_merge() -> None:
    with pytest.raises(ValueError, match="nothing"):
        merge([])
