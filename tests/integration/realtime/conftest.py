"""Deployments that a test may hurt: one process on SQLite, and two on PostgreSQL and Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import httpx2
import pytest

from bot.bus import RedisBus
from tests.conftest import missing
from tests.integration.realtime.deployment import Deployment, deployed
from tests.integration.realtime.servers import Missing, PostgresServer, RedisServer


@pytest.fixture(scope="package")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The default: one process, SQLite, the bus inside it."""
    folder = tmp_path_factory.mktemp("single")
    with deployed(folder, f"sqlite:///{folder / 'lawbridge.db'}", 1) as found:
        yield found


@pytest.fixture(scope="package")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Two processes on one PostgreSQL and one Redis, all of which may be killed."""
    with ExitStack() as stack:
        try:
            postgres, redis = PostgresServer(), RedisServer()
        except Missing as error:
            missing(str(error))
            return
        stack.callback(postgres.remove)
        stack.callback(redis.kill)
        postgres.start()
        redis.start()
        folder = tmp_path_factory.mktemp("pair")
        found = stack.enter_context(deployed(folder, postgres.url, 2, redis))
        found.postgres = postgres
        yield found


@pytest.fixture
def single(one_process: Deployment) -> Iterator[Deployment]:
    yield one_process
    one_process.mend()


@pytest.fixture
def pair(two_processes: Deployment) -> Iterator[Deployment]:
    yield two_processes
    two_processes.mend()


@pytest.fixture(params=["single", "pair"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Both kinds, one after the other."""
    found: Deployment = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=10.0, trust_env=False) as client:
        yield client


@pytest.fixture
async def bus(pair: Deployment) -> AsyncIterator[RedisBus]:
    """A third process on the bus, as far as the two can tell."""
    assert pair.redis is not None
    found = RedisBus(pair.redis.url)
    yield found
    await found.close()
