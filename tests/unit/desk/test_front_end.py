"""What the desk's scripts and templates must never do."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

WEB = ROOT / "bot" / "web"
SCRIPTS = sorted((WEB / "static" / "desk").glob("*.js"))
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://"
)


def test_there_are_scripts_to_look_at() -> None:
    assert {"app.js", "chat.js", "live.js"} <= {script.name for script in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_from_words_or_calls_other_sites(script) -> None:
    assert FORBIDDEN.findall(script.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", ["base_staff.html", "desk.html", "login.html"])
def test_no_template_trusts_a_value_or_holds_inline_code(name: str) -> None:
    template = (WEB / "templates" / name).read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe|<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", template)


def test_vendored_code_carries_its_licences() -> None:
    vendor = WEB / "static" / "vendor"
    assert "Apache License" in (vendor / "htm" / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in (vendor / "swagger" / "LICENSE").read_text(encoding="utf-8")
    assert "MIT" in (vendor / "preact" / "LICENSE").read_text(encoding="utf-8")
