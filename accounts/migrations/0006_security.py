"""Sessions, hashed tokens and former passwords of accounts."""


from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def keep_digests_of_tokens(apps: Any, schema_editor: Any) -> None:
    """Tokens that stood in the database as they are go on working, as digests, for as long as a new one; the table goes."""
    connection = schema_editor.connection
    if "authtoken_token" not in connection.introspection.table_names():
        return
    ApiToken, now = apps.get_model("accounts", "ApiToken"), timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, user_id FROM authtoken_token")
        stored = cursor.fetchall()
    ApiToken.objects.bulk_create(
        ApiToken(
            user_id=user,
            digest=hashlib.sha256(key.encode()).hexdigest(),
            created_at=now,
            expires_at=now + timedelta(days=settings.API_TOKEN_DAYS),
        )
        for key, user in stored
    )
    schema_editor.execute("DROP TABLE authtoken_token")


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_large_type'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='password_set_at',
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='密码设置时间'),
        ),
        migrations.AddField(
            model_name='user',
            name='session_stamp',
            field=models.PositiveIntegerField(default=0, editable=False, verbose_name='会话批次'),
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(blank=True, max_length=40, verbose_name='名称')),
                ('digest', models.CharField(max_length=64, unique=True, verbose_name='摘要')),
                ('created_at', models.DateTimeField(verbose_name='建立时间')),
                ('expires_at', models.DateTimeField(verbose_name='失效时间')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL, verbose_name='账号')),
            ],
            options={
                'verbose_name': '接口令牌',
                'verbose_name_plural': '接口令牌',
                'constraints': [models.UniqueConstraint(fields=('user', 'name'), name='token_of_a_name_once')],
            },
        ),
        migrations.CreateModel(
            name='FormerPassword',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('encoded', models.CharField(max_length=128, verbose_name='摘要')),
                ('set_at', models.DateTimeField(verbose_name='设置时间')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='former_passwords', to=settings.AUTH_USER_MODEL, verbose_name='账号')),
            ],
            options={
                'verbose_name': '用过的密码',
                'verbose_name_plural': '用过的密码',
                'indexes': [models.Index(fields=['user', '-set_at'], name='passwords_of_person')],
            },
        ),
        migrations.CreateModel(
            name='OpenSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('session_key', models.CharField(max_length=40, unique=True, verbose_name='会话')),
                ('signed_in_at', models.DateTimeField(verbose_name='登录时间')),
                ('address', models.GenericIPAddressField(blank=True, null=True, verbose_name='来源地址')),
                ('browser', models.CharField(blank=True, max_length=200, verbose_name='浏览器')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='open_sessions', to=settings.AUTH_USER_MODEL, verbose_name='账号')),
            ],
            options={
                'verbose_name': '登录中的会话',
                'verbose_name_plural': '登录中的会话',
                'indexes': [models.Index(fields=['user', 'signed_in_at'], name='session_of_person')],
            },
        ),
        migrations.RunPython(keep_digests_of_tokens, migrations.RunPython.noop),
    ]
