"""An answer that takes longer than the platform waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from bot.store.wechat_tables import wechat_accounts, wechat_deliveries
from tests.integration.desk.whole import ANSWER
from tests.integration.wechat.conftest import Town
from tests.integration.wechat.phone import Phone
from tests.live import until
from tests.platform import Follower, Push


@contextmanager
def saying(town: Town, fan: Follower, words: str) -> Iterator[Callable[[], Push]]:
    """Send a message while the block runs; what is yielded waits for the platform's verdict."""

    def pushes() -> int:
        return len([push for push in town.platform.books.pushes if push.openid == fan.openid])

    before = pushes()
    found: list[Push] = []
    thread = threading.Thread(target=lambda: found.append(fan.say(words)))
    thread.start()
    until(lambda: pushes() > before)

    def ended() -> Push:
        thread.join(30)
        assert found, "the platform is still delivering"
        return found[0]

    try:
        yield ended
    finally:
        thread.join(30)


def until_delivered(town: Town, fan: Follower, number: int) -> None:
    """Return when the platform delivers its newest message for the given time."""
    books, ready = town.platform.books, threading.Event()
    for _ in range(600):
        pushes = [push for push in books.pushes if push.openid == fan.openid]
        if pushes and len(pushes[-1].attempts) >= number - 1:
            return
        ready.wait(0.02)
    raise AssertionError("the platform did not deliver again")


def test_an_answer_that_comes_during_the_second_delivery_goes_out_with_it(town: Town) -> None:
    fan = town.follower()
    fan.say("您好，我想咨询欠薪")
    asked = len(town.whole.rasa.asked)
    with town.whole.rasa.thinking(), saying(town, fan, "工资一直拖着") as ended:
        until_delivered(town, fan, 2)
        town.whole.rasa.release()
        push = ended()
    assert push.answered_by == 2
    assert ANSWER in push.text
    assert not push.unavailable
    # Three deliveries are one message: Rasa has heard it once.
    assert len(town.whole.rasa.asked) == asked + 1


def test_after_the_last_delivery_the_answer_is_pushed_once(town: Town) -> None:
    fan = town.follower()
    fan.say("您好，我想咨询欠薪")
    before = len(fan.seen)
    with town.whole.rasa.thinking():
        push = fan.say("老板把工资拖到过年")
        assert push.answered_by == 3
        assert push.text == ""
    answer = fan.wait_for(ANSWER, after=before)
    assert answer.how == "service"
    fan.say("转人工")
    shown = [seen for seen in fan.seen[before:] if ANSWER in seen.text]
    assert len(shown) == 1


def test_an_account_that_cannot_push_says_where_the_answer_will_be(unverified: Town) -> None:
    fan = unverified.follower()
    fan.say("您好，我想咨询欠薪")
    with unverified.whole.rasa.thinking():
        push = fan.say("老板拖欠我的工资怎么办")
    assert push.answered_by == 3
    assert "回复任意字继续" in push.text
    assert "https://12348.example.cn/m/" in push.text
    assert ANSWER not in push.text
    later = fan.say("继续")
    assert ANSWER in later.text
    # What was only to hear the rest is no question.
    assert "继续" not in unverified.whole.rasa.asked


@pytest.mark.parametrize(
    "word", ["1", "。", "繼續", "好的。", "行", "嗯嗯", "a", "谢谢", "😀", "？"]
)
def test_any_short_word_brings_the_answer_that_was_late(unverified: Town, word: str) -> None:
    fan = unverified.follower()
    # What was offered before means nothing any more.
    fan.follow()
    with unverified.whole.rasa.thinking():
        assert "回复任意字继续" in fan.say("老板拖欠我的工资怎么办").text
    asked = len(unverified.whole.rasa.asked)
    later = fan.say(word)
    assert later.text.count(ANSWER) == 1
    assert unverified.whole.rasa.asked[asked:] == []


def test_the_link_to_a_late_answer_leads_to_that_answer(unverified: Town) -> None:
    fan = unverified.follower()
    fan.say("您好，我想咨询欠薪")
    with unverified.whole.rasa.thinking():
        push = fan.say("老板拖欠我的工资怎么办")
        page = Phone(unverified).open(push.text)
        assert "正在" in page.words
    until(lambda: ANSWER in page.get(page.path).words)


def test_a_sign_waits_for_the_answer_that_is_still_being_made(unverified: Town) -> None:
    """It is no question of its own: that would take as long again, behind the first."""
    fan = unverified.follower()
    fan.say("您好，我想咨询欠薪")
    rasa = unverified.whole.rasa
    with rasa.thinking():
        fan.say("老板拖欠我的工资怎么办")
        asked = len(rasa.asked)
        with saying(unverified, fan, "继续") as ended:
            until_delivered(unverified, fan, 2)
            rasa.release()
            push = ended()
    assert push.text.count(ANSWER) == 1
    assert rasa.asked[asked:] == []


@pytest.mark.parametrize("account", ["town", "unverified"])
def test_a_sign_before_the_answer_is_no_question_either(
    account: str, request: pytest.FixtureRequest
) -> None:
    """Whoever answers the question takes the answer along; nothing is left for the sign."""
    here: Town = request.getfixturevalue(account)
    fan, rasa = here.follower(), here.whole.rasa
    fan.say("您好，我想咨询欠薪")
    before, asked = len(fan.seen), len(rasa.asked)

    def in_work() -> int:
        working = wechat_deliveries.c.processed_at.is_(None)
        with here.whole.core.store.read() as connection:
            return len(connection.execute(select(wechat_deliveries.c.id).where(working)).all())

    with rasa.thinking(), saying(here, fan, "工资一直拖着") as first:
        until_delivered(here, fan, 2)
        with saying(here, fan, "在吗") as second:
            until(lambda: in_work() == 2)
            rasa.release()
            assert ANSWER in first().text + second().text
    assert rasa.asked[asked:] == ["工资一直拖着"]
    assert "".join(seen.text for seen in fan.seen[before:]).count(ANSWER) == 1


def test_a_question_instead_of_a_sign_gets_both_answers(unverified: Town) -> None:
    fan = unverified.follower()
    fan.say("您好，我想咨询欠薪")
    with unverified.whole.rasa.thinking():
        fan.say("老板拖欠我的工资怎么办")
    push = fan.say("仲裁要交钱吗")
    assert push.text.count(ANSWER) == 2


def test_the_same_message_again_is_answered_the_same(town: Town) -> None:
    fan = town.follower()
    push = fan.say("老板拖欠我三个月工资")
    asked = len(town.whole.rasa.asked)
    again = fan.redeliver(push)
    assert again.text == push.text
    assert len(town.whole.rasa.asked) == asked


def test_two_followers_may_share_a_message_id(town: Town) -> None:
    one, two = town.follower(), town.follower()
    first = one.send("text", [("Content", "老板拖欠我三个月工资")], msg_id="4711")
    second = two.send("text", [("Content", "房东不退押金")], msg_id="4711")
    assert first.answered_by == second.answered_by == 1
    assert {"老板拖欠我三个月工资", "房东不退押金"} <= set(town.whole.rasa.asked)


@pytest.mark.parametrize("count", [12])
def test_a_burst_is_answered_one_by_one(town: Town, count: int) -> None:
    fans = [town.follower() for _ in range(count)]
    threads = [
        threading.Thread(target=fan.say, args=(f"老板拖欠我{place + 1}个月工资",))
        for place, fan in enumerate(fans)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for fan in fans:
        fan.wait_for(ANSWER)
        assert len([seen for seen in fan.seen if ANSWER in seen.text]) == 1


def is_paused(town: Town) -> bool:
    with town.whole.core.store.read() as connection:
        return any(connection.execute(select(wechat_accounts.c.paused_until)).scalars())


def test_while_pushing_is_refused_answers_and_greetings_are_passive(town: Town) -> None:
    fan = town.follower()
    fan.say("您好，我想咨询欠薪")
    town.platform.fail("message/custom/send", errcode=48001)
    with town.whole.rasa.thinking():
        fan.say("老板把工资拖到过年")
    until(lambda: is_paused(town))
    newcomer = town.follower()
    assert "公共法律服务助手" in newcomer.follow().text
    with town.whole.rasa.thinking():
        late = fan.say("还有别的办法吗")
    assert "回复任意字继续" in late.text
