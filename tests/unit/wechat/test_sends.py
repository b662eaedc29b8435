"""What is owed to followers is owed once, taken once, and forgotten with its conversation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial

import pytest
from sqlalchemy import select

from bot.dialogue.repository import ConversationRepository
from bot.domain.conversation import Mode, Sender
from bot.domain.follower import Follower
from bot.store.tables import conversations, offices
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_bindings, wechat_followers, wechat_sends
from bot.wechat.deliveries import Arrival, By, DeliveryRepository
from bot.wechat.followers import FollowerRepository
from bot.wechat.following import WeChatFollowing
from bot.wechat.sends import Owed, SendRepository, State, Taken
from connectors.messages import Inbound, Outbound, notice, text
from tests.conftest import FixedClock

ACCOUNT = "wx0000000000000001"


@dataclass
class Post:
    """Followers, their conversations, and what is owed to them."""

    talks: ConversationRepository
    followers: FollowerRepository
    sends: SendRepository
    clock: FixedClock

    def follower(self, openid: str = "fan") -> tuple[Follower, str]:
        """Return a follower whose greeting has been delivered."""
        found = self.followers.meet(ACCOUNT, openid)
        self.take(found)
        assert found.conversation_id is not None
        return found, found.conversation_id

    def say(self, conversation_id: str, words: str, sender: Sender = Sender.LAWYER) -> Outbound:
        return self.talks.append_one(conversation_id, sender, (text(words),))

    def answered(self, conversation_id: str, client_id: str) -> None:
        """Have the bot answer a message that came with this id."""
        inbound = Inbound(conversation_id, client_id, "老板欠薪")
        received = self.talks.receive(inbound, (text("老板欠薪"),))
        self.talks.finish(conversation_id, received.message_id, [(text("去仲裁"),)])

    def waiting(self, follower: Follower) -> list[str]:
        return [str(one.message.parts[0].body["text"]) for one in self.sends.waiting(follower.id)]

    def take(self, follower: Follower) -> None:
        with self.sends.store.write() as connection:
            states = {one.id: State.PASSIVE for one in self.sends.waiting(follower.id)}
            self.sends.take_in(connection, states, {})

    def claim(self, follower: Follower) -> list[Owed]:
        with self.sends.store.write() as connection:
            self.followers.locked(connection, follower.id)
            return self.sends.claim_in(connection, follower.id)

    def states(self, conversation_id: str) -> list[str]:
        return [str(row.state) for row in self.sends.states(conversation_id, 0)][1:]


@pytest.fixture
def post(store: Store, clock: FixedClock) -> Post:
    sends = SendRepository(store, clock)
    talks = ConversationRepository(store, clock, (WeChatFollowing(sends),))
    followers = FollowerRepository(talks, clock, "2026-11", text("您好"))
    return Post(talks, followers, sends, clock)


def test_a_newcomer_is_greeted_once(post: Post) -> None:
    first = post.followers.meet(ACCOUNT, "fan")
    again = post.followers.meet(ACCOUNT, "fan")
    assert first == again
    assert post.waiting(first) == ["您好"]


def test_the_same_openid_of_another_account_is_somebody_else(post: Post) -> None:
    here, there = post.followers.meet(ACCOUNT, "fan"), post.followers.meet("wx2", "fan")
    assert here.id != there.id
    assert here.conversation_id != there.conversation_id


def test_a_follower_from_before_keeps_the_conversation(post: Post) -> None:
    old, _ = post.talks.create("wechat", "2026-11", "fan")
    found = post.followers.meet(ACCOUNT, "fan")
    assert found.conversation_id == old.id
    assert post.waiting(found) == []


def test_a_lawyers_words_and_answers_to_the_chat_are_owed(post: Post) -> None:
    fan, conversation_id = post.follower()
    post.say(conversation_id, "请带合同来")
    post.answered(conversation_id, "wx-1")
    assert post.waiting(fan) == ["请带合同来", "去仲裁"]


def test_an_answer_to_the_web_is_read_there(post: Post) -> None:
    fan, conversation_id = post.follower()
    post.answered(conversation_id, "m1")
    assert post.waiting(fan) == []


def test_nothing_is_owed_of_a_conversation_that_nobody_follows(post: Post) -> None:
    web, _ = post.talks.create("web", "2026-11")
    post.say(web.id, "请带合同来")
    with post.sends.store.read() as connection:
        assert connection.execute(select(wechat_sends)).all() == []


def test_what_was_seen_on_the_web_is_not_sent(post: Post) -> None:
    fan, conversation_id = post.follower()
    seen = post.say(conversation_id, "请带合同来")
    with post.sends.store.write() as connection:
        connection.execute(conversations.update().values(visitor_seen=seen.id))
    post.say(conversation_id, "还有工资条")
    assert [one.message.id for one in post.claim(fan)] == [seen.id + 1]
    assert post.states(conversation_id) == ["sent", "sending"]


def test_what_the_sender_has_no_reply_takes(post: Post) -> None:
    fan, conversation_id = post.follower()
    post.say(conversation_id, "请带合同来")
    seen_before = post.sends.waiting(fan.id)
    claimed = post.claim(fan)
    assert [one.id for one in claimed] == [one.id for one in seen_before]
    with pytest.raises(Taken), post.sends.store.write() as connection:
        post.sends.take_in(connection, {claimed[0].id: State.PASSIVE}, {})
    assert post.states(conversation_id) == ["sending"]


def test_only_one_sender_has_a_follower(post: Post) -> None:
    fan, conversation_id = post.follower()
    post.say(conversation_id, "第一句")
    assert len(post.claim(fan)) == 1
    post.say(conversation_id, "第二句")
    assert post.claim(fan) == []


def test_what_a_dead_sender_had_goes_on_where_it_stopped(post: Post) -> None:
    fan, conversation_id = post.follower()
    post.say(conversation_id, "长话")
    [one] = post.claim(fan)
    with post.sends.store.write() as connection:
        post.sends.advance(connection, {}, {one.id: 2}, {one.id})
    post.clock.advance(minutes=2)
    [again] = post.claim(fan)
    assert (again.id, again.done) == (one.id, 2)


def test_the_rest_of_a_slow_batch_is_nobody_else_s(post: Post) -> None:
    fan, conversation_id = post.follower()
    for words in ("第一句", "第二句"):
        post.say(conversation_id, words)
    first, second = post.claim(fan)
    post.clock.advance(seconds=50)
    with post.sends.store.write() as connection:
        post.sends.advance(connection, {first.id: State.SENT}, {}, {second.id})
    post.clock.advance(seconds=50)
    assert post.claim(fan) == []


def test_what_was_refused_waits_until_the_follower_shows_himself(post: Post) -> None:
    fan, conversation_id = post.follower()
    post.say(conversation_id, "请带合同来")
    [one] = post.claim(fan)
    post.sends.release([one.id], "window", dt.timedelta(hours=1))
    assert post.sends.due() == []
    with post.sends.store.write() as connection:
        post.sends.wake(connection, fan.id)
    assert post.sends.due() == [fan.id]


def test_who_has_left_is_owed_nothing_more(post: Post) -> None:
    fan, conversation_id = post.follower()
    post.say(conversation_id, "请带合同来")
    post.followers.set_following(fan.id, False)
    post.sends.refuse(fan.id, "unfollowed")
    post.say(conversation_id, "还在吗")
    assert post.states(conversation_id) == ["refused", "refused"]
    assert post.sends.due() == []


def test_whoever_hears_of_no_conversation_is_forgotten(post: Post) -> None:
    fan, conversation_id = post.follower()
    other, other_id = post.follower("other")
    web, _ = post.talks.create("web", "2026-11")
    with post.sends.store.write() as connection:
        connection.execute(
            wechat_bindings.insert().values(
                follower_id=other.id,
                conversation_id=web.id,
                is_own=False,
                created_at=post.clock.now(),
            )
        )
    post.talks.erase(conversation_id)
    post.talks.erase(other_id)
    with post.sends.store.read() as connection:
        left = connection.execute(select(wechat_followers.c.id)).scalars().all()
    assert list(left) == [other.id]
    # The next message of whoever is left opens a conversation of its own.
    assert post.followers.meet(ACCOUNT, "other").conversation_id not in (None, other_id, web.id)
    assert fan.id not in left


def test_an_openid_cannot_be_read_in_the_database(post: Post) -> None:
    fan, _ = post.follower("oSECRET-openid")
    with post.sends.store.read() as connection:
        held = str(connection.execute(select(wechat_followers)).all())
    assert "oSECRET" not in held
    assert post.followers.openid(fan.id) == "oSECRET-openid"


def test_what_nobody_heard_waits_again_as_it_did(post: Post) -> None:
    fan, conversation_id = post.follower()
    post.say(conversation_id, "第一句")
    post.say(conversation_id, "第二句")
    first, second = post.sends.waiting(fan.id)
    with post.sends.store.write() as connection:
        post.sends.take_in(connection, {first.id: State.PASSIVE}, {second.id: 1})
    assert post.waiting(fan) == ["第二句"]
    with post.sends.store.write() as connection:
        post.sends.give_back(connection, [first, second])
    assert [(one.id, one.done) for one in post.sends.waiting(fan.id)] == [
        (first.id, 0),
        (second.id, 0),
    ]
    assert post.sends.due() == [fan.id]


def test_who_waits_longest_comes_first(post: Post) -> None:
    fans = [post.follower(name) for name in ("one", "two", "three")]
    for fan, conversation_id in reversed(fans):
        post.clock.advance(seconds=1)
        post.say(conversation_id, fan.account)
    assert post.sends.due() == [fan.id for fan, _ in reversed(fans)]


def test_nothing_is_due_to_whom_a_reply_is_being_made(post: Post) -> None:
    deliveries = DeliveryRepository(post.sends.store, post.clock)
    quiet = dt.timedelta(seconds=8)
    fan, conversation_id = post.follower()
    [message] = deliveries.arrive_all([Arrival(ACCOUNT, "fan", "1", {})], claims=True)
    post.followers.meet(
        ACCOUNT, "fan", is_message=True, also=(partial(deliveries.meet, message.id),)
    )
    post.say(conversation_id, "您好，请讲")
    assert post.sends.due(without=deliveries.open_to(quiet)) == []
    # Decided for a push, it goes out together with the answer that is being worked on.
    deliveries.settle(message.id, By.PUSH)
    assert post.sends.due(without=deliveries.open_to(quiet)) == []
    deliveries.processed(message.id, fan.id, conversation_id)
    assert post.sends.due(without=deliveries.open_to(quiet)) == [fan.id]


def test_whoever_scanned_an_offices_code_belongs_to_it_in_a_new_conversation_too(
    post: Post,
) -> None:
    fan, conversation_id = post.follower()
    with post.sends.store.write() as connection:
        key = connection.execute(
            offices.insert().values(name="官渡", hours="{}")
        ).inserted_primary_key
    assert key is not None
    post.followers.set_office(fan.id, key[0])
    with post.sends.store.write() as connection:
        connection.execute(wechat_followers.update().values(conversation_id=None))
        connection.execute(wechat_bindings.delete())
    again = post.followers.meet(ACCOUNT, "fan")
    assert again.conversation_id not in (None, conversation_id)
    assert post.talks.get(str(again.conversation_id)).office_id == key[0]


def test_a_lawyers_words_and_applications_are_news_and_places_in_the_queue_are_not(
    post: Post,
) -> None:
    fan, conversation_id = post.follower()
    post.say(conversation_id, "请带合同来")
    post.answered(conversation_id, "wx-1")
    for part in (notice("援助申请已受理", "aid"), notice("正为您换人", "queue"), notice("已接入")):
        post.talks.append_one(conversation_id, Sender.SYSTEM, (part,))
    owed = post.sends.waiting(fan.id)
    assert [one.is_news for one in owed] == [True, False, True, False, False]
    # While no lawyer is awaited, nothing is kept for one.
    assert [one.may_wait for one in owed] == [False] * 5
    with post.sends.store.write() as connection:
        mine = conversations.c.id == conversation_id
        connection.execute(conversations.update().where(mine).values(mode=Mode.QUEUED))
    owed = post.sends.waiting(fan.id)
    assert [one.may_wait for one in owed] == [False, False, False, True, True]


def test_a_place_in_the_queue_is_no_news_to_who_may_hear_only_that_something_goes_on(
    post: Post,
) -> None:
    fan, conversation_id = post.follower()
    with post.sends.store.write() as connection:
        connection.execute(wechat_bindings.update().values(is_proven=False))
    for kind in ("queue", "aid"):
        post.talks.append_one(conversation_id, Sender.SYSTEM, (notice("第 1 位", kind),))
    assert [one.is_news for one in post.sends.waiting(fan.id)] == [False, True]


def test_a_notice_told_of_what_waits_until_the_follower_shows_himself(post: Post) -> None:
    fan, conversation_id = post.follower()
    post.say(conversation_id, "请带合同来")
    [one] = post.claim(fan)
    assert not post.sends.has_notice(fan.id)
    post.sends.noticed([one.id])
    assert post.sends.has_notice(fan.id)
    post.sends.release([one.id], "window", dt.timedelta(hours=1))
    assert post.sends.has_notice(fan.id)
    with post.sends.store.write() as connection:
        post.sends.wake(connection, fan.id)
    assert not post.sends.has_notice(fan.id)
