"""A tiny made-up base, indexed once, that every retrieval test shares."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from knowledge_base.models import Passage
from retrieval.building import build
from retrieval.search import Searcher

TINY: tuple[Passage, ...] = (
    Passage(
        "article",
        "劳动合同法/82",
        "劳动合同法第八十二条",
        "用工满一个月还不签书面合同，单位要按月付两倍工资，最多十一个月。",
        "劳动",
        ("没签劳动合同能要双倍工资吗", "干了半年老板一直不签合同怎么办"),
        dt.date(2013, 7, 1),
    ),
    Passage(
        "article",
        "民法典/1042",
        "民法典第一千零四十二条",
        "不准借婚姻要钱要物，不准家庭暴力，不准重婚。",
        "婚姻家庭",
        ("婆家要的彩礼太高合法吗",),
        dt.date(2021, 1, 1),
    ),
    Passage(
        "article",
        "婚姻法/3",
        "婚姻法第三条",
        "不准借婚姻要钱要物，不准家庭暴力。",
        "婚姻家庭",
        (),
        dt.date(2001, 4, 28),
        dt.date(2021, 1, 1),
    ),
    Passage(
        "article",
        "民法典/1245",
        "民法典第一千二百四十五条",
        "养的动物伤了人，由饲养人或管理人赔；受害人故意或重大过失的可以减免。",
        "人身损害",
        ("被邻居家狗咬了找谁赔", "遛狗没牵绳咬到人"),
        dt.date(2021, 1, 1),
    ),
    Passage(
        "case",
        "dog-bite",
        "小区流浪犬投喂人担责",
        "长期投喂流浪犬的住户被认定为管理人，承担大部分赔偿。",
        "人身损害",
        ("喂流浪狗结果狗咬人要赔吗",),
    ),
    Passage(
        "answer",
        "wage-arrears",
        "老板拖欠工资怎么办？",
        "先保留考勤和转账记录，可以向劳动监察投诉，也可以申请劳动仲裁。",
        "劳动",
        ("老板拖欠工资怎么办？", "工钱一直不发去哪告"),
    ),
    Passage(
        "service", "9", "法律援助", "经济困难的人可以申请免费律师。", "其他", ("请不起律师怎么办",)
    ),
)


@pytest.fixture(scope="session")
def tiny_passages() -> tuple[Passage, ...]:
    return TINY


@pytest.fixture(scope="session")
def tiny_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tiny") / "index"
    build(TINY, directory)
    return directory


@pytest.fixture(scope="session")
def searcher(tiny_index: Path) -> Searcher:
    return Searcher.load(tiny_index)
