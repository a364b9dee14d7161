"""``manage.py import_ledger``: check and import a ledger in this process, without worker or broker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import CommandParser

from foodsafe_portal.lib.commands import DocumentCommand, Refusal
from records.choices import BatchState, Verdict
from records.ledgers import batches
from records.management.people import person
from records.models import LedgerBatch
from records.services import jobs

_TRIES = 3


class Command(DocumentCommand):
    """Check a file, and import it when it is in order (or, with ``--accept-partial``, what is in order of it)."""

    help = "Check and import a ledger (contract: import_ledger)."
    refusals = (batches.LedgerRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, its kind, the person, and how far to go."""
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", required=True, help="e.g. businesses, officers, visits, accounts")
        parser.add_argument("--user", required=True, help="user name of the person who imports")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--check-only", action="store_true", help="check, import nothing")
        how.add_argument("--accept-partial", action="store_true", help="import the rows without errors")
        parser.add_argument("--marked", type=Path, help="write the workbook with its faults marked")
        parser.add_argument("--sheet", default="", help="which sheet to take")
        parser.add_argument(
            "--mapping", type=Path, help="JSON file: header -> column key, '' leaves a column out"
        )

    def answer(self, **options: Any) -> dict[str, Any]:
        """The document of the contract; refused files and partial ones that nobody accepted leave with 2."""
        try:
            return self._answer(**options)
        except batches.LedgerRefused as refusal:
            raise Refusal(**batches.no_document(refusal.sentence)) from refusal
        except Refusal as refusal:
            said = {**batches.no_document(""), **refusal.document}
            raise Refusal(**said) from refusal

    def _answer(self, **options: Any) -> dict[str, Any]:
        by = person(options["user"])
        try:
            with options["file"].open("rb") as source:
                received = batches.receive_upload(
                    kind=options["kind"],
                    file=File(source, name=options["file"].name),
                    by=by,
                    choices=self._choices(options),
                )
        except OSError as problem:
            raise Refusal(f"打不开文件 {options['file']}:{problem.strerror}") from None
        batch = received.batch
        if not received.repeated:
            batch = self._check(batch)
        wanted = not options["check_only"] and not received.repeated
        waits = batch.state == BatchState.AWAITING
        if (wanted and not waits) and (
            batch.verdict == Verdict.ACCEPT
            or (batch.verdict == Verdict.PARTIAL and options["accept_partial"])
        ):
            batch = self._import(batch, by, partial=options["accept_partial"])
        document = batches.document(batch, repeated=received.repeated)
        if options["marked"]:
            self._mark(batch, options["marked"])
        refused = batch.verdict == Verdict.REFUSE or (wanted and batch.state != BatchState.COMMITTED)
        if refused:
            raise Refusal(document.pop("reason"), **document)
        return document

    def _choices(self, options: dict[str, Any]) -> dict[str, Any] | None:
        if not options["sheet"] and not options["mapping"]:
            return None
        mapping: Any = {}
        if options["mapping"]:
            try:
                mapping = json.loads(options["mapping"].read_text(encoding="utf-8"))
            except OSError as problem:
                raise Refusal(f"打不开 {options['mapping']}:{problem.strerror}") from None
            except ValueError as problem:
                raise Refusal(f"{options['mapping']} 不是 JSON:{problem}") from None
            if not isinstance(mapping, dict) or not all(isinstance(key, str) for key in mapping.values()):
                raise Refusal(f'{options["mapping"]} 应是 {{"表头": "列"}} 这样的一个对象')
        return {"sheet": options["sheet"], "mapping": mapping}

    def _check(self, batch: LedgerBatch) -> LedgerBatch:
        if batch.check_job is not None:
            jobs.run_inline(batch.check_job)
        batch.refresh_from_db()
        return batch

    def _import(self, batch: LedgerBatch, by: Any, *, partial: bool) -> LedgerBatch:
        """Confirm and import; when the register changed in between, check and try again a few times."""
        for _try in range(_TRIES):
            batch = batches.confirm_batch(batch=batch, by=by, digest=batch.digest, accept_partial=partial)
            if batch.state == BatchState.AWAITING:  # another person decides, on the page
                break
            assert batch.commit_job is not None
            with jobs.followers_inline():
                jobs.run_inline(batch.commit_job)
            batch.refresh_from_db()
            if batch.state == BatchState.UPLOADED:  # a worker is checking it
                batch = self._check(batch)
            if batch.state != BatchState.CHECKED or (batch.verdict == Verdict.PARTIAL and not partial):
                break
        return batch

    def _mark(self, batch: LedgerBatch, target: Path) -> None:
        try:
            batches.marked_workbook(batch, target)
        except batches.LedgerRefused as refusal:
            self.stderr.write(f"没有生成标注的工作簿：{refusal.sentence}")

    def in_words(self, document: dict[str, Any]) -> str:
        """The sentence, the counts and the faults by kind."""
        counts = " ".join(
            f"{word} {document[name]:,}"
            for name, word in (
                ("read", "读取"), ("accepted", "合格"), ("rejected", "错误"), ("skipped", "跳过"), ("created", "新增"),
                ("updated", "变更"), ("unchanged", "不变"), ("warnings", "提醒"),
            )
        )  # fmt: skip
        groups = [f"  {group['message']} ×{group['count']:,}" for group in document["issue_groups"]]
        return "\n".join([document["reason"], counts, *groups])
