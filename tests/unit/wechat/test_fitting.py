"""Texts cut and packed to the platform's limit, whatever people and the law base write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wechat.fitting import MOST_BYTES, pack, shorten, size_of, split

FAMILY = "👨‍👩‍👧‍👦"
WHOLE = (FAMILY, "👍🏽", "🇨🇳", "❤️", "1️⃣", "e\u0301", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "葛\U000e0101")
LINK = "https://12348.example.cn/m/AbC?x=1;y=2!"
ANCHOR = '<a href="https://12348.example.cn/m/AbC">点这里，看全文。</a>'
TEXTS = st.lists(
    st.sampled_from([*WHOLE, "工資", "欠薪，", "怎么办？", "。”", "\n", "\n\n", " ", "a", LINK])
    | st.text(max_size=12),
    max_size=40,
).map("".join)


def bare(text: str) -> str:
    return "".join(text.split())


def test_a_text_that_fits_stays_whole() -> None:
    exact = "字" * 682 + "ab"
    assert size_of(exact) == MOST_BYTES
    assert split(exact) == [exact]
    assert split(f"\n{exact} \n") == [exact]
    assert split("") == split(" \n ") == []


def test_a_byte_too_many_makes_a_second_piece() -> None:
    assert split("字" * 682 + "abc") == ["字" * 682 + "ab", "c"]


def test_a_sentence_that_just_fits_stays_with_its_message() -> None:
    first = "字" * 681 + "ab。"
    assert size_of(first) == MOST_BYTES
    assert split(first + "后面") == [first, "后面"]
    first = "字" * 682 + "ab"
    assert split(f"{first}\n\n后面") == [first, "后面"]


def test_paragraphs_go_before_sentences_and_sentences_before_commas() -> None:
    assert split("甲甲甲。乙乙乙\n\n丙，丙。丁丁丁丁丁", 36) == [
        "甲甲甲。乙乙乙",
        "丙，丙。丁丁丁丁丁",
    ]
    assert split("甲甲，甲甲。乙乙，乙乙乙乙", 33) == ["甲甲，甲甲。", "乙乙，乙乙乙乙"]
    assert split("甲甲甲，甲甲甲甲乙乙乙乙", 24) == ["甲甲甲，", "甲甲甲甲乙乙乙乙"]


def test_a_closing_quote_stays_with_its_sentence() -> None:
    assert split("他说：“给钱。”我说不", 24) == ["他说：“给钱。”", "我说不"]
    assert all(not piece.startswith("”") for piece in split("他说“给钱。”" * 9, 23))


def test_a_pause_at_the_beginning_does_not_waste_a_message() -> None:
    pieces = split("好。" + "字" * 1_000)
    assert len(pieces) == 2
    assert size_of(pieces[0]) > MOST_BYTES - 3


def test_a_message_never_begins_with_the_end_of_a_sentence() -> None:
    assert split("甲" * 8 + "。", 24) == ["甲" * 7, "甲。"]


def test_a_number_is_not_cut_at_its_comma() -> None:
    assert split("赔偿1,000元整整整整", 12) == ["赔偿1,000", "元整整整", "整"]


@pytest.mark.parametrize("link", [LINK, ANCHOR])
@pytest.mark.parametrize("before", range(0, 40, 3))
def test_a_link_is_never_cut(link: str, before: int) -> None:
    text = "看" * before + link + "后面" * 30
    pieces = split(text, 100)
    assert any(link in piece for piece in pieces)
    assert bare("".join(pieces)) == bare(text)


def test_a_link_longer_than_a_message_is_cut_all_the_same() -> None:
    pieces = split("https://a.example/" + "x" * 200, 64)
    assert "".join(pieces) == "https://a.example/" + "x" * 200


@pytest.mark.parametrize("one", WHOLE)
def test_what_is_one_character_to_the_eye_is_never_cut(one: str) -> None:
    for before in range(12):
        pieces = split("a" * before + one * 12, 40)
        assert sum(piece.count(one) for piece in pieces) == 12


def test_halves_of_a_broken_character_stay_together() -> None:
    assert split("\ud83d\ude00" * 5, 8) == ["\ud83d\ude00"] * 5


def test_marks_without_end_do_not_keep_a_text_from_being_cut() -> None:
    pieces = split("e" + "\u0301" * 100, 20)
    assert "".join(pieces) == "e" + "\u0301" * 100


@given(TEXTS, st.integers(4, 120))
def test_nothing_is_lost_and_every_piece_fits(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(piece and piece == piece.strip() for piece in pieces)
    assert all(size_of(piece) <= limit for piece in pieces)
    # Only white space may be gone: what is between the pieces.
    at = 0
    for piece in pieces:
        found = text.index(piece, at)
        assert not text[at:found].strip()
        at = found + len(piece)
    assert not text[at:].strip()


@given(st.lists(TEXTS, max_size=6), st.integers(4, 200))
def test_packing_keeps_order_and_loses_no_piece(pieces: list[str], limit: int) -> None:
    packed = pack(pieces, limit)
    assert all(size_of(words) <= limit for words, _ in packed)
    assert bare("".join(words for words, _ in packed)) == bare("".join(pieces))
    places = [place for _, places in packed for place in places]
    assert places == sorted(places)
    if packed:
        assert set(places) == set(range(len(pieces)))


def test_pieces_are_joined_as_long_as_they_fit() -> None:
    assert pack(["甲甲", "乙乙", "丙丙"], 14) == [("甲甲\n\n乙乙", (0, 1)), ("丙丙", (2,))]
    assert pack(["甲", "乙"], 9, sep="；") == [("甲；乙", (0, 1))]
    assert pack([], 14) == []


def test_a_piece_that_is_too_long_stands_in_several_texts() -> None:
    assert pack(["甲", "乙" * 6, "丙"], 12) == [
        ("甲", (0,)),
        ("乙" * 4, (1,)),
        ("乙乙\n\n丙", (1, 2)),
    ]


def test_an_empty_piece_goes_with_its_neighbour() -> None:
    assert pack(["", "甲", " ", "乙"], 20) == [("甲\n\n乙", (0, 1, 2, 3))]
    assert pack(["", " "], 20) == []


def test_a_long_text_is_shortened_at_a_sentence() -> None:
    assert shorten("甲甲甲甲。乙乙乙乙", 21) == "甲甲甲甲。…"
    assert shorten("甲甲甲甲", 12) == "甲甲甲甲"
    assert shorten("甲" * 20, 25, "（全文见链接）") == "甲（全文见链接）"


@given(TEXTS, st.integers(16, 90))
def test_a_shortened_text_fits_and_begins_as_the_whole(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert size_of(short) <= limit
    assert text.strip().startswith(short.removesuffix("…"))


def test_a_limit_too_small_for_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        split("字", 2)
    with pytest.raises(ValueError, match="limit"):
        shorten("字" * 9, 10, "（全文见链接）")
