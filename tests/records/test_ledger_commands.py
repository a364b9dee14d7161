"""The commands of the contract: one JSON document, exit codes 0 and 2, nothing but the document on standard output."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest
from django.core.management import call_command
from django.db.models import Count
from django.utils import timezone

from entities.hooks import business_changed
from entities.models import Business
from records.models import Job, LedgerBatch
from tests.factories.ledgers import business_row, make_county, make_liaison, workbook

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DOCUMENT = {
    "verdict", "reason", "batch", "sheet", "header_row", "columns", "unrecognised", "read", "accepted", "rejected", "skipped",
    "created", "updated", "unchanged", "closed", "reactivated", "conflicts", "warnings", "seconds", "issue_groups", "issues",
}  # fmt: skip


@pytest.fixture
def liaison():
    make_county()
    return make_liaison(username="county_liaison")


@pytest.fixture
def ledger(tmp_path):
    def write(rows, **how):
        path = tmp_path / "台账.xlsx"
        path.write_bytes(workbook("businesses", rows, **how).read())
        return str(path)

    return write


def run(*arguments):
    """Exit code and document of a command."""
    out, code = io.StringIO(), 0
    try:
        call_command(*arguments, "--json", stdout=out)
    except SystemExit as ended:
        code = ended.code
    return code, json.loads(out.getvalue())


def test_a_ledger_in_order_is_imported_and_told_as_the_contract_says(liaison, ledger):
    rows = [business_row(), business_row(contact_phone="１３８００００１１１１")]
    code, told = run("import_ledger", ledger(rows), "--kind", "businesses", "--user", "county_liaison")
    assert code == 0 and set(told) >= DOCUMENT
    assert (told["verdict"], told["read"], told["accepted"], told["created"]) == ("accept", 2, 2, 2)
    assert told["columns"]["企业名称"] == "name" and set(told["seconds"]) == {"check", "commit"}
    assert told["issues"] == [
        {
            "sheet": "台账", "row": 4, "column": "联系电话", "value": "１３８００００１１１１", "code": "normalised",
            "severity": "changed", "message": told["issues"][0]["message"],
        }
    ]  # fmt: skip
    assert told["issue_groups"][0] | {"severity": ""} == {
        "code": "normalised", "message": "写法已统一", "count": 1, "severity": "",
    }  # fmt: skip


def test_a_partial_ledger_is_imported_only_when_asked(liaison, ledger, tmp_path):
    path = ledger([business_row(), business_row(name=None)])
    asked = ("import_ledger", path, "--kind", "businesses", "--user", "county_liaison")
    code, told = run(*asked, "--check-only")
    assert (code, told["verdict"], Business.objects.count()) == (0, "partial", 0)
    code, told = run(*asked)
    assert (code, told["verdict"], Business.objects.count()) == (2, "partial", 0)
    assert "1 行有错误" in told["reason"]
    marked = tmp_path / "标注.xlsx"
    code, told = run(*asked, "--accept-partial", "--marked", str(marked))
    assert (code, told["created"], told["rejected"], Business.objects.count()) == (0, 1, 1, 1)
    assert "检查结果" in [cell.value for cell in openpyxl.load_workbook(marked).active[2]]
    code, told = run(*asked, "--accept-partial")
    assert (code, told["unchanged"], told["created"], told["read"]) == (0, 1, 0, 2)


def test_sheet_and_mapping_can_be_given(liaison, ledger, tmp_path):
    mapping = tmp_path / "map.json"
    mapping.write_text(json.dumps({"门牌": "premises_address"}), encoding="utf-8")
    path = ledger([business_row()], headers={"premises_address": "门牌"}, sheet="一季度")
    asked = ("import_ledger", path, "--kind", "businesses", "--user", "county_liaison")
    assert run(*asked)[0] == 2
    code, told = run(*asked, "--mapping", str(mapping), "--sheet", "一季度")
    assert (code, told["sheet"], told["columns"]["门牌"]) == (0, "一季度", "premises_address")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "businesses", "--user", "nobody"], "没有名为“nobody”"),
        (["--kind", "accounts", "--user", "county_liaison"], "不能导入"),
        (["--kind", "nonsense", "--user", "county_liaison"], "没有“nonsense”这种台账"),
        (["--kind", "businesses", "--user", "county_liaison", "--sheet", "没有的表"], "没有的表"),
    ],
)
def test_refusals_say_why_and_leave_with_two(liaison, ledger, arguments, words):
    code, told = run("import_ledger", ledger([business_row()]), *arguments)
    assert code == 2 and words in told["reason"]
    assert set(told) >= DOCUMENT and (told["verdict"], told["read"], told["issues"]) == ("refuse", 0, [])


def test_a_file_that_is_not_there_is_a_refusal(liaison):
    code, told = run("import_ledger", "/nowhere/x.xlsx", "--kind", "businesses", "--user", "county_liaison")
    assert code == 2 and "打不开文件" in told["reason"]


def test_an_import_is_undone_by_its_number(liaison, ledger):
    run("import_ledger", ledger([business_row()]), "--kind", "businesses", "--user", "county_liaison")
    batch = LedgerBatch.objects.get()
    code, told = run("undo_import", batch.number, "--user", "county_liaison")
    assert (code, told) == (0, {"restored": 0, "removed": 1, "conflicts": []})
    code, told = run("undo_import", str(batch.pk), "--user", "county_liaison")
    assert code == 2 and "不能撤销" in told["reason"]
    make_liaison(username="stranger").posts.update(region_id="990103")
    assert run("undo_import", str(batch.pk), "--user", "stranger")[0] == 2


@pytest.fixture
def other_work(liaison, monkeypatch):
    """Every change of the register is followed by a job, and just then the same person asks for another one elsewhere."""
    monkeypatch.setattr("inspections.receivers.AT_ONCE", 0)

    def ask_elsewhere(sender, **kwargs):
        Job.objects.create(kind="duties.materialise", created_by=liaison, created_at=timezone.now())

    business_changed.connect(ask_elsewhere)
    yield
    business_changed.disconnect(ask_elsewhere)


def left_to_jobs():
    """Kind, state and number of the jobs that follow a ledger, and of other work."""
    kinds = Job.objects.filter(kind__startswith="duties.").order_by()
    return set(kinds.values_list("kind", "state").annotate(Count("pk")))


def test_import_and_undo_finish_their_own_followers_and_touch_no_other_work(liaison, ledger, other_work):
    row = business_row()
    for changed in (row, row | {"legal_person": "李四"}):
        run("import_ledger", ledger([changed]), "--kind", "businesses", "--user", "county_liaison")
    batch = LedgerBatch.objects.latest("pk")
    assert (batch.counts["updated"], left_to_jobs()) == (
        1,
        {("duties.follow", "done", 2), ("duties.materialise", "queued", 2)},
    )
    run("undo_import", str(batch.pk), "--user", "county_liaison")
    assert left_to_jobs() == {("duties.follow", "done", 3), ("duties.materialise", "queued", 3)}


def test_a_template_is_written_for_the_persons_territory(liaison, tmp_path):
    path = tmp_path / "模板.xlsx"
    code, told = run("ledger_template", str(path), "--kind", "businesses", "--user", "county_liaison")
    assert (code, told["columns"][1]) == (0, "企业名称")
    options = [cell.value for row in openpyxl.load_workbook(path)["选项"].iter_rows() for cell in row]
    assert "石门乡" in options and "东风乡" not in options
