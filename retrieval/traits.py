"""What can be said of an article, or of a question, without the other: what it treats of.

A question about an amount wants an article with an amount. The forest of ``ranker`` learns which
trait of a question goes with which trait of an article.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from knowledge_base.models import Passage

FloatArray = npt.NDArray[np.float32]

_OF_QUESTIONS: Mapping[str, str] = {
    "money": "多少钱|多少|几倍|赔|罚款|费|补偿|工资",
    "time": "多久|多长|几天|几年|期限|时效|时间|什么时候|何时|多少天",
    "which": "哪些|什么情况|什么情形|哪种|条件|要求|材料|包括",
    "what": "什么是|是什么|指什么|含义|定义|意思",
    "who": "谁|由哪|哪个部门|哪个机关|哪里|向哪|主管",
    "crime": "判|坐牢|犯罪|刑|罪|抓",
    "valid": "有效|无效|效力|合法|算数",
    "liable": "责任|承担|赔偿|后果|处罚",
    "may": "可以|能不能|能否|可否|是否|能.*吗",
    "how": "怎么办|如何|怎样|程序|步骤",
}
_OF_ARTICLES: Mapping[str, str] = {
    "money": "[元倍]|百分之|赔偿",
    "time": "[一二三四五六七八九十]+(?:日|个月|年)",
    "items": "（[一二]）",
    "meaning": "是指|所称|视为",
    "authority": "部门|机关|人民政府",
    "crime": "有期徒刑|拘役",
    "valid": "有效|无效|效力|撤销",
    "liable": "应当承担|责任|罚款|处罚",
    "may": "可以|有权",
    "procedure": "申请|提出|提交|办理",
}

QUESTION_TRAITS: tuple[str, ...] = (
    "q_length",
    "q_words",
    *(f"q_{name}" for name in _OF_QUESTIONS),
)
ARTICLE_TRAITS: tuple[str, ...] = (
    "a_length",
    "a_questions",
    "a_level",
    "a_law_size",
    "a_position",
    *(f"a_{name}" for name in _OF_ARTICLES),
)

_QUESTIONS = [re.compile(pattern) for pattern in _OF_QUESTIONS.values()]
_ARTICLES = [re.compile(pattern) for pattern in _OF_ARTICLES.values()]


def of_question(text: str, words: int) -> FloatArray:
    """Return float32 (len(QUESTION_TRAITS),) for a question of so many words."""
    found = [float(pattern.search(text) is not None) for pattern in _QUESTIONS]
    return np.asarray([len(text), words, *found], np.float32)


def of_passages(passages: Sequence[Passage]) -> FloatArray:
    """Return float32 (passages, len(ARTICLE_TRAITS)); what is no article has few traits."""
    laws = [passage.key.rpartition("/")[0] for passage in passages]
    sizes = Counter(laws)
    furthest: dict[str, float] = {}
    places = [_place(passage) for passage in passages]
    for law, place in zip(laws, places, strict=True):
        furthest[law] = max(furthest.get(law, 1.0), place)
    table = np.zeros((len(passages), len(ARTICLE_TRAITS)), np.float32)
    for row, (passage, law, place) in enumerate(zip(passages, laws, places, strict=True)):
        table[row] = (
            np.log1p(len(passage.body)),
            len(passage.questions),
            _level(law),
            np.log1p(sizes[law]),
            place / furthest[law],
            *(float(pattern.search(passage.body) is not None) for pattern in _ARTICLES),
        )
    return table


def _place(passage: Passage) -> float:
    if passage.kind != "article":
        return 0.0
    return float(passage.key.rpartition("/")[2].partition("-")[0])


def _level(law: str) -> float:
    """Tell interpretations, laws and the rest apart; ranks within a kind are of no meaning."""
    if law.startswith("最高人民") or law.endswith("解释"):
        return 0.0
    return 1.0 if law.endswith(("法", "法典")) else 2.0
