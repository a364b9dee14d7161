"""The ledger of a rulebook: rows become a draft edition as a whole, the published stays, and every fault is told at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

import campaigns
from accounts.models import User
from campaigns.choices import ReadingSource
from campaigns.ledgers.rulebook_columns import COMBINATIONS, MEASURES, METHODS, OPERATORS
from campaigns.measures import MEASURES as COUNTED
from campaigns.models import Clause, Rulebook
from campaigns.readings import VALUES
from campaigns.rules import passing
from campaigns.rules.methods import COMBINATIONS as COMBINED
from campaigns.rules.methods import METHODS as SCORED
from campaigns.rules.methods import OPERATORS as COMPARED
from campaigns.rules.rulebook import parse_rulebook
from campaigns.services.rulebooks import draft_rulebook, publish_rulebook, record_reading
from records.ledgers import batches, kind_of
from records.models import LedgerBatch
from tests.factories import make_campaign, make_region, make_unit, make_user
from tests.factories.ledgers import checked, counts, found, send, take_in, workbook

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DEMO = json.loads(
    (Path(campaigns.__file__).parent / "data" / "demo_rulebook.json").read_text(encoding="utf-8")
)


@pytest.fixture
def office() -> User:
    make_region("9901", "示例市")
    make_region("990102", "南湖区")
    for name in ("市教育局", "市商务局"):
        make_unit(name)
    return make_user(role="campaign_office", region="9901")


def rows() -> list[dict[str, Any]]:
    """A small edition with a chapter, a bonus and a veto; its facts stand in the first row."""
    return [
        {"code": "x-1", "book": "细则", "edition": "一版", "source": "文件", "passing": "无否决项；总分≥90；关键项≥60%",
         "no": "1", "title": "基础工作", "kind": "基本项", "points": 10},
        {"no": "1.1", "title": "领导小组", "kind": "关键项", "points": 4, "method": "全得或不得", "lead_unit": "市教育局"},
        {"no": "1.2", "title": "督导", "points": 3.5, "method": "分档得分", "bands": "≥80得3.5分；≥0得2分", "measure": "督导任务完成率"},
        {"no": "1.3", "title": "会议", "points": 2.5, "method": "按缺额扣分", "each": 0.25, "required": 2, "unit": "场"},
        {"no": "2", "title": "加分", "kind": "加分项", "method": "按项加分", "each": 2, "cap": 4},
        {"no": "3", "title": "抽检", "kind": "否决项", "op": "≥", "target": 4},
    ]  # fmt: skip


DOCUMENT: dict[str, Any] = {
    "title": "细则",
    "clauses": [
        {"no": "1", "title": "基础工作", "kind": "basic", "points": "10", "children": [
            {"no": "1.1", "title": "领导小组", "kind": "key", "points": "4", "method": "all_or_nothing", "lead_unit": "市教育局"},
            {"no": "1.2", "title": "督导", "points": "3.5", "method": "tiered",
             "params": {"bands": [{"min": "0", "points": "2"}, {"min": "80", "points": "3.5"}]},
             "measure": {"measure": "visits", "value": "done_rate"}},
            {"no": "1.3", "title": "会议", "points": "2.5", "method": "per_shortfall", "params": {"each": "0.25", "required": "2"},
             "unit": "场"},
        ]},
        {"no": "2", "title": "加分", "kind": "bonus", "method": "bonus", "params": {"each": "2", "cap": "4"}},
        {"no": "3", "title": "抽检", "kind": "veto", "params": {"target": "4", "op": ">="}},
    ],
    "pass": {"no_veto": True, "min_total": "90", "key_min_rate": "0.6"},
}  # fmt: skip


def tables() -> list[Any]:
    """What the editions say, without keys."""
    books = Rulebook.objects.order_by("code").values_list(
        "code", "title", "edition", "source", "document", "digest", "state", "is_demo"
    )
    clauses = Clause.objects.order_by("rulebook__code", "order").values_list(
        "rulebook__code", "no", "parent__no", "title", "kind", "points", "method", "params", "measure", "lead_unit__name", "order"
    )  # fmt: skip
    return [*books, *clauses]


def exported(user: User, **fields: Any) -> list[dict[str, Any]]:
    kind = kind_of("rulebook")
    keys = [column.key for column in kind.columns]
    return [
        dict(zip(keys, cells, strict=True)) | fields for cells in kind.export_rows(kind.export_queryset(user))
    ]


def said(batch: LedgerBatch, severity: str = "note") -> set[str]:
    return {code for _row, _column, code in found(batch, severity)}


def test_rows_become_the_draft_that_the_same_document_makes(office: User) -> None:
    batch = take_in(send(office, "rulebook", rows()))
    assert (counts(batch), found(batch, "error", "warning")) == ({"read": 6, "accepted": 6, "created": 6}, [])
    imported = Rulebook.objects.get()
    assert (imported.state, imported.document, str(imported)) == ("draft", DOCUMENT, "细则(一版)")
    by_ledger = tables()
    imported.delete()
    draft_rulebook(code="x-1", title="细则", edition="一版", source="文件", document=DOCUMENT, by=office)
    assert tables() == by_ledger


def test_the_same_rows_again_change_nothing(office: User) -> None:
    take_in(send(office, "rulebook", rows()))
    before = tables()
    again = take_in(send(office, "rulebook", rows(), below=[["合计", 6]]))
    assert counts(again) == {"read": 7, "accepted": 6, "skipped": 1, "unchanged": 6}
    assert tables() == before


def test_the_demonstration_edition_goes_out_and_comes_back_as_it_was(office: User) -> None:
    for name in {raw["lead_unit"] for raw in _leaves(DEMO["clauses"])} - {"市教育局", "市商务局"}:
        make_unit(name)
    names = {name: DEMO[name] for name in ("code", "title", "edition", "source")}
    publish_rulebook(rulebook=draft_rulebook(**names, document=DEMO, by=office), by=office)
    before = tables()
    keys = [column.key for column in kind_of("rulebook").columns]
    back = take_in(send(office, "rulebook", workbook("rulebook", exported(office), keys=keys)))
    size = Clause.objects.count()
    assert counts(back) == {"read": size, "accepted": size, "unchanged": size}
    assert found(back, "error", "warning", "note") == [] and tables() == before
    take_in(send(office, "rulebook", exported(office, code="copy", edition="副本"), keys=keys))
    copy = Rulebook.objects.get(code="copy")
    assert parse_rulebook(copy.document) == parse_rulebook(DEMO)
    fields = ("no", "title", "kind", "points", "method", "params", "measure", "lead_unit", "order")
    first, second = (
        list(Clause.objects.filter(rulebook=one).values(*fields)) for one in Rulebook.objects.order_by("pk")
    )
    assert first == second


def _leaves(clauses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for raw in clauses:
        found += _leaves(raw["children"]) if raw.get("children") else [raw]
    return found


def test_a_draft_is_bettered_row_by_row_and_undo_puts_it_back(office: User) -> None:
    take_in(send(office, "rulebook", rows()))
    Rulebook.objects.update(document=_with_evidence(Rulebook.objects.get().document))
    before = tables()
    changed = rows()
    changed[0] |= {"edition": "二版", "points": 11}
    changed[1] |= {"points": 5}
    changed.insert(4, {"no": "1.4", "title": "新的一条", "kind": "基本项", "points": 0, "method": "酌情扣分"})
    batch = take_in(send(office, "rulebook", changed))
    assert counts(batch) == {"read": 7, "accepted": 7, "created": 1, "updated": 2, "unchanged": 4}
    rulebook = Rulebook.objects.get()
    chapter = rulebook.document["clauses"][0]
    assert (rulebook.edition, chapter["points"]) == ("二版", "11")
    assert [raw["no"] for raw in chapter["children"]] == ["1.1", "1.2", "1.3", "1.4"]
    assert chapter["children"][0]["evidence"] == ["现场"]
    updated = batch.rows.filter(verb="updated").order_by("row_no")
    assert [(row.before or {}).get("points") for row in updated] == ["10", "4"]
    undone = batches.undo_batch(batch=batch, by=office)
    assert (undone.restored, undone.conflicts) == (3, [])
    assert [row for row in tables() if row[0] == "x-1"] == [
        _redigested(row) if len(row) == 8 else row for row in before
    ]


def _with_evidence(document: dict[str, Any]) -> dict[str, Any]:
    document["clauses"][0]["children"][0]["evidence"] = ["现场"]
    return document


def _redigested(row: Any) -> Any:
    """The test wrote the document behind the digest's back."""
    stored = Rulebook.objects.get(code=row[0])
    return (*row[:5], stored.digest, *row[6:])


def test_a_new_edition_is_taken_out_by_undo_unless_it_was_published(office: User) -> None:
    first = take_in(send(office, "rulebook", rows()))
    second = take_in(send(office, "rulebook", [rows()[0] | {"code": "y-1"}, *rows()[1:]]))
    publish_rulebook(rulebook=Rulebook.objects.get(code="x-1"), by=office)
    undone = batches.undo_batch(batch=first, by=office)
    assert (undone.removed, len(undone.conflicts)) == (0, 1)
    undone = batches.undo_batch(batch=second, by=office)
    assert (undone.removed, undone.conflicts) == (6, [])
    assert [one.code for one in Rulebook.objects.all()] == ["x-1"]


def test_a_published_edition_is_confirmed_or_refused_never_changed(office: User) -> None:
    take_in(send(office, "rulebook", rows()))
    publish_rulebook(rulebook=Rulebook.objects.get(), by=office)
    before = tables()
    assert counts(send(office, "rulebook", rows()))["unchanged"] == 6
    other = rows()
    other[1] |= {"title": "换个说法"}
    batch = send(office, "rulebook", other)
    assert (found(batch, "error"), batch.state) == ([(3, "细则代码", "edition_published")], "refused")
    assert counts(batch) == {"read": 6, "rejected": 1, "skipped": 5}
    assert tables() == before


def test_a_clause_left_out_of_the_file_is_not_deleted(office: User) -> None:
    take_in(send(office, "rulebook", rows()))
    batch = send(office, "rulebook", rows()[:-1])
    assert found(batch, "error") == [(3, "编号", "clauses_missing")]
    assert "条款 3 不在文件里" in batch.rows.get(has_error=True).issues[0]["message"]


def test_two_editions_of_one_file_stand_for_themselves(office: User) -> None:
    bad = [one | ({"code": "y-1"} if one["no"] == "1" else {}) for one in rows()]
    bad[3] |= {"points": 9}
    batch = take_in(send(office, "rulebook", [*rows(), *bad]), partial=True)
    assert counts(batch) == {"read": 12, "accepted": 6, "rejected": 1, "skipped": 5, "created": 6}
    assert (found(batch, "error"), said(batch)) == ([(9, "分值", "points_differ")], {"edition_incomplete"})
    assert [one.code for one in Rulebook.objects.all()] == ["x-1"]


def test_the_page_says_why_the_other_rows_of_an_edition_stay_out(
    office: User, login: Callable[..., Client]
) -> None:
    bad = rows()
    bad[3] |= {"points": 9}
    batch = send(office, "rulebook", bad)
    html = login(office).get(reverse("ledger-batch", args=[batch.pk])).content.decode()
    assert "读取 6 行 = 合格 0 + 错误 1 + 未导入 5（所在的一版有错误行，整版不导入 5）" in html


def test_a_reading_holds_its_clause_when_an_undo_would_take_it(office: User) -> None:
    campaign = make_campaign()
    take_in(send(office, "rulebook", rows()))
    longer = rows()
    longer.append({"no": "4", "title": "又一条否决", "kind": "否决项"})
    batch = take_in(send(office, "rulebook", longer))
    record_reading(
        campaign=campaign, clause=Clause.objects.get(no="4"), value={"happened": False}, by=office,
        on=campaign.started_on, source=ReadingSource.REPORTED,
    )  # fmt: skip
    undone = batches.undo_batch(batch=batch, by=office)
    assert (undone.restored, len(undone.conflicts)) == (0, 1)
    assert Clause.objects.filter(no="4").exists()


@pytest.mark.parametrize(
    ("at", "fields", "issues"),
    [
        (0, {"code": None}, {(3, "细则代码", "edition_unnamed")}),
        (0, {"code": "细则 一"}, {(3, "细则代码", "not_a_code")}),
        (0, {"book": None}, {(3, "细则名称", "required")}),
        (0, {"passing": "差不多就行"}, {(3, "合格规则", "pass_rule_unclear")}),
        (0, {"points": 9}, {(3, "分值", "points_differ")}),
        (1, {"no": None}, {(4, "编号", "required")}),
        (1, {"title": None}, {(4, "条款", "required")}),
        (1, {"kind": "重要"}, {(4, "类别", "unknown_choice")}),
        (1, {"points": "四"}, {(4, "分值", "not_a_number")}),
        (1, {"points": None}, {(4, "分值", "clause_refused")}),
        (1, {"method": None}, {(4, "计分方法", "clause_refused")}),
        (1, {"method": "看着办"}, {(4, "计分方法", "unknown_choice")}),
        (1, {"method": "否决"}, {(4, "计分方法", "clause_refused")}),
        (1, {"lead_unit": "火星管理局"}, {(4, "牵头单位", "unit_unknown")}),
        (1, {"lead_unit": "食安办"}, {(4, "牵头单位", "unit_ambiguous")}),
        (1, {"book": "另一个名称"}, {(4, "细则名称", "edition_differs")}),
        (1, {"parent": "7"}, {(4, "上级编号", "clause_parent")}),
        (1, {"parent": "1.1"}, {(4, "上级编号", "clause_parent")}),
        (1, {"target": 80}, {(4, "目标值", "clause_refused")}),
        (2, {"bands": "八十分以上三分"}, {(5, "分档", "bands_unclear")}),
        (2, {"measure": "心情指数"}, {(5, "系统取数", "unknown_choice")}),
        (3, {"each": None}, {(6, "每次分值", "clause_refused")}),
        (3, {"no": "1.2"}, {(5, "条款", "duplicate_conflict"), (6, "条款", "duplicate_conflict")}),
        (4, {"cap": None}, {(7, "上限", "clause_refused")}),
        (4, {"kind": None}, {(7, "类别", "clause_refused")}),
        (5, {"points": 3}, {(8, "分值", "clause_refused")}),
        (5, {"op": None, "target": None, "no": "2.1", "kind": "基本项"}, {(8, "类别", "clause_refused"), (7, "计分方法", "clause_refused")}),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_nothing_that_follows_from_it(
    at: int, fields: dict[str, Any], issues: set[Any], office: User
) -> None:
    for county in ("990102", "990103"):
        make_unit("食安办", region=county)
    faulty = rows()
    faulty[at] |= fields
    batch = send(office, "rulebook", faulty)
    expected = issues
    if fields.get("code", "") is None:  # without a code no row belongs to an edition
        expected = {(row, "细则代码", "edition_unnamed") for row in range(3, 9)}
    assert set(found(batch, "error", "warning")) == expected
    assert (batch.state, Rulebook.objects.exists()) == ("refused", False)


def test_every_fault_of_a_file_is_told_at_once_in_words(office: User) -> None:
    faulty = rows()
    faulty[0] |= {"points": 99}
    faulty[1] |= {"method": None}
    faulty[3] |= {"each": None}
    faulty[4] |= {"cap": None}
    batch = send(office, "rulebook", faulty)
    messages = [
        issue["message"]
        for row in batch.rows.filter(has_error=True).order_by("row_no")
        for issue in row.issues
        if issue["severity"] == "error"
    ]
    assert len(messages) == 3
    assert messages[0].startswith("没有评分方法，可用 “全得或不得”、“酌情扣分”")
    assert messages[1:] == ["参数缺少 “每次分值”；请改正", "参数缺少 “上限”；请改正"]


def test_the_words_of_the_columns_are_those_of_the_scoring_engine() -> None:
    assert set(METHODS) == set(SCORED)
    assert set(OPERATORS) == set(COMPARED)
    assert set(COMBINATIONS) == set(COMBINED)
    assert set(MEASURES) == {f"{measure}.{value}" for measure in COUNTED for value in VALUES}


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("无否决项；总分≥90；关键项≥60%", {"no_veto": True, "min_total": "90", "key_min_rate": "0.6"}),
        ("不看否决项；基础分≥85.5", {"no_veto": False, "min_base": "85.5"}),
        ("", {}),
    ],
)
def test_a_pass_rule_is_written_as_it_is_read(words: str, rule: dict[str, Any]) -> None:
    assert passing.read_pass(words) == rule
    assert passing.written(rule) == words
    assert passing.read_pass(words.replace("≥", "不低于").replace("；", "，")) == rule
    parse_rulebook(DOCUMENT | {"pass": rule})


def test_a_county_and_a_unit_may_not_write_the_rulebook(office: User) -> None:
    for role, place in (("county_liaison", "990102"), ("unit_liaison", "9901")):
        user = make_user(role=role, region=place)
        with pytest.raises(batches.LedgerRefused, match="不能导入"):
            send(user, "rulebook", rows())


def test_command_page_and_admin_give_the_edition_away_and_the_admin_takes_it_in(
    office: User, login: Any, tmp_path: Path
) -> None:
    client = login(office)
    uploaded = client.post(
        reverse("admin:campaigns_rulebook_import"),
        {"file": SimpleUploadedFile("细则.xlsx", workbook("rulebook", rows()).read())},
    )
    batch = checked(LedgerBatch.objects.get())
    assert uploaded.headers["Location"] == reverse("ledger-batch", args=[batch.pk])
    take_in(batch)
    out = tmp_path / "rulebook.csv"
    call_command("export", "rulebook", out, "--user", office.username, "--json", stdout=StringIO())
    by_command = out.read_text(encoding="utf-8-sig")
    assert [line.split(",")[6] for line in by_command.splitlines()] == [
        "编号",
        "1",
        "1.1",
        "1.2",
        "1.3",
        "2",
        "3",
    ]
    address = {"format": "csv", "code": "x-1"}
    by_page = b"".join(client.get(reverse("rulebook-export"), address).streaming_content)
    assert by_page.decode("utf-8-sig") == by_command.replace("\r\n", "\n").replace("\n", "\r\n")
    nothing = b"".join(client.get(reverse("rulebook-export"), address | {"code": "y-9"}).streaming_content)
    assert len(nothing.decode().splitlines()) == 1
    by_admin = client.post(reverse("admin:campaigns_rulebook_export"), {"format": "csv"})
    assert b"".join(by_admin.streaming_content) == by_page
    back = ContentFile(by_page, name="rulebook.csv")
    assert counts(send(office, "rulebook", back)) == {"read": 6, "accepted": 6, "unchanged": 6}


def test_the_very_same_file_is_answered_from_the_first_until_the_draft_is_changed(office: User) -> None:
    file = workbook("rulebook", rows())
    first = take_in(send(office, "rulebook", file))
    again = batches.receive_upload(kind="rulebook", file=file, by=office)
    assert (again.batch.pk, again.repeated) == (first.pk, True)
    publish_rulebook(rulebook=Rulebook.objects.get(), by=office)
    assert not batches.receive_upload(kind="rulebook", file=file, by=office).repeated
