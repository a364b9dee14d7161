"""What an uploader answered about columns and sheets is used on the next file, and never against a proper header."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from entities.models import Business
from records.choices import BatchState
from records.ledgers import batches, kind_of
from records.ledgers.batches import LedgerRefused
from records.models import AuditEvent, LedgerBatch, LedgerHabit
from tests.factories import make_unit
from tests.factories.ledgers import (
    business_row,
    checked,
    make_liaison,
    send,
    take_in,
    workbook,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OWN = "门牌"


def file(*rows, **headers):
    return workbook("businesses", rows or [business_row()], headers={"premises_address": OWN, **headers})


def answer(batch, mapping, by=None):
    return checked(
        batches.choose_columns(batch=batch, by=by or batch.uploaded_by, sheet=batch.sheet, mapping=mapping)
    )


def test_an_answer_is_used_on_the_next_file_and_named_there(liaison):
    batch = send(liaison, "businesses", file())
    assert (batch.state, batch.choices["ask"], batch.choices["missing"]) == (
        BatchState.REFUSED,
        "columns",
        ["premises_address"],
    )
    batch = answer(batch, {OWN: "premises_address"})
    assert batch.state == BatchState.CHECKED
    again = send(liaison, "businesses", file())
    assert (again.state, again.columns[OWN], again.choices["remembered"]) == (
        BatchState.CHECKED,
        "premises_address",
        {OWN: "premises_address"},
    )
    assert any("按上次的选择" in note and OWN in note for note in batches.head(again)["notes"])
    take_in(again)
    assert Business.objects.get().premises_address.startswith("南湖区")


def test_a_colleague_of_the_unit_and_territory_shares_the_answer_and_nobody_else(liaison):
    unit, other = make_unit(region="990102"), make_unit(region="990102")
    first, colleague, stranger = make_liaison(unit=unit), make_liaison(unit=unit), make_liaison(unit=other)
    answer(send(first, "businesses", file()), {OWN: "premises_address"})
    assert send(colleague, "businesses", file()).state == BatchState.CHECKED
    assert send(stranger, "businesses", file()).state == BatchState.REFUSED
    assert send(liaison, "businesses", file()).state == BatchState.REFUSED


def test_a_proper_header_always_means_its_column(liaison):
    answer(send(liaison, "businesses", file()), {OWN: "premises_address"})
    LedgerHabit.objects.update(
        mapping={OWN: "premises_address", "企业名称": "legal_person", "法定代表人": ""}
    )
    batch = send(liaison, "businesses", file())
    assert (batch.columns["企业名称"], batch.columns[OWN]) == ("name", "premises_address")
    both = workbook("businesses", [business_row()], headers={"supervision_office": OWN})
    batch = send(liaison, "businesses", both)
    assert (batch.columns[place_header()], OWN in batch.unrecognised) == ("premises_address", True)


def place_header():
    return kind_of("businesses").column_of["premises_address"].header


def test_what_is_said_now_goes_before_what_was_said_then(liaison):
    answer(send(liaison, "businesses", file()), {OWN: "premises_address"})
    received = batches.receive_upload(
        kind="businesses", file=file(), by=liaison, choices={"mapping": {OWN: ""}}
    )
    batch = checked(received.batch)
    assert (batch.state, OWN in batch.columns) == (BatchState.REFUSED, False)


def test_an_answer_can_be_changed_and_forgotten(liaison, login):
    batch = answer(send(liaison, "businesses", file()), {OWN: "premises_address"})
    client = login(liaison)
    page = client.get(reverse("ledger-batch", args=[batch.pk]), {"columns": "1"}).content.decode()
    assert all(word in page for word in (OWN, "按此对应检查"))
    again = send(liaison, "businesses", file())
    client.post(reverse("ledger-forget", args=[again.pk]))
    assert (LedgerHabit.objects.count(), checked(LedgerBatch.objects.get(pk=again.pk)).state) == (
        0,
        BatchState.REFUSED,
    )
    assert AuditEvent.objects.get(action="ledger.choices_forgotten").before["mapping"] == {
        OWN: "premises_address"
    }
    with pytest.raises(LedgerRefused, match="只有上传人"):
        batches.forget_choices(batch=again, by=make_liaison())


def test_a_column_left_out_on_the_page_stays_out(liaison, login):
    batch = send(liaison, "businesses", workbook("businesses", [business_row()]))
    client = login(liaison)
    headers = batch.choices["guess"]
    told = {f"column_{place}": batch.columns.get(header, "") for place, header in enumerate(headers)}
    told[f"column_{headers.index('联系电话')}"] = ""
    client.post(reverse("ledger-choose", args=[batch.pk]), {"header": headers, "sheet": batch.sheet, **told})
    batch = checked(LedgerBatch.objects.get())
    assert ("联系电话" in batch.columns, batch.state) == (False, BatchState.CHECKED)
    assert LedgerHabit.objects.count() == 0  # a proper header is left out of this file only


def test_the_mapping_page_names_unrecognised_missing_and_doubled_columns(liaison, login):
    book = openpyxl.Workbook()
    book.active.append(["企业名称", "联系电话号码", "电话", "法人电话", OWN, "随便"])
    book.active.append(["甲店", "1", "2", "3", "路 1 号", "x"])
    out = io.BytesIO()
    book.save(out)
    batch = send(liaison, "businesses", ContentFile(out.getvalue(), name="a.xlsx"))
    assert batch.choices["ask"] == "columns"
    page = login(liaison).get(reverse("ledger-batch", args=[batch.pk])).content.decode()
    assert all(f">{header}<" in page for header in ("企业名称", "随便", OWN))
    assert ("没有认出" in page, "缺少必填的列" in page, place_header() in page) == (True, True, True)


def test_two_columns_with_one_name_cannot_be_told_apart_and_the_sentence_says_what_to_do(liaison):
    book = openpyxl.Workbook()
    columns = kind_of("businesses").column_of
    alias = columns["contact_phone"].aliases[0]
    row = business_row()
    keys = [key for key in row if key != "contact_phone"]
    book.active.append([*(columns[key].header for key in keys), alias, alias])
    book.active.append([*(row[key] for key in keys), "1", "2"])
    out = io.BytesIO()
    book.save(out)
    batch = send(liaison, "businesses", ContentFile(out.getvalue(), name="a.xlsx"))
    assert (batch.state, batch.choices["code"], "一模一样" in batch.reason) == (
        BatchState.REFUSED,
        "doubled_columns",
        True,
    )
    assert batch.choices.get("ask", "") == ""


def test_the_sheet_that_was_chosen_is_taken_next_time(liaison):
    def book():
        made = openpyxl.load_workbook(
            io.BytesIO(workbook("businesses", [business_row()], sheet="一季度").read())
        )
        copy = made.copy_worksheet(made["一季度"])
        copy.title = "二季度"
        out = io.BytesIO()
        made.save(out)
        return ContentFile(out.getvalue(), name="两季.xlsx")

    batch = send(liaison, "businesses", book())
    assert batch.choices["ask"] == "sheet"
    batch = checked(batches.choose_columns(batch=batch, by=liaison, sheet="二季度"))
    assert batch.sheet == "二季度"
    again = send(liaison, "businesses", book())
    assert (again.state, again.sheet, again.choices["remembered_sheet"]) == (
        BatchState.CHECKED,
        "二季度",
        "二季度",
    )


def test_the_marked_workbook_marks_by_the_remembered_columns(liaison):
    answer(send(liaison, "businesses", file()), {OWN: "premises_address"})
    batch = send(liaison, "businesses", file(business_row(), business_row(premises_address=None)))
    out = io.BytesIO()
    assert (batch.counts["rejected"], batches.marked_workbook(batch, out)) == (1, 1)
