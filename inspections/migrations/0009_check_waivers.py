
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_sign_in_attempts'),
        ('entities', '0006_keys_of_one_form'),
        ('inspections', '0008_escalation_rules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='problem',
            name='lacking',
            field=models.CharField(blank=True, choices=[('photo', '无整改后照片'), ('plan', '无整改方案'), ('both', '无整改后照片、无整改方案')], max_length=5, verbose_name='销号时缺少'),
        ),
        migrations.AddField(
            model_name='problem',
            name='one_checker',
            field=models.CharField(blank=True, choices=[('waived', '按规定由同一人审核、复核'), ('earlier', '审核、复核为同一人，在分人办理的规定以前')], max_length=8, verbose_name='一人两审'),
        ),
        migrations.CreateModel(
            name='CheckWaiver',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('effective_from', models.DateField(verbose_name='生效日期')),
                ('effective_to', models.DateField(blank=True, null=True, verbose_name='截止日期')),
                ('source', models.CharField(max_length=200, verbose_name='依据')),
                ('region', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.region', verbose_name='地区')),
                ('unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.unit', verbose_name='单位')),
            ],
            options={
                'verbose_name': '两审合一',
                'verbose_name_plural': '两审合一',
                'ordering': ['-effective_from', '-pk'],
            },
        ),
        migrations.AddField(
            model_name='problem',
            name='check_waiver',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inspections.checkwaiver', verbose_name='两审合一'),
        ),
        migrations.AddConstraint(
            model_name='checkwaiver',
            constraint=models.CheckConstraint(condition=models.Q(('unit__isnull', True), ('region__isnull', True), _connector='XOR'), name='waiver_of_a_unit_or_a_region', violation_error_message='请选单位或地区，二者选一。'),
        ),
        migrations.AddConstraint(
            model_name='checkwaiver',
            constraint=models.CheckConstraint(condition=models.Q(('effective_to__isnull', True), ('effective_to__gte', models.F('effective_from')), _connector='OR'), name='waiver_ends_after_it_begins', violation_error_message='截止日期不能早于生效日期。'),
        ),
    ]
