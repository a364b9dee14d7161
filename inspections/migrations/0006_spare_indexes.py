
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("entities", "0004_spare_indexes"),
        ("inspections", "0005_problem_lists"),
    ]

    operations = [
        migrations.AlterField(
            model_name="visit",
            name="business",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="visits",
                to="entities.business",
                verbose_name="经营主体",
            ),
        ),
        migrations.AlterField(
            model_name="visit",
            name="region",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.region",
                verbose_name="地区",
            ),
        ),
        migrations.AlterField(
            model_name="visitduty",
            name="policy",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="inspections.frequencypolicy",
                verbose_name="频次规则",
            ),
        ),
    ]
