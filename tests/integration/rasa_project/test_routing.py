"""What a running Rasa takes a text for: the wish behind it, never the legal topic."""

from __future__ import annotations

import pytest

from tests.integration.rasa_project.conftest import Rasa

pytestmark = pytest.mark.rasa
AS_LAW = {"ask_legal", "nlu_fallback"}


@pytest.mark.parametrize(
    "text",
    [
        "公司把我辞了只给半个月工资合理吗",
        "那我多久之内要去仲裁",
        "律师费一般谁来出",
        "公证过的遗嘱后来又写了一份听哪份",
        "按照劳动合同法39条公司可以直接开除我吗",
        "借条没写利息还能要利息吗",
        "谢谢你们单位，就是不给我办证我该找谁",
        "取消订单商家不给退钱",
        "快递把我手机摔坏了",
        "我炒股被荐股群骗了六万",
        "老板删了我的打卡记录",
        "天气不好航班取消了能赔吗",
        # No application is needed, so none is begun.
        "我儿子17岁被刑拘了能请免费律师吗",
        "没钱请律师开庭怎么办",
        "聋哑人犯罪法院给不给律师",
    ],
)
def test_a_legal_question_is_answered_as_one_whatever_words_it_borrows(
    rasa: Rasa, text: str
) -> None:
    assert rasa.intent(text) in AS_LAW


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("民法典第一千零七十九条是什么内容", "lookup_statute"),
        ("劳动合同法82条", "lookup_statute"),
        ("有没有类似案例", "lookup_case"),
        ("我想找个人民调解员帮忙调解邻居漏水的事", "ask_service"),
        ("值班律师是什么", "ask_service"),
        ("值班律师要钱吗", "ask_service"),
        ("法院会给我指派辩护律师吗", "ask_service"),
        ("法律援助中心在哪", "ask_directory"),
        ("我想申请法律援助", "start_aid"),
        ("FY20261123-0001", "ask_aid_status"),
        ("转人工", "ask_lawyer"),
        ("人工", "ask_lawyer"),
        ("人工服务", "ask_lawyer"),
        ("真人", "ask_lawyer"),
        ("帮我算算经济补偿金，干了三年月薪五千", "ask_calculation"),
        ("起诉状怎么写", "ask_document"),
        ("离婚引导咨询", "start_guided"),
        ("打5分", "give_rating"),
        ("我要投诉", "complain"),
        ("删除我的数据", "ask_privacy"),
        ("你好", "greet"),
        ("谢谢", "thank"),
        ("辛苦了", "thank"),
        ("再见", "goodbye"),
        ("你是律师吗", "ask_identity"),
        ("你能做什么", "ask_help"),
        ("讲个笑话", "out_of_scope"),
        ("是的", "affirm"),
        ("不用了", "deny"),
        ("算了", "cancel"),
        ("改一下上一个", "correct_last"),
        ("重新开始", "restart_dialogue"),
        ("说详细点", "show_more"),
        ("答非所问", "not_solved"),
    ],
)
def test_each_wish_has_its_intent(rasa: Rasa, text: str, intent: str) -> None:
    assert rasa.intent(text) == intent


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("劳动合同法第８２条", "劳动合同法第82条"),
        ("劳动合同法第八十二条", "劳动合同法第82条"),
        ("转\u200b人\u200b工", "转人工"),
        ("ＦＹ２０２６１１２３－０００１", "FY20261123-0001"),
    ],
)
def test_width_numerals_and_invisible_marks_do_not_change_the_intent(
    rasa: Rasa, typed: str, plain: str
) -> None:
    assert rasa.intent(typed) == rasa.intent(plain)


@pytest.mark.parametrize("token", ["〔已填写〕", "〔选择〕"])
def test_the_two_tokens_are_answers(rasa: Rasa, token: str) -> None:
    assert rasa.intent(token) == "give_detail"


@pytest.mark.parametrize("text", ["已填写", "我选择离婚", "〔已填写〕 我还有个问题", "〔别的〕"])
def test_nothing_but_the_tokens_is_an_answer(rasa: Rasa, text: str) -> None:
    assert rasa.intent(text) != "give_detail"


def test_a_long_story_with_a_greeting_is_a_legal_question(rasa: Rasa) -> None:
    story = (
        "您好，谢谢你能听我说，我去年和朋友一起开店，他负责管钱，"
        "后来我发现账对不上，他也不接电话，再后来店也转给别人了，我一分钱没有拿到"
    )
    assert rasa.intent(story) in AS_LAW
