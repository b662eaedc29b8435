"""Corrections: proposing, checking, deciding, and the files that deployments learn from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.copilot.learned import learned_questions, with_learned
from bot.copilot.regressions import read_regressions, regressions
from bot.copilot.repository import CorrectionState
from bot.domain.people import Role, Staff
from bot.errors import BadInput, Forbidden, IllegalMove, NotFound, StorageUnavailable
from knowledge_base.models import KnowledgeBase
from tests.unit.copilot.conftest import Room

QUESTION = "老板拖欠工资怎么办"
OFFERED = ["劳动法/50"]
CHOSEN = ["劳动合同法/30", "劳动合同法/85"]
ARTICLES = "劳动合同法第三十条\n劳动合同法第八十五条"


def proposed(room: Room, question: str = QUESTION, chosen: list[str] | None = None) -> int:
    conversation_id = room.talk("老板欠我工资怎么办")
    keys = CHOSEN if chosen is None else chosen
    return room.corrections.correct(room.office.wang, conversation_id, question, OFFERED, keys)


def audited(room: Room) -> list[tuple[str, str]]:
    with room.office.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT actor, action, subject FROM audit ORDER BY id")
        return [(row.actor, row.action) for row in rows if row.subject.startswith("correction:")]


def lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_correction_waits_with_what_was_offered_and_what_is_right(room: Room) -> None:
    correction_id = proposed(room)
    (one,) = room.corrections.review(room.chief).pending
    assert (one.id, one.question, one.by) == (correction_id, QUESTION, room.office.wang.name)
    assert (one.offered, one.chosen) == (tuple(OFFERED), tuple(CHOSEN))
    assert one.state is CorrectionState.PENDING
    assert audited(room) == [("wang", "copilot_correct")]


def test_the_question_is_stored_encrypted_and_masked(room: Room) -> None:
    proposed(room, "我电话１３８１２３４５６７８，老板欠薪\n怎么办")
    with room.office.store.read() as connection:
        sealed = connection.exec_driver_sql("SELECT question_enc FROM corrections").scalar_one()
    assert "老板".encode() not in bytes(sealed)
    (one,) = room.corrections.review(room.chief).pending
    assert one.question == "我电话〔手机号〕，老板欠薪 怎么办"


def test_the_same_correction_sent_twice_is_one(room: Room) -> None:
    conversation_id = room.talk("老板欠我工资怎么办")
    first, second = (
        room.corrections.correct(room.office.wang, conversation_id, QUESTION, OFFERED, CHOSEN)
        for _ in range(2)
    )
    assert first == second
    assert len(room.corrections.review(room.chief).pending) == 1


def test_an_article_renumbered_since_is_refused_with_its_present_number(room: Room) -> None:
    with pytest.raises(BadInput) as refused:
        proposed(room, chosen=["合同法/206"])
    assert "已经失效或改过" in refused.value.detail
    assert "民法典第六百七十五条" in refused.value.detail


@pytest.mark.parametrize("key", ["劳动合同法/999", "没有的法/1"])
def test_an_article_that_does_not_exist_is_refused(room: Room, key: str) -> None:
    with pytest.raises(BadInput) as refused:
        proposed(room, chosen=[key])
    assert "查不到" in refused.value.detail


def test_a_law_may_be_called_by_any_of_its_names(room: Room) -> None:
    proposed(room, chosen=["中华人民共和国劳动合同法/30"])
    assert room.corrections.review(room.chief).pending[0].chosen == ("劳动合同法/30",)


@pytest.mark.parametrize("written", ["劳动合同法第三十条", "《劳动合同法》第30条", "劳动合同法/30"])
def test_the_right_article_may_be_written_as_people_write_it(room: Room, written: str) -> None:
    proposed(room, chosen=[written])
    assert room.corrections.review(room.chief).pending[0].chosen == ("劳动合同法/30",)


def test_a_lawyer_who_is_not_in_the_conversation_corrects_nothing(room: Room) -> None:
    conversation_id = room.talk(QUESTION)
    with pytest.raises(Forbidden):
        room.corrections.correct(room.office.li, conversation_id, QUESTION, [], CHOSEN)
    assert room.corrections.review(room.chief).pending == ()


def test_an_empty_question_is_refused(room: Room) -> None:
    with pytest.raises(BadInput):
        proposed(room, " \n ")


def test_only_those_who_supervise_review(room: Room) -> None:
    correction_id = proposed(room)
    for person in (room.office.wang, Staff(9, "sun", "孙干事", "", Role.OFFICER)):
        with pytest.raises(Forbidden):
            room.corrections.review(person)
        with pytest.raises(Forbidden):
            room.corrections.accept(person, correction_id, QUESTION, ARTICLES)
        with pytest.raises(Forbidden):
            room.corrections.save(person, correction_id, QUESTION, ARTICLES)
        with pytest.raises(Forbidden):
            room.corrections.decline(person, correction_id)
    assert not room.files.questions.exists()


def test_an_accepted_correction_is_a_lay_question_and_a_regression_case(room: Room) -> None:
    room.corrections.accept(room.chief, proposed(room), QUESTION, ARTICLES)
    assert lines(room.files.questions) == [f"劳动合同法/30,劳动合同法/85\t{QUESTION}"]
    assert lines(room.files.regressions) == [f"{QUESTION}\t劳动合同法/30,劳动合同法/85"]
    (one,) = room.corrections.review(room.chief).decided
    assert (one.state, one.decided_by) == (CorrectionState.ACCEPTED, room.chief.name)
    assert audited(room)[-1] == ("zhou", "copilot_accept")


def test_what_is_accepted_is_what_the_reviewer_wrote(room: Room) -> None:
    correction_id = proposed(room, "我叫李小花，老板欠我两万块工资一直不给，电话13812345678")
    room.corrections.accept(room.chief, correction_id, "老板欠工资不给怎么要", "劳动合同法/30")
    assert lines(room.files.questions) == ["劳动合同法/30\t老板欠工资不给怎么要"]
    assert room.corrections.review(room.chief).decided[0].question == "老板欠工资不给怎么要"


@pytest.mark.parametrize(
    ("question", "articles", "sentence"),
    [
        ("我电话〔手机号〕，欠薪怎么办", ARTICLES, "〔手机号〕"),
        ("我电话13812345678，欠薪怎么办", ARTICLES, "〔手机号〕"),
        ("欠薪", ARTICLES, "4 到 120"),
        ("欠" * 121, ARTICLES, "4 到 120"),
        ("", ARTICLES, "来访者问的是什么"),
        (QUESTION, "", "至少一条"),
        (QUESTION, "大概是劳动法吧", "看不出是哪一条"),
        (QUESTION, "合同法第二百零六条", "已经失效或改过"),
        (QUESTION, "\n".join(f"民法典/{n}" for n in range(1, 7)), "最多写 5 条"),
    ],
)
def test_what_cannot_be_learned_stays_pending_with_a_reason(
    room: Room, question: str, articles: str, sentence: str
) -> None:
    correction_id = proposed(room)
    with pytest.raises(BadInput) as refused:
        room.corrections.accept(room.chief, correction_id, question, articles)
    assert sentence in refused.value.detail
    assert room.corrections.review(room.chief).pending[0].question == QUESTION
    assert not room.files.questions.exists()


def test_a_rejected_suggestion_is_accepted_once_the_reviewer_names_articles(room: Room) -> None:
    correction_id = proposed(room, chosen=[])
    room.corrections.accept(room.chief, correction_id, QUESTION, "《劳动合同法》第三十条")
    assert lines(room.files.questions) == [f"劳动合同法/30\t{QUESTION}"]


def test_undoing_takes_both_lines_away_and_leaves_the_others(room: Room) -> None:
    first = proposed(room)
    second = proposed(room, "公司不给加班费怎么办", ["劳动合同法/31"])
    room.corrections.accept(room.chief, first, QUESTION, ARTICLES)
    room.corrections.accept(room.chief, second, "公司不给加班费怎么办", "劳动合同法/31")
    room.corrections.decline(room.chief, first)
    assert lines(room.files.questions) == ["劳动合同法/31\t公司不给加班费怎么办"]
    assert lines(room.files.regressions) == ["公司不给加班费怎么办\t劳动合同法/31"]


def test_the_same_question_accepted_twice_is_written_once(room: Room) -> None:
    ids = [proposed(room), proposed(room)]
    for correction_id in ids:
        room.corrections.accept(room.chief, correction_id, QUESTION, ARTICLES)
    assert len(lines(room.files.questions)) == 1
    room.corrections.decline(room.chief, ids[0])
    assert len(lines(room.files.questions)) == 1
    room.corrections.decline(room.chief, ids[1])
    assert lines(room.files.questions) == []


def test_a_decision_is_taken_once(room: Room) -> None:
    correction_id = proposed(room)
    room.corrections.accept(room.chief, correction_id, QUESTION, ARTICLES)
    with pytest.raises(IllegalMove):
        room.corrections.accept(room.chief, correction_id, "另一个问题怎么办", ARTICLES)
    with pytest.raises(IllegalMove):
        room.corrections.save(room.chief, correction_id, "另一个问题怎么办", ARTICLES)
    room.corrections.decline(room.chief, correction_id)
    with pytest.raises(IllegalMove):
        room.corrections.decline(room.chief, correction_id)
    assert lines(room.files.questions) == []


def test_a_declined_correction_can_be_accepted_after_all(room: Room) -> None:
    correction_id = proposed(room)
    room.corrections.decline(room.chief, correction_id)
    room.corrections.accept(room.chief, correction_id, QUESTION, ARTICLES)
    assert len(lines(room.files.questions)) == 1


def test_saving_keeps_the_words_and_decides_nothing(room: Room) -> None:
    correction_id = proposed(room)
    room.corrections.save(room.chief, correction_id, "老板跑了工资找谁要", "劳动合同法/30")
    (one,) = room.corrections.review(room.chief).pending
    assert (one.question, one.chosen) == ("老板跑了工资找谁要", ("劳动合同法/30",))
    assert not room.files.questions.exists()


def test_an_unknown_correction_is_not_found(room: Room) -> None:
    with pytest.raises(NotFound):
        room.corrections.accept(room.chief, 999, QUESTION, ARTICLES)
    with pytest.raises(NotFound):
        room.corrections.decline(room.chief, 999)


def test_an_unwritable_folder_is_told_and_mended_by_the_next_writing(room: Room) -> None:
    correction_id = proposed(room)
    room.files.questions.parent.parent.mkdir(parents=True)
    room.files.questions.parent.write_text("a file where the folder should be")
    with pytest.raises(StorageUnavailable) as failed:
        room.corrections.accept(room.chief, correction_id, QUESTION, ARTICLES)
    assert "没有写成" in failed.value.detail
    room.files.questions.parent.unlink()
    assert room.corrections.publish() == 1
    assert len(lines(room.files.questions)) == 1


def test_two_supervisors_at_once_lose_no_line(room: Room) -> None:
    questions = [f"第{n}种欠薪的情形怎么办" for n in range(8)]
    ids = [proposed(room, question) for question in questions]

    def accept(place: int) -> None:
        room.corrections.accept(room.chief, ids[place], questions[place], ARTICLES)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(accept, range(8)))
    assert len(lines(room.files.questions)) == 8
    assert len(lines(room.files.regressions)) == 8


def test_one_of_two_equal_decisions_at_once_is_refused(room: Room) -> None:
    correction_id = proposed(room)

    def accept(_: int) -> bool:
        try:
            room.corrections.accept(room.chief, correction_id, QUESTION, ARTICLES)
        except IllegalMove:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(accept, range(4))) == [False, False, False, True]
    assert audited(room).count(("zhou", "copilot_accept")) == 1


def test_writing_leaves_no_partial_files(room: Room) -> None:
    room.corrections.accept(room.chief, proposed(room), QUESTION, ARTICLES)
    folder = room.files.questions.parent
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "learned.tsv"]


def test_undecided_words_of_an_erased_conversation_are_neither_shown_nor_kept(room: Room) -> None:
    kept, gone = room.talk("老板欠我工资怎么办"), room.talk("老板欠我工资怎么办")
    for conversation_id in (kept, gone):
        room.corrections.correct(room.office.wang, conversation_id, QUESTION, [], CHOSEN)
    room.office.conversations.erase(gone)
    assert len(room.corrections.review(room.chief).pending) == 1
    assert room.corrections.sweep() == 1
    assert room.corrections.sweep() == 0


def test_what_was_accepted_outlives_its_conversation(room: Room) -> None:
    conversation_id = room.talk("老板欠我工资怎么办")
    correction_id = room.corrections.correct(
        room.office.wang, conversation_id, QUESTION, [], CHOSEN
    )
    room.corrections.accept(room.chief, correction_id, QUESTION, ARTICLES)
    room.office.conversations.erase(conversation_id)
    assert room.corrections.sweep() == 0
    assert room.corrections.publish() == 1


def test_learned_questions_join_those_of_the_base(room: Room, kb: KnowledgeBase) -> None:
    room.corrections.accept(room.chief, proposed(room), QUESTION, ARTICLES)
    learned = learned_questions(room.files.questions)
    assert learned == {"劳动合同法/30": (QUESTION,), "劳动合同法/85": (QUESTION,)}
    merged = with_learned(kb, room.files.questions)
    before = kb.questions.get("劳动合同法/30", ())
    assert merged.questions["劳动合同法/30"] == (*before, QUESTION)
    assert merged.questions.keys() >= kb.questions.keys()


def test_a_base_without_learned_questions_is_the_base_itself(
    kb: KnowledgeBase, tmp_path: Path
) -> None:
    assert with_learned(kb, tmp_path / "none.tsv") is kb


def test_a_broken_line_is_passed_over_and_the_rest_learned(tmp_path: Path) -> None:
    path = tmp_path / "learned.tsv"
    path.write_text("# 注释\n这不是编号\t问题问题\n劳动合同法/30\t欠薪怎么办\n", encoding="utf-8")
    assert learned_questions(path) == {"劳动合同法/30": ("欠薪怎么办",)}


def test_regressions_tell_hits_failures_and_what_is_not_held(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "regressions.tsv"
    path.write_text(
        "# 注释\n欠薪怎么办\t劳动合同法/30,劳动合同法/85\n"
        "离婚怎么办\t民法典/1079\n外国法\t甲法/1\n",
        encoding="utf-8",
    )
    room.search.finds(
        "article", {"劳动法/50": 0.9, "劳动合同法/85": 0.8, "劳动法/48": 0.7, "民法典/1079": 0.6}
    )
    report = regressions(room.search, path, held=["劳动合同法/85", "民法典/1079"])
    assert (report.cases, report.hits, report.hit_at_3) == (2, 1, 0.5)
    (failure,) = report.failures
    assert failure.question == "离婚怎么办"
    assert failure.found == ("劳动法/50", "劳动合同法/85", "劳动法/48")
    assert [case.question for case in report.not_held] == ["外国法"]


def test_no_regressions_are_no_failure(room: Room, tmp_path: Path) -> None:
    report = regressions(room.search, tmp_path / "none.tsv")
    assert (report.cases, report.hit_at_3, report.failures) == (0, 1.0, ())


def test_a_written_file_is_read_back_as_cases(room: Room) -> None:
    room.corrections.accept(room.chief, proposed(room), QUESTION, ARTICLES)
    (case,) = read_regressions(room.files.regressions)
    assert (case.question, case.keys) == (QUESTION, tuple(CHOSEN))
