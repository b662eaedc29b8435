"""The house rules that no other tool checks: sizes, names, what may be printed or committed."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "connectors", "retrieval", "knowledge_base")
LONGEST_MODULE = 600
VAGUE = re.compile(r"(?:^|_)(?:utils?|helpers?|managers?|misc|common)(?:$|_)")
VAGUE_CLASS = re.compile(r"(?:Utils?|Helpers?|Manager)$")
# "Dialogue manager" is the trade's word for what Rasa is.
SAID_BY_THE_TRADE = {"DialogueManager"}

# Written in pieces, so that this file does not contain what it forbids.
MACHINE_PATH = re.compile(r"(?<![\w./$}-])/(?:" + "|".join(("work", "root", "Users")) + r")/\w")
HOME_PATH = re.compile(r"(?<![\w.$}-])/" + r"home/\w+/")
INDEX_ADDRESS = re.compile(
    "|".join(
        re.escape(first + second)
        for first, second in (
            ("py", "pi.org"),
            ("pythonhosted", ".org"),
            ("download.py", "torch.org"),
            ("registry.npm", "js.org"),
            ("registry.yarn", "pkg.com"),
            ("tuna.tsing", "hua.edu.cn"),
            ("mirrors.ali", "yun.com"),
            ("--index", "-url"),
            ("--extra-index", "-url"),
            ("--find", "-links"),
        )
    )
)
# "until" fails unless what it waits for comes true.
ASSERTING_CALLS = {
    "until", "raises", "warns", "fail", "expect", "call_and_validate", "validate_response",
}  # fmt: skip


def committed() -> list[Path]:
    """Return every file that is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("不是 git 工作目录，无法列出要提交的文件")
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_module_exceeds_six_hundred_lines() -> None:
    sources = [p for p in committed() if p.suffix in (".py", ".js") and "vendor" not in p.parts]
    lengths = {named(p): len(p.read_text(encoding="utf-8").splitlines()) for p in sources}
    assert len(lengths) > 50
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_only_commands_print() -> None:
    found = []
    for path in modules(*PACKAGES):
        source = path.read_text(encoding="utf-8")
        is_command = path.name in ("cli.py", "__main__.py") or 'if __name__ == "__main__"' in source
        if is_command:
            continue
        found += [
            f"{named(path)}:{node.lineno}"
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ]
    assert found == []


def test_every_test_asserts_something() -> None:
    silent = []
    for path in modules("tests"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {
            node.name: node
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        asserting = _asserting(functions)
        silent += [
            f"{named(path)}::{name}"
            for name in functions
            if name.startswith("test_") and name not in asserting
        ]
    assert silent == []


def _asserting(functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> set[str]:
    """Return the functions that assert, themselves or through another of the same file."""
    calls = {name: _called(node) for name, node in functions.items()}
    found = {
        name
        for name, node in functions.items()
        if any(isinstance(inner, ast.Assert) for inner in ast.walk(node))
        or calls[name] & ASSERTING_CALLS
        or any(called.startswith("assert_") for called in calls[name])
    }
    while more := {name for name, called in calls.items() if called & found} - found:
        found |= more
    return found


def _called(node: ast.AST) -> set[str]:
    names = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            target = inner.func
            if isinstance(target, ast.Name):
                names.add(target.id)
            elif isinstance(target, ast.Attribute):
                names.add(target.attr)
    return names


def test_no_committed_file_names_a_machine_or_a_package_index() -> None:
    found = []
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for pattern in (MACHINE_PATH, HOME_PATH, INDEX_ADDRESS):
            found += [f"{named(path)}: {match.group()}" for match in pattern.finditer(text)]
    assert found == []


def test_the_patterns_see_what_they_forbid() -> None:
    assert MACHINE_PATH.search("cd /" + "work/project")
    assert HOME_PATH.search("see /" + "home/someone/notes")
    assert INDEX_ADDRESS.search("https://py" + "pi.org/simple")
    assert not MACHINE_PATH.search("https://example.org/" + "work/item")


def test_nothing_is_called_utils_helpers_or_manager() -> None:
    found = []
    for path in modules(*PACKAGES, "benchmarks", "tests"):
        if VAGUE.search(path.stem):
            found.append(named(path))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [
            f"{named(path)}: {node.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            and VAGUE_CLASS.search(node.name)
            and node.name not in SAID_BY_THE_TRADE
        ]
    assert found == []


def test_every_module_opens_with_a_docstring() -> None:
    silent = []
    for path in modules(*PACKAGES, "benchmarks"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body and ast.get_docstring(tree) is None and path.name != "__main__.py":
            silent.append(named(path))
    assert silent == []


def test_bot_package_is_empty_for_rasas_interpreter() -> None:
    assert (ROOT / "bot" / "__init__.py").read_bytes() == b""


def test_data_is_a_relative_link_to_nlu_data() -> None:
    assert os.readlink(ROOT / "data") == "nlu_data"


def test_no_work_is_left_marked_as_unfinished() -> None:
    marker = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = [
        named(path)
        for path in modules(*PACKAGES, "benchmarks", "tests")
        if marker.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
