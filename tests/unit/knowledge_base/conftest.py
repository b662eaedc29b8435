"""A tiny made-up knowledge base on disk, and the statute texts it retells."""

from pathlib import Path

import pytest

STATUTE = """
law: 果园管理法
title: 中华人民共和国果园管理法
level: 法律
version: 2025-03-01
in_force_from: 2025-06-01
articles:
  - article: "3"
    topic: 消费
    gist: 卖坏果子的，买的人可以在十五日内要求退款，并要求价款三倍的赔偿。
    questions: [买到坏苹果怎么办, 烂果子能退吗, 水果店卖烂梨赔多少, 我妈买的枣有虫能找店家吗]
  - article: "3-1"
    topic: 消费
    gist: 果园主拒不退款的，罚款五千元以上二万元以下。
    questions: [老板不退钱会罚款吗, 不退款罚多少, 果园主耍赖怎么办, 店家死活不给退有人管吗]
"""
CASE = """
- id: rotten-apples
  title: 烂苹果退款案
  source: 果园典型案例
  court: ""
  topic: 消费
  facts: 买家收到的苹果大半腐烂。
  holding: 退还价款并按三倍赔偿。
  point: 坏果子可以退。
  articles: [果园管理法/3]
  questions: [网购水果烂了]
"""
ANSWER = """
- id: bad-fruit
  topic: 消费
  question: 买到烂水果怎么办
  variants: [水果坏了能退吗, 烂苹果赔不赔, 店家卖烂果, 果子是坏的, 怎么退水果钱]
  conclusion: 一般可以在十五日内要求退款并主张三倍赔偿，见果园管理法第三条。
  basis: [果园管理法/3]
  steps: [拍照留证, 联系商家, 向主管部门投诉]
  evidence: [照片, 付款记录, 聊天记录]
  deadline: 收货后十五日内。
  cost: 投诉不收费。
  where: 拨打 12315。
  services: [4]
"""
LAWREFBOOK = """# 中华人民共和国果园管理法

2019年12月20日 某某会议通过

2020年1月1日 公布

2020年6月1日 施行

<!-- INFO END -->

## 第一章 总则

第一条 为了管理果园，制定本法。

第二条 本法所称果园，包括：

（一）苹果园；

（二）梨园。

## 第二章 责任

### 第一节 民事责任

第三条 卖变质果品的，购买者自收到果品之日起十五日内可请求退款，并有权请求三倍赔偿。

第三条之一 经营者拒绝退款的，由主管部门处五千元以上二万元以下的罚款。

第四条 本法自2020年6月1日起施行。
"""
JUST_LAWS = """---
sidebar: auto
---

# 中华人民共和国果园管理法

2019年12月20日某某会议通过

根据2025年3月1日某某会议《关于修改〈中华人民共和国果园管理法〉的决定》修正

## 第一章　总则

**第一条**　为了管理果园，制定本法。

**第二条**　本法所称果园，包括：

（一）苹果园；

（二）梨园。

## 第二章　责任

**第三条**　卖变质果品的，购买者自收到果品之日起十五日内可请求退款，并有权请求三倍赔偿。

**第三条之一**　经营者拒绝退款的，由主管部门处五千元以上二万元以下的罚款。

**第四条**　本法自2020年6月1日起施行。

## 附件

果品名录
"""


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A sound knowledge base with two articles, a case, an answer and sixteen services."""
    root = tmp_path / "knowledge_base"
    write(root, "statutes/orchard.yml", STATUTE)
    write(root, "cases/orchard.yml", CASE)
    write(root, "answers/orchard.yml", ANSWER)
    write(root, "MANIFEST.yml", "as_of: 2026-11-01\n")
    services = "".join(
        f"- {{number: {n}, name: 事项{n}, content: 内容, mode: 模式, channels: [窗口], "
        f"procedure: [登记], provider: 某局, method: 现场, basis: []}}\n"
        for n in range(1, 17)
    )
    write(root, "services/catalogue.yml", services)
    contact = "- {name: 法律服务热线, phone: '12348', purpose: 咨询}\n"
    write(root, "regions/contacts.yml", contact)
    return root


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Made-up statute texts in the layout of both sources."""
    root = tmp_path / "corpora"
    book = root / "lawrefbook"
    write(book, "社会法/果园管理法(2020-01-01).md", LAWREFBOOK)
    older = LAWREFBOOK.replace("十五日", "七日").replace("2020", "2010").replace("2019", "2009")
    write(book, "社会法/果园管理法(2010-01-01).md", older)
    write(book, "社会法/_index.md", "---\n---")
    write(book, "案例/消费/烂梨案.md", "# 烂梨案\n\n<!-- INFO END -->\n\n第一条 不是法条\n")
    write(book, "刑法/刑法修正案.md", "# 修正案\n\n<!-- INFO END -->\n\n第一条 改一改\n")
    one_line = "# 飞行规则\n\n2001年7月27日 公布\n\n<!-- INFO END -->\n\n"
    one_line += "第一条 起飞。 第二条 降落。 第三条 依照第一条停放。\n"
    write(book, "行政法规/飞行规则.md", one_line)
    write(
        book,
        "司法解释/某批复(2000-01-02).md",
        "# 某批复\n\n<!-- INFO END -->\n\n一、可以。\n\n| 甲 | 乙 |\n",
    )
    head = "# 中华人民共和国民法典\n\n# {}\n\n2020年5月28日 通过\n\n2021年1月1日 施行\n\n"
    head += "<!-- INFO END -->\n\n"
    write(book, "民法典/合同编.md", head.format("合同编") + "## 第一章 一般规定\n\n第三条 丙。\n")
    write(book, "民法典/总则.md", head.format("总则") + "第一条 甲。\n\n第二条 乙。\n")
    just = root / "just-laws"
    write(just, "README.md", "# Home")
    write(just, "category/social.md", "# 社会法")
    write(just, "social/orchard-law/README.md", JUST_LAWS)
    write(
        just,
        "code/code/README.md",
        "---\nnext: x\n---\n\n# 中华人民共和国某法典\n\n2020年5月28日某会通过\n",
    )
    write(
        just, "code/code/00-supplementary.md", "# 附则\n\n**第三条**　本法自2021年1月1日起施行。\n"
    )
    write(
        just, "code/code/01-general.md", "# 第一编　总则\n\n**第一条**　甲。\n\n**第二条**　乙。\n"
    )
    return root
