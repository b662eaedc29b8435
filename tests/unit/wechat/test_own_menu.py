"""The menu that is put up: the platform takes it, and every entry leads somewhere."""

from __future__ import annotations

from typing import Any

import pytest

from bot.texts import load_texts
from bot.wechat.own_menu import own_menu
from bot.wechat.words import own_words

BASE = "https://12348.example.cn"


def entries() -> list[dict[str, Any]]:
    return [entry for button in own_menu(BASE)["button"] for entry in button["sub_button"]]


def test_every_key_is_a_button_or_a_page() -> None:
    buttons = set(load_texts().get("buttons"))
    pages = {f"page:{target}" for target in own_words().get("pages") if target != "none"}
    keys = [entry["key"] for entry in entries() if entry["type"] == "click"]
    assert keys
    assert set(keys) - buttons - pages == set()


def test_pages_that_open_at_once_need_no_follower() -> None:
    opened = {entry["url"] for entry in entries() if entry["type"] == "view"}
    assert opened == {f"{BASE}/m/calculate", f"{BASE}/m/services"}


def test_without_a_public_address_the_menu_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="公网地址"):
        own_menu("")
