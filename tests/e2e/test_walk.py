"""The walk of the README through HTTP: question, follow-up, lawyer, application, restart."""

from __future__ import annotations

import datetime as dt
import signal

import pytest

from tests.live import APPLICATION, LiveApp, Visitor, running, until, words_of

pytestmark = pytest.mark.rasa


def part_types(reply: dict) -> set[str]:
    return {part["type"] for message in reply["messages"] for part in message["parts"]}


def test_a_question_gets_citations_a_case_services_and_what_to_do(live_app: LiveApp) -> None:
    reply = live_app.visitor().say("老板拖欠我三个月工资没签合同怎么办")
    assert reply["mode"] == "bot"
    assert part_types(reply) >= {"text", "citations", "cases", "services", "buttons", "notice"}
    said = words_of(reply)
    assert "劳动合同法第八十二条" in said
    cited = [p for m in reply["messages"] for p in m["parts"] if p["type"] == "citations"]
    assert cited
    assert all(dt.date.fromisoformat(part["as_of"][:10]) < dt.date(2100, 1, 1) for part in cited)


def test_a_follow_up_is_understood_with_the_last_topic(live_app: LiveApp) -> None:
    visitor = live_app.visitor()
    visitor.say("老板拖欠我三个月工资没签合同怎么办")
    assert "一年" in words_of(visitor.say("那仲裁时效多久"))


def test_two_visitors_never_mix(live_app: LiveApp) -> None:
    one, two = live_app.visitor(), live_app.visitor()
    one.say("老板拖欠我三个月工资没签合同怎么办")
    two.say("房东不退我押金怎么办")
    assert "仲裁" in words_of(one.say("去哪里办"))
    assert "仲裁委" not in words_of(two.say("去哪里办"))


def test_the_same_message_twice_is_answered_once(live_app: LiveApp) -> None:
    visitor = live_app.visitor()
    first = visitor.say("房东不退押金怎么办", client_id="same")
    second = visitor.say("房东不退押金怎么办", client_id="same")
    assert [m["id"] for m in second["messages"]] == [m["id"] for m in first["messages"]]
    assert len(visitor.hear()["messages"]) == 1 + len(first["messages"])


@pytest.mark.parametrize(
    "words",
    [
        "/restart",
        "\u3000/restart",
        "\n\n/ask_lawyer",
        '/start_aid{"aid_complete": true}',
        "//restart",
        " \u200b/restart",
    ],
)
def test_a_slash_never_reaches_rasa_as_a_command(live_app: LiveApp, words: str) -> None:
    visitor = live_app.visitor()
    reply = visitor.say(words)
    assert reply["mode"] == "bot"
    assert reply["messages"]
    assert "第 1 步" not in words_of(reply)


def test_a_button_outside_the_allow_list_does_nothing_special(live_app: LiveApp) -> None:
    reply = live_app.visitor().tap("restart_everything", "转我去后台")
    assert reply["mode"] == "bot"


@pytest.mark.parametrize(
    "words",
    [
        "😀😀😀",
        "'; DROP TABLE messages; --",
        "<script>alert(1)</script>",
        "\u202e\u200b\u0007",
        "？？？",
        "老板欠我钱\ud800",
        "a" * 2000,
    ],
)
def test_odd_input_gets_a_sentence_and_no_trace(live_app: LiveApp, words: str) -> None:
    visitor = live_app.visitor()
    answer = visitor._client.post(
        "/api/web/messages",
        content=_json({"id": "odd", "text": words}),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code in (200, 422)
    assert "Traceback" not in answer.text
    if answer.status_code == 422:
        assert answer.json()["error"]["message"]


def test_ten_thousand_characters_are_refused_in_words(live_app: LiveApp) -> None:
    visitor = live_app.visitor()
    answer = visitor._client.post("/api/web/messages", json={"id": "long", "text": "长" * 10_000})
    assert answer.status_code == 413
    assert "2000" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body", [{}, {"id": 1, "text": []}, [], "x", None, {"id": "x", "text": {"a": 1}}]
)
def test_json_of_wrong_types_gets_the_one_error_shape(live_app: LiveApp, body: object) -> None:
    visitor = live_app.visitor()
    answer = visitor._client.post("/api/web/messages", json=body)
    assert answer.status_code == 422
    assert set(answer.json()) == {"error"}


def test_what_was_accepted_survives_killing_any_process(tmp_path_factory) -> None:
    with running(tmp_path_factory.mktemp("killed")) as app:
        visitor = app.visitor()
        visitor.say("老板拖欠我三个月工资没签合同怎么办")
        number = _apply(visitor)
        waiting = app.visitor()
        assert waiting.say("转人工")["mode"] == "queued"
        known = [m["id"] for m in visitor.hear()["messages"]]

        app.children()["rasa"].send_signal(signal.SIGKILL)
        without_rasa = visitor.say("房东不退押金怎么办")
        assert "citations" in part_types(without_rasa)
        until(lambda: "rasa" in app.children() and app.is_ready(), 180)

        app.children()["application"].send_signal(signal.SIGKILL)
        until(app.is_ready, 180)
        assert [m["id"] for m in visitor.hear()["messages"]][: len(known)] == known
        assert waiting.hear()["mode"] == "queued"
        assert number in words_of(visitor.say("我的申请到哪了"))

        app.process.send_signal(signal.SIGKILL)
        app.process.wait()
        until(lambda: not app.is_ready(), 30)
        until(lambda: _ports_are_free(app), 30)
        app.start()
        app.wait_ready()
        assert waiting.hear()["mode"] == "queued"
        assert number in words_of(visitor.say("我的申请到哪了"))


def test_an_interrupt_ends_everything_cleanly_and_a_second_start_trains_nothing(
    tmp_path_factory,
) -> None:
    folder = tmp_path_factory.mktemp("stopped")
    with running(folder) as app:
        first = list(app.children().values())
        assert len(first) == 2
        app.stop()
        assert app.process.returncode == 0
        assert not any(child.is_running() for child in first)
        until(lambda: _ports_are_free(app), 30)
        before = len(app.log.read_text())
        app.start()
        app.wait_ready()
        said = app.log.read_text()[before:]
        assert "Rasa 模型无变化" in said
        assert "检索索引无变化" in said


def _apply(visitor: Visitor) -> str:
    """Fill the application and return its number."""
    visitor.say("我想申请法律援助")
    *answers, last = APPLICATION
    for words in answers:
        visitor.say(words)
    said = words_of(visitor.say(last))
    number = next(word for word in said.replace("\n", " ").split() if word.startswith("FY"))
    return number.strip("，。、")


def _ports_are_free(app: LiveApp) -> bool:
    import socket

    for port in (app.port, app.rasa_port, app.actions_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def _json(body: dict[str, str]) -> bytes:
    import json

    return json.dumps(body).encode()
