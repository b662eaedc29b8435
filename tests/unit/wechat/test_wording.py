"""What one reply or message holds of what is owed: nothing over the limit, lost or said twice."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.wechat.secrets import for_follower
from bot.wechat.sends import Owed, State
from bot.wechat.wording import BETWEEN, LEAST_PIECE, Parcel, parcels, passive, sentences
from bot.wechat.words import own_words
from connectors.messages import Outbound, Part, buttons, notice, text
from connectors.wechat.fitting import MOST_BYTES, size_of

WORDS = sentences(own_words())
AT = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
LAWYER = "王敏（执业证 15301202010123456）"
HEAD = f"{LAWYER}：\n"
LINKED = "(?:全文和法条依据|还有内容没有显示完，点这里看全部|也可以点这里看后面的)："
CHOICES = buttons(("aid", "申请法律援助"), ("lawyer", "转律师"))
PICTURE = Part("file", {"id": "p1", "name": "地图.jpg", "mime": "image/jpeg", "size": 9})
PAPER = Part("file", {"id": "d1", "name": "委托书.pdf", "mime": "application/pdf", "size": 9})


def link(conversation_id: str, target: str) -> str:
    """As long as the real ones."""
    return f"https://12348.example.cn/m/{target.replace(':', '').rjust(34, 'x')}"


def no_link(conversation_id: str, target: str) -> str:
    return ""


def said(number: int, *parts: Part, author: str = LAWYER, done: int = 0) -> Owed:
    """Return words of a person, or of the house when there is no author."""
    sender = "lawyer" if author else "system"
    return Owed(number, Outbound(number * 10, "c1", sender, parts, AT, author), None, done)


def answer(number: int, *parts: Part, asked: int = 7) -> Owed:
    return Owed(number, Outbound(number * 10, "c1", "bot", parts, AT), asked)


def long(sentences: int, word: str = "仲裁申请书要写清双方的名称、请求和事实。") -> str:
    return "".join(f"{number}：{word}" for number in range(sentences))


def test_no_sentence_lets_anything_touch_its_link() -> None:
    told = [one for one in own_words().get("sentences").values() if "{link}" in one]
    assert told
    assert [one for one in told if not one.endswith("{link}")] == []


# --- a passive reply --------------------------------------------------------------------------


def test_nothing_owed_is_an_empty_reply() -> None:
    reply = passive([], link, WORDS)
    assert (reply.text, reply.choices, reply.states) == ("", (), {})


def test_a_lawyers_words_carry_the_name() -> None:
    reply = passive([said(1, text("请把合同带来。"))], link, WORDS)
    assert reply.text == f"{HEAD}请把合同带来。"
    assert reply.states == {1: State.PASSIVE}


def test_a_short_answer_needs_no_link() -> None:
    reply = passive([answer(1, text("可以申请劳动仲裁。"))], link, WORDS)
    assert reply.text == "可以申请劳动仲裁。"
    assert reply.states == {1: State.PASSIVE}


def test_what_is_folded_away_is_behind_a_link() -> None:
    parts = text("可以申请劳动仲裁。"), text("很多条文", title="依据", collapsed=True)
    reply = passive([answer(1, *parts, asked=42)], link, WORDS)
    assert "很多条文" not in reply.text
    assert link("c1", "answer:42") in reply.text


def test_a_file_does_not_hide_that_something_is_folded_away() -> None:
    parts = text("可以申请。"), text("条文", title="依据", collapsed=True), PAPER
    assert "全文和法条依据" in passive([answer(1, *parts)], link, WORDS).text


def test_an_answer_beyond_the_limit_is_cut_before_the_link() -> None:
    reply = passive([answer(1, text(long(200)))], link, WORDS)
    assert MOST_BYTES - 200 < size_of(reply.text) <= MOST_BYTES
    assert reply.text.endswith(link("c1", "answer:7"))
    assert "…" in reply.text
    assert reply.states == {1: State.LINKED}


def test_an_answer_that_nobody_can_look_up_has_no_empty_link() -> None:
    reply = passive([answer(1, text(long(200)))], no_link, WORDS)
    assert size_of(reply.text) <= MOST_BYTES
    assert reply.text.endswith("…")
    assert "全文" not in reply.text
    assert reply.states == {1: State.PASSIVE}


def test_answers_to_two_questions_lead_to_the_whole_talk() -> None:
    owed = [answer(1, text(long(200)), asked=7), answer(2, text(long(200)), asked=8)]
    assert passive(owed, link, WORDS).text.endswith(link("c1", "talk"))


def test_long_words_go_on_where_the_last_reply_ended() -> None:
    words, row, heard = long(150), said(1, text(long(150))), []
    ending = f"\n\n{WORDS.more.format(link=link('c1', 'talk'))}"
    while not (reply := passive([row], link, WORDS)).states:
        assert reply.text.endswith(ending)
        heard.append(reply.text.removesuffix(ending))
        row = replace(row, done=reply.part_done[1])
    heard.append(reply.text)
    assert len(heard) == -(-size_of(HEAD + words) // (MOST_BYTES - size_of(ending)))
    assert "".join(heard) == HEAD + words


@pytest.mark.parametrize("links", [link, no_link])
@pytest.mark.parametrize("beside", [(), (answer(2, text("答" * 900)),)], ids=["alone", "beside"])
def test_words_that_do_not_fit_say_that_there_is_more(
    links: Callable[[str, str], str], beside: tuple[Owed, ...]
) -> None:
    reply = passive([said(1, text(long(150))), *beside], links, WORDS)
    shown = links("c1", "talk")
    ending = f"点这里看全部：{shown}" if shown else "还有，回复任意字接着看。"
    assert reply.text.endswith(ending)
    assert reply.text.count(ending) == 1
    assert MOST_BYTES - LEAST_PIECE < size_of(reply.text) <= MOST_BYTES
    assert 1 in reply.part_done


def test_words_that_fit_say_nothing_of_more() -> None:
    size = MOST_BYTES - size_of(HEAD) - len(BETWEEN)
    reply = passive([said(1, text("a" * size))], no_link, WORDS)
    assert reply.text == f"{HEAD}{'a' * size}"
    assert reply.states == {1: State.PASSIVE}


def test_words_before_and_after_an_answer_stand_where_they_were_said() -> None:
    owed = [
        said(1, text("已收到。"), author=""),
        answer(2, text("可以申请仲裁。")),
        said(3, text("我来接待您。")),
        answer(4, text("一年之内。"), asked=8),
        said(5, text("请讲。")),
    ]
    reply = passive(owed, link, WORDS)
    blocks = reply.text.split("\n\n")
    assert blocks == [
        "已收到。", "可以申请仲裁。", "一年之内。", f"{HEAD}我来接待您。", f"{HEAD}请讲。",
    ]  # fmt: skip
    assert set(reply.states) == {1, 2, 3, 4, 5}


def test_what_comes_after_long_words_does_not_overtake_them() -> None:
    owed = [said(1, text(long(150))), said(2, text("第二条。"), CHOICES)]
    reply = passive(owed, link, WORDS)
    assert "第二条" not in reply.text
    # Nor are choices offered whose question has not been heard.
    assert reply.choices == ()
    assert "回复数字" not in reply.text


def test_the_answer_has_its_room_beside_long_words() -> None:
    reply = passive([said(1, text(long(150))), answer(2, text(long(150)))], link, WORDS)
    assert size_of(reply.text) <= MOST_BYTES
    assert LAWYER in reply.text
    assert link("c1", "answer:7") in reply.text
    assert reply.states == {2: State.LINKED}
    assert 1 in reply.part_done


@pytest.mark.parametrize("size", range(MOST_BYTES - 6, MOST_BYTES + 4))
def test_words_of_just_a_message_get_through(size: int) -> None:
    words = "a" * (size - size_of(HEAD))
    reply = passive([said(1, text(words))], link, WORDS)
    assert LAWYER in reply.text
    assert reply.states or reply.part_done


def test_choices_are_numbered_below_the_answer() -> None:
    reply = passive([answer(1, text("可以申请。"), CHOICES)], link, WORDS)
    assert reply.text == "可以申请。\n\n回复数字：\n1 申请法律援助\n2 转律师"
    assert [choice.id for choice in reply.choices] == ["aid", "lawyer"]


def test_choices_beside_a_typed_answer_have_no_numbers() -> None:
    aside = buttons(("cancel", "不办了"), typed=True)
    reply = passive([answer(1, text("您的姓名？"), aside)], link, WORDS)
    assert reply.text == "您的姓名？\n\n也可以回复：不办了"


def test_only_the_last_messages_choices_count() -> None:
    owed = [answer(1, text("一。"), CHOICES), answer(2, text("二。"), asked=43)]
    assert passive(owed, link, WORDS).choices == ()


def test_every_choice_of_one_answer_counts_and_none_by_number_where_one_is_typed() -> None:
    asks = buttons(("stop", "先不办了"), typed=True)
    made = passive(
        [answer(1, text("确认删除吗？"), CHOICES, text("您的姓名？"), asks)], link, WORDS
    )
    assert [choice.label for choice in made.choices][-1] == "先不办了"
    assert len(made.choices) > 1
    assert all(choice.is_aside for choice in made.choices)


def test_choices_beyond_measure_are_listed_as_far_as_they_go() -> None:
    many = buttons(*((f"o{n}", "很长很长的选项" * 5) for n in range(60)))
    reply = passive([answer(1, text(long(100)), many)], link, WORDS)
    assert size_of(reply.text) <= MOST_BYTES
    assert 0 < len(reply.choices) < 60
    assert f"\n{len(reply.choices)} " in reply.text


def test_a_file_is_a_line_with_a_link() -> None:
    reply = passive([said(1, text("见附件。"), PAPER, PICTURE)], link, WORDS)
    assert reply.text.count("【文件】") == 2
    assert link("c1", "answer:10") in reply.text
    assert reply.states == {1: State.PASSIVE}
    assert "电脑或网页" in passive([said(1, PAPER)], no_link, WORDS).text


# --- customer-service messages ----------------------------------------------------------------


def test_several_messages_are_one_where_they_fit() -> None:
    owed = [said(number, text(f"第{number}点。"), author="") for number in range(1, 5)]
    [parcel] = parcels(owed, 5, link, WORDS)
    assert parcel.text == "第1点。\n\n第2点。\n\n第3点。\n\n第4点。"
    assert parcel.states == dict.fromkeys(range(1, 5), State.SENT)


def test_long_words_are_as_few_messages_as_hold_them() -> None:
    words = long(150)
    made = parcels([said(1, text(words))], 9, link, WORDS)
    assert len(made) == -(-size_of(HEAD + words) // MOST_BYTES)
    assert "".join(parcel.text for parcel in made) == HEAD + words
    assert [parcel.states for parcel in made[:-1]] == [{}] * (len(made) - 1)
    assert made[-1].states == {1: State.SENT}


def test_the_last_message_allowed_leads_to_the_rest() -> None:
    owed = [said(number, text(long(60))) for number in range(1, 6)]
    made = parcels(owed, 3, link, WORDS)
    assert len(made) == 3
    assert made[-1].text.endswith(link("c1", "talk"))
    linked = {number for number, state in made[-1].states.items() if state is State.LINKED}
    sent = {number for parcel in made[:-1] for number in parcel.states}
    assert linked | sent == {1, 2, 3, 4, 5}
    assert not linked & sent


def test_the_message_that_uses_the_quota_up_says_where_to_read_on() -> None:
    made = parcels([said(1, text("请把合同带来。"))], 1, link, WORDS)
    assert made[-1].states == {1: State.SENT}
    # Clients take what touches a link for a part of it.
    assert made[-1].text.endswith(link("c1", "talk"))
    assert "请把合同带来。" in made[-1].text
    before = parcels([said(1, text("请把合同带来。"))], 2, link, WORDS)
    assert link("c1", "talk") not in before[-1].text


def test_an_answer_of_law_says_first_what_to_do_and_keeps_its_notices() -> None:
    law = Part("citations", {"items": [{
        "key": "k", "title": "劳动合同法第三十条", "gist": "及时足额发工资", "level": "法律",
        "version": "2012-12-28", "in_force_from": "2013-07-01", "folded": False,
    }]})  # fmt: skip
    services = Part("services", {"items": [
        {"number": 9, "name": "法律援助", "content": "减免费用", "url": "/services"},
    ]})  # fmt: skip
    parts = (
        text("可以申请仲裁。"), law, text(long(60), title="怎么做"), services,
        notice("AI 生成，供参考。", "ai_label"), buttons(("more", "看全文"), ("lawyer", "转律师")),
    )  # fmt: skip
    shown = passive([answer(1, *parts)], link, WORDS)
    places = [shown.text.index(one) for one in ("可以申请仲裁", "怎么做", "AI 生成", "/m/")]
    assert places == sorted(places)
    assert "减免费用" not in shown.text
    assert [choice.id for choice in shown.choices] == ["lawyer"]
    without = passive([answer(1, *parts)], no_link, WORDS)
    assert "AI 生成" in without.text
    assert [choice.id for choice in without.choices] == ["more", "lawyer"]


def test_a_link_is_for_the_follower_and_for_nobody_else() -> None:
    told = for_follower(f"我的办理：https://a.cn/m/{'0f' * 23}", own_words())
    assert "/m/" not in str(told.body["text"])
    assert f"/m/{'0f' * 23}" in passive([said(1, told)], link, WORDS).text


def test_a_code_is_for_the_follower_and_for_nobody_else() -> None:
    told = for_follower("请输入 4885 5522，十分钟有效。", own_words(), has_code=True)
    assert "4885" not in str(told.body["text"])
    assert "4885 5522" in passive([said(1, told)], link, WORDS).text


def test_without_a_public_address_the_rest_waits() -> None:
    owed = [said(number, text(long(60))) for number in range(1, 6)]
    made = parcels(owed, 3, no_link, WORDS)
    assert len(made) == 3
    assert "点这里" not in "".join(parcel.text for parcel in made)
    assert {number for parcel in made for number in parcel.states} < {1, 2, 3, 4, 5}


@pytest.mark.parametrize("left", [0, -1])
def test_where_nothing_is_allowed_nothing_is_packed(left: int) -> None:
    assert parcels([said(1, text("在吗？"))], left, link, WORDS) == []


def test_a_cut_answer_is_linked_and_a_whole_one_sent() -> None:
    [cut] = parcels([answer(1, text(long(200)))], 5, link, WORDS)
    assert cut.states == {1: State.LINKED}
    assert cut.text.endswith(link("c1", "answer:7"))
    [whole] = parcels([answer(1, text("可以。"))], 5, link, WORDS)
    assert whole.states == {1: State.SENT}


def test_choices_are_tapped_and_not_written_out() -> None:
    [parcel] = parcels([answer(1, text("可以申请。"), CHOICES)], 5, link, WORDS)
    assert parcel.text == "可以申请。"
    assert [choice.label for choice in parcel.choices] == ["申请法律援助", "转律师"]


def test_choices_beside_a_typed_answer_are_written_out() -> None:
    aside = buttons(("cancel", "不办了"), typed=True)
    [parcel] = parcels([answer(1, text("您的姓名？"), aside)], 5, link, WORDS)
    assert parcel.text == "您的姓名？\n\n也可以回复：不办了"
    assert parcel.choices[0].is_aside


def test_a_long_answer_does_not_cost_its_choices() -> None:
    [parcel] = parcels([answer(1, text(long(200)), CHOICES)], 5, link, WORDS)
    assert len(parcel.choices) == 2
    shown = "\n".join([parcel.text, *(choice.label for choice in parcel.choices)])
    assert size_of(shown) <= MOST_BYTES


def test_choices_alone_are_sent_below_a_word() -> None:
    [parcel] = parcels([said(1, CHOICES, author="")], 5, link, WORDS)
    assert parcel.text == WORDS.chat.choose
    assert len(parcel.choices) == 2
    assert parcel.states == {1: State.SENT}


def test_a_message_with_nothing_to_show_is_settled_with_the_others() -> None:
    owed = [said(1, buttons(), author=""), said(2, text("请讲。"))]
    [parcel] = parcels(owed, 5, link, WORDS)
    assert parcel.states == {1: State.SENT, 2: State.SENT}


def test_pictures_go_as_pictures_and_papers_as_links() -> None:
    made = parcels([said(1, text("见附件。"), PICTURE, PAPER)], 5, link, WORDS)
    assert [parcel.picture for parcel in made] == [None, PICTURE, None]
    assert made[0].text == f"{HEAD}见附件。"
    assert "委托书.pdf" in made[2].text
    assert made[2].states == {1: State.SENT}


def test_a_picture_that_failed_is_sent_alone_the_next_time() -> None:
    first = parcels([said(1, text("见附件。"), PICTURE)], 5, link, WORDS)[0]
    [again] = parcels([said(1, text("见附件。"), PICTURE, done=first.part_done[1])], 5, link, WORDS)
    assert (again.text, again.picture) == ("", PICTURE)


def test_what_a_passive_reply_began_is_ended_by_messages() -> None:
    words = long(150)
    first = passive([said(1, text(words), PICTURE)], link, WORDS)
    rest = parcels([said(1, text(words), PICTURE, done=first.part_done[1])], 5, link, WORDS)
    begun = first.text.removesuffix(f"\n\n{WORDS.more.format(link=link('c1', 'talk'))}")
    assert begun + "".join(parcel.text for parcel in rest) == HEAD + words
    assert rest[-1].picture == PICTURE


# --- any sequence of partial sends ------------------------------------------------------------


@dataclass
class Ledger:
    """The rows of one follower, and what has come out on the phone."""

    rows: list[Owed]
    open: dict[int, Owed] = field(init=False)
    linked: set[int] = field(default_factory=set)
    shown: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open = {one.id: one for one in self.rows}

    @property
    def owed(self) -> list[Owed]:
        return list(self.open.values())

    def settle(self, states: Mapping[int, State], part_done: Mapping[int, int]) -> None:
        for number, done in part_done.items():
            assert self.open[number].done < done
            self.open[number] = replace(self.open[number], done=done)
        for number, state in states.items():
            del self.open[number]
            if state is State.LINKED:
                self.linked.add(number)

    def reply(self, has_links: bool = True) -> None:
        made = passive(self.owed, link if has_links else no_link, WORDS)
        assert size_of(made.text) <= MOST_BYTES
        assert not set(made.states) & set(made.part_done)
        self.shown.append(made.text)
        self.settle(made.states, made.part_done)

    def push(self, left: int, fails_at: int, has_links: bool) -> None:
        """Send until the quota ends or the platform refuses."""
        made = parcels(self.owed, left, link if has_links else no_link, WORDS)
        assert len(made) <= left
        for parcel in made[:fails_at]:
            assert size_of(on_screen(parcel)) <= MOST_BYTES
            assert parcel.text or parcel.picture
            self.shown.append(parcel.text)
            self.settle(parcel.states, parcel.part_done)


def on_screen(parcel: Parcel) -> str:
    if not parcel.choices or parcel.choices[0].is_aside:
        return parcel.text
    return "\n".join([parcel.text, *(choice.label for choice in parcel.choices)])


letters = st.sampled_from("仲裁申请书工资。，；！\n a1😡e\u0301👨‍👩‍👧<>&")
messages = st.one_of(
    st.text(letters, min_size=1, max_size=40),
    st.integers(1, 160).map(long),
    # No pause to cut at, and sizes around every border.
    st.integers(500, 2_100).map(lambda size: "a" * size),
    st.integers(200, 720).map(lambda size: "长" * size),
)
choice_lists = st.one_of(
    st.just(()),
    st.integers(1, 12).map(
        lambda count: (buttons(*((f"o{n}", f"选项{n}" * 4) for n in range(count))),)
    ),
    st.just((buttons(("cancel", "不办了"), typed=True),)),
)
Doing = tuple[int, int, bool] | None
"""A passive reply, or messages: how many are allowed, how many succeed, whether links can be."""
doings = st.lists(
    st.none() | st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), max_size=8
)


def rows_of(words: Sequence[str], last: tuple[Part, ...], with_answer: bool) -> list[Owed]:
    """Return persons' messages, marked by their numbers, and an answer after them."""
    rows = [said(number, text(f"〖{number}〗{one}")) for number, one in enumerate(words, 1)]
    if with_answer:
        return [*rows, answer(99, text("答" * 900), *last)]
    rows[-1] = replace(
        rows[-1],
        message=replace(rows[-1].message, parts=(*rows[-1].message.parts, *last)),
    )
    return rows


def bare(words: str) -> str:
    """Return words without the white space that falls away where they are cut."""
    return re.sub(r"\s", "", words)


def as_far(whole: str, heard: str) -> str:
    """Return the beginning that both have in common."""
    pairs = enumerate(zip(whole, heard, strict=False))
    return whole[: next((place for place, (one, other) in pairs if one != other), len(heard))]


def of_persons(screen: str) -> str:
    """Return what persons have said on one screen: without answers, choices and links."""
    for other in (
        r"微信这一轮只能主动发到这里。您回一句话，就能接着收；",
        r"(?:回复数字：[选项\d\s]*|也可以回复：不办了)$",
        r"答+…?",
        rf"{LINKED}\S+",
        r"还有，回复任意字接着看。",
    ):
        screen = re.sub(other, "", screen.rstrip())
    return bare(screen)


@given(st.lists(messages, min_size=1, max_size=4), choice_lists, st.booleans(), doings)
def test_no_word_of_a_person_is_lost_or_said_twice(
    words: list[str], last: tuple[Part, ...], with_answer: bool, doings: list[Doing]
) -> None:
    rows = rows_of(words, last, with_answer)
    ledger = Ledger(rows)
    for doing in doings:
        if doing is None:
            ledger.reply()
        else:
            ledger.push(*doing)
    for turn in range(40):
        if ledger.open:
            ledger.reply(has_links=turn % 2 == 0)
    assert ledger.open == {}
    heard = "".join(map(of_persons, ledger.shown))
    for row in rows:
        if row.in_reply_to is not None:
            continue
        whole = bare(HEAD + str(row.message.parts[0].body["text"]))
        if row.id in ledger.linked:
            # Shown as far as the quota went, if at all.
            whole = as_far(whole, heard) if f"〖{row.id}〗" in heard else ""
        assert heard.startswith(whole)
        heard = heard.removeprefix(whole)
    assert heard == ""


@given(messages, st.integers(0, 3_000), choice_lists)
def test_an_answer_of_any_size_fits_with_its_link_and_choices(
    words: str, more: int, last: tuple[Part, ...]
) -> None:
    assume(words.strip())
    owed = [answer(1, text(words), notice("长" * more), *last)]
    reply = passive(owed, link, WORDS)
    assert size_of(reply.text) <= MOST_BYTES
    assert (link("c1", "answer:7") in reply.text) == (reply.states == {1: State.LINKED})
    [parcel] = parcels(owed, 5, link, WORDS)
    assert size_of(on_screen(parcel)) <= MOST_BYTES
    assert len(parcel.choices) == len(reply.choices)
