"""Aligning two texts article by article."""

from __future__ import annotations

from knowledge_base.alignment import align, similarity

OLD = {
    "1": "果园主应当在每年三月一日以前向县级人民政府登记果树的品种、数量和种植面积。",
    "2": "果农采摘的水果应当经过质量检验，检验不合格的水果不得在市场上销售。",
    "3": "销售腐烂变质水果的，由市场监督管理部门没收违法所得，并处罚款。",
    "4": "果园之间因灌溉用水发生争议的，由双方协商解决；协商不成的，可以请求水务部门调解。",
    "5": "本条例所称养蜂，是指在花期放置蜂箱为果树授粉的经营活动。",
}


def test_articles_pushed_down_by_a_new_one_keep_their_successors() -> None:
    new = {"1": OLD["1"], "2": "新设果园应当进行环境影响评估并征求邻近住户的意见。"}
    new |= {str(n + 1): OLD[str(n)] for n in range(2, 6)}
    assert align(OLD, new, same_law=True) == {
        "1": ("1",), "2": ("3",), "3": ("4",), "4": ("5",), "5": ("6",),
    }  # fmt: skip


def test_a_reworded_article_is_recognised() -> None:
    new = dict(OLD)
    new["3"] = "经营者销售腐烂变质水果的，由市场监督管理部门没收违法所得，处五千元以上罚款。"
    assert align(OLD, new, same_law=True)["3"] == ("3",)


def test_an_article_that_was_dropped_has_no_successor() -> None:
    new = {"1": OLD["1"], "2": OLD["2"], "3": OLD["4"]}
    found = align(OLD, new, same_law=True)
    assert "3" not in found
    assert "5" not in found
    assert found["4"] == ("3",)


def test_two_equal_candidates_are_not_certain() -> None:
    new = {"1": OLD["3"], "2": OLD["3"]}
    assert align({"3": OLD["3"]}, new, same_law=False) == {}


def test_another_law_may_stand_in_any_order() -> None:
    new = {"10": OLD["4"], "20": OLD["1"]}
    assert align(OLD, new, same_law=False) == {"1": ("20",), "4": ("10",)}


def test_an_empty_text_aligns_with_nothing() -> None:
    assert align({}, OLD, same_law=True) == {}
    assert align(OLD, {}, same_law=True) == {}


def test_likeness_is_one_for_the_same_words_and_none_for_others() -> None:
    scores = similarity(list(OLD.values()), list(OLD.values()))
    assert scores.shape == (5, 5)
    assert scores.dtype.name == "float32"
    assert all(abs(scores[i, i] - 1) < 1e-5 for i in range(5))
    assert scores[0, 1] < 0.3


def test_closing_articles_are_not_successors_of_one_another() -> None:
    old = OLD | {"6": "本条例自2010年6月1日起施行。"}
    new = OLD | {"6": "本条例自2020年6月1日起施行。"}
    assert "6" not in align(old, new, same_law=True)
