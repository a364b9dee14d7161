"""The rules a new city starts with: visit frequency, deadlines and demonstration checklists, each naming its source."""

import json
from datetime import date
from pathlib import Path

from django.db import migrations

SINCE = date(2022, 11, 1)
FREQUENCY_SOURCE = "2022 年规则:各级每季度至少一次(F)"
DEADLINE_SOURCE = "创建默认(B),待本地修订"
WORKING_DAYS = {"minor": 3, "major": 7, "serious": 15}


def seed(apps, schema_editor):
    """Rows a city edits or adds to; none of them claims to be more than its source says."""
    frequency = apps.get_model("inspections", "FrequencyPolicy")
    deadline = apps.get_model("inspections", "DeadlinePolicy")
    checklist = apps.get_model("inspections", "Checklist")
    item = apps.get_model("inspections", "ChecklistItem")
    frequency.objects.bulk_create(
        frequency(grade=grade, effective_from=SINCE, times=1, per="quarter", due_mode="period_end", source=FREQUENCY_SOURCE)
        for grade in "ABCD"
    )
    deadline.objects.bulk_create(
        deadline(severity=severity, effective_from=SINCE, days=days, unit="working", source=DEADLINE_SOURCE)
        for severity, days in WORKING_DAYS.items()
    )
    path = Path(__file__).resolve().parent.parent / "data" / "checklists.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    for row in document["checklists"]:
        made = checklist.objects.create(
            level=row["level"],
            edition=document["edition"],
            title=row["title"],
            effective_from=date.fromisoformat(document["effective_from"]),
            source=document["source"],
        )
        item.objects.bulk_create(
            item(checklist=made, number=number, text=text, severity=severity, findings=findings)
            for number, (text, severity, findings) in enumerate(row["items"], start=1)
        )


class Migration(migrations.Migration):
    dependencies = [("inspections", "0002_duty_slices")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
