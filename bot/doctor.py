"""``bot doctor``: what is configured, reachable and stale, each with what to do about it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Awaitable, Callable

import httpx2
import redis.asyncio as aioredis
from anyio import to_thread
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.clock import SystemClock
from bot.errors import StorageUnavailable
from bot.findings import Finding
from bot.lawbase.repository import LawRepository
from bot.letters.service import TEMPLATES, Letters
from bot.rasa_server import content_hash
from bot.settings import ROOT, Settings
from bot.store.crypto import Cipher
from bot.store.engine import make_engine
from bot.store.migrate import is_current
from bot.store.unit import Store
from bot.supervisor import plan_of
from bot.uploads.scanning import ClamavScanner, NotScanned
from bot.wechat_doctor import examine_accounts
from knowledge_base.loader import load
from knowledge_base.reading import KnowledgeError
from retrieval.search import Searcher

LEAST_FREE_GB = 1.0


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything a deployment depends on."""
    checks: list[Callable[[Settings], Awaitable[Finding]]] = [
        _rasa_environment, _rasa_model, _rasa_server, _application, _database, _knowledge,
        _law_base, _index, _redis, _scanner, _letters, _disk,
    ]  # fmt: skip
    found = [await check(settings) for check in checks]
    return found + await to_thread.run_sync(examine_accounts, settings)


async def _rasa_environment(settings: Settings) -> Finding:
    if settings.rasa_url:
        return Finding("Rasa 环境", "idle", "使用外部 Rasa，不需要本机环境")
    if plan_of(settings).python.exists():
        return Finding("Rasa 环境", "good", str(settings.rasa_venv))
    return Finding("Rasa 环境", "bad", f"没有 {settings.rasa_venv}，请运行 make setup")


async def _rasa_model(settings: Settings) -> Finding:
    model = plan_of(settings).model
    if model.exists():
        return Finding("Rasa 模型", "good", model.name)
    return Finding("Rasa 模型", "warn", f"内容 {content_hash(ROOT)} 还没有训练，bot up 会自动训练")


async def _rasa_server(settings: Settings) -> Finding:
    url = f"{settings.resolved_rasa_url}/webhooks/rest/"
    return await _reach("Rasa 服务", url, "没有运行；bot up 会启动它")


async def _application(settings: Settings) -> Finding:
    url = f"http://127.0.0.1:{settings.port}/healthz"
    return await _reach("应用", url, "没有运行；用 make run 启动")


async def _reach(name: str, url: str, otherwise: str) -> Finding:
    try:
        async with httpx2.AsyncClient(timeout=2.0, trust_env=False) as client:
            answer = await client.get(url)
    except httpx2.HTTPError:
        return Finding(name, "warn", otherwise)
    if answer.status_code == 200:
        return Finding(name, "good", url)
    return Finding(name, "bad", f"{url} 返回 {answer.status_code}")


async def _database(settings: Settings) -> Finding:
    shown = make_url(settings.resolved_database_url).render_as_string(hide_password=True)
    try:
        engine = make_engine(settings.resolved_database_url)
        current = is_current(engine)
        engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        return Finding("数据库", "bad", f"{shown} 连不上：{type(error).__name__}")
    if current:
        return Finding("数据库", "good", shown)
    return Finding("数据库", "warn", f"{shown} 的结构不是最新，bot up 会自动升级")


async def _knowledge(settings: Settings) -> Finding:
    try:
        kb = load(settings.knowledge_dir)
    except KnowledgeError as error:
        return Finding("知识库", "bad", f"{error}；用 bot kb check 查看全部问题")
    counts = f"{len(kb.articles)} 条法条要点，{len(kb.cases)} 个案例，{len(kb.answers)} 个解答"
    return Finding("知识库", "good", f"{counts}；哪些过时：bot kb freshness")


async def _law_base(settings: Settings) -> Finding:
    """Say which statute texts were imported and when their freshness was last looked at."""
    name = "法规全文"
    try:
        engine = make_engine(settings.resolved_database_url)
        if not is_current(engine):
            return Finding(name, "idle", "数据库还没有准备好")
        store = Store(engine, Cipher(settings.cipher_keys, settings.blind_key))
        repository = LawRepository(store, SystemClock())
        held = Counter(one.version.source for one in repository.versions())
        ledger = repository.last_ledger()
        engine.dispose()
    except (SQLAlchemyError, OSError, StorageUnavailable):
        return Finding(name, "warn", "数据库连不上，不知道导入了什么")
    drawn = f"{ledger.drawn_at:%Y-%m-%d} 核对过新旧" if ledger else "还没有核对过：bot kb freshness"
    if not held:
        return Finding(name, "idle", f"没有导入（可选：bot kb import）；{drawn}")
    listed = "，".join(f"{source} {count} 个版本" for source, count in sorted(held.items()))
    return Finding(name, "good", f"{listed}；{drawn}")


async def _index(settings: Settings) -> Finding:
    try:
        Searcher.load(settings.resolved_index_dir)
    except (OSError, ValueError) as error:
        note = (
            f"{settings.resolved_index_dir} 不可用（{type(error).__name__}），运行 bot index build"
        )
        return Finding("检索索引", "warn", note)
    return Finding("检索索引", "good", str(settings.resolved_index_dir))


async def _redis(settings: Settings) -> Finding:
    if not settings.redis_url:
        return Finding("Redis", "idle", "单进程不需要；多进程时设 BOT_REDIS_URL")
    client = aioredis.from_url(settings.redis_url, socket_connect_timeout=2)
    try:
        await client.ping()
    except (aioredis.RedisError, OSError) as error:
        return Finding("Redis", "bad", f"连不上：{type(error).__name__}")
    finally:
        await client.aclose()
    return Finding("Redis", "good", "连接正常")


async def _scanner(settings: Settings) -> Finding:
    name = "病毒检查"
    if not settings.clamav:
        return Finding(name, "idle", "设 BOT_CLAMAV 后，上传的文件先经 ClamAV 检查")
    try:
        version = ClamavScanner(settings.clamav, timeout_s=2.0).version()
    except NotScanned:
        note = f"{settings.clamav} 的 clamd 没有应答，现在不收任何文件；请启动它"
        return Finding(name, "bad", note)
    return Finding(name, "good", f"{settings.clamav}，{version}")


async def _letters(settings: Settings) -> Finding:
    """Try the office's own templates, so that a broken one is found before a letter is due."""
    name = "文书模板"
    letters = Letters(TEMPLATES, settings.resolved_letters_dir, settings.bureau)
    problems = letters.problems()
    if problems:
        return Finding(name, "bad", "\n".join(problems))
    own = letters.own_templates()
    if own:
        return Finding(name, "good", f"本单位的模板：{'、'.join(own)}，都能用")
    return Finding(name, "good", f"用自带的；要换成本单位的，放在 {settings.resolved_letters_dir}")


async def _disk(settings: Settings) -> Finding:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    free_gb = shutil.disk_usage(settings.data_dir).free / 1e9
    if free_gb < LEAST_FREE_GB:
        return Finding("磁盘", "bad", f"只剩 {free_gb:.1f} GB，请清理，否则消息无法保存")
    return Finding("磁盘", "good", f"剩余 {free_gb:.0f} GB")
