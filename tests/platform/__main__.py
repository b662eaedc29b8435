"""Runs the stand-in by hand: every line typed is a follower's message to the product."""

from __future__ import annotations

import argparse
import sys

from tests.platform import HttpTransport, Registration, Seen, standing_in


def main() -> None:
    default = Registration()
    parser = argparse.ArgumentParser(prog="python -m tests.platform", description=__doc__)
    parser.add_argument("product", help="where the product listens: http://127.0.0.1:8000")
    parser.add_argument("--port", type=int, default=0, help="of the HTTP interface")
    for name in ("app-id", "secret", "token", "aes-key", "original-id", "path"):
        parser.add_argument(f"--{name}", default=getattr(default, name.replace("-", "_")))
    parser.add_argument("--mode", choices=("plain", "compatible", "safe"), default=default.mode)
    given = vars(parser.parse_args())
    product, port = given.pop("product"), given.pop("port")
    with standing_in(Registration(**given), port=port) as platform:
        platform.connect(HttpTransport(product))
        print(f"the platform's interface: {platform.url}", flush=True)
        fan = platform.follower()
        fan.watch(_print)
        fan.follow()
        for line in sys.stdin:
            fan.say(line.rstrip("\n"))
        for sentence in platform.books.broken:
            print(f"breach: {sentence}", flush=True)


def _print(seen: Seen) -> None:
    print(f"[{seen.how}] {seen.text}", flush=True)


if __name__ == "__main__":
    main()
