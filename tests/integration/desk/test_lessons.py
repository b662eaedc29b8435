"""What users of other systems complained about, as lessons: each test names the thread it is from.

The list is section 3 of the feature study. The fourteenth, that a conversation works for who uses
the keyboard alone or a screen reader (chatwoot#1940, Rocket.Chat.Livechat#491), needs a browser:
``tests/e2e/test_widget.py::test_a_whole_conversation_with_the_keyboard_alone``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from bot.app import housekeeping
from bot.desk import live as desk_live
from bot.domain.conversation import Mode
from bot.domain.roster import GONE, REPLY
from bot.jobs import dispatch
from bot.store.tables import conversations, messages
from connectors.web import live as web_live
from tests.integration.desk.whole import (
    ANSWER,
    COMPLAINS,
    Citizen,
    Whole,
    frame_with,
    open_whole,
)
from tests.live import until

pytestmark = pytest.mark.timeout(60)

MINUTE = dt.timedelta(minutes=1)
OFFLINE = re.compile("值班律师暂时都不在线。.*急事请拨 12348。")


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with pytest.MonkeyPatch.context() as patch, open_whole(tmp_path_factory.mktemp("w")) as whole:
        # The clock of the test runs fast; so must the job that looks at it.
        patch.setattr(dispatch, "PAUSE_S", 0.05)
        # What is not pushed at once must be missed here, not found by looking again.
        patch.setattr(desk_live, "LOOK_AGAIN_S", 600.0)
        patch.setattr(web_live, "LOOK_AGAIN_S", 600.0)
        yield whole


@pytest.fixture
def whole(application: Whole) -> Iterator[Whole]:
    yield application
    application.forget_everybody()


def place_of(told: dict[str, object]) -> int:
    """Return the place in the queue that a reply names."""
    found = re.search(r"您排在第 (\d+) 位", str(told))
    assert found is not None, told
    return int(found[1])


def test_the_bot_is_silent_from_the_moment_a_person_speaks(whole: Whole) -> None:
    """chatwoot/rasa-agent-bot-demo#12: the bot went on replying after the hand-over."""
    wang, citizen = whole.lawyer("wang"), whole.citizen()
    citizen.tell("老板拖欠我三个月工资")
    with ThreadPoolExecutor() as pool, whole.rasa.thinking():
        late = pool.submit(citizen.tell, "那要什么证据")
        until(lambda: len(whole.rasa.asked) == 2)
        # While Rasa still thinks the citizen has had enough, and a lawyer is quicker.
        citizen.rate(solved=False)
        wang.does(citizen, "claim")
        wang.says(citizen, "您好，我来帮您看。")
        whole.rasa.release()
        assert late.result()["messages"] == []
    assert citizen.tell("我有工资条")["messages"] == []
    assert len(whole.rasa.asked) == 2
    (answered,) = citizen.heard_from("bot")
    assert answered.startswith(ANSWER)
    assert citizen.heard()[-2:] == [("lawyer", "您好，我来帮您看。"), ("visitor", "我有工资条")]


def test_no_word_of_a_person_goes_out_while_the_bot_owns_the_conversation(whole: Whole) -> None:
    """fazer-ai/agents#433: a person wrote without taking over, and the bot answered as well.

    Speaking and owning cannot come apart here: without the claim the words are not sent.
    """
    wang, li, citizen = whole.lawyer("wang"), whole.lawyer("li"), whole.citizen()
    citizen.tell("老板拖欠我三个月工资")
    assert wang.tries_to_say(citizen, "您好") == 403
    citizen.tell("转人工")
    assert wang.tries_to_say(citizen, "您好") == 403
    assert citizen.heard_from("lawyer") == []
    wang.does(citizen, "claim")
    wang.says(citizen, "您好")
    wang.does(citizen, "invite", colleague=li.staff.id)
    li.says(citizen, "我也在")
    assert citizen.tell("好的")["messages"] == []
    wang.does(citizen, "return")
    assert wang.tries_to_say(citizen, "还有一句") == li.tries_to_say(citizen, "我也说") == 403
    assert citizen.heard_from("lawyer") == ["您好", "我也在"]
    assert ANSWER in str(citizen.tell("谢谢，那怎么写申请书"))


def test_after_being_handed_back_the_bot_answers_and_the_citizen_is_told(whole: Whole) -> None:
    """fazer-ai/agents#457: after the hand-back the bot stayed silent."""
    wang = whole.lawyer("wang")
    citizen = whole.talking_with(wang)
    whole.clock.advance(minutes=4)
    wang.does(citizen, "return")
    assert "由机器人继续为您服务" in citizen.heard_from("system")[-1]
    assert citizen.mode == "bot"
    assert ANSWER in str(citizen.tell("仲裁要带什么"))
    # When the person's stretch ended, and whose it was, is kept.
    last = wang.matter(citizen)["moves"][-1]
    assert (last["action"], last["actor"]) == ("returned", "王敏")
    assert dt.datetime.fromisoformat(last["at"]) == whole.clock.now()


def test_whoever_is_assigned_finds_the_conversation_open_and_the_bot_out_of_it(
    whole: Whole,
) -> None:
    """chatwoot#14870, #14875: the bot was an owner by omission only, and stayed it."""
    wang, li, zhou = (whole.lawyer(login) for login in ("wang", "li", "zhou"))
    citizen = whole.citizen()
    assert whole.owner(citizen) == (Mode.BOT, None)
    citizen.tell("转人工")
    assert zhou.on_matter(citizen, "dispatch", to=str(li.staff.id)).status_code == 303
    assert li.rings(citizen)
    assert not wang.rings(citizen)
    li.does(citizen, "claim")
    assert whole.owner(citizen) == (Mode.HUMAN, li.staff.id)
    li.does(citizen, "close", outcome="advised")
    assert whole.owner(citizen)[0] is Mode.CLOSED
    # Taken up again by the supervisor, it waits for a person and not for the bot.
    assert zhou.on_matter(citizen, "reopen").status_code == 303
    assert citizen.mode == "queued"
    whole.rasa.asked.clear()
    assert ANSWER not in str(citizen.tell("在吗"))
    assert whole.rasa.asked == []
    li.does(citizen, "claim")
    li.says(citizen, "在的")


def test_every_desk_hears_at_once_of_who_waits_and_nobody_is_forgotten(whole: Whole) -> None:
    """chatwoot#5077: no push at the hand-over, and citizens were lost."""
    wang, citizen = whole.lawyer("wang"), whole.citizen()
    with wang.live() as desk, citizen.live() as phone:
        frame_with(desk, '"queue"')
        citizen.tell("转人工")
        [card] = frame_with(desk, citizen.session)["queue"]
        assert card["reason"] == "来访者要求人工"
        until(lambda: wang.rings(citizen))
        # The clock runs from the first moment …
        matter = wang.matter(citizen)
        due = dt.datetime.fromisoformat(matter["due_at"])
        assert due == whole.clock.now() + 10 * MINUTE
        frame_with(phone, "您排在第 1 位")
        # … and when it is over the sweep comes by itself and tells both sides.
        whole.clock.advance(minutes=10, seconds=1)
        assert "让您久等了" in str(frame_with(phone, "已提高您的优先级"))
        until(lambda: (wang.card(citizen) or {})["priority"] > card["priority"])
    assert wang.matter(citizen)["overdue"] is True


def test_a_conversation_that_opens_again_goes_to_the_bot_first(whole: Whole) -> None:
    """chatwoot#5668: what was reopened went to people, past the bot."""
    wang = whole.lawyer("wang")
    citizen = whole.talking_with(wang)
    wang.does(citizen, "close", outcome="advised")
    assert citizen.mode == "closed"
    reply = citizen.tell("房东不退押金怎么办")
    assert reply["mode"] == "bot"
    assert ANSWER in str(reply)
    assert wang.card(citizen) is None
    assert whole.owner(citizen)[0] is Mode.BOT


def test_who_waits_is_told_a_place_and_no_count(whole: Whole) -> None:
    """chatwoot#10059, #8047; livehelperchat#841: people want their place in the queue."""
    whole.lawyer("wang")
    citizens = [whole.citizen() for _ in range(3)]
    places = []
    for citizen in citizens:
        places.append(place_of(citizen.tell("转人工")))
        whole.clock.advance(seconds=1)
    assert places == [1, 2, 3]
    # Four wait now, and the last to come is the first in line.
    danger = whole.citizen()
    assert place_of(danger.tell("我不想活了")) == 1
    assert [place_of(citizen.tell("还要多久")) for citizen in citizens] == [2, 3, 4]
    assert citizens[0].tell("取消排队")["mode"] == "bot"
    assert [place_of(citizen.tell("还要多久")) for citizen in citizens[1:]] == [2, 3]
    assert place_of(danger.tell("还在吗")) == 1


@pytest.mark.parametrize("how", ["does not answer", "is gone"])
def test_a_lawyer_who_does_not_answer_or_is_gone_loses_the_citizen_to_another(
    whole: Whole, how: str
) -> None:
    """chatwoot#14508, #13516, #7204: citizens stayed with agents who were away."""
    wang = whole.lawyer("wang")
    citizen = whole.talking_with(wang)
    li = whole.lawyer("li")
    citizen.tell("那仲裁费要多少")
    stays = how == "does not answer"
    for _ in range((REPLY if stays else GONE) // MINUTE):
        assert whole.owner(citizen) == (Mode.HUMAN, wang.staff.id)
        whole.clock.advance(minutes=1)
        li.look()
        if stays:
            wang.look()
    until(lambda: citizen.mode == "queued")
    assert "正为您换人，您排在第 1 位" in citizen.heard_from("system")[-1]
    until(lambda: li.rings(citizen))
    li.does(citizen, "claim")
    li.says(citizen, "我来接着办，不用重说。")
    assert wang.tries_to_say(citizen, "我回来了") == 403
    history = li.client.get(f"/api/desk/conversations/{citizen.session}").json()["messages"]
    assert "那仲裁费要多少" in str(history)


def test_with_nobody_there_every_way_in_reads_the_same_and_a_number_is_kept(whole: Whole) -> None:
    """chatwoot#273, livehelperchat#477: nobody took the contact; each page had another text."""
    in_words, by_button, complaining, unhappy = (whole.citizen() for _ in range(4))
    told = [
        in_words.tell("转人工"),
        by_button.tell("转律师", button="lawyer"),
        complaining.tell(COMPLAINS),
        in_words.tell("有人吗"),
    ]
    unhappy.tell("老板拖欠我三个月工资")
    unhappy.rate(solved=False)
    said = [*(str(one) for one in told), str(unhappy.heard_from("system"))]
    texts = {found[0] for found in map(OFFLINE.search, said) if found}
    assert len(texts) == 1
    assert all(OFFLINE.search(one) for one in said)
    assert "留下电话让律师回电" in texts.pop()

    kept = str(in_words.tell("请打我电话 13800138000"))
    assert "已记下您的电话 138****8000" in kept
    whole.clock.advance(hours=12)
    wang = whole.lawyer("wang")
    in_full = wang.on_matter(in_words, "reveal", reason="回电")
    assert "13800138000" in in_full.text


def test_every_matter_is_rated_on_its_own_and_so_is_the_bot(whole: Whole) -> None:
    """chatwoot#5592, #4526: no rating of the bot, and one a conversation."""
    wang, li, citizen = whole.lawyer("wang"), whole.lawyer("li"), whole.citizen()
    citizen.tell("老板拖欠我三个月工资")
    citizen.rate(score=4)
    numbers = []
    for lawyer, score in ((wang, 5), (li, 2)):
        whole.clock.advance(minutes=1)
        citizen.tell("转人工")
        lawyer.does(citizen, "claim")
        lawyer.says(citizen, "您好")
        lawyer.does(citizen, "close", outcome="advised")
        numbers.append(lawyer.matter(citizen)["number"])
        whole.clock.advance(minutes=1)
        citizen.rate(score=score)
        citizen.rate(comment="随单评价")
    assert len(set(numbers)) == 2
    rated = whole.core.ratings.of(citizen.session)
    assert [(one.score, one.lawyer_id) for one in rated] == [
        (4, None),
        (5, wang.staff.id),
        (2, li.staff.id),
    ]
    assert len({one.matter_id for one in rated}) == 3


def test_what_is_past_its_time_goes_by_itself_and_the_rest_on_request(whole: Whole) -> None:
    """chatwoot#12526, #947, #5583; RocketChat#35399: nothing was ever deleted."""
    old, asks = whole.waiting(), whole.waiting()
    kept_for = dt.timedelta(days=whole.core.settings.retention_days)

    def rows_of(citizen: Citizen) -> int:
        with whole.core.store.read() as connection:
            return sum(
                connection.execute(select(func.count()).where(column == citizen.session)).scalar()
                or 0
                for column in (conversations.c.id, messages.c.conversation_id)
            )

    assert rows_of(asks) > 1
    assert asks.delete("/session").status_code == 200
    assert rows_of(asks) == 0
    assert asks.get("/messages").status_code == 401
    wang = whole.lawyer("wang")
    assert wang.card(asks) is None
    assert wang.client.get(f"/api/desk/conversations/{asks.session}").status_code == 404

    jobs = housekeeping(whole.core)
    whole.clock.moment += kept_for - MINUTE
    young = whole.waiting()
    jobs.forget()
    assert rows_of(old) > 1
    whole.clock.moment += 2 * MINUTE
    jobs.forget()
    assert rows_of(old) == 0
    assert old.get("/messages").status_code == 401
    assert rows_of(young) > 1


def test_nothing_is_kept_of_a_visitor_before_consent(whole: Whole) -> None:
    """chatwoot#1976: a cookie was set before anybody had agreed.

    That the widget's own memory stays empty is seen in a browser:
    ``tests/e2e/test_widget.py::test_nothing_is_stored_or_sent_before_consent``.
    """
    browser = whole.browser()

    def kept() -> int:
        with whole.core.store.read() as connection:
            return connection.execute(select(func.count(conversations.c.id))).scalar() or 0

    before = kept()
    frame = browser.get("/widget/frame")
    files = re.findall(r'(?:src|href)="(/widget/assets/[^"]+)"', frame.text)
    assert files
    for path in ("/", "/widget.js", "/widget/frame", "/services", *files):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "set-cookie" not in answer.headers, path
        assert "document.cookie" not in answer.text, path
    assert kept() == before
    # Not even then is there a cookie: the token is in the answer, for the widget alone.
    agreed = browser.post("/api/web/sessions", json={"consent": "2026-11"})
    assert "set-cookie" not in agreed.headers
    assert dict(browser.cookies) == {}
    assert kept() == before + 1
    whole.core.conversations.erase(agreed.json()["session"])


def test_a_conversation_goes_on_at_another_device(whole: Whole) -> None:
    """chatwoot#980, #2840: on another device everything began anew."""
    wang = whole.lawyer("wang")
    desktop = whole.talking_with(wang)
    code = desktop.post("/continuations").json()["code"]
    elsewhere = whole.browser()
    device = {"code": code, "id": "a-random-id-of-the-phone"}
    opened = elsewhere.post("/api/web/continuations/redeem", json=device).json()
    phone = Citizen(elsewhere, opened["token"], opened["session"], sent=100)
    assert phone.session == desktop.session
    assert phone.heard_from("lawyer") == ["您好，请讲。"]
    assert phone.tell("我换到手机上了")["mode"] == "human"
    wang.says(phone, "收到")
    assert phone.heard()[-2:] == [("visitor", "我换到手机上了"), ("lawyer", "收到")]

    # And whose device is lost asks by the number, with the end of the phone number kept.
    lost, stranger = whole.waiting(), whole.citizen()
    lost.tell("请打我电话 13800138000")
    number = wang.matter(lost)["spoken"]
    assert "正等律师接" in str(stranger.tell(f"工单 {number} 到哪了，电话后四位 8000"))
    assert "正等律师接" not in str(stranger.tell(f"工单 {number} 到哪了，电话后四位 8001"))
