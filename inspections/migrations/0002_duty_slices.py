"""A duty row becomes a slice of days, so that later changes of grade or place leave past Sundays alone."""

from django.db import migrations, models
from django.db.models import F, Q

ONE_LIVE = "visit_duty_one_live_per_business_and_period"


class Migration(migrations.Migration):
    dependencies = [("inspections", "0001_initial")]
    operations = [
        migrations.RemoveConstraint(model_name="visitduty", name=ONE_LIVE),
        migrations.AddField(
            model_name="rectificationduty",
            name="ceases_on",
            field=models.DateField(blank=True, null=True, verbose_name="接续日期"),
        ),
        migrations.AddField(
            model_name="visitduty",
            name="ceases_on",
            field=models.DateField(blank=True, null=True, verbose_name="接续日期"),
        ),
        migrations.AddConstraint(
            model_name="visitduty",
            constraint=models.UniqueConstraint(
                fields=["business", "period"],
                condition=Q(superseded_at__isnull=True, ceases_on__isnull=True),
                name=ONE_LIVE,
            ),
        ),
        migrations.AddConstraint(
            model_name="visitduty",
            constraint=models.CheckConstraint(
                condition=Q(ceases_on__isnull=True) | Q(ceases_on__gt=F("arises_on")),
                name="visit_duty_ceases_after_it_arises",
            ),
        ),
    ]
