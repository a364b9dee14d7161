"""Pictures are read to their last pixel; what others get of them is pixels alone, and the original is taken by few, on record."""

from __future__ import annotations

import errno
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from foodsafe_portal.lib.pictures import BrokenPicture, NoPicture, TooManyPixels, read_picture
from records.models import AuditEvent, EvidenceFile
from records.services.evidence import EvidenceRefused, shown_copy, store_evidence
from tests.factories import make_problem, make_user

GPS, MAKE, SERIAL = 0x8825, 0x010F, 0xA431
SECRETS = (b"Cuckoo Phone", b"SN-7711", b"Exif", b"a comment of the camera")


def picture(kind: str = "JPEG", size: tuple[int, int] = (2400, 1600), *, turned: bool = False) -> bytes:
    """A picture as a phone takes it: place, maker and serial number in its head."""
    image = Image.effect_noise(size, 40).convert("RGB")
    exif = Image.Exif()
    exif[MAKE] = "Cuckoo Phone"
    exif.get_ifd(0x8769)[SERIAL] = "SN-7711"
    exif.get_ifd(GPS)[2] = (47.0, 20.0, 5.0)
    if turned:
        exif[0x0112] = 6
    more: dict[str, Any] = {"comment": "a comment of the camera"} if kind == "JPEG" else {}
    out = io.BytesIO()
    image.save(out, kind, exif=exif, **more)
    return out.getvalue()


def sent(content: bytes, name: str = "现场.jpg") -> SimpleUploadedFile:
    """An upload."""
    return SimpleUploadedFile(name, content)


# --- reading, without a database -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_copies_hold_pixels_alone(kind: str) -> None:
    whole = picture(kind)
    assert b"Cuckoo Phone" in whole
    read = read_picture(io.BytesIO(whole), most_pixels=10_000_000)
    for copy, side in ((read.shown, 2048), (read.thumbnail, 320)):
        assert not [word for word in SECRETS if word in copy]
        with Image.open(io.BytesIO(copy)) as image:
            image.load()
            assert not image.getexif() and max(image.size) == side
    assert (read.kind, read.width, read.height) == (kind, 2400, 1600)


def test_a_picture_taken_upright_stays_upright_without_its_head() -> None:
    read = read_picture(io.BytesIO(picture(size=(600, 400), turned=True)), most_pixels=10_000_000)
    with Image.open(io.BytesIO(read.shown)) as image:
        assert image.size == (400, 600)


def test_what_shines_through_is_white_on_the_thumbnail() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(out, "PNG")
    read = read_picture(io.BytesIO(out.getvalue()), most_pixels=1_000_000)
    with Image.open(io.BytesIO(read.thumbnail)) as small, Image.open(io.BytesIO(read.shown)) as shown:
        assert small.getpixel((5, 5)) == (255, 255, 255) and shown.mode == "RGBA"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_cut_off_picture_is_broken(kind: str) -> None:
    whole = picture(kind, (600, 400))
    with pytest.raises((BrokenPicture, NoPicture)):
        read_picture(io.BytesIO(whole[: len(whole) * 2 // 3]), most_pixels=10_000_000)


def test_pixels_are_counted_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    Image.new("L", (2000, 1000)).save(out, "PNG")
    monkeypatch.setattr("foodsafe_portal.lib.pictures._copied", lambda image: pytest.fail("decoded"))
    with pytest.raises(TooManyPixels, match="2000 × 1000"):
        read_picture(io.BytesIO(out.getvalue()), most_pixels=1_999_999)


def test_what_only_calls_itself_a_picture_is_none() -> None:
    with pytest.raises(NoPicture):
        read_picture(io.BytesIO(b"<svg onload='alert(1)'/>"), most_pixels=10)


# --- keeping ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "pixels", "words"),
    [
        pytest.param(picture(size=(900, 600))[:-90_000], 60, "不完整", id="cut off"),
        pytest.param(picture(size=(1500, 1000)), 1, "像素太多", id="too many pixels"),
        pytest.param(b"GIF89a", 60, "不是照片或 PDF", id="of another kind"),
    ],
)
def test_a_picture_that_cannot_be_kept_is_refused_in_a_sentence(
    content: bytes, pixels: int, words: str, settings: Any
) -> None:
    settings.PICTURE_MEGAPIXELS = pixels
    with pytest.raises(EvidenceRefused, match=f"“现场.jpg”.*{words}"):
        store_evidence(upload=sent(content), target=make_problem(), by=make_user())
    assert not EvidenceFile.objects.exists()


@pytest.mark.django_db
def test_a_full_disk_is_a_sentence_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    stored, save = [], FileSystemStorage._save

    def full(storage: Any, name: str, content: Any) -> str:
        if stored:
            raise OSError(errno.ENOSPC, "No space left on device")
        stored.append(save(storage, name, content))
        return stored[0]

    monkeypatch.setattr(FileSystemStorage, "_save", full)
    with pytest.raises(EvidenceRefused, match="服务器存不下"):
        store_evidence(upload=sent(picture(size=(60, 40))), target=make_problem(), by=make_user())
    assert stored and not FileSystemStorage(settings.MEDIA_ROOT).exists(stored[0])


@pytest.mark.django_db
def test_a_person_sends_so_much_a_day_and_not_more(settings: Any) -> None:
    settings.UPLOAD_MEGABYTES_A_DAY = 1
    by, target, content = make_user(), make_problem(), picture(size=(900, 900))
    assert 600_000 > len(content) > 350_000
    for _ in range(1024 * 1024 // len(content)):
        store_evidence(upload=sent(content), target=target, by=by)
    with pytest.raises(EvidenceRefused, match="1 MB 的上限"):
        store_evidence(upload=sent(content), target=target, by=by)
    store_evidence(upload=sent(content), target=target, by=make_user("别人"))
    EvidenceFile.objects.filter(uploaded_by=by).update(uploaded_at=timezone.now() - timedelta(days=1))
    store_evidence(upload=sent(content), target=target, by=by)


@pytest.mark.django_db
def test_a_picture_kept_before_copies_were_made_gets_them_when_it_is_looked_at() -> None:
    file = store_evidence(upload=sent(picture(size=(500, 500))), target=make_problem(), by=make_user())
    EvidenceFile.objects.update(shown="", thumbnail="", shown_digest="")
    seen = shown_copy(EvidenceFile.objects.get(pk=file.pk))
    assert seen and seen.shown and EvidenceFile.objects.get(pk=file.pk).thumbnail
    with seen.shown.open("rb") as copy:
        assert b"Cuckoo Phone" not in copy.read()


# --- taking ----------------------------------------------------------------------------------------


@pytest.fixture
def of_a_problem() -> EvidenceFile:
    return store_evidence(upload=sent(picture(size=(500, 500))), target=make_problem(), by=make_user())


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["", "?small=1", "?download=1"])
def test_pages_and_api_give_nothing_but_pixels(login: Any, of_a_problem: EvidenceFile, query: str) -> None:
    client = login(make_user("county_reader", role="county_liaison", region="990102"))
    for name in ("evidence-file", "api-evidence-detail"):
        answer = client.get(reverse(name, args=[of_a_problem.pk]) + query)
        assert answer.status_code == 200 and b"Cuckoo Phone" not in body(answer)


@pytest.mark.django_db
def test_the_original_is_for_office_and_audit_and_stands_in_the_trail(
    login: Any, of_a_problem: EvidenceFile
) -> None:
    pages = (
        reverse("evidence-original", args=[of_a_problem.pk]),
        reverse("api-evidence-detail", args=[of_a_problem.pk]) + "?original=1",
    )
    county = login(make_user("county_reader", role="county_liaison", region="990102"))
    assert [county.get(page).status_code for page in pages] == [403, 403]
    for role in ("campaign_office", "auditor"):
        client = login(make_user(f"reader_{role}", role=role, region="9901"))
        assert all(b"Cuckoo Phone" in body(client.get(page)) for page in pages)
    taken = AuditEvent.objects.filter(action="evidence.original_taken", target_id=str(of_a_problem.pk))
    assert taken.count() == 4
