"""Submitter, first and second checker are three people; what was closed before is marked as it was."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import CharField, Exists, F, OuterRef, Q
from django.db.models.functions import Cast


def mark_what_was_closed(apps: Any, schema_editor: Any) -> None:
    """Mark problems that one person checked twice, and those closed without a photo of the fix or a plan."""
    problems = apps.get_model("inspections", "Problem").objects
    problems.filter(closed_by=F("first_checked_by")).update(one_checker="earlier")
    files = apps.get_model("records", "EvidenceFile").objects.filter(
        target_type="inspections.problemevent", target_id=Cast(OuterRef("pk"), CharField())
    )
    steps = apps.get_model("inspections", "ProblemEvent").objects.filter(Exists(files), problem=OuterRef("pk"))
    proven = Q(Exists(steps.exclude(action="open"))) | Q(Exists(steps), fixed_on_spot=True)
    planned = ~Q(plan="") | Q(fixed_on_spot=True)
    closed = problems.filter(state="closed")
    closed.filter(~proven, ~planned).update(lacking="both")
    closed.filter(~proven, planned).update(lacking="photo")
    closed.filter(proven, ~planned).update(lacking="plan")


class Migration(migrations.Migration):
    dependencies = [
        ("inspections", "0009_check_waivers"),
        ("records", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(mark_what_was_closed, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='problem',
            index=models.Index(condition=models.Q(('lacking', ''), _negated=True), fields=['region', 'id'], name='problem_closed_lacking'),
        ),
        migrations.AddConstraint(
            model_name='problem',
            constraint=models.CheckConstraint(condition=models.Q(('closed_by__isnull', True), ('first_checked_by__isnull', True), models.Q(('closed_by', models.F('first_checked_by')), _negated=True), models.Q(('one_checker', ''), _negated=True), _connector='OR'), name='problem_checked_by_two_people', violation_error_message='审核的人不能再复核销号。'),
        ),
        migrations.AddConstraint(
            model_name='problem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('check_waiver__isnull', False), ('one_checker', 'waived')), models.Q(models.Q(('one_checker', 'waived'), _negated=True), ('check_waiver__isnull', True)), _connector='OR'), name='problem_waived_names_its_waiver'),
        ),
    ]
