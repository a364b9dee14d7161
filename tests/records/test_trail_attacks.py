"""Attacks on the trail with the database's own password: each is named, also after the portal went on writing."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from foodsafe_portal import env
from records.models import AuditEvent, AuditLink
from records.services import anchors
from records.services.seal import GENESIS, chained, seal_events
from records.services.trail_watch import watch_trail
from tests.conftest import TRUNCATE_REFUSED
from tests.factories import make_user
from tests.records.test_trail import behind_its_back, write

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def goes_on() -> int:
    """The portal writes one more event and seals."""
    write(1)
    return seal_events()


def verified(*printed: str) -> dict[str, Any]:
    """What ``manage.py verify_trail --json`` prints."""
    out = PrintedOut()
    call_command("verify_trail", "--json", *(f"--anchor={text}" for text in printed), stdout=out)
    return json.loads(out.text)


class PrintedOut:
    """Standard output of a command."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text


def cut(first: int) -> None:
    behind_its_back("DELETE FROM records_auditlink WHERE position >= %s", [first])


def recompute() -> None:
    """Write every digest of the chain anew, as it follows from the events now."""
    previous = GENESIS
    for link in AuditLink.objects.select_related("event").order_by("position"):
        previous = chained(previous, link.event)
        behind_its_back("UPDATE records_auditlink SET digest = %s WHERE id = %s", [previous, link.pk])


def insert_back_dated() -> int:
    known = AuditEvent.objects.order_by("pk").first()
    assert known is not None
    copied = AuditEvent.objects.filter(pk=known.pk).values().get() | {
        "at": timezone.now() - timedelta(days=30), "action": "test.invented",
    }  # fmt: skip
    copied.pop("id")
    return AuditEvent.objects.create(**copied).pk


def test_an_intact_trail_says_so_and_gives_the_anchor_to_print():
    write(3)
    seal_events()
    told = verified()
    assert (told["links"], told["intact"], told["first_false"]) == (3, True, None)
    assert told["anchor"] == str(anchors.head())
    assert verified(told["anchor"])["intact"]


def test_a_cut_tail_is_named_and_nothing_is_appended_behind_it():
    write(5)
    seal_events()
    cut(4)
    assert goes_on() == 0
    assert (AuditLink.objects.count(), verified()["intact"], verified()["position"]) == (3, False, 4)
    assert AuditEvent.objects.filter(action="trail.cut", outcome="refused").count() == 1
    goes_on()
    assert AuditEvent.objects.filter(action="trail.cut").count() == 1, "told once a day"


def test_a_tail_cut_on_an_earlier_day_is_named(time_machine):
    now = timezone.now()
    time_machine.move_to(now - timedelta(days=9))
    write(3)
    seal_events()
    time_machine.move_to(now)
    cut(2)
    assert (goes_on(), verified()["position"]) == (0, 2)


def test_the_whole_trail_taken_out_is_named():
    write(4)
    seal_events()
    behind_its_back("DELETE FROM records_auditlink", [])
    behind_its_back("DELETE FROM records_auditevent", [])
    assert (goes_on(), verified()["intact"], verified()["first_false"]) == (0, False, 1)


def test_the_database_refuses_to_truncate_the_trail():
    if connection.vendor != "postgresql":
        return  # SQLite has no TRUNCATE; a DELETE without WHERE is refused in test_trail
    write(2)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, trigger in TRUNCATE_REFUSED.items():
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
    for table in TRUNCATE_REFUSED:
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"TRUNCATE {table} CASCADE")
    assert AuditEvent.objects.count() == 2


def test_a_recomputed_chain_is_named_although_it_fits_to_itself():
    events = write(4)
    seal_events()
    behind_its_back("UPDATE records_auditevent SET reason = %s WHERE id = %s", ["改过", events[1].pk])
    recompute()
    goes_on()
    told = verified()
    assert (told["intact"], told["first_false"]) == (False, events[1].pk)


def test_a_recomputed_chain_without_signatures_is_named_by_the_files():
    events = write(2)
    seal_events()
    write(2)
    seal_events()
    behind_its_back("UPDATE records_auditevent SET reason = %s WHERE id = %s", ["改过", events[1].pk])
    behind_its_back("UPDATE records_auditlink SET signature = ''", [])
    recompute()
    goes_on()
    assert (verified()["intact"], verified()["position"]) == (False, 1), (
        "behind the last anchor that holds: none"
    )


def test_a_printed_anchor_alone_names_what_files_and_keys_no_longer_can(settings):
    events = write(2)
    seal_events()
    first = str(anchors.head())
    write(3)
    seal_events()
    printed = f"审计封存 {anchors.head()}"
    behind_its_back("UPDATE records_auditevent SET reason = %s WHERE id = %s", ["改过", events[1].pk + 1])
    behind_its_back("UPDATE records_auditlink SET signature = ''", [])
    recompute()
    for path in anchors.anchor_folder().glob("*"):
        path.unlink()
    anchors.write_anchor()
    assert verified()["intact"], "whoever has machine, key and files can bend them all"
    told = verified(first, printed)
    assert (told["intact"], told["position"]) == (False, 3)
    assert not verified(printed[: len("审计封存 5 ") + 16])["intact"], "sixteen digits are enough"


def test_an_event_slipped_in_with_an_older_date_is_named(time_machine):
    now = timezone.now()
    write(2)
    seal_events()
    time_machine.move_to(now + timedelta(minutes=5))
    slipped = insert_back_dated()
    goes_on()
    assert (verified()["intact"], verified()["first_false"]) == (False, slipped)


def test_a_late_sealer_and_a_long_transaction_are_no_fault(time_machine):
    now = timezone.now()
    time_machine.move_to(now)
    write(2)
    seal_events()
    time_machine.move_to(now + timedelta(minutes=4))
    write(1)
    time_machine.move_to(now + timedelta(days=3))
    write(1)
    seal_events()
    assert verified()["intact"]


def test_an_event_deleted_before_it_was_sealed_is_named(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        events = write(3)
    behind_its_back("DELETE FROM records_auditevent WHERE id = %s", [events[1].pk])
    goes_on()
    told = verified()
    assert (told["intact"], told["first_false"]) == (False, events[1].pk)
    assert "test.done" in told["why"]
    goes_on()
    assert not verified()["intact"], "it stays named"
    assert AuditEvent.objects.filter(action="trail.missing").count() == 1


def test_a_transaction_that_was_rolled_back_leaves_a_gap_and_no_suspicion(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        write(1)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            write(1)
            _ = 1 / 0
        write(1)
    seal_events()
    assert verified()["intact"]


def test_events_that_are_sealed_are_no_longer_noted(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        write(3)
    seal_events()
    left = [path.read_text() for path in anchors.anchor_folder().glob("*.log")]
    assert left == [""]


def test_a_trail_without_any_anchor_is_not_called_intact_and_not_gone_on_with():
    write(3)
    seal_events()
    for path in anchors.anchor_folder().glob("*.txt"):
        path.unlink()
    cut(3)
    assert (goes_on(), verified()["intact"]) == (0, False)


def test_a_copy_of_the_anchors_elsewhere_holds_when_the_first_is_emptied(settings, tmp_path):
    settings.TRAIL_ANCHOR_FILE = str(tmp_path / "elsewhere.txt")
    write(3)
    seal_events()
    for path in anchors.anchor_folder().glob("*.txt"):
        path.unlink()
    cut(2)
    assert (goes_on(), verified()["position"]) == (0, 2)


def test_after_a_restore_an_auditor_says_so_and_sealing_goes_on(capsys):
    auditor = make_user("shenji", role="auditor")
    write(5)
    seal_events()
    cut(4)
    behind_its_back(
        "DELETE FROM records_auditevent WHERE id > %s", [AuditLink.objects.order_by("-position")[0].event_id]
    )
    goes_on()
    with pytest.raises(SystemExit):
        call_command(
            "resume_trail",
            "--user",
            make_user("other", role="leader", region="9901").username,
            "--reason",
            "x",
        )
    call_command("resume_trail", "--user", auditor.username, "--reason", "恢复了昨日的备份", "--json")
    assert goes_on() > 0
    assert verified()["intact"]
    event = AuditEvent.objects.get(action="trail.resumed")
    assert (event.actor, event.reason) == (auditor, "恢复了昨日的备份")
    cut(5)
    assert not verified()["intact"], "what came after the restore is held as before"


def test_nobody_without_the_key_can_say_that_the_chain_was_resumed():
    write(4)
    seal_events()
    cut(3)
    path = next(iter(anchors.anchor_folder().glob("*.txt")))
    path.write_text(path.read_text() + "resumed 2 4 恢复 | 00000000:" + "0" * 64 + "\n")
    assert (goes_on(), verified()["intact"]) == (0, False)


def test_a_new_key_signs_and_the_old_one_still_verifies(settings):
    write(1)
    seal_events()
    settings.TRAIL_KEYS = ["a new key of the city, long enough to be one", *settings.TRAIL_KEYS]
    write(1)
    seal_events()
    assert verified()["intact"]
    names = {link.signature.partition(":")[0] for link in AuditLink.objects.all()}
    assert len(names) == 2
    settings.TRAIL_KEYS = settings.TRAIL_KEYS[:1]
    assert not verified()["intact"], "a signature nobody can check is not taken on trust"


def test_links_of_older_portals_without_signature_stay_valid():
    write(2)
    seal_events()
    behind_its_back("UPDATE records_auditlink SET signature = ''", [])
    write(1)
    seal_events()
    assert verified()["intact"]
    behind_its_back("UPDATE records_auditlink SET signature = '' WHERE position = %s", [3])
    write(1)
    seal_events()
    behind_its_back("UPDATE records_auditlink SET signature = '' WHERE position = %s", [4])
    assert verified()["intact"], "nothing signed is left: only the anchors speak"


def test_the_trail_is_verified_and_its_anchor_sent_once_a_day(settings):
    settings.TRAIL_ANCHOR_MAIL = ["audit@example.org"]
    write(3)
    seal_events()
    now = timezone.localtime()
    assert (watch_trail(now), watch_trail(now)) == (True, False)
    assert [str(anchors.head()) in sent.body for sent in mail.outbox] == [True]
    cut(3)
    assert watch_trail(now + timedelta(days=1))
    assert [("不一致" in sent.subject) for sent in mail.outbox] == [False, True, False]
    assert AuditEvent.objects.filter(action="trail.broken").count() == 1


def test_what_is_no_anchor_is_refused_with_a_sentence(capsys):
    with pytest.raises(SystemExit) as left:
        call_command("verify_trail", "--json", "--anchor=没有")
    assert (left.value.code, "不是存档" in capsys.readouterr().out) == (2, True)


def test_keys_are_made_once_and_kept_from_others(tmp_path: Path, monkeypatch):

    file = tmp_path / "trail_keys"
    monkeypatch.delenv("TRAIL_KEYS", raising=False)
    first = env.keys("TRAIL_KEYS", file=file)
    assert (env.keys("TRAIL_KEYS", file=file), len(first), file.stat().st_mode & 0o777) == (first, 1, 0o600)
    monkeypatch.setenv("TRAIL_KEYS", "short")
    with pytest.raises(Exception, match="32 characters"):
        env.keys("TRAIL_KEYS", file=file)
