"""The hours a new city starts with; labelled as a default, changed by a later row."""

from datetime import date, time

from django.db import migrations


def seed(apps, schema_editor):
    """One digest at half past eight on working days, nothing between eight in the evening and eight in the morning."""
    apps.get_model("records", "DigestRule").objects.create(
        effective_from=date(2022, 11, 1),
        digest_at=time(8, 30),
        quiet_from=time(20, 0),
        quiet_to=time(8, 0),
        workdays_only=True,
        most_attempts=30,
        source="创建默认,待本地修订",
    )


class Migration(migrations.Migration):
    dependencies = [("records", "0012_notifications")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
