"""The composer over the curated base and a real index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.dialogue.answers import Composer, Limits
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.conversation import Context, HandoverReason
from bot.texts import load_texts
from connectors.console import render
from retrieval.search import Hit, SearchResult
from tests.conftest import FixedClock
from tests.law import law_of

WAGES = "老板拖欠我三个月工资没签合同怎么办"


def ask(composer: Composer, words: str, context: Context | None = None) -> TurnReply:
    return composer.answer(Turn("c", words, context or Context()))


def kinds(reply: TurnReply) -> list[str]:
    return [part.type for part in reply.parts]


def visible(reply: TurnReply) -> str:
    """What a phone shows before anything is opened, as the widget folds it."""
    shown = []
    for part in reply.parts:
        body = part.body
        if part.type == "text" and not body.get("collapsed"):
            shown.append(body["text"])
        elif part.type == "citations":
            shown += [
                item["title"] + ("" if item["folded"] else item["gist"]) for item in body["items"]
            ]
        elif part.type == "cases":
            shown += [item["title"] for item in body["items"]]
        elif part.type == "services":
            shown += [item["name"] for item in body["items"]]
    return "".join(shown)


def test_an_answer_has_its_basis_steps_services_case_and_buttons(composer: Composer) -> None:
    reply = ask(composer, WAGES)
    assert reply.route == "legal_question"
    assert reply.topic == "劳动"
    assert kinds(reply)[:2] == ["text", "citations"]
    assert {"services", "cases", "buttons"} <= set(kinds(reply))
    titles = [part.body.get("title") for part in reply.parts]
    assert {"怎么做", "时效和期限", "要留好的证据"} <= set(titles)
    assert "劳动合同法/82" in reply.items


@pytest.mark.parametrize(
    "words",
    [WAGES, "房东不退押金怎么办", "朋友借钱不还怎么办", "被狗咬了谁赔", "家人被判缓刑什么意思"],
)
def test_a_phone_shows_about_four_hundred_characters_at_first(
    composer: Composer, words: str
) -> None:
    assert len(visible(ask(composer, words))) <= 460


def test_every_citation_of_every_reviewed_answer_is_held(composer: Composer) -> None:
    law = law_of(composer.kb)
    for answer in composer.kb.answers.values():
        reply = composer.reviewed(answer.id, Turn("c", "", Context()))
        assert law.stands(render(reply.parts)), answer.id


def test_the_ai_label_is_shown_once(composer: Composer) -> None:
    first = ask(composer, WAGES)
    assert "AI 生成" in render(first.parts)
    assert first.context is not None
    second = ask(composer, "房东不退押金怎么办", first.context)
    assert "AI 生成" not in render(second.parts)


def test_versions_are_shown_with_every_article(composer: Composer) -> None:
    cards = next(part for part in ask(composer, WAGES).parts if part.type == "citations")
    for item in cards.body["items"]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", item["version"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", item["in_force_from"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [("那仲裁时效多久", "一年"), ("那要多少钱", "不收费"), ("在昆明找谁", "12333")],
)
def test_follow_ups_are_answered_for_the_last_matter(
    composer: Composer, words: str, expected: str
) -> None:
    before = ask(composer, WAGES).context
    assert before is not None
    reply = ask(composer, words, before)
    assert reply.topic == "劳动"
    assert expected in render(reply.parts)


def test_below_the_limit_one_question_is_asked_back_then_a_person_is_offered(
    composer: Composer,
) -> None:
    first = ask(composer, "那个事情咋整")
    assert first.context is not None
    assert first.context.unsure_count == 1
    assert load_texts().say("ask_back.first") in render(first.parts)
    second = ask(composer, "就是那个嘛", first.context)
    assert second.context is not None
    assert second.context.offered == HandoverReason.UNSURE_TWICE
    assert "转接原因" in render(second.parts)
    clear = ask(composer, WAGES, second.context)
    assert clear.context is not None
    assert clear.context.unsure_count == 0


def test_facts_older_than_the_version_bring_a_caution(composer: Composer) -> None:
    said = render(ask(composer, "2015年房东不退押金怎么办").parts)
    assert "您说的是2015年的事" in said
    assert "《合同法》（1999年）" in said
    assert "民法典2021年1月1日起施行" in said


def test_nothing_ever_promises_an_outcome(composer: Composer) -> None:
    for answer in composer.kb.answers.values():
        said = render(composer.reviewed(answer.id, Turn("c", "", Context())).parts)
        assert not re.search(r"一定能赢|包赢|保证(?:能|会)?(?:赢|胜诉|拿到)|稳赢", said), answer.id


def test_a_missing_index_is_said_with_a_hotline(tmp_path: Path, composer: Composer) -> None:
    class NoIndex:
        def search(self, query: str, **_options: object) -> None:
            raise FileNotFoundError

    broken = Composer(
        composer.kb,
        NoIndex(),  # type: ignore[arg-type]
        composer.followups,
        load_texts(),
        FixedClock(),
        Limits(),
        law_of(composer.kb),
    )
    reply = ask(broken, WAGES)
    assert reply.confidence == 0
    assert "12348" in render(reply.parts)
    assert "buttons" in kinds(reply)


def test_a_perfect_score_alone_makes_no_conclusion(composer: Composer) -> None:
    class Perfect:
        def search(self, query: str, *, kinds: object, **_options: object) -> SearchResult:
            hits = (Hit("answer", "friend-wont-repay", 1.0, 0.0, 1.0),)
            return SearchResult(hits if kinds == {"answer"} else (), 0.1, "其他", {})

    doubtful = Composer(
        composer.kb,
        Perfect(),
        composer.followups,
        load_texts(),
        FixedClock(),
        Limits(),
        law_of(composer.kb),
    )
    context = ask(doubtful, "我家后院的苹果树今年结果特别少").context
    assert context is not None
    assert context.answer_id == ""
    assert context.unsure_count == 1


def test_the_question_is_remembered_as_it_was_asked(composer: Composer) -> None:
    words = "老板拖欠我工资一共2万8千元没签合同怎么办"
    context = ask(composer, words).context
    assert context is not None
    assert context.question == words


def test_a_question_in_the_very_words_of_a_reviewed_one_gets_its_answer(
    composer: Composer,
) -> None:
    for words in ("借的钱对方不还怎么办", "2019年借的钱，对方不还怎么办？"):
        reply = ask(composer, words)
        assert reply.context is not None
        assert reply.context.answer_id == "friend-wont-repay"
        assert "最接近的常见问题" not in render(reply.parts)


def test_every_reviewed_question_is_answered_by_its_own_answer(composer: Composer) -> None:
    wrong = []
    for answer in composer.kb.answers.values():
        reply = ask(composer, answer.question)
        if reply.context is None or reply.context.answer_id != answer.id:
            wrong.append(answer.id)
    assert wrong == []
