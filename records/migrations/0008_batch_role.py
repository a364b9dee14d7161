from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0007_undo_by_two'),
    ]

    operations = [
        migrations.AddField(
            model_name='ledgerbatch',
            name='role',
            field=models.CharField(blank=True, default='', max_length=20, verbose_name='角色'),
            preserve_default=False,
        ),
    ]
