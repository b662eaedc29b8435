"""The account's menu: read from its YAML file, checked by the platform's rules, compared.

The sentences are for the operator who keeps the file. Nothing here calls the platform.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MOST_TOP, MOST_CHILDREN = 3, 5
MOST_KEY_BYTES = 128
MOST_URL_BYTES = 1024
URL = "{url}"
"""Stands for the public address in the file's own addresses."""

_KEY_KINDS = {
    "click": "点击",
    "location_select": "发送位置",
    "pic_photo_or_album": "拍照或选图",
    "pic_sysphoto": "拍照",
    "pic_weixin": "选图",
    "scancode_push": "扫码",
    "scancode_waitmsg": "扫码并等待",
}
_NAMES = {**_KEY_KINDS, "view": "打开网页", "miniprogram": "打开小程序"}
_FIELDS = {
    **{kind: ("key",) for kind in _KEY_KINDS},
    "view": ("url",),
    "miniprogram": ("url", "appid", "pagepath"),
}


@dataclass(frozen=True)
class Room:
    """How long a button's name may be: in bytes to be taken, in columns to be shown whole."""

    bytes: int
    columns: int


TOP, CHILD = Room(16, 8), Room(60, 16)


@dataclass(frozen=True)
class Button:
    name: str
    kind: str = ""
    """Empty for one that opens ``children``."""
    values: tuple[tuple[str, str], ...] = ()
    """What its kind needs, under the platform's names: key, url, appid, pagepath."""
    children: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Menu:
    buttons: tuple[Button, ...]


def read_menu(path: Path) -> Menu:
    """Read and check a menu.

    Raises:
        ValueError: it cannot be read, or the platform would refuse it; says where and why.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"读不了菜单文件 {path.name}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"菜单文件 {path.name} 不是 UTF-8 编码") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行" if mark else "某处"
        raise ValueError(
            f"菜单文件 {path.name} {where}不是正确的 YAML（带 {URL} 的网址要加引号）"
        ) from error
    if not isinstance(data, dict) or set(data) != {"buttons"}:
        raise ValueError(f"菜单文件 {path.name} 里应当只有 buttons 一项")
    return Menu(_buttons(data["buttons"], "一级菜单", MOST_TOP, TOP))


def to_platform(menu: Menu, base_url: str) -> dict[str, Any]:
    """Return the menu as the platform takes it; ``base_url`` is without its last slash.

    Raises:
        ValueError: a page is to be opened, and the public address is missing or not https.
    """
    return {"button": [_platform(button, base_url) for button in menu.buttons]}


def described(menu: Mapping[str, Any]) -> list[str]:
    """Say what each button does, a line each, in their order; reads what the platform returns."""
    return [f"{name}：{does}" for name, does in _flat(menu).items()]


def differences(wanted: Mapping[str, Any], present: Mapping[str, Any] | None) -> list[str]:
    """Say what putting up the wanted menu would change, a line each; no line for no change.

    ``present`` is the platform's answer, or None where no menu is up.
    """
    new, old = _flat(wanted), _flat(present or {})
    lines = [f"新增“{name}”：{does}" for name, does in new.items() if name not in old]
    lines += [f"去掉“{name}”：{does}" for name, does in old.items() if name not in new]
    kept = [name for name in new if name in old]
    lines += [
        f"改动“{name}”：原来是{old[name]}，改为{new[name]}"
        for name in kept
        if old[name] != new[name]
    ]
    if kept != [name for name in old if name in new]:
        lines.append("顺序改为：" + "、".join(new))
    return lines


def _buttons(data: Any, where: str, most: int, room: Room) -> tuple[Button, ...]:
    if not isinstance(data, list) or not 1 <= len(data) <= most:
        raise ValueError(f"{where}要有 1 到 {most} 个按钮")
    found = tuple(_button(item, f"{where}第 {n} 个按钮", room) for n, item in enumerate(data, 1))
    names = [button.name for button in found]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise ValueError(f"{where}有两个按钮都叫“{twice}”")
    return found


def _button(data: Any, where: str, room: Room) -> Button:
    if not isinstance(data, dict):
        raise ValueError(f"{where}应当写成 name、kind 等项")
    name = _name(data.get("name"), where, room)
    where = f"按钮“{name}”"
    if "children" in data:
        if room is CHILD:
            raise ValueError(f"{where}已是二级菜单，不能再有下级")
        _only(data, {"name", "children"}, where)
        children = _buttons(data["children"], f"“{name}”的下级菜单", MOST_CHILDREN, CHILD)
        return Button(name, children=children)
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise ValueError(f"{where}的 kind 只能是 {'、'.join(_FIELDS)}，或者改写 children")
    _only(data, {"name", "kind", *_FIELDS[kind]}, where)
    return Button(name, kind, tuple((f, _value(data.get(f), f, where)) for f in _FIELDS[kind]))


def _only(data: Mapping[Any, Any], known: set[str], where: str) -> None:
    unknown = sorted(str(name) for name in data if name not in known)
    if unknown:
        raise ValueError(f"{where}不该有 {'、'.join(unknown)} 这一项")


def _name(given: Any, where: str, room: Room) -> str:
    name = given.strip() if isinstance(given, str) else ""
    if not name:
        raise ValueError(f"{where}没有名称（name，只有数字的要加引号）")
    columns = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in name)
    if len(name.encode()) > room.bytes or columns > room.columns:
        raise ValueError(f"{where}的名称“{name}”太长，最多 {room.columns // 2} 个汉字")
    return name


def _value(given: Any, field: str, where: str) -> str:
    value = given.strip() if isinstance(given, str) else ""
    if not value:
        raise ValueError(f"{where}缺少 {field}（只有数字的要加引号）")
    most = MOST_KEY_BYTES if field == "key" else MOST_URL_BYTES
    if len(value.encode()) > most:
        raise ValueError(f"{where}的 {field} 太长，最多 {most} 字节")
    if field == "url" and not value.startswith(("https://", f"{URL}/")):
        raise ValueError(f"{where}的网址必须以 https:// 或 {URL}/ 开头")
    return value


def _platform(button: Button, base_url: str) -> dict[str, Any]:
    if button.children:
        children = [_platform(child, base_url) for child in button.children]
        return {"name": button.name, "sub_button": children}
    values = dict(button.values)
    if URL in values.get("url", ""):
        if not base_url.startswith("https://"):
            raise ValueError(
                f"按钮“{button.name}”要打开本系统的网页，请先设置以 https:// 开头的公网地址"
            )
        values["url"] = values["url"].replace(URL, base_url)
    return {"name": button.name, "type": button.kind, **values}


def _flat(menu: Mapping[str, Any]) -> dict[str, str]:
    """Return what each button does by its name, in order; reads what the platform returns."""
    inner = menu.get("menu")
    found: dict[str, str] = {}
    for button in (inner if isinstance(inner, Mapping) else menu).get("button") or []:
        name = str(button.get("name", ""))
        children = button.get("sub_button") or []
        # The platform writes an empty list, or one inside a dictionary.
        if isinstance(children, Mapping):
            children = children.get("list") or []
        found[name] = "展开下级菜单" if children else _does(button)
        for child in children:
            found[f"{name} › {child.get('name', '')}"] = _does(child)
    return found


def _does(button: Mapping[str, Any]) -> str:
    kind = str(button.get("type", ""))
    rest = [str(button[f]) for f in ("key", "url", "appid", "pagepath", "media_id") if f in button]
    return " ".join([_NAMES.get(kind, kind or "无动作"), *rest])
