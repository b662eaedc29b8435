"""Made-up statute collections on disk, and the import service over a real database."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.lawbase.repository import LawRepository
from bot.lawbase.service import LawImport
from bot.store.unit import Store
from tests.conftest import FixedClock

TEXT = """# 中华人民共和国{name}

{passed} 某会通过

<!-- INFO END -->

## 第一章 总则

第一条 为了管理{name}所说的事情，制定本法。

第二条 本法所称的事情包括：

（一）大事；

（二）小事。

第三条 违反本法的，处{fine}元以下罚款。

第四条 本法自{begins}起施行。
"""


def write_law(
    root: Path,
    name: str,
    passed: str = "2020年1月2日",
    begins: str = "2020年6月1日",
    fine: str = "五百",
    encoding: str = "utf-8",
    stem: str = "",
) -> Path:
    """Write one law in the layout of LawRefBook."""
    year, month, day = (
        int(n) for n in passed.replace("年", "-").replace("月", "-").strip("日").split("-")
    )
    path = root / "社会法" / f"{stem or name}({year:04}-{month:02}-{day:02}).md"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = TEXT.format(name=name, passed=passed, begins=begins, fine=fine)
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A LawRefBook folder with two laws, one of them in two versions."""
    root = tmp_path / "book"
    write_law(root, "果园法")
    write_law(root, "鱼塘法", "2010年1月2日", "2010年6月1日", "二百")
    write_law(root, "鱼塘法", "2022年1月2日", "2022年6月1日", "三百")
    return root


@pytest.fixture
def repository(store: Store) -> LawRepository:
    return LawRepository(store, FixedClock())


@pytest.fixture
def importing(repository: LawRepository) -> LawImport:
    return LawImport(repository, FixedClock(), pause=lambda _seconds: None)
