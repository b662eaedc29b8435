"""The menu that this release puts up, read from menu.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.wechat.menu import read_menu, to_platform

MENU = Path(__file__).with_name("menu.yml")


def own_menu(public_url: str, path: Path = MENU) -> dict[str, Any]:
    """Return the menu as the platform takes it.

    Raises:
        ValueError: it cannot be put up; says why.
    """
    return to_platform(read_menu(path), public_url)
