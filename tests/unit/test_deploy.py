"""The deployment files fit the code: they parse, and name only what exists."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
INSTALLED = "/opt/lawbridge"


@pytest.fixture
def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))


def is_setting(variable: str) -> bool:
    return variable.lower().removeprefix("bot_").split("__")[0] in Settings.model_fields


def read_unit(path: Path) -> configparser.ConfigParser:
    # A unit may repeat a key (Environment=), which ini files may not: only the last is kept here.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path, encoding="utf-8")
    return parser


def test_compose_configures_only_settings_that_exist(compose: Any) -> None:
    variables = compose["services"]["app"]["environment"]
    assert variables
    assert [name for name in variables if not is_setting(name)] == []


def test_compose_secrets_are_settings_and_each_is_declared(compose: Any) -> None:
    used = [name for service in compose["services"].values() for name in service.get("secrets", [])]
    assert sorted(used) == sorted(compose["secrets"])
    for name in compose["services"]["app"]["secrets"]:
        assert is_setting(name), name


def test_the_script_makes_every_secret_of_compose(compose: Any, tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "make-secrets.sh", tmp_path)
    subprocess.run(["bash", "make-secrets.sh"], cwd=tmp_path, check=True, capture_output=True)
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    assert made == set(compose["secrets"])
    settings = Settings(_secrets_dir=tmp_path / "secrets", _env_file=None)
    password = (tmp_path / "secrets" / "postgres_password").read_text()
    assert password in settings.database_url
    assert len(settings.cipher_keys[0]) == 44


def test_the_script_keeps_secrets_that_are_there(tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "make-secrets.sh", tmp_path)
    for _ in range(2):
        subprocess.run(["bash", "make-secrets.sh"], cwd=tmp_path, check=True, capture_output=True)
        keys = (tmp_path / "secrets" / "bot_field_keys").read_text()
        (tmp_path / "secrets" / "bot_index_key").write_text("kept")
    assert (tmp_path / "secrets" / "bot_index_key").read_text() == "kept"
    assert (tmp_path / "secrets" / "bot_field_keys").read_text() == keys


def test_only_the_application_is_reachable_and_only_from_this_machine(compose: Any) -> None:
    published = {name: service.get("ports") for name, service in compose["services"].items()}
    only_inside = dict.fromkeys(["clamav", "postgres", "redis"])
    assert published == {"app": ["127.0.0.1:8000:8000"], **only_inside}


def test_secrets_are_never_committed() -> None:
    assert "secrets/" in (DEPLOY / ".gitignore").read_text().splitlines()
    assert "deploy/secrets" in (ROOT / ".dockerignore").read_text().splitlines()


def test_dockerfile_copies_only_what_exists() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    lines = re.findall(r"^COPY (?!--from)(.+)$", text, re.M)
    sources = [source for line in lines for source in line.split()[:-1]]
    assert "nlu_data" in sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_dockerfile_runs_unprivileged_and_checks_readiness() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    last_stage = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER lawbridge$", last_stage, re.M)
    assert "/readyz" in last_stage
    assert last_stage.rstrip().endswith('CMD ["bot", "up"]')


def test_dockerfile_installs_the_same_rasa_as_setup() -> None:
    wanted = "'rasa[jieba]==3.6.21'"
    assert wanted in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert wanted in (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8")


def test_the_service_runs_bot_up_where_the_guide_installs_it() -> None:
    unit = read_unit(DEPLOY / "systemd" / "lawbridge.service")
    assert unit["Service"]["ExecStart"] == f"{INSTALLED}/.venv/bin/bot up"
    assert unit["Service"]["WorkingDirectory"] == INSTALLED
    guide = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert INSTALLED in guide


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_set_only_settings_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    variables = re.findall(r"^Environment=(BOT_\w+)=", text, re.M)
    assert [name for name in variables if not is_setting(name)] == []


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_are_understood_by_systemd(path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("没有 systemd-analyze")
    done = subprocess.run(
        [program, "verify", "--recursive-errors=no", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    # Not installed here, so the program itself is missing; everything else would be a mistake.
    complaints = [
        line
        for line in done.stderr.splitlines()
        if path.name in line and "is not executable" not in line
    ]
    assert complaints == []


def test_proxy_example_passes_websockets_and_replaces_the_address() -> None:
    text = (DEPLOY / "nginx.conf.example").read_text(encoding="utf-8")
    assert "proxy_set_header Upgrade $http_upgrade;" in text
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    assert "proxy_set_header Host $host;" in text
    assert text.count("{") == text.count("}")
