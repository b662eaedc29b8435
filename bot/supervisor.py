"""``bot up``: prepare what is stale, start Rasa and the application, keep both alive.

It runs as ``python -m bot.supervisor`` and imports nothing heavy, because it stays. It holds the
public socket, so that nobody is refused while the application starts again, and no other state:
whatever is killed, including the supervisor, a new start goes on from the database.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from types import FrameType

from rich.console import Console

from bot import rasa_server
from bot.rasa_server import FEW_ARENAS, ONE_AT_A_TIME, RasaPlan, die_with_parent
from bot.settings import ROOT, Settings

RESTART_PAUSE_S = 1.0
LONGEST_RESTART_PAUSE_S = 30.0
"""After the first end of a child there is no pause; what ends again and again is not hurried."""
HEALTHY_AFTER_S = 60.0
READY_TIMEOUT_S = 120.0
WAITING_CALLERS = 2048
"""Whom the kernel lets wait while the application is starting; it may allow fewer (somaxconn)."""


class CannotListen(Exception):
    """An address that is needed cannot be had; the text says why and what to do."""


def plan_of(settings: Settings) -> RasaPlan:
    """Return where Rasa lives, with the model that fits the examples as they are now."""
    return RasaPlan(
        ROOT,
        settings.rasa_venv,
        settings.data_dir,
        settings.rasa_port,
        settings.actions_port,
        rasa_server.model_path(ROOT),
    )


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that nobody else has; it refuses callers until it listens.

    Raises:
        CannotListen: the port is in use or not allowed, or the address is not this machine's.
    """
    made: socket.socket | None = None
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)
        families = {info[0] for info in found}
        # For a name that is both, such as localhost: proxies and people write 127.0.0.1.
        family = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
        made.bind((host, port))
    except OSError as error:
        if made is not None:
            made.close()
        raise CannotListen(_why(error, host, port)) from error
    return made


def listen(public: socket.socket) -> None:
    """Let callers come, whoever serves them; raises CannotListen if another was quicker."""
    try:
        public.listen(WAITING_CALLERS)
    except OSError as error:
        host, port = public.getsockname()[:2]
        raise CannotListen(_why(error, host, port)) from error


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"端口 {port} 已被占用。请先停掉占用它的程序（可能是另一个 make run），"
            f"或用 BOT_PORT、BOT_RASA_PORT、BOT_ACTIONS_PORT 换一个。"
        )
    if error.errno == errno.EACCES:
        return f"没有权限使用端口 {port}。请用 BOT_PORT 换成 1024 以上的，前面加反向代理。"
    return f"不能在 {host} 上提供服务，它不是这台机器的地址。请检查 BOT_HOST。"


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """One process that is started again whenever it ends."""

    def __init__(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self.name = name
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = 0.0
        self._retry_at = 0.0

    def tend(self, console: Console) -> None:
        """Start the child if it is not running and its pause is over."""
        now = time.monotonic()
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                if now - self._started > HEALTHY_AFTER_S:
                    self._pause = 0.0
                return
            when = f"{self._pause:.0f} 秒后" if self._pause else "马上"
            console.print(f"[yellow]![/] {self.name} 意外结束（代码 {code}），{when}重启")
            self._process = None
            self._retry_at = now + self._pause
            self._pause = min(max(self._pause * 2, RESTART_PAUSE_S), LONGEST_RESTART_PAUSE_S)
        if now >= self._retry_at:
            self._process = self._start()
            self._started = now

    def stop(self) -> None:
        if self._process is not None:
            rasa_server.stop(self._process)


def up(settings: Settings, console: Console) -> int:
    """Run until interrupted; return the exit code."""
    try:
        # Those of the inside are tried only: they are opened by whoever serves there.
        for port in [settings.actions_port, *([] if settings.rasa_url else [settings.rasa_port])]:
            bound("127.0.0.1", port).close()
        public = bound(settings.host, settings.port)
        # A process of its own: what it loads to build the index would stay in this one for ever.
        prepared = subprocess.run([sys.executable, "-m", "bot", "prepare"], cwd=ROOT, check=False)
        if prepared.returncode != 0:
            return prepared.returncode
        listen(public)
    except CannotListen as error:
        console.print(f"[red]✗[/] {error}")
        return 1
    children = [Child("应用", lambda: _start_application(settings, public))]
    if not settings.rasa_url:
        plan = plan_of(settings)
        children.append(Child("Rasa", lambda: rasa_server.start(plan)))
    stopping = _on_signals()
    started = time.monotonic()
    announced = False
    try:
        with console.status("启动中，等待对话服务就绪……") as status:
            while not stopping:
                for child in children:
                    child.tend(console)
                if not announced and _is_ready(settings):
                    status.stop()
                    _announce(settings, console, time.monotonic() - started)
                    announced = True
                if not announced and time.monotonic() - started > READY_TIMEOUT_S:
                    status.stop()
                    console.print(
                        "[red]✗[/] 两分钟内没有就绪。请看上面的日志和 "
                        f"{settings.data_dir / 'rasa' / 'rasa.log'}，或运行 bot doctor。"
                    )
                    return 1
                time.sleep(0.2)
    finally:
        public.close()
        for child in reversed(children):
            child.stop()
    console.print("已停止。")
    return 0


def _on_signals() -> list[int]:
    received: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, remember)
    return received


def _start_application(settings: Settings, public: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--fd", str(public.fileno())],
        pass_fds=[public.fileno()],
        cwd=ROOT,
        env={**os.environ, **_settings_environment(settings)},
        stdin=subprocess.DEVNULL,
        preexec_fn=_leave_terminal if sys.platform == "linux" else os.setsid,
    )


def _leave_terminal() -> None:
    # Ctrl-C goes to the whole foreground group; the supervisor alone decides the order of ending.
    os.setsid()
    die_with_parent()


def _settings_environment(settings: Settings) -> dict[str, str]:
    return {
        **FEW_ARENAS,
        **ONE_AT_A_TIME,
        "BOT_DATA_DIR": str(settings.data_dir),
        "BOT_PORT": str(settings.port),
        "BOT_ACTIONS_PORT": str(settings.actions_port),
        "BOT_RASA_PORT": str(settings.rasa_port),
    }


def _is_ready(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(f"{_address(settings)}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _address(settings: Settings) -> str:
    """Return where the application is found on this machine."""
    host = "127.0.0.1" if settings.host in ("", "0.0.0.0", "::") else settings.host
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _announce(settings: Settings, console: Console, took_s: float) -> None:
    base = _address(settings)
    console.print(f"\n[bold green]法桥已就绪[/]（{took_s:.0f} 秒）")
    console.print(f"  咨询页面   {base}/", highlight=False)
    console.print(f"  律师工作台 {base}/desk", highlight=False)
    login_file = settings.data_dir / "first-login.txt"
    if login_file.exists():
        console.print(
            f"  首个账号   {login_file.read_text(encoding='utf-8').strip()}", highlight=False
        )
        console.print(f"  （登录后请修改密码，并删除 {login_file}）", highlight=False)
    console.print("  按 Ctrl-C 停止\n")


if __name__ == "__main__":
    sys.exit(up(Settings(), Console(stderr=True)))
