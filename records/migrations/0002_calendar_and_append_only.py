"""Load the published working calendar and make the trail append-only in the database itself."""

import json
from datetime import date
from pathlib import Path

from django.db import migrations

APPEND_ONLY = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END $$ LANGUAGE plpgsql;
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON records_auditevent
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_link_append_only BEFORE UPDATE OR DELETE ON records_auditlink
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
SQLITE = """
CREATE TRIGGER {table}_{verb}_refused BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
"""


def load_calendar(apps, schema_editor):
    """Years whose calendar the State Council has published, with holidays and make-up days."""
    work_year = apps.get_model("records", "WorkYear")
    override = apps.get_model("records", "WorkdayOverride")
    path = Path(__file__).resolve().parent.parent / "data" / "workdays.json"
    for year, days in json.loads(path.read_text(encoding="utf-8"))["years"].items():
        work_year.objects.create(year=int(year), published=True, source=f"国务院办公厅 {year} 年节假日安排")
        override.objects.bulk_create(
            [override(day=date.fromisoformat(d), year_id=int(year), kind="holiday") for d in days["holidays"]]
            + [override(day=date.fromisoformat(d), year_id=int(year), kind="makeup") for d in days["makeup_workdays"]]
        )


def append_only(apps, schema_editor):
    """Refuse UPDATE and DELETE on the trail, whoever asks."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(APPEND_ONLY)
        return
    for table in ("records_auditevent", "records_auditlink"):
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(SQLITE.format(table=table, verb=verb))


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]
    operations = [
        migrations.RunPython(load_calendar, migrations.RunPython.noop),
        migrations.RunPython(append_only, migrations.RunPython.noop),
    ]
