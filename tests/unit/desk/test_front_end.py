"""What the desk's scripts and templates must never do, and that their parts fit together."""

from __future__ import annotations

import re

import pytest

from bot.desk.views import load_words
from tests.conftest import ROOT

WEB = ROOT / "bot" / "web"
DESK = WEB / "static" / "desk"
SCRIPTS = sorted(DESK.glob("*.js"))
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|document\.write|\beval\(|new Function"
    r"|https?://|\bstyle=|console\.|sessionStorage"
)
LONGEST_SCRIPT = 300
# An address comes from our own site: checked, or written out from its beginning.
ADDRESS = re.compile(r"(?:href|src|action)=\$\{(?!own\(|`/)")
IMPORT = re.compile(r'^import (?:\{([^}]*)\}|\* as \w+) from "(\./[\w.]+)";', re.M)


def words_of(script) -> str:
    return script.read_text(encoding="utf-8")


def test_there_are_scripts_to_look_at() -> None:
    names = {script.name for script in SCRIPTS}
    assert {"app.js", "chat.js", "live.js", "composer.js", "copilot.js", "dialogs.js"} <= names


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_from_words_or_calls_other_sites(script) -> None:
    assert FORBIDDEN.findall(words_of(script)) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_leads_to_an_address_that_a_message_chose(script) -> None:
    assert ADDRESS.findall(words_of(script)) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_answers_one_question(script) -> None:
    words = words_of(script)
    assert words.startswith("// ")
    assert words.count("\n") <= LONGEST_SCRIPT


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_what_a_script_imports_is_there(script) -> None:
    for names, path in IMPORT.findall(words_of(script)):
        found = words_of(DESK / path)
        for name in filter(None, (part.strip() for part in names.split(","))):
            assert re.search(rf"export (?:async )?(?:const|function|class) {name}\b", found), name


def test_only_choices_of_the_screen_stay_in_the_browser() -> None:
    kept = {key for script in SCRIPTS for key in re.findall(r'KEY = "([^"]+)"', words_of(script))}
    assert kept == {"lawbridge-desk-sound", "lawbridge-desk-notices", "lawbridge-desk-folded"}


@pytest.mark.parametrize("name", ["base_staff.html", "desk.html", "login.html"])
def test_no_template_trusts_a_value_or_holds_inline_code(name: str) -> None:
    template = (WEB / "templates" / name).read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe|<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", template)


def test_the_desks_page_names_only_files_that_are_there() -> None:
    template = (WEB / "templates" / "desk.html").read_text(encoding="utf-8")
    named = re.findall(r'"/static/([^"]+)"', template)
    assert "desk/app.js" in named
    assert [name for name in named if not (WEB / "static" / name).is_file()] == []


def test_the_scripts_fill_in_the_variables_of_the_canned_texts() -> None:
    listed = re.search(r"NAMES = new Set\(\[([^\]]+)\]\)", words_of(DESK / "canned.js"))
    assert listed is not None
    assert tuple(re.findall(r'"([^"]+)"', listed[1])) == load_words().variables
    filled = re.search(r"return \{ (.+) \};", words_of(DESK / "writing.js"))
    assert filled is not None
    assert set(re.findall(r"(\w+):", filled[1])) == set(load_words().variables)


def test_vendored_code_carries_its_licences() -> None:
    vendor = WEB / "static" / "vendor"
    assert "Apache License" in (vendor / "htm" / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in (vendor / "swagger" / "LICENSE").read_text(encoding="utf-8")
    assert "MIT" in (vendor / "preact" / "LICENSE").read_text(encoding="utf-8")
