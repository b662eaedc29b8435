"""The menu's file: what the platform would refuse is refused here, in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.wechat.menu import Menu, differences, read_menu, to_platform

BASE = "https://12348.example.cn"
GOOD = """
buttons:
  - {name: 问法律, kind: click, key: ask}
  - name: 办事
    children:
      - {name: 申请法律援助, kind: view, url: "{url}/m/apply"}
      - {name: 最近的法律服务, kind: location_select, key: nearest}
      - {name: 办事小程序, kind: miniprogram, url: "{url}/", appid: wx1, pagepath: pages/index}
  - {name: 转律师, kind: click, key: lawyer}
"""
OLD = "https://old.example/"
UP = {
    "menu": {
        "button": [
            {"type": "click", "name": "问法律", "key": "ask", "sub_button": []},
            {
                "name": "办事",
                "sub_button": [
                    {"type": "view", "name": "申请法律援助", "url": OLD, "sub_button": []},
                    {"type": "click", "name": "以前的", "key": "old", "sub_button": []},
                ],
            },
        ]
    }
}


def menu_of(tmp_path: Path, content: str) -> Menu:
    path = tmp_path / "menu.yml"
    path.write_text(content, encoding="utf-8")
    return read_menu(path)


def one_button(tmp_path: Path, fields: str) -> Menu:
    return menu_of(tmp_path, f"buttons:\n  - {{{fields}}}\n")


def wanted(tmp_path: Path) -> dict[str, Any]:
    return to_platform(menu_of(tmp_path, GOOD), BASE)


def test_a_menu_is_put_into_the_platforms_form(tmp_path: Path) -> None:
    assert wanted(tmp_path) == {
        "button": [
            {"name": "问法律", "type": "click", "key": "ask"},
            {
                "name": "办事",
                "sub_button": [
                    {"name": "申请法律援助", "type": "view", "url": f"{BASE}/m/apply"},
                    {"name": "最近的法律服务", "type": "location_select", "key": "nearest"},
                    {
                        "name": "办事小程序",
                        "type": "miniprogram",
                        "url": f"{BASE}/",
                        "appid": "wx1",
                        "pagepath": "pages/index",
                    },
                ],
            },
            {"name": "转律师", "type": "click", "key": "lawyer"},
        ]
    }


@pytest.mark.parametrize("base", ["", "http://12348.example.cn"])
def test_a_menu_with_pages_needs_a_public_address(tmp_path: Path, base: str) -> None:
    with pytest.raises(ValueError, match=r"“申请法律援助”.*公网地址"):
        to_platform(menu_of(tmp_path, GOOD), base)


def test_a_menu_without_pages_needs_no_public_address(tmp_path: Path) -> None:
    assert to_platform(one_button(tmp_path, "name: 问, kind: click, key: a"), "")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "只有 buttons"),
        ("[]", "只有 buttons"),
        ("buttons: []\nfooter: 1", "只有 buttons"),
        ("buttons:", "1 到 3 个"),
        ("buttons: []", "1 到 3 个"),
        ("buttons: [a]", "第 1 个按钮应当写成"),
        ("buttons: {a: b}", "1 到 3 个"),
        ("buttons:\n  - name: [", "第 3 行|第 2 行"),
        ("buttons:\n  - {name: 看, kind: view, url: {url}/m}", "要加引号"),
        ("buttons:\n" + "  - {name: 问%s, kind: click, key: a}\n" * 4 % (1, 2, 3, 4), "1 到 3 个"),
        ("buttons:\n" + "  - {name: 问, kind: click, key: a}\n" * 2, "都叫“问”"),
        ("buttons:\n  - {name: 办, children: []}", "“办”的下级菜单要有 1 到 5 个"),
        (
            "buttons:\n  - {name: 办, kind: click, children: [{name: 问, kind: click, key: a}]}",
            "不该有 kind",
        ),
        (
            "buttons:\n  - name: 办\n    children:\n"
            "      - {name: 二, children: [{name: 三, kind: click, key: a}]}",
            "“二”已是二级菜单",
        ),
    ],
)
def test_a_file_that_is_no_menu_is_refused(tmp_path: Path, content: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        menu_of(tmp_path, content)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ("kind: click, key: a", "第 1 个按钮没有名称"),
        ("name: 12348, kind: click, key: a", "没有名称"),
        ("name: ' ', kind: click, key: a", "没有名称"),
        ("name: 我要问法律, kind: click, key: a", "太长，最多 4 个汉字"),
        ("name: abcdefghi, kind: click, key: a", "太长"),
        ("name: 问", "“问”的 kind 只能是"),
        ("name: 问, kind: teleport, key: a", "只能是 .*click"),
        ("name: 问, kind: [click], key: a", "只能是"),
        ("name: 问, kind: click", "缺少 key"),
        ("name: 问, kind: click, key: 5", "缺少 key"),
        (f"name: 问, kind: click, key: {'键' * 43}", "最多 128 字节"),
        ("name: 问, kind: click, key: a, url: b", "不该有 url"),
        ("name: 看, kind: view, key: a", "不该有 key"),
        ("name: 看, kind: view", "缺少 url"),
        ("name: 看, kind: view, url: 'http://a.example'", "https://"),
        ("name: 看, kind: view, url: '{url}x'", "https://"),
        ("name: 看, kind: view, url: 'javascript:x'", "https://"),
        ("name: 序, kind: miniprogram, url: 'https://a.example', appid: wx1", "缺少 pagepath"),
    ],
)
def test_a_button_the_platform_would_refuse_is_named(
    tmp_path: Path, fields: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        one_button(tmp_path, fields)


def test_a_second_level_takes_longer_names_and_up_to_five(tmp_path: Path) -> None:
    child = "      - {{name: 一二三四五六七{n}, kind: click, key: a}}\n"
    head = "buttons:\n  - name: 办事\n    children:\n"
    five = head + "".join(child.format(n=n) for n in "甲乙丙丁戊")
    assert len(menu_of(tmp_path, five).buttons[0].children) == 5
    with pytest.raises(ValueError, match="1 到 5 个"):
        menu_of(tmp_path, five + child.format(n="己"))
    with pytest.raises(ValueError, match="最多 8 个汉字"):
        menu_of(tmp_path, head + child.format(n="八九"))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"读不了菜单文件 none\.yml"):
        read_menu(tmp_path / "none.yml")
    (tmp_path / "menu.yml").write_bytes("名".encode("gb18030"))
    with pytest.raises(ValueError, match="UTF-8"):
        read_menu(tmp_path / "menu.yml")


def test_differences_tell_what_comes_goes_and_changes(tmp_path: Path) -> None:
    assert differences(wanted(tmp_path), UP) == [
        "新增“办事 › 最近的法律服务”：发送位置 nearest",
        f"新增“办事 › 办事小程序”：打开小程序 {BASE}/ wx1 pages/index",
        "新增“转律师”：点击 lawyer",
        "去掉“办事 › 以前的”：点击 old",
        f"改动“办事 › 申请法律援助”：原来是打开网页 {OLD}，改为打开网页 {BASE}/m/apply",
    ]


def test_the_same_menu_has_no_differences(tmp_path: Path) -> None:
    menu = wanted(tmp_path)
    assert differences(menu, menu) == []
    assert differences(menu, {"menu": menu, "conditionalmenu": []}) == []


def test_without_a_menu_everything_is_new(tmp_path: Path) -> None:
    lines = differences(wanted(tmp_path), None)
    assert len(lines) == 6
    assert all(line.startswith("新增") for line in lines)


def test_a_new_order_is_told() -> None:
    one = {"name": "甲", "type": "click", "key": "a"}
    two = {"name": "乙", "type": "click", "key": "b"}
    assert differences({"button": [one, two]}, {"button": [two, one]}) == ["顺序改为：甲、乙"]


def test_a_kind_we_do_not_offer_is_still_shown() -> None:
    old = {"button": [{"name": "图", "type": "media_id", "media_id": "m1"}]}
    assert differences({"button": []}, old) == ["去掉“图”：media_id m1"]
