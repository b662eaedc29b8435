"""One application over HTTP: what is masked, what is checked, files, letters and the record."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from docx import Document

from bot.aid.paperwork import PaperState
from bot.store.unit import Store
from bot.uploads.repository import UploadRepository
from tests.conftest import FixedClock
from tests.integration.casework.conftest import PERSONAL, Pages, china_days, make_bureau


def test_an_application_is_masked_until_it_is_revealed_and_that_is_recorded(pages: Pages) -> None:
    number = pages.bureau.hand_in()
    masked = pages.read("zhao", number)
    assert "138****8000" in masked
    assert "110105********002X" in masked
    for hidden in PERSONAL:
        assert hidden not in masked
    revealed = pages.of("zhao").post(f"/desk/aid/{number}/reveal").text
    for shown in PERSONAL:
        assert shown in revealed
    last, zhao = pages.bureau.trail(number)[-1], pages.bureau.person("zhao")
    assert (last.actor, last.action) == (f"{zhao.id}:{zhao.name}", "reveal")


def test_officers_see_what_the_rules_make_of_an_application(pages: Pages) -> None:
    number = pages.bureau.hand_in()
    page = pages.read("zhao", number)
    assert "可能符合条件，免予核查经济困难状况" in page
    assert "法律援助法第三十一条第五项；法律援助法第四十二条第三项" in page
    assert "由法律援助机构审查决定" in page


def test_a_matter_in_the_applicants_own_words_is_to_be_asked_about(pages: Pages) -> None:
    page = pages.read("zhao", pages.bureau.hand_in(matter="邻居占了我的地"))
    assert "还不能判断" in page
    assert "是什么事" in page


def test_who_applies_for_a_child_is_named_with_what_is_to_be_checked(pages: Pages) -> None:
    number = pages.bureau.hand_in(
        for_whom="我的未成年孩子",
        matter="赡养抚养",
        agent_name="赵敏",
        agent_relation="父亲或母亲",
        group="未成年人",
        income="没有固定来源",
    )
    page = pages.read("zhao", number)
    assert "赵*（父亲或母亲）代未成年人申请" in page
    assert "第四十条" in page
    assert "赵敏" not in page
    assert "赵敏（父亲或母亲）" in pages.of("zhao").post(f"/desk/aid/{number}/reveal").text


def test_numbers_inside_the_story_are_masked_and_markup_is_text(pages: Pages) -> None:
    number = pages.bureau.hand_in(
        facts="<script>alert(1)</script> 老板的电话是 13900139000，欠我两万元工资。"
    )
    page = pages.read("zhao", number)
    assert "13900139000" not in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_duplicates_and_conflicts_are_shown_with_links(pages: Pages) -> None:
    bureau = pages.bureau
    first = bureau.hand_in(opponent="何建国")
    second = bureau.hand_in(matter="工伤", id_number="11010519491231002X")
    other = bureau.hand_in(name="何建国", opponent="张小明", phone="13800138001")
    phone = bureau.hand_in(name="张大明")
    page = pages.read("zhao", first)
    for says, number in (
        ("同一身份证号的其他申请", second),
        ("同一手机号、不同人的申请", phone),
        ("本案的对方，在这件里是申请人", other),
        ("本案的申请人，在这件里是对方", other),
    ):
        assert f'{says}：<a href="/desk/aid/{number}">' in page
    assert page.count("可能利益冲突") == 2


def test_what_another_office_has_is_hinted_at_without_its_number(pages: Pages) -> None:
    bureau = pages.bureau
    own = bureau.hand_in()
    elsewhere = bureau.hand_in(matter="工伤", place="昆明市盘龙区", id_number="11010519491231002X")
    page = pages.read("zhao", own)
    assert "同一身份证号的其他申请：别的机构的一件，工伤" in page
    assert elsewhere not in page


def test_uploads_are_listed_and_downloads_recorded(pages: Pages, clock: FixedClock) -> None:
    bureau = pages.bureau
    number = bureau.hand_in()
    assert "还没有" in pages.read("zhao", number)
    stored = UploadRepository(bureau.store, clock).add(
        bureau.applicants[-1].conversation_id,
        "a" * 32,
        "合同13900139000.pdf",
        "application/pdf",
        b"%PDF-1.7",
    )
    page, address = pages.read("zhao", number), f"/desk/aid/{number}/files/{stored.id}"
    assert address in page
    assert "合同" in page
    assert "13900139000" not in page
    answer = pages.of("zhao").get(address)
    assert answer.content == b"%PDF-1.7"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert bureau.trail(number)[-1].action == "file"
    trail = pages.read("zhao", number)
    assert "下载上传的文件" in trail
    assert "13900139000" not in trail


def test_a_paper_can_be_tied_to_the_file_in_which_it_came_and_to_no_other(
    pages: Pages, clock: FixedClock
) -> None:
    bureau = pages.bureau
    other = bureau.hand_in()
    uploads = UploadRepository(bureau.store, clock)
    uploads.add(bureau.applicants[-1].conversation_id, "b" * 32, "别人.png", "image/png", b"o")
    number = bureau.hand_in()
    uploads.add(bureau.applicants[-1].conversation_id, "a" * 32, "证.png", "image/png", b"x")
    item = bureau.items(number)[0]
    form = {f"state-{item.id}": "received", f"file-{item.id}": "b" * 32}
    wrong = pages.step("zhao", number, "settle", form)
    assert wrong.status_code == 422
    right = pages.step("zhao", number, "settle", {**form, f"file-{item.id}": "a" * 32})
    assert right.status_code == 303
    assert bureau.items(number)[0].file_id == "a" * 32
    for bad in ({f"state-{item.id}": "lost"}, {"state-x": "open"}):
        assert pages.step("zhao", number, "settle", bad).status_code == 422
    assert other != number
    assert pages.of("zhao").get(f"/desk/aid/{number}/files/{'b' * 32}").status_code == 404
    assert pages.of("zhao").get(f"/desk/aid/{number}/files/nonsense").status_code == 422


def form_of(page: str) -> dict[str, str]:
    """Return what the form about the papers sends if nobody touches it."""
    form = page[page.index('id="step-settle"') : page.index("保存材料情况")]
    sent = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
    for name, options in re.findall(
        r'<select id="[^"]+" name="([^"]+)">(.*?)</select>', form, re.S
    ):
        chosen = re.findall(r'value="([^"]*)" selected', options)
        sent[name] = chosen[0] if chosen else ""
    return sent


def test_a_page_opened_before_an_upload_does_not_take_it_back(
    pages: Pages, clock: FixedClock
) -> None:
    bureau = pages.bureau
    number = bureau.hand_in()
    first, second, third = bureau.items(number)[:3]
    uploads = UploadRepository(bureau.store, clock)
    uploads.add(bureau.applicants[-1].conversation_id, "a" * 32, "证.png", "image/png", b"x")
    form = form_of(pages.read("zhao", number))
    application = bureau.get(number)
    with bureau.store.write() as connection:
        bureau.paperwork.settle(connection, application.id, first.id, PaperState.RECEIVED, "a" * 32)
    # Nothing was chosen for the paper that came in meanwhile.
    late = {**form, f"state-{second.id}": "waived"}
    assert pages.step("zhao", number, "settle", late).status_code == 303
    kept = bureau.items(number)
    assert (kept[0].state, kept[0].file_id, kept[1].state) == ("received", "a" * 32, "waived")
    # Something was: it is said, and the choice stays where there was one.
    clash = {**form, f"state-{first.id}": "waived", f"state-{third.id}": "received"}
    answer = pages.step("zhao", number, "settle", clash)
    assert answer.status_code == 409
    again = form_of(answer.text)
    assert again[f"state-{second.id}"] == "waived"
    assert again[f"state-{third.id}"] == "received"
    assert again[f"was-{first.id}"] == f"received|{'a' * 32}"
    assert bureau.items(number)[0].file_id == "a" * 32
    assert pages.step("zhao", number, "settle", again).status_code == 303
    assert bureau.items(number)[2].state == "received"


def letters(page: str) -> list[str]:
    return re.findall(r'/letters/(\w+)"', page)


def test_each_state_offers_its_letters_and_taking_one_is_recorded(
    pages: Pages, clock: FixedClock
) -> None:
    bureau, zhao = pages.bureau, pages.bureau.person("zhao")
    asked, refused, ended = bureau.hand_in(), bureau.hand_in(), bureau.assigned()
    assert letters(pages.read("zhao", asked)) == ["application"]
    bureau.casework.reviewing.ask(asked, zhao, (), "合同", china_days(clock, 9))
    bureau.casework.deciding.refuse(refused, zhao, "不在范围")
    assert letters(pages.read("zhao", asked)) == ["application", "notice"]
    assert letters(pages.read("zhao", refused)) == ["application", "refusal"]
    assert letters(pages.read("zhao", ended)) == ["application", "grant", "assignment"]
    bureau.casework.deciding.terminate(ended, zhao, "48(7)", "受援人要求")
    assert set(letters(pages.read("zhao", ended))) == {
        "application", "grant", "termination", "assignment",
    }  # fmt: skip
    for number, kind in ((asked, "notice"), (refused, "refusal"), (ended, "termination")):
        answer = pages.of("zhao").get(f"/desk/aid/{number}/letters/{kind}")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment")
        assert bureau.trail(number)[-1].action == "letter"
    assert pages.of("zhao").get(f"/desk/aid/{asked}/letters/grant").status_code == 404
    assert pages.of("zhao").get(f"/desk/aid/{asked}/letters/nonsense").status_code == 422


def test_a_letter_holds_what_was_decided_and_who_acts(pages: Pages) -> None:
    bureau = pages.bureau
    bureau.set_staff("li", licence="15301201910123456")
    number = bureau.assigned()
    bureau.casework.deciding.terminate(number, bureau.person("zhao"), "48(7)", "已经自行和解")
    said = {}
    for kind in ("termination", "assignment"):
        body = pages.of("zhao").get(f"/desk/aid/{number}/letters/{kind}").content
        said[kind] = "\n".join(p.text for p in Document(BytesIO(body)).paragraphs)
    assert said["termination"].count("已经自行和解") == 1
    assert "要求终止" in said["termination"]
    assert "lawyerli（执业证号 15301201910123456）" in said["assignment"]


def test_a_broken_template_of_the_office_is_named_on_the_page(
    sqlite_store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    (tmp_path / "application.docx").write_bytes(b"no document")
    pages = Pages(make_bureau(sqlite_store, clock), tmp_path)
    number = pages.bureau.hand_in()
    answer = pages.of("zhao").get(f"/desk/aid/{number}/letters/application")
    assert answer.status_code >= 400
    assert 'role="alert"' in answer.text
    assert "application.docx" in answer.text
    assert pages.bureau.actions(number) == ["state.submitted"]


def test_the_record_names_every_step_in_words(pages: Pages) -> None:
    bureau = pages.bureau
    number = bureau.assigned(taken=True)
    bureau.casework.closing.progress(number, bureau.person("li"), "已交仲裁申请")
    bureau.casework.closing.note(number, bureau.person("zhao"), "等回电")
    pages.of("zhao").post(f"/desk/aid/{number}/reveal")
    page = pages.read("zhao", number)
    trail = page[page.index("办理记录") :]
    for says in ("已提交", "申请人", "决定给予", "律师接受指派", "已交仲裁申请", "等回电",
                 "查看完整姓名和号码"):  # fmt: skip
        assert says in trail
    assert "查看完整姓名和号码" not in pages.read("li", number)


def test_every_field_has_a_label_and_nothing_is_inline(pages: Pages, clock: FixedClock) -> None:
    bureau, zhao = pages.bureau, pages.bureau.person("zhao")
    asked = bureau.hand_in()
    bureau.casework.reviewing.ask(asked, zhao, (), "合同", china_days(clock, 1))
    refused = bureau.hand_in()
    bureau.casework.deciding.refuse(refused, zhao, "不在范围")
    clock.advance(days=3)
    for login, path in (
        ("zhao", ""),
        ("sun", ""),
        *(("zhao", f"/{n}") for n in (asked, bureau.hand_in(), bureau.granted(), refused)),
        ("zhao", f"/{bureau.assigned()}"),
        ("li", f"/{bureau.assigned(taken=True)}"),
    ):
        page = pages.of(login).get(f"/desk/aid{path}").text
        labelled = set(re.findall(r'<label (?:class="\w+" )?for="([^"]+)"', page))
        fields = re.findall(r"<(?:input|select|textarea)[^>]*>", page)
        assert fields
        for field in fields:
            if re.search(r'type="(?:hidden|checkbox|radio)"', field):
                continue
            [name] = re.findall(r'\bid="([^"]+)"', field)
            assert name in labelled, field
        boxes = len(re.findall(r'type="(?:checkbox|radio)"', page))
        assert boxes == page.count('class="tick"')
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)
