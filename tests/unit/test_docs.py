"""The documentation states what the code knows: settings, commands, routes, errors, links."""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bot.cli import app as command_line
from bot.settings import ROOT as CODE_ROOT
from bot.settings import Settings
from knowledge_base.verifier import load_verifier
from knowledge_base.versions import load_register

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "docs" / "configuration.md"
MEASURING = ROOT / "docs" / "measuring.md"
HTTP = ROOT / "docs" / "http.md"

MADE_LATER = {"deploy/secrets/"}
"""What a command described beside it makes."""

ROUTE = re.compile(r"^[a-z]+(?:_[a-z]+)*$")


def documents() -> list[Path]:
    own = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]
    return sorted(own)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Settings


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, f"{variable}__")
        else:
            yield variable, field


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Path):
        value = "" if value == Path() else value.relative_to(CODE_ROOT).as_posix()
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if value not in ("", []) else "（空）"


def settings_table() -> str:
    """Return the table that docs/configuration.md must hold."""
    lines = ["| 环境变量 | 默认值 | 含义 |", "|---|---|---|"]
    for variable, field in _fields(Settings, "BOT_"):
        default = _shown(field.get_default(call_default_factory=True))
        meaning = (field.description or "").replace("<", "&lt;").replace("|", "\\|")
        lines.append(f"| `{variable}` | {default} | {meaning} |")
    return "\n".join(lines)


def test_every_setting_says_what_it_means() -> None:
    silent = [variable for variable, field in _fields(Settings, "BOT_") if not field.description]
    assert silent == []


def test_configuration_lists_every_setting_with_its_default() -> None:
    text = CONFIGURATION.read_text(encoding="utf-8")
    listed = re.search(r"^\| 环境变量 .*?(?=\n\n|\Z)", text, re.M | re.S)
    found = listed.group().strip() if listed else ""
    assert found == settings_table(), f"the table should be:\n{settings_table()}"


def test_example_environment_names_only_settings_that_exist() -> None:
    known = {variable for variable, _ in _fields(Settings, "BOT_")}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named_there = set(re.findall(r"^#?\s?(BOT_[A-Z_]+)=", example, re.M))
    assert named_there
    assert named_there <= known


@pytest.mark.parametrize("document", documents(), ids=named)
def test_documents_name_only_settings_that_exist(document: Path) -> None:
    known = {variable for variable, _ in _fields(Settings, "BOT_")}
    mentioned = set(re.findall(r"\bBOT_[A-Z][A-Z_]*[A-Z]", document.read_text(encoding="utf-8")))
    # A further official account has the settings of the first, under its own name.
    mentioned = {re.sub(r"_MORE__[A-Z]+__", "__", name) for name in mentioned}
    # A group as such may be named: BOT_WECHAT, BOT_LIMITS.
    groups = {variable.split("__")[0] for variable in known}
    assert mentioned <= known | groups


# Commands


def _code(text: str) -> str:
    """Return what stands in code blocks and code spans, one piece a line."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.M | re.S)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", rest)])


def _bot_commands() -> set[str]:
    """Return every command, a command of a group as two words."""
    top: Any = typer.main.get_command(command_line)
    found = set()
    for name, command in top.commands.items():
        inner = getattr(command, "commands", None)
        found |= {f"{name} {sub}" for sub in inner} if inner else {name}
    return found


@pytest.mark.parametrize("document", documents(), ids=named)
def test_make_targets_in_documents_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    mentioned = set(re.findall(r"\bmake ([a-z][a-z-]*)", _code(document.read_text("utf-8"))))
    assert mentioned <= targets


@pytest.mark.parametrize("document", documents(), ids=named)
def test_bot_commands_in_documents_exist(document: Path) -> None:
    known = _bot_commands()
    groups = {command.split()[0] for command in known if " " in command}
    mentioned = set()
    code = _code(document.read_text(encoding="utf-8"))
    for first, second in re.findall(r"(?:^|[ /])bot ([a-z]+)(?: ([a-z]+))?", code, re.M):
        mentioned.add(f"{first} {second}" if first in groups else first)
    assert mentioned <= known


def test_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make run" in _code(readme)
    assert "make test" in _code(readme)


# Links


@pytest.mark.parametrize("document", documents(), ids=named)
def test_relative_links_resolve(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.M | re.S)
    links = re.findall(r"\]\(([^)\s]+)\)|<img [^>]*src=\"([^\"]+)\"", text)
    targets = [a or b for a, b in links]
    relative = [t for t in targets if not re.match(r"[a-z]+:|#", t)]
    broken = [t for t in relative if not (document.parent / t.split("#")[0]).exists()]
    assert broken == []


@pytest.mark.parametrize("document", documents(), ids=named)
def test_paths_in_documents_exist(document: Path) -> None:
    folders = "bot|connectors|retrieval|knowledge_base|nlu_data|tests|benchmarks|deploy|scripts"
    text = document.read_text(encoding="utf-8")
    spans = re.findall(rf"`((?:{folders})/[A-Za-z0-9_./-]+)`", text)
    absent = [span for span in spans if span not in MADE_LATER and not (ROOT / span).exists()]
    assert absent == []


# HTTP


def _errors() -> set[tuple[str, str, str]]:
    """Return (code, status, sentence) of every error of the family, wherever it is declared."""
    declared: dict[str, tuple[list[str], dict[str, str]]] = {}
    for path in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                declared[node.name] = (bases, _constants(node))
    found = set()
    for name in declared:
        chain = _chain(name, declared)
        if "LawbridgeError" in chain:
            merged = {k: v for kind in reversed(chain) for k, v in declared[kind][1].items()}
            found.add((merged["code"], merged["status"], merged["sentence"]))
    return found


def _chain(name: str, declared: dict[str, tuple[list[str], dict[str, str]]]) -> list[str]:
    if name not in declared:
        return []
    return [name, *(kind for base in declared[name][0] for kind in _chain(base, declared))]


def _constants(node: ast.ClassDef) -> dict[str, str]:
    found = {}
    for inner in node.body:
        target = inner.targets[0] if isinstance(inner, ast.Assign) else None
        target = inner.target if isinstance(inner, ast.AnnAssign) else target
        if isinstance(target, ast.Name) and isinstance(
            value := getattr(inner, "value", None), ast.Constant
        ):
            found[target.id] = str(value.value)
    return found


def test_http_document_lists_exactly_the_error_codes() -> None:
    text = HTTP.read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.+?) \|$", text, re.M))
    assert ("not_found", "404", "没有找到您要的内容。") in rows
    assert rows == _errors()


def _served_paths() -> set[tuple[str, str]]:
    """Return (method, path) of every route declared in the code, prefixes joined."""
    found = set()
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "connectors").rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for scope in ast.walk(tree):
            if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            prefixes = _prefixes(scope)
            for node in scope.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    found |= {
                        (method, prefixes.get(router, "") + route)
                        for router, method, route in _decorations(node)
                    }
    return found


def _prefixes(scope: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, str]:
    """Return the prefix of every router made in a function, by its variable's name."""
    made: dict[str, str] = {}
    for node in scope.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        for keyword in node.value.keywords:
            if keyword.arg == "prefix" and isinstance(keyword.value, ast.Constant):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        made[target.id] = str(keyword.value.value)
    return made


def _decorations(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
) -> Iterator[tuple[str, str, str]]:
    for decorator in function.decorator_list:
        if (
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and isinstance(decorator.func.value, ast.Name)
            and decorator.func.attr in {"get", "post", "put", "delete", "websocket"}
            and decorator.args
            and isinstance(decorator.args[0], ast.Constant)
        ):
            method = decorator.func.attr.upper()
            yield decorator.func.value.id, method, str(decorator.args[0].value)


def test_every_endpoint_in_the_http_document_is_served() -> None:
    text = HTTP.read_text(encoding="utf-8")
    documented = set(re.findall(r"`(GET|POST|PUT|DELETE|WEBSOCKET) (/[^`\s?]*)", text))
    assert len(documented) > 10
    assert documented - _served_paths() == set()


def test_every_endpoint_of_the_web_channel_is_documented() -> None:
    text = HTTP.read_text(encoding="utf-8")
    documented = set(re.findall(r"`(GET|POST|PUT|DELETE|WEBSOCKET) (/[^`\s?]*)", text))
    served = {(method, path) for method, path in _served_paths() if path.startswith("/api/web")}
    assert served
    assert served - documented == set()


# The widget


def test_deployment_describes_every_attribute_and_method_of_the_widget() -> None:
    script = (ROOT / "connectors/web/static/widget.js").read_text(encoding="utf-8")
    guide = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    defaults = re.search(r"var DEFAULTS = \{(.*?)\n  \};", script, re.S)
    assert defaults is not None
    settings = set(re.findall(r"(\w+): ", defaults.group(1))) - {"identity", "attributes"}
    spelt = {"data-" + re.sub(r"([A-Z])", r"-\1", name).lower() for name in settings}
    assert "data-position" in spelt
    assert {name for name in spelt if f"`{name}`" not in guide} == set()
    public = script[script.index("window.lawbridge = {") :]
    methods = set(re.findall(r"^    (\w+): ", public, re.M))
    assert "toggle" in methods
    assert {name for name in methods if f"`{name}`" not in guide} == set()
    events = set(re.findall(r"tell\('(\w+)'", script))
    assert {name for name in events if f"`lawbridge:{name}`" not in guide} == set()


# Measuring


def _reply_routes() -> set[str]:
    """Return every route that a reply in the code is given."""
    found = set()
    for path in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            given = [keyword.value for keyword in node.keywords if keyword.arg == "route"]
            if name == "TurnReply" and node.args:
                given.append(node.args[0])
            if name in ("TurnReply", "replace"):
                found |= {word for value in given for word in _words(value)}
    return found


def _words(value: ast.expr) -> set[str]:
    """Return the strings that an expression may yield, without those it only compares with."""
    if isinstance(value, ast.IfExp):
        return _words(value.body) | _words(value.orelse)
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return {value.value}
    return set()


def test_measuring_lists_every_route_a_reply_can_take() -> None:
    text = MEASURING.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \|", text, re.M))
    used = {route for route in _reply_routes() if ROUTE.match(route)}
    assert "legal_question" in listed
    assert used - listed == set()


def test_measuring_lists_every_topic() -> None:
    from knowledge_base.models import TOPICS

    text = MEASURING.read_text(encoding="utf-8")
    assert [topic for topic in TOPICS if topic not in text] == []


# The law base


def test_the_law_base_document_states_the_size_of_the_register() -> None:
    text = (ROOT / "docs" / "law-base.md").read_text(encoding="utf-8")
    laws, versions = re.findall(r"([\d,]+) 多[部个]", text)[:2]
    register = load_register()
    assert 0 <= len(register.laws) - int(laws.replace(",", "")) < 100
    assert 0 <= len(register) - int(versions.replace(",", "")) < 100


def test_the_examples_of_cite_are_what_it_answers() -> None:
    text = MEASURING.read_text(encoding="utf-8")
    example = re.search(r'\{"key": "(\S+)/(\d+)", "status": "(\w+)", "now": "(\S+)"\}', text)
    assert example is not None
    law, number, status, now = example.groups()
    verdict = load_verifier().judge(law, number, dt.date(2026, 11, 23))
    assert (verdict.status, verdict.now) == (status, now)
