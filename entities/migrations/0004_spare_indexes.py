
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("entities", "0003_duplicates"),
    ]

    operations = [
        migrations.AlterField(
            model_name="business",
            name="match_key",
            field=models.CharField(editable=False, max_length=200, verbose_name="匹配键"),
        ),
        migrations.AlterField(
            model_name="business",
            name="region",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.region",
                verbose_name="所在地区",
            ),
        ),
        migrations.AddIndex(
            model_name="business",
            index=models.Index(fields=["region"], name="business_by_region"),
        ),
        migrations.AddConstraint(
            model_name="business",
            constraint=models.UniqueConstraint(fields=("match_key",), name="business_one_per_match_key"),
        ),
    ]
