"""What checking the citations of a reply costs: replies of the base, and the densest text.

The goal is at most 1 ms for a reply of 2,000 characters; the ratio to a bare regular expression
over the same text travels between machines.
"""

from __future__ import annotations

import datetime as dt
import re

import numpy as np

from benchmarks.retrieval import milliseconds
from knowledge_base.citations import article_title
from knowledge_base.comparison import answer_text
from knowledge_base.loader import load
from knowledge_base.verifier import load_verifier

LENGTH = 2000
REPLIES = 200
_BARE = re.compile(r"第[一二三四五六七八九十百千零0-9]+条")


def replies() -> list[str]:
    """Return texts of 2,000 characters made of real answers with the articles they rest on."""
    kb = load()
    pieces = [
        answer_text(answer)
        + "".join(
            f"{article_title(key)}：{kb.articles[key].gist}"
            for key in answer.basis
            if key in kb.articles
        )
        for answer in kb.answers.values()
    ]
    whole = "\n".join(pieces)
    step = max(1, (len(whole) - LENGTH) // REPLIES)
    return [whole[i : i + LENGTH] for i in range(0, len(whole) - LENGTH, step)][:REPLIES]


def dense() -> str:
    """Return 2,000 characters of nothing but citations."""
    one = "根据《中华人民共和国民法典》第一千零七十九条和《劳动合同法》第38条、第46条，"
    return (one * (LENGTH // len(one) + 1))[:LENGTH]


def main() -> None:
    """Print latencies and their ratio to a bare search for article numbers."""
    verifier, today = load_verifier(), dt.date(2026, 11, 26)
    texts = replies()
    verified = milliseconds(lambda text: verifier.verdicts(text, today), texts)
    bare = milliseconds(lambda text: _BARE.findall(text), texts)
    worst = milliseconds(lambda text: verifier.verdicts(text, today), [dense()] * 50)
    cited = float(np.mean([len(verifier.verdicts(text, today)) for text in texts]))
    print(f"{len(texts)} replies of {LENGTH} characters, {cited:.1f} citations each, one thread")
    print(f"{'':22}{'p50 ms':>8}{'p95 ms':>8}")
    print(f"{'bare regular expression':22}{bare[0]:8.3f}{bare[1]:8.3f}")
    print(f"{'parse and verify':22}{verified[0]:8.3f}{verified[1]:8.3f}")
    print(f"{'… of citations only':22}{worst[0]:8.3f}{worst[1]:8.3f}")
    print(f"ratio p50 {verified[0] / bare[0]:.1f}")


if __name__ == "__main__":
    main()
