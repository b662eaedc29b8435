"""Why the application replaces a leading slash: Rasa takes what follows it for an intent.

These tests pin Rasa's behaviour down. Should one of them fail after an upgrade, the guard in the
application may have become needless, or the attack may have found another form.
"""

from __future__ import annotations

import pytest

from tests.integration.rasa_project.action_server import ActionServer
from tests.integration.rasa_project.conftest import Rasa

pytestmark = pytest.mark.rasa


@pytest.mark.parametrize("text", ["/start_aid", "  /start_aid", "\u3000/start_aid"])
def test_a_slash_chooses_the_intent(rasa: Rasa, actions: ActionServer, text: str) -> None:
    assert rasa.said(f"slash {text!r}", text) == ["action_ask_aid_complete"]


def test_a_slash_restarts_the_conversation_and_loses_the_form(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("restarted", "我想申请法律援助")
    rasa.say("restarted", "/restart")
    assert rasa.open_form("restarted") is None


def test_a_slash_can_pretend_to_be_a_form_answer(rasa: Rasa, actions: ActionServer) -> None:
    rasa.say("pretending", "我想申请法律援助")
    assert rasa.say("pretending", "/give_detail")[0]["question"] == 2


def test_a_slash_cannot_set_a_slot_that_is_custom(rasa: Rasa, actions: ActionServer) -> None:
    rasa.say("setting", '/start_aid{"aid_complete": true}')
    assert rasa.tracker("setting")["slots"]["aid_complete"] is None
    assert actions.drafts.submitted == []


def test_a_full_width_slash_is_ordinary_text(rasa: Rasa, actions: ActionServer) -> None:
    rasa.say("ordinary", "我想申请法律援助")
    rasa.say("ordinary", "／give_detail")
    assert actions.drafts.answered["ordinary", "aid_form"] == 0
