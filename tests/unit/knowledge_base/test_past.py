"""Tracing an article of today back to the day of the facts."""

from __future__ import annotations

import datetime as dt

import pytest

from knowledge_base.loader import ROOT, load
from knowledge_base.past import Past
from knowledge_base.verifier import load_verifier

D = dt.date
TODAY = D(2026, 11, 26)


@pytest.fixture(scope="module")
def past() -> Past:
    return Past(load(ROOT), load_verifier())


@pytest.mark.parametrize(
    ("key", "on", "then", "retold"),
    [
        ("治安管理处罚法/51", D(2025, 8, 1), "治安管理处罚法/43", True),
        ("治安管理处罚法/51", D(2026, 8, 1), "治安管理处罚法/51", False),
        ("民法典/577", D(2015, 1, 1), "合同法/107", False),
        ("公司法/57", D(2020, 1, 1), "公司法/33", True),
        ("劳动合同法/82", D(2015, 1, 1), "劳动合同法/82", False),
    ],
)
def test_an_article_is_found_where_it_stood(
    past: Past, key: str, on: D, then: str, retold: bool
) -> None:
    found = past.trace(key, on, TODAY)
    assert found is not None
    assert (found.key, found.former is not None) == (then, retold)


@pytest.mark.parametrize(
    ("key", "on"),
    [("民法典/577", D(1980, 1, 1)), ("社会救助法/13", D(2020, 1, 1)), ("火星法/1", D(2020, 1, 1))],
)
def test_what_had_no_place_then_is_not_traced(past: Past, key: str, on: D) -> None:
    assert past.trace(key, on, TODAY) is None


def test_every_former_article_leads_back_to_itself(past: Past) -> None:
    kb = load(ROOT)
    for found in kb.former.values():
        for former in found:
            version = former.article.version
            assert past.former_of(version, former.article.number) is not None
            begins = version.in_force_from
            assert begins is not None
            for now in former.now[:1]:
                traced = past.trace(now, begins, TODAY)
                assert traced is not None, (former.article.key, now)
