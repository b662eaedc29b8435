"""Paragraphs and items of an article."""

from __future__ import annotations

import pytest

from knowledge_base.paragraphs import paragraphs, part_of

ARTICLE = """夫妻一方要求离婚的，可以请求调解。
有下列情形之一的，应当准予：
（一）甲情形；
（二）乙情形：
1.其一；
2.其二；
（十一）丙情形。
一方被宣告失踪的，应当准予。"""


def test_lines_are_paragraphs_and_numbered_lines_their_items() -> None:
    first, second, third = paragraphs(ARTICLE)
    assert first.items == ()
    assert [number for number, _ in second.items] == [1, 2, 11]
    assert second.item(2) == "（二）乙情形：\n1.其一；\n2.其二；"
    assert third.text == "一方被宣告失踪的，应当准予。"


@pytest.mark.parametrize(
    ("paragraph", "item", "begins"),
    [
        (None, None, "夫妻一方"),
        (1, None, "夫妻一方"),
        (2, None, "有下列情形之一"),
        (2, 11, "（十一）丙"),
        (None, 1, "（一）甲"),
        (3, None, "一方被宣告失踪"),
    ],
)
def test_a_part_is_found_as_it_is_cited(
    paragraph: int | None, item: int | None, begins: str
) -> None:
    assert (part_of(ARTICLE, paragraph, item) or "").startswith(begins)


@pytest.mark.parametrize(("paragraph", "item"), [(4, None), (1, 1), (2, 3), (None, 9), (0, None)])
def test_a_part_that_is_not_there_is_none(paragraph: int | None, item: int | None) -> None:
    assert part_of(ARTICLE, paragraph, item) is None
