"""Indexes for the search box (prefixes, and on PostgreSQL pairs of characters of the name) and for the saved views."""

from django.db import migrations, models

# Immutable and strict, so that an index may be built on it; a name of one character is its own only "pair". A loop in
# plpgsql takes a third of the time of the set-returning form, and every imported row pays it. The cost keeps the planner from evaluating it row by row,
# "restricted" from starting parallel workers (10 ms) for an answer of 1 ms.
BIGRAMS = """
CREATE OR REPLACE FUNCTION bigrams(phrase text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL RESTRICTED COST 500 AS $$
DECLARE
  pairs text[] := '{}';
  capitals text := upper(phrase);
BEGIN
  FOR place IN 1..greatest(length(capitals) - 1, 1) LOOP
    pairs := pairs || substr(capitals, place, 2);
  END LOOP;
  RETURN pairs;
END $$
"""
INDEX = "CREATE INDEX business_by_name_bigrams ON entities_business USING gin (bigrams(name::text))"


def create_bigrams(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(BIGRAMS)
        schema_editor.execute(INDEX)


def drop_bigrams(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS business_by_name_bigrams")
        schema_editor.execute("DROP FUNCTION IF EXISTS bigrams(text)")


def prefix_index(field, name):
    return models.Index(fields=[field], name=name, opclasses=["varchar_pattern_ops"])


class Migration(migrations.Migration):
    dependencies = [("entities", "0001_initial")]

    operations = [
        migrations.RemoveIndex("business", "business_by_credit_code"),
        migrations.RemoveIndex("business", "business_by_licence_no"),
        migrations.AddIndex("business", prefix_index("credit_code", "business_by_credit_code")),
        migrations.AddIndex("business", prefix_index("licence_no", "business_by_licence_no")),
        migrations.AddIndex("business", prefix_index("name_initials", "business_by_initials")),
        migrations.AddIndex(
            "business",
            models.Index(
                fields=["region"],
                name="business_ungraded_by_region",
                condition=models.Q(responsibility_grade=""),
            ),
        ),
        migrations.AddIndex(
            "business",
            models.Index(
                fields=["region"], name="business_high_risk_by_region", condition=models.Q(high_risk=True)
            ),
        ),
        migrations.RunPython(create_bigrams, drop_bigrams),
    ]
