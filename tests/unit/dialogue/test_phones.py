"""What phones put into a text: emoji, WeChat's faces, traditional characters, odd widths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.aid.form import load_form
from bot.aid.reading import Fits, Wrong, check, reads_as_answer
from bot.dialogue.answers import Composer
from bot.dialogue.digression import digresses, is_command, is_small_talk
from bot.dialogue.normalise import canonical, clean, for_rasa, question_of, says_something
from bot.dialogue.safety import SafetyDesk
from bot.dialogue.turn import Turn
from bot.domain.conversation import Context
from bot.interviews.engine import reads_as_answer as answers_question
from bot.matters.referring import phone_in
from bot.roster.words import only_thanks
from bot.texts import load_texts
from knowledge_base.consultations import load_interviews
from knowledge_base.loader import ROOT, load
from knowledge_base.safety import load_safety_lanes
from tests.conftest import FixedClock

FIELDS = load_form().fields
ASKED = "老板拖欠我工资怎么办"
STICKER = "【收到不支持的消息类型，暂无法显示】"
FACES = ["😀", "👍🏻", "👨‍👩‍👧", "🇨🇳", "❤️", "⭐", "㊙️", "🈲", "\ue412", "[流泪]", "[捂脸]",
         "[微笑][强]", "[OK]", "[再见]", "[流淚]", "[Facepalm]", "/::)", "/:,@-D", "/::'(", "/:8-)",
         "/:rose", "/::-|", STICKER]  # fmt: skip


@pytest.fixture(scope="module")
def desk() -> SafetyDesk:
    return SafetyDesk(load_safety_lanes(ROOT), load(ROOT).articles, load_texts())


# --- faces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("face", FACES)
def test_a_face_alone_says_nothing(face: str) -> None:
    for words in (face, face * 3, f" {face}\n{face} ", f"{face}！？"):
        assert not says_something(clean(words))
    assert canonical(face) == ""
    assert for_rasa(face) == "？"


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "written",
    ["{0}老板拖欠我工资怎么办", "老板拖欠我工资怎么办{0}{0}", "{0} 老板拖欠{0}我工资怎么办 {0}"],
)
def test_faces_in_and_around_words_leave_the_words_alone(face: str, written: str) -> None:
    words = written.format(face)
    assert says_something(words)
    assert canonical(words) == ASKED
    assert question_of(words) == ASKED
    assert for_rasa(words) == ASKED


@pytest.mark.parametrize("face", FACES)
def test_a_face_hides_nothing_from_the_safety_lanes(desk: SafetyDesk, face: str) -> None:
    for words in (f"我想自杀{face}", f"我想自{face}杀", f"{face}老公又打我，我躲在厕所{face}"):
        assert desk.lane_of(canonical(words)) is not None
    assert desk.lane_of(canonical(face)) is None


@pytest.mark.parametrize(
    "words",
    [
        "[欠条]在我手上", "见 https://example.cn/:note", "[图片]", "他说[不给]", "【工资】没发",
        "A/B", "男：女=1：2", "工资/天",
    ],
)  # fmt: skip
def test_brackets_and_slashes_of_ones_own_stay(words: str) -> None:
    assert says_something(words)
    assert canonical(words).replace(" ", "") == canonical(words.replace(" ", ""))
    for kept in ("欠条", "note", "图片", "不给", "工资", "B"):
        assert (kept in words) == (kept in canonical(words))


def test_what_is_stored_and_shown_keeps_its_faces() -> None:
    assert clean("谢谢[玫瑰]😀") == "谢谢[玫瑰]😀"


def test_a_face_between_two_numbers_keeps_them_two() -> None:
    assert canonical("3😀4") == "3 4"
    assert canonical("2[强]5") == "2 5"
    assert canonical("3️⃣") == "3"


@given(st.text(max_size=60), st.sampled_from(FACES))
def test_a_face_at_the_end_changes_nothing(words: str, face: str) -> None:
    plain = canonical(words)
    # What the words end in may begin a face together with it, as a slash does.
    if not clean(words).endswith(("/", "[", "［")):
        assert canonical(f"{clean(words)}{face}") == plain


# --- characters and widths ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("老闆拖欠我工資怎麼辦", "老板拖欠我工资怎么办"),
        ("離婚後孩子撫養權歸誰", "离婚后孩子抚养权归谁"),
        ("１３８００１３８０００", "13800138000"),
        ("Ｎ＋１　怎麼算？", "N+1 怎么算?"),
        ("工\u200b资\u200d\u2060\ufeff拖\u2067欠\u2069", "工资拖欠"),
        ("\u202a13800138000\u202c", "13800138000"),
        ("\u206813800138000\u2069", "13800138000"),
        ("欠薪\ufffc", "欠薪"),
    ],
)
def test_what_phones_type_becomes_what_the_models_know(written: str, meant: str) -> None:
    assert canonical(written) == meant


@pytest.mark.parametrize(
    "words",
    [
        "我想自殺",
        "我不想活了[流泪]",
        "我 想自殺😭",
        "老公打我，現在又在打我",
        "我想\u200b自\u200b殺",
    ],
)
def test_the_safety_lanes_hear_every_way_of_writing(desk: SafetyDesk, words: str) -> None:
    assert desk.lane_of(canonical(words)) is not None


def test_a_telephone_number_pasted_from_the_contacts_is_read() -> None:
    for words in ("\u202a138 0013 8000\u202c", "１３８００１３８０００", "打我📱13800138000☎️"):
        assert phone_in(words) == "13800138000"


@pytest.mark.parametrize(
    "words",
    [
        "老闆拖欠我工資怎麼辦",
        "😭😭老板拖欠我工资怎么办[流泪][流泪]",
        "老板拖欠我工资/::'(怎么办/:,@-D",
        "老板拖\u200b欠我工资怎么办",
        f"{ASKED}[捂脸]",
    ],
)
def test_the_answer_is_that_of_the_plain_words(composer: Composer, words: str) -> None:
    plain = composer.answer(Turn("c", ASKED, Context()))
    found = composer.answer(Turn("c", words, Context()))
    assert plain.context is not None
    assert plain.context.answer_id
    assert found.parts == plain.parts
    assert found.context == plain.context


# --- menu words and thanks ------------------------------------------------------------------------

MENU = ["人工", "转人工", "轉人工", "人工服务", "人工服務", "真人", "人工[流泪]", "转人工！！",
        "👉人工", "轉 人工", "人\u200b工"]  # fmt: skip


@pytest.mark.parametrize("words", MENU)
def test_the_words_of_the_menu_are_a_command_and_no_answer_to_any_question(words: str) -> None:
    assert is_command(canonical(words))
    for field in FIELDS:
        assert not reads_as_answer(field, words, None), field.key
    for interview in load_interviews(ROOT):
        for question in interview.questions:
            assert not answers_question(interview, question, words, None), question.id


THANKS = ["谢谢", "謝謝", "谢谢您", "多谢", "感谢", "非常感谢", "太感谢了", "辛苦了", "麻烦您了",
          "谢啦", "好的，谢谢", "谢谢[玫瑰]", "謝謝🙏🙏", "感谢/:rose", "thanks"]  # fmt: skip


@pytest.mark.parametrize("words", THANKS)
def test_thanks_are_no_answer_to_any_question(words: str) -> None:
    assert is_small_talk(canonical(words))
    for field in FIELDS:
        assert not reads_as_answer(field, words, None), field.key


@pytest.mark.parametrize(
    "words", ["谢小明", "谢娜", "感谢信", "谢谢你把欠我的钱还给我吧", "谢谢，还有利息怎么算"]
)
def test_a_name_and_a_question_are_not_only_thanks(words: str) -> None:
    assert not only_thanks(words)
    if words.startswith("谢") and len(words) < 4:
        name = next(field for field in FIELDS if field.key == "name")
        assert not digresses(canonical(words))
        assert isinstance(check(name, words, None, FixedClock().now().date()), Fits)


@pytest.mark.parametrize(
    "words", ["谢谢[玫瑰]", "謝謝律師🙏", "好的[OK]谢谢", "辛苦了/:strong", "再見[再見]"]
)
def test_thanks_with_faces_leave_nobody_waiting(words: str) -> None:
    assert only_thanks(words)


@pytest.mark.parametrize("words", ["[流泪]", "👍", "", "在吗[玫瑰]"])
def test_a_face_alone_is_no_thanks(words: str) -> None:
    assert not only_thanks(words)


def test_a_full_width_number_with_a_face_is_the_answer_it_was_meant_as() -> None:
    phone = next(field for field in FIELDS if field.key == "phone")
    found = check(phone, "我的手机１３８００１３８０００[抱拳]", None, FixedClock().now().date())
    assert found == Fits("13800138000")
    assert isinstance(check(phone, "[抱拳]", None, FixedClock().now().date()), Wrong)
