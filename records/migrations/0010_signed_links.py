"""Links carry the portal's signature; PostgreSQL refuses to empty the trail as well."""

from django.db import migrations, models

TABLES = {"records_auditevent": "audit_event_no_truncate", "records_auditlink": "audit_link_no_truncate"}


SQLITE = """
CREATE TRIGGER IF NOT EXISTS records_auditlink_{verb}_refused BEFORE {verb} ON records_auditlink
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
"""


def append_only_again(apps, schema_editor):
    """SQLite makes a table anew to add a column, and its triggers are lost with the old one."""
    if schema_editor.connection.vendor == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(SQLITE.format(verb=verb))


def refuse_truncate(apps, schema_editor):
    """TRUNCATE fires no row trigger; on SQLite there is no TRUNCATE, and a DELETE without WHERE fires the row trigger."""
    if schema_editor.connection.vendor == "postgresql":
        for table, name in TABLES.items():
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def allow_truncate(apps, schema_editor):
    """Take the triggers away again."""
    if schema_editor.connection.vendor == "postgresql":
        for table, name in TABLES.items():
            schema_editor.execute(f"DROP TRIGGER {name} ON {table}")


class Migration(migrations.Migration):
    dependencies = [("records", "0009_pulses")]
    operations = [
        migrations.AddField(
            "auditlink",
            "signature",
            models.CharField("签名", max_length=80, blank=True, default=""),
            preserve_default=False,
        ),
        migrations.RunPython(append_only_again, migrations.RunPython.noop),
        migrations.RunPython(refuse_truncate, allow_truncate),
    ]
