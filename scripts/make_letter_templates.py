"""Make the Word templates of the letters from letter_templates.yml.

    .venv/bin/python scripts/make_letter_templates.py [directory]

The files are committed; run this again after a change of the words or the layout. An office edits
copies of the Word files, not this.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

HERE = Path(__file__).parent
TARGET = HERE.parent / "bot" / "letters" / "templates"
BODY, TITLE = "仿宋", "宋体"
LATIN = "Times New Roman"
# For machines without the Chinese fonts of Windows.
FALLBACKS = {BODY: "FangSong,仿宋_GB2312,STFangsong", TITLE: "SimSun,STSong,Noto Serif CJK SC"}
COLUMNS = (Cm(2.9), Cm(4.4), Cm(3.0), Cm(5.5))
MINUTE, SMALL, NORMAL, LARGE = Pt(10.5), Pt(12), Pt(14), Pt(22)


def make(blueprint: dict[str, Any]) -> Any:
    """Return one letter as a document."""
    document = Document()
    _page(document)
    _fonts(document)
    heading = document.add_paragraph()
    heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
    heading.paragraph_format.space_after = Pt(12)
    _write(heading, blueprint["title"], LARGE, font=TITLE, bold=True)
    for block in blueprint["blocks"]:
        if isinstance(block, str):
            document.add_paragraph(block)
            continue
        ((kind, content),) = block.items()
        _BLOCKS[kind](document, content)
    document.core_properties.title = blueprint["title"]
    document.core_properties.author = ""
    document.core_properties.comments = ""
    return document


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin = section.bottom_margin = Cm(2.2)
    section.left_margin = section.right_margin = Cm(2.6)


def _fonts(document: Any) -> None:
    normal = document.styles["Normal"]
    normal.font.size = NORMAL
    normal.font.name = LATIN
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), BODY)
    part = next(p for p in document.part.package.iter_parts() if "fontTable" in str(p.partname))
    known = part.blob.decode("utf-8")
    added = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{others}"/><w:charset w:val="86"/></w:font>'
        for name, others in FALLBACKS.items()
    )
    part._blob = known.replace("</w:fonts>", f"{added}</w:fonts>").encode("utf-8")


def _write(paragraph: Any, words: str, size: Any, *, font: str = BODY, bold: bool = False) -> None:
    run = paragraph.add_run(words)
    run.font.size = size
    run.font.bold = bold
    run.font.name = LATIN
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _paragraph(
    *, size: Any = NORMAL, indent: bool = True, right: bool = False, bold: bool = False
) -> Callable[[Any, str], None]:
    def add(document: Any, words: str) -> None:
        paragraph = document.add_paragraph()
        layout = paragraph.paragraph_format
        layout.line_spacing = 1.4
        layout.space_before = Pt(2)
        layout.space_after = Pt(4)
        if indent:
            layout.first_line_indent = size * 2
        if right:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            layout.keep_with_next = True
        _write(paragraph, words, size, bold=bold)

    return add


def _rows(document: Any, rows: list[list[Any]]) -> None:
    table = document.add_table(rows=0, cols=4)
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, COLUMNS, strict=True):
        column.width = width
    for row in rows:
        options = row[-1] if isinstance(row[-1], dict) else {}
        cells = [cell for cell in row if isinstance(cell, str)]
        if "if" in options:
            _whole_row(table, f"{{%tr if {options['if']} %}}")
        _row(table, cells, tall=bool(options.get("tall")))
        if "if" in options:
            _whole_row(table, "{%tr endif %}")
    document.add_paragraph().paragraph_format.line_spacing = Pt(6)


def _whole_row(table: Any, words: str) -> None:
    cells = table.add_row().cells
    cells[0].merge(cells[3]).paragraphs[0].add_run(words)


def _row(table: Any, words: list[str], *, tall: bool) -> None:
    row = table.add_row()
    if tall:
        row.height = Cm(4)
    cells = row.cells
    wide = len(words) == 2
    if wide:
        cells[1].merge(cells[3])
    places = [cells[0], cells[1]] if wide else list(cells)
    widths = [COLUMNS[0], sum(COLUMNS[1:])] if wide else list(COLUMNS)
    for n, (cell, told, width) in enumerate(zip(places, words, widths, strict=True)):
        cell.width = width
        layout = cell.paragraphs[0].paragraph_format
        layout.space_before = layout.space_after = Pt(3)
        _write(cell.paragraphs[0], told, SMALL, bold=n % 2 == 0)


def _list(size: Any = NORMAL) -> Callable[[Any, str], None]:
    def add(document: Any, name: str) -> None:
        document.add_paragraph(f"{{%p for 材料 in {name} %}}")
        line = "{{ 材料.序号 }}．{{ 材料.名称 }}{% if 材料.说明 %}：{{ 材料.说明 }}{% endif %}"
        _paragraph(size=size)(document, line)
        document.add_paragraph("{%p endfor %}")

    return add


_BLOCKS: dict[str, Callable[[Any, Any], None]] = {
    "p": _paragraph(),
    "lead": _paragraph(indent=False),
    "head": _paragraph(size=SMALL, indent=False, bold=True),
    "small": _paragraph(size=MINUTE),
    "number": _paragraph(size=SMALL, indent=False, right=True),
    "note": _paragraph(size=MINUTE, indent=False),
    "sign": _paragraph(indent=False, right=True),
    "rows": _rows,
    "list": _list(),
    "small list": _list(MINUTE),
}


def main(target: Path = TARGET) -> None:
    blueprints = yaml.safe_load((HERE / "letter_templates.yml").read_text(encoding="utf-8"))
    target.mkdir(parents=True, exist_ok=True)
    for kind, blueprint in blueprints.items():
        make(blueprint).save(target / f"{kind}.docx")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
