"""What reads as an answer to each question, and which answers are taken."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.aid.form import load_form
from bot.aid.reading import Fits, Wrong, check, corrects, reads_as_answer
from bot.dialogue.digression import place_of
from bot.domain.aid import AidState
from knowledge_base.loader import ROOT, load
from tests.law import law_of

FIELDS = {field.key: field for field in load_form().fields}
IDENTITY = "11010519491231002X"
ON = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("key", "words", "value"),
    [
        ("name", "张小明", "张小明"),
        ("name", "我叫张小明。", "张小明"),
        ("name", "姓名：欧阳娜娜", "欧阳娜娜"),
        ("name", "阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("id_number", IDENTITY, IDENTITY),
        ("id_number", "身份证号是 110105 19491231 002x", IDENTITY),
        ("phone", "13800138000", "13800138000"),
        ("phone", "我的手机号 138-0013-8000", "13800138000"),
        ("phone", "+86 13800138000", "13800138000"),
        ("phone", "一三八零零一三八零零零", "13800138000"),
        ("phone", "１３８００１３８０００", "13800138000"),
        ("matter", "讨要工资", "讨要工资"),
        ("matter", "欠薪", "讨要工资"),
        ("matter", "2", "工伤"),
        ("matter", "宅基地被占", "宅基地被占"),
        ("group", "低保户", "低保"),
        ("group", "都不是", "以上都不是"),
        ("matter", "选2", "工伤"),
        ("matter", "第二个", "工伤"),
        ("matter", "２", "工伤"),
        ("group", "三", "残疾人"),
        ("pledge", "我同意", "同意"),
        ("pledge", "是的", "同意"),
        ("pledge", "同意提交", "同意"),
        ("pledge", "确认提交", "同意"),
        ("pledge", "提交", "同意"),
        ("pledge", "好", "同意"),
        ("pledge", "确认", "同意"),
        ("pledge", "1", "同意"),
        ("for_whom", "未成年子女", "我的未成年孩子"),
        ("name", "我爸叫王大明", "王大明"),
        ("name", "我妈王秀英", "王秀英"),
        ("name", "他叫王小明", "王小明"),
        ("id_number", "530111196001040000", "530111196001040000"),
        ("id_number", "810000199408230021", "810000199408230021"),
        ("for_whom", "4", "被关押的家人"),
        ("stage", "公安在办", "公安或检察院在办"),
        ("group", "我是农民工", "农民工"),
        ("stage", "已到法院,普通程序", "已到法院，普通程序"),
        ("means", "困难，作个人诚信承诺", "困难，作个人诚信承诺"),
        ("agent_relation", "妈妈", "父亲或母亲"),
        ("place", "昆明官渡区", "云南省昆明市官渡区"),
        ("place", "我在石林县的工地", "云南省昆明市石林彝族自治县"),
        ("address", "官渡区某小区3栋502", "官渡区某小区3栋502"),
        ("address", "不方便", "暂不填"),
        ("opponent", "城东建筑公司", "城东建筑公司"),
        ("opponent", "不晓得", "不知道"),
        ("evidence", "没有", "暂时没有"),
        ("deadline", "2026-12-1", "2026-12-01"),
        ("deadline", "仲裁期限到2026年12月1日", "2026-12-01"),
        ("deadline", "12月1日", "2026-12-01"),
        ("deadline", "1月5号到期", "2027-01-05"),
        ("deadline", "明天", "2026-11-24"),
        ("deadline", "还有三天", "2026-11-26"),
        ("deadline", "没有", "没有"),
        ("place", "重庆市渝北区", "重庆市渝北区"),
        ("place", "河北省石家庄市桥西区", "河北省石家庄市桥西区"),
        ("place", "江苏省南京市鼓楼区", "江苏省南京市鼓楼区"),
        ("place", "乐山市峨眉山市", "四川省乐山市峨眉山市"),
        ("place", "北京", "北京市"),
        ("place", "不知道", "不清楚"),
        ("counsel", "请了", "已经请了"),
        ("counsel", "还没请律师", "没有请律师"),
        ("group", "低保边缘", "低保边缘家庭"),
        ("deadline", "财产保全", "要马上申请财产保全"),
        (
            "facts",
            "去年三月在工地干活，老板拖欠工资两万元。",
            "去年三月在工地干活，老板拖欠工资两万元。",
        ),
    ],
)
def test_a_good_answer_is_read_and_taken(key: str, words: str, value: str) -> None:
    assert reads_as_answer(FIELDS[key], words, None)
    assert check(FIELDS[key], words, None, ON) == Fits(value)


@pytest.mark.parametrize(
    ("key", "words", "error"),
    [
        ("name", "张三123", "form"),
        ("name", "13800138000", "form"),
        ("name", "我自己", "form"),
        ("name", "本人", "form"),
        ("name", "我", "form"),
        ("name", "不知道", "form"),
        ("name", "没有", "form"),
        ("name", "我叫本人", "form"),
        ("id_number", "110105194912310021", "check"),
        ("id_number", "11010519491231002a", "letters"),
        ("id_number", "13800138000", "length"),
        ("phone", "1380013800a", "letters"),
        ("phone", "10086", "length"),
        ("phone", "12345678901", "check"),
        ("matter", "99", "form"),
        ("facts", "老板欠我钱不给", "short"),
        ("facts", "欠薪", "short"),
        ("facts", "工伤", "short"),
        ("facts", "事" * 1501, "long"),
        ("group", "退休工人", "form"),
        ("place", "在工地", "form"),
        ("place", "云南", "wide"),
        ("address", "无", "form"),
        ("request", "钱", "form"),
        ("opponent", "张" * 301, "long"),
        ("deadline", "2026-2-30", "form"),
        ("deadline", "20026-12-1", "form"),
        ("deadline", "9999-12-31", "form"),
        ("deadline", "2025-12-1", "past"),
        ("deadline", "3", "form"),
        ("deadline", "三", "form"),
        ("place", "1", "form"),
        ("address", "1", "form"),
        ("evidence", "1", "form"),
        ("for_whom", "公司欠我工资", "form"),
        ("for_whom", "我儿子被抓了", "form"),
        ("for_whom", "给我妈", "form"),
        ("special", "残疾", "form"),
        ("special", "轻度智力障碍", "form"),
        ("group", "低保边缘户吧", "form"),
        ("pledge", "等我老婆同意", "form"),
        ("pledge", "同意一半", "form"),
        ("agent_relation", "邻居", "form"),
        ("group", "我不是农民工", "form"),
        ("group", "农民工也是残疾人", "form"),
        ("pledge", "我不太同意", "form"),
        ("pledge", "不同意", "refused"),
        ("pledge", "2", "refused"),
        ("pledge", "3", "form"),
        ("pledge", "我再想想", "form"),
    ],
)
def test_a_bad_answer_is_read_as_one_and_gets_its_sentence(
    key: str, words: str, error: str
) -> None:
    assert reads_as_answer(FIELDS[key], words, None)
    result = check(FIELDS[key], words, None, ON)
    assert isinstance(result, Wrong)
    assert result.sentence == FIELDS[key].errors[error].format(count=len(words))


@pytest.mark.parametrize("key", FIELDS)
@pytest.mark.parametrize(
    "words",
    [
        "算了",
        "先不办了",
        "太麻烦了不弄了",
        "取消",
        "转人工",
        "我要找律师",
        "改一下上一个",
        "填错了",
        "重新开始",
        "看全文",
        "你好",
        "谢谢你",
        "为什么要填这个",
        "要多久",
        "这个要钱吗",
        "仲裁时效多久？",
        "欠薪怎么办",
        "该去找谁",
        "那去哪里办",
        "劳动合同法第八十二条",
        "我的申请到哪了",
        "FY20261123-0001-6 后四位 8000",
        "FY20261123-0002-6",
        "我想投诉",
        "删除我的数据",
    ],
)
def test_a_command_or_a_question_is_no_answer_to_any_question(key: str, words: str) -> None:
    assert not reads_as_answer(FIELDS[key], words, None)


@pytest.mark.parametrize("words", ["老板欠我工资", "我想离婚孩子归我", "我要去仲裁公司欠薪的事情"])
def test_a_sentence_about_a_case_is_no_name(words: str) -> None:
    assert not reads_as_answer(FIELDS["name"], words, None)


@pytest.mark.parametrize(
    "words",
    [
        "算了一下，老板一共欠我三万二千元，一直拖着没有给。",
        "我多次找律师函告对方，公司取消了约定，到现在也没有付钱。",
        "工地停工后老板跑了，电话打不通，二十个人的工资都没有给，不知道应该怎么要回来，求帮助，怎么办",
    ],
)
def test_a_story_may_contain_the_words_of_commands_and_questions(words: str) -> None:
    assert reads_as_answer(FIELDS["facts"], words, None)


@pytest.mark.parametrize("words", ["三个", "两个人", "2万", "第三次"])
def test_a_quantity_is_no_place_of_an_option(words: str) -> None:
    assert place_of(words) is None


def test_a_button_of_the_form_is_always_an_answer_and_another_is_not() -> None:
    matter = FIELDS["matter"]
    assert reads_as_answer(matter, "工伤", "aid.matter.injury")
    assert check(matter, "工伤", "aid.matter.injury", ON) == Fits("工伤")
    assert isinstance(check(matter, "工伤", "aid.matter.unknown", ON), Wrong)
    assert not reads_as_answer(matter, "有欠条", "guided.wage-arrears.3.0")


def test_places_of_one_name_are_told_apart() -> None:
    result = check(FIELDS["place"], "鼓楼区", None, ON)
    assert isinstance(result, Wrong)
    assert "江苏省南京市鼓楼区" in result.sentence
    assert "省、市" in result.sentence


@pytest.mark.parametrize(
    ("words", "key"),
    [("改手机号", "phone"), ("我要修改我的电话", "phone"), ("改一下身份证号", "id_number"),
     ("更正地址", "address"), ("改为谁申请", "for_whom")],
)  # fmt: skip
def test_a_wish_to_correct_names_its_question(words: str, key: str) -> None:
    assert corrects(tuple(FIELDS.values()), words) is FIELDS[key]


@pytest.mark.parametrize("words", ["改一下上一个", "改合同", "改", "手机号", "我改主意了不申请"])
def test_other_words_correct_nothing(words: str) -> None:
    assert corrects(tuple(FIELDS.values()), words) is None


@pytest.mark.parametrize("words", ["同意了会怎样", "提交有风险", "我同意但是有条件", "好吧再说"])
def test_only_a_plain_yes_is_a_pledge(words: str) -> None:
    assert not isinstance(check(FIELDS["pledge"], words, None, ON), Fits)
    assert not isinstance(check(load_form().refusal, words, None, ON), Fits)


def test_what_people_call_a_question_names_one_question_only() -> None:
    called = [name for field in FIELDS.values() for name in {field.label, *field.called}]
    assert len(called) == len(set(called))


def test_each_field_asks_one_question_in_plain_words() -> None:
    for field in FIELDS.values():
        assert len(field.question) < 100 or field.key == "pledge"
        assert field.errors


def test_the_pledge_tells_its_consequences_and_that_a_person_decides() -> None:
    question = FIELDS["pledge"].question
    for said in ("第四十一条", "第四十八条", "第六十四条", "三千元", "不由机器人决定"):
        assert said in question


def test_every_state_has_a_label_and_plain_words() -> None:
    texts = load_form().texts
    for state in AidState:
        assert texts.say(f"states.{state}.label")
        assert texts.say(f"states.{state}.says").endswith(("。", "见下面。"))


def test_every_citation_in_the_form_stands_in_the_law_base() -> None:
    law = law_of(load(ROOT))
    for field in FIELDS.values():
        assert law.stands(field.question)
    assert law.stands(load_form().texts.say("reply.submitted"))
