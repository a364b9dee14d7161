"""The ladder a new city starts with; a labelled default, changed by later rows."""

from datetime import date

from django.db import migrations

SINCE = date(2022, 11, 1)
SOURCE = "创建默认(B),待本地修订"
THINGS = ("visit", "problem", "task", "notice", "instruction", "evidence")
LADDER = (
    ("remind", 1, "handler", ""),
    ("letter", 5, "handler", "letter"),
    ("bulletin", 10, "county", "bulletin"),
    ("interview", 20, "leader", "interview"),
    ("accountability", 30, "leader", ""),
)


def seed(apps, schema_editor):
    """Five rungs for each kind of thing."""
    rule = apps.get_model("inspections", "EscalationRule")
    rule.objects.bulk_create(
        rule(thing=thing, step=step, effective_from=SINCE, grace_days=grace, to=to, paper=paper, active=True, source=SOURCE)
        for thing in THINGS
        for step, grace, to, paper in LADDER
    )


class Migration(migrations.Migration):
    dependencies = [("inspections", "0007_escalation")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
