"""Which sentences of the chat are about binding, and which only sound like it."""

from __future__ import annotations

import pytest

from bot.binding.words import says

SENTENCES = {
    "start": [
        "绑定", "綁定", "绑定。", "我要绑定", "请帮我绑定一下", "绑定微信", "怎么绑定",
        "如何绑定手机号？",        "绑定我的申请", "我有接续码", "接續碼", "绑 定", "想绑定网页",
    ],
    "end": [
        "解除绑定", "解除綁定", "我要解除绑定", "取消绑定", "解绑", "解除微信绑定",
        "解除 绑定！", "请帮我解除绑定吧",
    ],
    "leave": [
        "换电脑", "換電腦", "我想换电脑", "网页继续", "網頁繼續", "在电脑上继续", "换到电脑上继续",
        "用电脑接着聊",        "给我一个接续码", "取接续码",
    ],
    "list": ["我的绑定", "查看绑定", "绑定了什么", "绑定了吗？", "怎么解除绑定"],
    "again": ["没收到", "没有收到短信", "重发", "再发一次", "重新发送验证码", "還沒收到"],
    "stop": ["取消", "算了", "不绑了", "不绑定了", "不用了吧"],
}  # fmt: skip

OTHERS = [
    "绑定手机号被别人绑定了怎么办",
    "银行卡被别人绑定了",
    "解除绑定银行卡要本人去吗",
    "对方不肯解除绑定怎么办",
    "换电脑的钱公司该不该出",
    "公司网页继续用我的照片侵权吗",
    "劳动合同和绑定服务期",
    "绑定贷款合法吗",
    "我不想取消婚礼",
    "重发工资条",
    "支付宝绑定",
    "绑架",
    "绑定" * 30,
    "",
]


@pytest.mark.parametrize(
    ("name", "words"), [(name, words) for name, all in SENTENCES.items() for words in all]
)
def test_a_sentence_begins_what_it_says_and_nothing_else(name: str, words: str) -> None:
    assert [one for one in SENTENCES if says(one, words)] == [name]


@pytest.mark.parametrize("words", OTHERS)
def test_a_question_that_only_sounds_like_it_begins_nothing(words: str) -> None:
    assert [one for one in SENTENCES if says(one, words)] == []
