"""Common problems by group, why a problem was voided, slices of rectification duties, and the list page's two indexes."""

from django.db import migrations, models
from django.db.models import F, Q

ONE_LIVE = "rectification_duty_one_live_per_problem"
OPEN = Q(closed_on__isnull=True, voided_at__isnull=True)


class Migration(migrations.Migration):
    dependencies = [("inspections", "0003_seed_policies")]
    operations = [
        migrations.RemoveConstraint(model_name="rectificationduty", name=ONE_LIVE),
        migrations.AddField(
            model_name="problem",
            name="assist_units",
            field=models.CharField(blank=True, max_length=200, verbose_name="配合单位"),
        ),
        migrations.AddField(
            model_name="problem",
            name="group",
            field=models.CharField(blank=True, editable=False, max_length=20, verbose_name="共性问题组"),
        ),
        migrations.AddField(
            model_name="problem",
            name="void_reason",
            field=models.CharField(blank=True, max_length=200, verbose_name="作废原因"),
        ),
        migrations.AddIndex(
            model_name="problem",
            index=models.Index(fields=["due_on", "id"], name="problem_open_by_due_day", condition=OPEN),
        ),
        migrations.AddIndex(
            model_name="problem",
            index=models.Index(fields=["state", "due_on"], name="problem_open_by_state", condition=OPEN),
        ),
        migrations.AddIndex(
            model_name="problem",
            index=models.Index(fields=["group"], name="problem_of_group", condition=~Q(group="")),
        ),
        migrations.AddConstraint(
            model_name="rectificationduty",
            constraint=models.UniqueConstraint(
                fields=["problem"], condition=Q(superseded_at__isnull=True, ceases_on__isnull=True), name=ONE_LIVE
            ),
        ),
        migrations.AddConstraint(
            model_name="rectificationduty",
            constraint=models.CheckConstraint(
                condition=Q(ceases_on__isnull=True) | Q(ceases_on__gt=F("arises_on")),
                name="rectification_duty_ceases_after_it_arises",
            ),
        ),
    ]
