"""The widget's files hold together: words in every language, no unsafe call, small enough."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from connectors.web.assets import STATIC

FRAME = STATIC / "frame"
LOCALES = ("zh-Hans", "zh-Hant", "en")
OURS = [*sorted(FRAME.glob("*.js")), STATIC / "widget.js"]
MOST_BYTES = 45 * 1024
"""Script and style of the whole widget as sent, compressed: a second on a slow phone network."""


def words(locale: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((FRAME / "locales" / f"{locale}.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("locale", LOCALES[1:])
def test_every_language_has_every_sentence_with_the_same_fields(locale: str) -> None:
    base, other = words("zh-Hans"), words(locale)
    assert list(other) == list(base)
    for name, sentence in base.items():
        assert set(re.findall(r"\{\w+\}", other[name])) == set(re.findall(r"\{\w+\}", sentence))
        assert other[name].strip()


def test_every_sentence_that_the_code_asks_for_exists() -> None:
    asked = {
        name
        for path in FRAME.glob("*.js")
        for name in re.findall(r"\bt\('([a-z_0-9]+)'", path.read_text("utf-8"))
    }
    assert len(asked) > 60
    assert asked <= set(words("zh-Hans"))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_script_makes_html_or_code_from_data(path: Path) -> None:
    source = path.read_text("utf-8")
    for unsafe in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "dangerouslySetInnerHTML",
        "'*'",
    ):
        assert unsafe not in source, unsafe


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_script_names_a_third_party(path: Path) -> None:
    addresses = set(re.findall(r"https?://[^\s'\"`)]+", path.read_text("utf-8")))
    assert addresses <= {"http://www.w3.org/2000/svg", "https://www.gov.cn/"}


def test_the_whole_widget_stays_small() -> None:
    files = [*OURS, *FRAME.glob("vendor/*.js"), FRAME / "frame.css", FRAME / "index.html"]
    total = sum(len(gzip.compress(path.read_bytes())) for path in files)
    assert total < MOST_BYTES


def test_vendored_modules_carry_their_licences() -> None:
    vendor = FRAME / "vendor"
    assert "Permission is hereby granted" in (vendor / "preact.LICENSE").read_text()
    assert "Apache License" in (vendor / "htm.LICENSE").read_text()
    imports = re.findall(r'from"([^"]+)"', (vendor / "hooks.js").read_text())
    assert imports == ["./preact.js"]


def luminance(colour: str) -> float:
    full = colour if len(colour) == 7 else "#" + "".join(c * 2 for c in colour[1:])
    parts = [int(full[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


PAIRS = (
    ("--ink", "--paper"), ("--ink", "--ground"), ("--ink", "--tint"), ("--soft", "--paper"),
    ("--soft", "--ground"), ("--soft", "--tint"), ("--link", "--paper"), ("--link", "--ground"),
    ("--link", "--tint"), ("--law", "--paper"), ("--law", "--ground"), ("--good", "--paper"),
    ("--good", "--good-tint"), ("--warn", "--warn-tint"), ("--bad", "--paper"),
    ("--on-brand", "--brand"), ("--on-brand", "--brand-deep"),
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_of_colours_is_readable(scheme: str) -> None:
    css = (FRAME / "frame.css").read_text("utf-8")
    light = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{3,6});", css.split("}")[0]))
    dark = css.split(':root[data-scheme="dark"] {')[1].split("}")[0]
    colours = light | (
        dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{3,6});", dark)) if scheme == "dark" else {}
    )
    for text, ground in PAIRS:
        found = contrast(colours[text], colours[ground])
        assert found >= 4.5, f"{text} on {ground}: {found:.2f}"


def test_both_ways_into_the_dark_have_the_same_colours() -> None:
    css = (FRAME / "frame.css").read_text("utf-8")
    one = css.split(':root[data-scheme="dark"] {')[1].split("}")[0]
    two = css.split(':root[data-scheme="auto"] {')[1].split("}")[0]
    assert one.split() == two.split()
