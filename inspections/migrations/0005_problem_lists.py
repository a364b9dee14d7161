"""Indexes of the problem list: overdue in any scope, a unit's own, the live figures, and pairs of characters of the words."""

from django.db import migrations, models
from django.db.models import Q

INDEX = "CREATE INDEX problem_by_words_bigrams ON inspections_problem USING gin (bigrams(description || ' ' || place))"


def create_bigrams(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(INDEX)


def drop_bigrams(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS problem_by_words_bigrams")


class Migration(migrations.Migration):
    dependencies = [("inspections", "0004_problem_ways"), ("entities", "0002_search")]
    operations = [
        migrations.RemoveIndex("problem", "problem_open_by_unit"),
        migrations.AddIndex(
            model_name="problem",
            index=models.Index(
                fields=["unit", "grade", "due_on", "region"],
                name="problem_open_by_unit",
                condition=Q(closed_on__isnull=True, voided_at__isnull=True),
            ),
        ),
        migrations.AddIndex(
            model_name="problem", index=models.Index(fields=["unit", "id"], name="problem_by_unit")
        ),
        migrations.AddIndex(
            model_name="rectificationduty",
            index=models.Index(
                fields=["region", "due_on", "fulfilled_on", "delivered_on", "excluded_on", "arises_on", "ceases_on", "id"],
                name="rectification_duty_live",
                condition=Q(superseded_at__isnull=True),
            ),
        ),
        migrations.RunPython(create_bigrams, drop_bigrams),
    ]
