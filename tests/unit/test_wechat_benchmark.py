"""The load on the official account: it sees what is lost, said twice, refused, or never asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from benchmarks.wechat import FULL, SCENARIOS, Measured, Size, _arguments
from benchmarks.wechat_phones import Words
from benchmarks.wechat_screens import Judged, Kept, deliveries_of, judge, look
from bot.dialogue.repository import ConversationRepository
from bot.domain.conversation import Sender
from bot.store.unit import Store
from bot.wechat.followers import FollowerRepository
from bot.wechat.following import WeChatFollowing
from bot.wechat.sends import SendRepository
from connectors.messages import Inbound, notice, text
from tests.conftest import FixedClock
from tests.platform import Attempt, Push, Seen
from tests.platform.books import Outcome

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
WAGES = "拖欠工资的，可以先向劳动监察投诉，也可以申请劳动仲裁。" * 3
RENT = "租房押金不退的，先看合同怎么写，再找房东协商，协商不成可以起诉。" * 3
GREETING = "您好，这里是公共法律服务助手。"


def seen(words: str, how: str = "passive", moment: float = 1.0) -> Seen:
    return Seen(how, "text", words, NOW, moment=moment)  # type: ignore[arg-type]


def push(key: str, *outcomes: Outcome, openid: str = "fan") -> Push:
    found = Push(openid, key, 0, "<xml/>", "text", moment=0.0)
    found.attempts = [Attempt(n, NOW, 1.0, 200, b"", one) for n, one in enumerate(outcomes, 1)]
    return found


def judged(pushes: list[Push], shown: list[Seen], **answers: tuple[str, ...]) -> Judged:
    kept = Kept({key[1:]: given for key, given in answers.items()}, said=(WAGES, RENT, GREETING))
    return judge(pushes, {"fan": shown}, kept)


def test_one_answer_each_is_exact() -> None:
    first, second = push("1", "late", "answered"), push("2", "silent")
    own = seen(f"{GREETING}\n\n{WAGES}", moment=7.5)
    first.seen.append(own)
    found = judged([first, second], [own, seen(RENT, "service", 2.0)], k1=(WAGES,), k2=(RENT,))
    assert found.is_exact
    assert found.answered_by == {"2": 1, "1": 1}
    assert found.passive == 1
    assert found.shown_ms["max"] == 7500.0


def test_an_answer_that_is_nowhere_is_unseen() -> None:
    found = judged([push("1", "silent")], [seen(GREETING)], k1=(WAGES,))
    assert found.unseen == ("1",)
    assert not found.is_exact


def test_an_answer_that_is_there_twice_is_doubled() -> None:
    found = judged([push("1", "late", "silent")], [seen(WAGES), seen(WAGES)], k1=(WAGES,))
    assert found.doubled == ("1",)
    assert not found.is_exact


def test_two_questions_with_one_answer_want_it_twice() -> None:
    asked = [push("1", "answered"), push("2", "answered")]
    both = {"k1": (WAGES,), "k2": (WAGES,)}
    assert judged(asked, [seen(f"{WAGES}\n\n{WAGES}")], **both).is_exact
    assert judged(asked, [seen(WAGES)], **both).unseen == ("2",)


def test_a_forms_question_asked_again_after_an_answer_is_no_second_answer() -> None:
    question = "请问您为谁申请法律援助？"
    asked = [push("1", "answered"), push("2", "answered")]
    answers = {"1": (question,), "2": (WAGES,)}
    shown = [seen(question), seen(f"{WAGES}\n\n{question}")]
    kept = Kept(answers, {"1": question, "2": f"{WAGES}\n{question}"}, (question, WAGES))
    assert judge(asked, {"fan": shown}, kept).is_exact
    assert judge(asked, {"fan": [*shown, seen(question)]}, kept).doubled == ("1",)


def test_what_was_acknowledged_and_is_not_kept_is_lost() -> None:
    assert judged([push("1", "silent")], []).lost == ("1",)
    assert judged([push("1", "late", "late", "late")], [], k1=()).lost == ("1",)


def test_what_never_reached_the_product_is_not_its_loss() -> None:
    away = push("1", "unreachable", "unreachable", "unreachable")
    away.seen.append(seen("该公众号暂时无法提供服务", "notice"))
    found = judged([away], list(away.seen))
    assert found.is_exact
    assert (found.unheard, found.unavailable) == (1, 1)


def test_what_nobody_said_is_seen_on_the_screen() -> None:
    assert judged([], [seen("别人的答复")]).unexplained == 1
    assert judge([], {"fan": [seen("请稍等")]}, Kept(), ("请稍等",)).unexplained == 0


def test_deliveries_left_on_purpose_are_counted_apart_from_failed_ones() -> None:
    found = deliveries_of(
        [push("1", "late", "late", "late"), push("2", "unreachable", "late", "answered")]
    )
    assert (found.all, found.in_time, found.let_go) == (6, 1, 3)
    assert found.failed == {"late": 1, "unreachable": 1}


def test_the_database_says_what_was_answered_to_what(
    sqlite_store: Store, clock: FixedClock
) -> None:
    sends = SendRepository(sqlite_store, clock)
    talks = ConversationRepository(sqlite_store, clock, (WeChatFollowing(sends),))
    follower = FollowerRepository(talks, clock, "2026-11", text(GREETING)).meet("wx1", "fan")
    assert follower.conversation_id is not None
    for key in ("1", "2"):
        inbound = Inbound(follower.conversation_id, f"wx-{key}", "老板欠薪")
        received = talks.receive(inbound, (text("老板欠薪"),))
        if key == "1":
            parts = (notice("依据法律库回答", "info"), text(WAGES))
            talks.finish(follower.conversation_id, received.message_id, [parts])
    talks.append_one(follower.conversation_id, Sender.LAWYER, (text("您好"),))
    found = look(sqlite_store)
    assert found.answers == {"1": (WAGES,), "2": ()}
    assert found.whole == {"1": WAGES, "2": ""}
    assert found.said == (GREETING, WAGES, "您好")
    assert found.owed == 3


def test_a_greeting_or_a_first_line_is_no_answer() -> None:
    words = Words.own()
    assert not words.answers(seen(words.greeting))
    assert not words.answers(seen("该公众号暂时无法提供服务", "notice"))
    for line in words.placeholders:
        assert not words.answers(seen(f"您的消息已经收到。{line}"))
    assert words.answers(seen(f"{words.greeting}\n\n{WAGES}"))


def test_a_run_is_sound_only_if_every_part_was() -> None:
    fine = judged([push("1", "answered")], [seen(WAGES)], k1=(WAGES,))
    told = replace(fine, unavailable=1)
    run = Measured(fine, 0, 0, 0, (), {}, {}, {}, 0.0, 0.0, 0.0, 0.0, killed=False)
    assert run.is_sound
    assert not replace(run, judged=replace(fine, doubled=("1",))).is_sound
    assert not replace(run, judged=told).is_sound
    assert replace(run, judged=told, killed=True).is_sound
    assert not replace(run, owed=1).is_sound
    assert not replace(run, broken=("a reply in <html>",)).is_sound


@pytest.mark.parametrize(
    ("given", "size", "names", "accounts"),
    [
        ([], Size(), list(SCENARIOS), [True, False]),
        (["--full"], FULL, list(SCENARIOS), [True, False]),
        (
            ["--burst", "7", "--only", "burst", "--only", "kill", "--account", "unverified"],
            replace(Size(), burst=7),
            ["burst", "kill"],
            [False],
        ),
    ],
)
def test_arguments_say_how_much_and_what(
    given: list[str], size: Size, names: list[str], accounts: list[bool]
) -> None:
    assert _arguments(given) == (size, names, accounts, False)
    assert _arguments([*given, "--postgresql"]) == (size, names, accounts, True)
