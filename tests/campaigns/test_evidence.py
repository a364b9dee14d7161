"""The library of proof: bad files refused with a sentence, the same bytes stored once, two people, and counts that add up."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import Image

from campaigns.choices import DraftOutcome, EvidenceState, Secrecy
from campaigns.editions import store_edition
from campaigns.errors import RulebookRefused
from campaigns.lists.evidence import in_standing
from campaigns.models import Assessment, Clause, EvidenceBatch, EvidenceDraft, EvidencePiece, EvidenceVersion
from campaigns.packing import PackRefused, build_pack
from campaigns.reports.evidence import board_of, waiting_for
from campaigns.rules.evidence import ORDER, Counts
from campaigns.services.evidence import (
    AskedFor,
    Content,
    EvidenceRefused,
    Term,
    ask_for_evidence,
    digest_of,
    link_piece,
    review_version,
    submit_piece,
    submit_version,
)
from campaigns.services.evidence_batches import Chosen, open_batch, save_batch, sort_batch, standing_of
from foodsafe_portal.lib.attachments import look_at
from records.models import AuditEvent, EvidenceFile, Job
from records.services import jobs
from tests.factories import make_campaign, make_unit, make_user

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 16)
DOCUMENT = {
    "title": "细则",
    "clauses": [
        {
            "no": "1",
            "title": "组织",
            "kind": "key",
            "points": "6",
            "children": [
                {
                    "no": "1.1", "title": "机构", "kind": "key", "points": "2", "method": "all_or_nothing",
                    "evidence": [{"kind": "document", "title": "纪要", "count": 2}, {"kind": "picture", "title": "照片"}],
                },
                {"no": "1.2", "title": "督导", "kind": "key", "points": "4", "method": "all_or_nothing", "lead_unit": "教育局"},
            ],
        }
    ],
    "pass": {"no_veto": True, "min_total": "5", "key_min_rate": "0.60"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def bureau() -> Any:
    return make_unit("教育局", region="9901", is_member=True)


@pytest.fixture
def campaign(bureau: Any) -> Any:
    campaign = make_campaign()
    campaign.rulebook = store_edition(code="e", title="细则", edition="1", document=DOCUMENT, source="测试")
    campaign.save()
    return campaign


@pytest.fixture
def office() -> Any:
    return make_user(role="campaign_office", region="9901")


@pytest.fixture
def liaison(bureau: Any) -> Any:
    return make_user(role="unit_liaison", region="9901", unit=bureau)


def text(name: str, words: str = "纪要") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, words.encode())


def content(name: str = "a.txt", words: str = "纪要") -> Content:
    file = text(name, words)
    return Content(file, name, look_at(file, name, file.size or 0), digest_of(file))


def clause(no: str) -> Clause:
    return Clause.objects.get(no=no)


def zipped(*members: tuple[str, bytes]) -> SimpleUploadedFile:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return SimpleUploadedFile("1.2 资料.zip", out.getvalue())


def sorted_batch(campaign: Any, by: Any, *uploads: Any) -> EvidenceBatch:
    batch = open_batch(campaign=campaign, uploads=uploads, by=by)
    if batch.job_id:
        jobs.run_inline(Job.objects.get(pk=batch.job_id))
    batch.refresh_from_db()
    return batch


def told(batch: EvidenceBatch) -> dict[str, tuple[str, str]]:
    rows = batch.drafts.select_related("clause")
    return {
        row.name.rsplit("/", 1)[-1]: (row.outcome, row.clause.no if row.clause else row.reason)
        for row in rows
    }


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="accounts.backends.NameOrMobileBackend")
    return client


def test_names_find_their_clauses_and_what_says_nothing_is_kept_and_asked(campaign, liaison):
    batch = sorted_batch(
        campaign,
        liaison,
        text("1.1_会议纪要.txt", "一"),
        text("2026年方案.txt", "二"),
        text("9.9_没有这条.txt", "三"),
    )
    assert told(batch) == {
        "1.1_会议纪要.txt": ("matched", "1.1"),
        "2026年方案.txt": ("unmatched", ""),
        "9.9_没有这条.txt": ("unmatched", ""),
    }
    first = batch.drafts.get(name="1.1_会议纪要.txt")
    assert (first.title, first.request.title) == ("会议纪要", "纪要")
    chosen = {row.pk: Chosen(row.clause, row.request, row.title, row.kind) for row in batch.drafts.all()}
    done = save_batch(batch=batch, chosen=chosen, by=liaison)
    assert (done.saved, done.left, done.refusals) == (1, 2, ())
    assert EvidencePiece.objects.get().links.get().clause.no == "1.1"
    sort_batch(batch=batch)
    assert batch.drafts.filter(outcome=DraftOutcome.UNMATCHED).exclude(file="").count() == 2


def test_bad_files_are_refused_by_name_and_the_good_one_beside_them_is_kept(campaign, liaison, settings):
    settings.EVIDENCE_MAX_MEGABYTES, settings.EVIDENCE_MAX_MEGAPIXELS = 1, 1
    wide = io.BytesIO()
    Image.new("1", (2000, 2000)).save(wide, "PNG")
    batch = sorted_batch(
        campaign,
        liaison,
        text("1.1_好.txt", "好"),
        SimpleUploadedFile("1.1_锁.pdf", b"%PDF-1.6\n1 0 obj\ntrailer << /Encrypt 5 0 R >>"),
        SimpleUploadedFile("1.1_假.pdf", b"not a pdf at all"),
        SimpleUploadedFile("1.1_炸.png", wide.getvalue()),
        SimpleUploadedFile("1.1_录像.mp4", b"\0" * (2 * 1024 * 1024)),
        SimpleUploadedFile("1.1_空.txt", b""),
    )
    found = told(batch)
    assert found.pop("1.1_好.txt") == ("matched", "1.1")
    assert {name: outcome for name, (outcome, _reason) in found.items()} == dict.fromkeys(found, "refused")
    said = {name: reason for name, (_outcome, reason) in found.items()}
    assert "密码" in said["1.1_锁.pdf"]
    assert "后缀不符" in said["1.1_假.pdf"]
    assert "像素" in said["1.1_炸.png"]
    assert "超过 1 MB" in said["1.1_录像.mp4"]
    assert "空文件" in said["1.1_空.txt"]
    assert all(name in sentence for name, sentence in said.items())


def test_a_zip_gives_its_files_and_nothing_outside_its_folder(campaign, liaison):
    batch = sorted_batch(
        campaign,
        liaison,
        zipped(
            ("照片/1.1_甲.txt", b"a"),
            ("乙.txt", b"b"),
            ("../逃.txt", b"c"),
            ("内.zip", b"PK\x03\x04"),
            ("__MACOSX/x", b""),
        ),
    )
    found = told(batch)
    assert found["1.1_甲.txt"] == ("matched", "1.1")
    assert found["乙.txt"] == ("matched", "1.2"), "the archive's own name stands for what says nothing"
    assert "压缩包以外" in found["逃.txt"][1]
    assert "压缩包里的压缩包" in found["内.zip"][1]
    assert len(found) == 4
    jobs.run_inline(Job.objects.get(pk=batch.job_id))
    assert batch.drafts.count() == 4, "a second run changes nothing"


def test_a_bomb_and_a_crowd_are_refused_whole(campaign, liaison, settings):
    settings.EVIDENCE_MAX_ZIP_MEMBERS = 2
    crowd = sorted_batch(campaign, liaison, zipped(*((f"1.1_{n}.txt", b"x") for n in range(3))))
    assert [row.outcome for row in crowd.drafts.all()] == ["refused"]
    settings.EVIDENCE_MAX_ZIP_MEGABYTES = 1
    bomb = sorted_batch(campaign, liaison, zipped(("1.1_大.txt", b"0" * (5 * 1024 * 1024))))
    assert "解开后超过" in bomb.drafts.get().reason


def test_the_same_bytes_are_one_piece_with_one_more_use(campaign, liaison):
    first = sorted_batch(campaign, liaison, text("1.1_纪要.txt"))
    save_batch(batch=first, chosen=choices(first), by=liaison)
    again = sorted_batch(campaign, liaison, text("1.2_别名.txt"))
    assert told(again) == {"1.2_别名.txt": ("same", "1.2")}
    done = save_batch(batch=again, chosen=choices(again), by=liaison)
    assert (done.saved, done.same) == (0, 1)
    piece = EvidencePiece.objects.get()
    assert [link.clause.no for link in piece.links.all()] == ["1.1", "1.2"]
    assert EvidenceFile.objects.count() == 1
    with pytest.raises(EvidenceRefused, match="同一份"):
        submit_piece(campaign=campaign, title="又", kind="document", content=content(), by=liaison)


def choices(batch: EvidenceBatch) -> dict[int, Chosen]:
    rows = batch.drafts.exclude(outcome="refused").select_related("clause", "request")
    return {row.pk: Chosen(row.clause, row.request, row.title, row.kind) for row in rows}


def test_a_file_of_the_same_title_becomes_the_next_version(campaign, liaison):
    first = sorted_batch(campaign, liaison, text("1.1_纪要.txt", "旧"))
    save_batch(batch=first, chosen=choices(first), by=liaison)
    second = sorted_batch(campaign, liaison, text("1.1_纪要(1).txt", "新"))
    save_batch(batch=second, chosen=choices(second), by=liaison)
    versions = EvidencePiece.objects.get().versions.order_by("number")
    assert [(one.number, one.state) for one in versions] == [(1, "superseded"), (2, "waiting")]


def test_whoever_sent_it_may_not_accept_it_and_a_return_needs_a_reason(campaign, office, liaison):
    version = piece_of(campaign, liaison).newest
    with pytest.raises(EvidenceRefused, match="自己"):
        review_version(version=version, accept=True, by=liaison)
    with pytest.raises(EvidenceRefused, match="理由"):
        review_version(version=version, accept=False, by=office)
    review_version(version=version, accept=False, reason="没有盖章", by=office)
    with pytest.raises(EvidenceRefused, match="已有人审过"):
        review_version(version=version, accept=True, by=make_user(role="campaign_office", region="9901"))
    assert AuditEvent.objects.filter(action="evidence.returned").count() == 1
    for name, fields in {
        "evidence_reviewed_by_another": {"reviewed_by": liaison},
        "evidence_decided_by_and_at_together": {"reviewed_at": None},
        "evidence_returned_with_reason": {"reason": ""},
    }.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            EvidenceVersion.objects.filter(pk=version.pk).update(**fields)


def piece_of(
    campaign: Any, by: Any, words: str = "纪要", term: Term | None = None, **fields: Any
) -> EvidencePiece:
    return submit_piece(
        campaign=campaign,
        title="纪要",
        kind="document",
        content=content(words=words),
        by=by,
        term=term,
        **fields,
    )


def test_what_is_asked_is_what_is_there_and_what_is_missing(campaign, office, liaison):
    asked = clause("1.1").evidence_asked.get(kind="document")
    terms = {"好": Term(), "旧": Term(valid_until=date(2026, 11, 15)), "退": Term(), "等": Term()}
    pieces = {words: piece_of(campaign, liaison, words, term) for words, term in terms.items()}
    for words, piece in pieces.items():
        link_piece(piece=piece, clause=clause("1.1"), request=asked, by=liaison)
        if words != "等":
            review_version(version=piece.newest, accept=words != "退", reason="重扫", by=office)
    board = board_of(user=office, campaign=campaign, today=TODAY)
    assert board.total == Counts(asked=3, valid=1, waiting=1, old=0, returned=0, missing=1, beyond=2)
    for piece in EvidencePiece.objects.select_related("newest", "accepted"):
        how = standing_of(piece, TODAY)
        held = [
            code
            for code in ORDER
            if in_standing(EvidencePiece.objects.all(), code, TODAY).filter(pk=piece.pk)
        ]
        assert held == [how], "the list's condition is the rule"
    stranger = make_user(role="county_liaison", region="990102")
    blind = board_of(user=stranger, campaign=campaign, today=TODAY)
    assert blind.total == board.total, "what is there is missing for nobody"
    assert [row.pieces for proof in blind.clauses for row in proof.requests] == [(), ()]


def test_hidden_proof_is_seen_by_its_unit_and_the_office_only(campaign, office, liaison):
    open_one = piece_of(campaign, liaison, "一")
    hidden = piece_of(campaign, liaison, "二", secrecy=Secrecy.HIDDEN)
    leader = make_user(role="leader", region="9901")
    other = make_user(role="unit_liaison", region="9901", unit=make_unit("商务局", region="9901"))
    auditor = make_user(role="auditor")
    seen = {
        name: set(EvidencePiece.objects.visible_to(user).values_list("pk", flat=True))
        for name, user in {
            "office": office,
            "own": liaison,
            "leader": leader,
            "other": other,
            "auditor": auditor,
        }.items()
    }
    both = {open_one.pk, hidden.pk}
    assert seen == {"office": both, "own": both, "leader": {open_one.pk}, "other": set(), "auditor": both}
    link_piece(piece=open_one, clause=clause("1.2"), by=office)
    assert not EvidencePiece.objects.visible_to(other).exists()
    answer = client_of(leader).get(f"/library/versions/{hidden.newest_id}/file/")
    assert answer.status_code == 404


def test_a_file_is_handed_out_as_an_attachment_and_only_pdf_and_pictures_are_shown(campaign, office, liaison):
    piece = piece_of(campaign, liaison)
    answer = client_of(office).get(f"/library/versions/{piece.newest_id}/file/?show=1")
    assert answer["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer["Content-Security-Policy"]
    answer.close()
    pdf = SimpleUploadedFile("b.pdf", b"%PDF-1.4\n%%EOF")
    seen = Content(pdf, "b.pdf", look_at(pdf, "b.pdf", pdf.size or 0), digest_of(pdf))
    version = submit_version(piece=piece, content=seen, by=liaison)
    shown = client_of(office).get(f"/library/versions/{version.pk}/file/?show=1")
    assert shown["Content-Disposition"].startswith("inline")
    assert "default-src 'none'" in shown["Content-Security-Policy"]
    assert shown["X-Content-Type-Options"] == "nosniff"
    shown.close()


def test_many_are_decided_at_once_and_own_ones_are_left(campaign, office, liaison):
    theirs, own = piece_of(campaign, liaison, "一"), piece_of(campaign, office, "二")
    assert list(waiting_for(office)) == [theirs.newest]
    answer = client_of(office).post("/library/pieces/review/", {"row": [theirs.pk, own.pk], "do": "accept"})
    assert answer.status_code == 302
    states = dict(EvidenceVersion.objects.values_list("piece", "state"))
    assert states == {theirs.pk: EvidenceState.ACCEPTED, own.pk: EvidenceState.WAITING}


def test_a_clause_with_proof_stays_in_the_edition(campaign, liaison):
    link_piece(piece=piece_of(campaign, liaison), clause=clause("1.2"), by=liaison)
    chapter = DOCUMENT["clauses"][0]
    shorter = DOCUMENT | {"clauses": [chapter | {"points": "2", "children": chapter["children"][:1]}]}
    with pytest.raises(RulebookRefused, match=r"1\.2"):
        store_edition(code="e", title="细则", edition="1", document=shorter, source="测试")
    with pytest.raises(EvidenceRefused, match="章节"):
        link_piece(piece=EvidencePiece.objects.get(), clause=clause("1"), by=liaison)
    held = clause("1.1").evidence_asked.get(kind="document")
    link_piece(piece=EvidencePiece.objects.get(), clause=clause("1.1"), request=held, by=liaison)
    with pytest.raises(EvidenceRefused, match="不能删"):
        ask_for_evidence(clause=clause("1.1"), asked=[AskedFor("report", "报告")], by=liaison)


def test_a_wrong_clause_number_keeps_the_form(campaign, liaison):
    batch = sorted_batch(campaign, liaison, text("无号.txt"))
    draft = EvidenceDraft.objects.get()
    answer = client_of(liaison).post(
        f"/library/uploads/{batch.pk}/save/",
        {
            "secrecy": "open",
            f"no-{draft.pk}": "8.8",
            f"title-{draft.pk}": "改过的标题",
            f"kind-{draft.pk}": "ledger",
        },
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "没有条款“8.8”" in page
    assert "改过的标题" in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_board_costs_the_same_queries_however_much_there_is(
    campaign, office, liaison, count, django_assert_max_num_queries
):
    for number in range(count):
        piece = piece_of(campaign, liaison, f"份{number}")
        link_piece(piece=piece, clause=clause(f"1.{1 + number % 2}"), by=liaison)
    client = client_of(office)
    with django_assert_max_num_queries(28):
        assert client.get("/library/").status_code == 200
    with django_assert_max_num_queries(22):
        assert client.get("/library/pieces/").status_code == 200


def test_the_pack_is_the_same_twice_and_every_hash_is_right(campaign, office, liaison, tmp_path):
    asked = clause("1.1").evidence_asked.get(kind="document")
    kept, waits = piece_of(campaign, liaison, "一"), piece_of(campaign, liaison, "二")
    hidden = piece_of(campaign, liaison, "三", secrecy=Secrecy.HIDDEN)
    for piece in (kept, waits, hidden):
        link_piece(piece=piece, clause=clause("1.1"), request=asked, by=liaison)
    link_piece(piece=kept, clause=clause("1.2"), by=liaison)
    for piece in (kept, hidden):
        review_version(version=piece.newest, accept=True, by=office)
    assessment = Assessment.objects.create(
        campaign=campaign, rulebook=campaign.rulebook, kind="mock", title="模拟", held_on=TODAY
    )
    packs = []
    for name in ("a.zip", "b.zip"):
        with (tmp_path / name).open("wb") as target:
            packs.append(build_pack(assessment=assessment, target=target, by=office))
    whole = (tmp_path / "a.zip").read_bytes()
    assert whole == (tmp_path / "b.zip").read_bytes()
    assert [one.digest for one in packs] == [hashlib.sha256(whole).hexdigest()] * 2
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        sums = archive.read("SHA256SUMS").decode().splitlines()
        found = {line[66:]: line[:64] for line in sums}
        assert set(found) == set(names) - {"SHA256SUMS"}
        assert all(hashlib.sha256(archive.read(name)).hexdigest() == digest for name, digest in found.items())
        index = archive.read("index.html").decode()
    assert names[0] == "index.html"
    proof = [name for name in names if name.startswith("1 组织/")]
    assert proof == ["1 组织/1.1 机构/纪要.txt", "1 组织/1.2 督导/纪要（见别处）.txt"]
    assert packs[0].files == len(names)
    assert [(line["clause"], line["request"], line["missing"]) for line in packs[0].missing] == [
        ("1.1", "照片", 1)
    ]
    assert index.index("迎检日还缺的佐证") < index.index("1.1 机构</h3>")
    assert "另有 1 份敏感资料没有收入" in index
    assert "<script>" not in index


def test_a_file_the_store_has_changed_stops_the_pack(campaign, office, liaison, tmp_path):
    piece = piece_of(campaign, liaison)
    link_piece(piece=piece, clause=clause("1.1"), by=liaison)
    review_version(version=piece.newest, accept=True, by=office)
    assessment = Assessment.objects.create(
        campaign=campaign, rulebook=campaign.rulebook, kind="mock", title="模拟", held_on=TODAY
    )
    kept = EvidenceFile.objects.get()
    with Path(kept.file.path).open("wb") as file:
        file.write(b"other")
    with (tmp_path / "a.zip").open("wb") as target, pytest.raises(PackRefused, match="校验码不符"):
        build_pack(assessment=assessment, target=target, by=office)


def test_the_pack_is_built_by_a_job_and_taken_away_by_whoever_asked(campaign, office, liaison):
    assessment = Assessment.objects.create(
        campaign=campaign, rulebook=campaign.rulebook, kind="mock", title="模拟", held_on=TODAY
    )
    client = client_of(office)
    answer = client.post("/library/packs/new/", {"assessment": assessment.pk})
    job = jobs.run_inline(Job.objects.get(kind="evidence.pack"))
    assert answer["Location"] == f"/library/packs/{job.pk}/"
    assert "下载资料包" in client.get(answer["Location"]).content.decode()
    sent = client.get(f"{answer['Location']}file/")
    taken = b"".join(sent.streaming_content)
    sent.close()
    assert hashlib.sha256(taken).hexdigest() == job.result["digest"]
    other = make_user(role="campaign_office", region="9901")
    assert client_of(other).get(f"{answer['Location']}file/").status_code == 404
