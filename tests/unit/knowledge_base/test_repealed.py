"""Laws that people still quote, and what took their place."""

from __future__ import annotations

import datetime as dt

from knowledge_base.lawnames import known_laws
from knowledge_base.loader import load
from knowledge_base.repealed import load_repealed


def test_the_contract_law_gave_way_to_the_civil_code() -> None:
    found = load_repealed()["合同法"]
    assert (found.by, found.since) == ("民法典", dt.date(2021, 1, 1))


def test_replaced_laws_are_not_in_the_base_and_their_successors_are_laws() -> None:
    held = {article.version.law for article in load().articles.values()}
    for law, replaced in load_repealed().items():
        assert law not in held
        assert known_laws().knows(replaced.by) or replaced.by == "生态环境法典"
