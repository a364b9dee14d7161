"""Former identities, pairs that look like one business, and businesses merged into others."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("entities", "0002_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BusinessMerger",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("merged_on", models.DateField(verbose_name="合并日期")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="说明")),
                ("bonds", models.JSONField(blank=True, default=dict, verbose_name="包保关系")),
                ("merged_at", models.DateTimeField(verbose_name="合并时间")),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="撤销时间")),
            ],
            options={
                "verbose_name": "主体合并",
                "verbose_name_plural": "主体合并",
                "ordering": ["-merged_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="DuplicatePair",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("likeness", models.PositiveSmallIntegerField(verbose_name="相似度(%)")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "待核对"), ("merged", "已合并"), ("apart", "不是同一家")],
                        default="waiting",
                        max_length=8,
                        verbose_name="核对",
                    ),
                ),
                ("batch_id", models.BigIntegerField(blank=True, null=True, verbose_name="批次")),
                ("found_at", models.DateTimeField(verbose_name="发现时间")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="核对时间")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="说明")),
                ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="版本")),
            ],
            options={
                "verbose_name": "疑似重复主体",
                "verbose_name_plural": "疑似重复主体",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="FormerIdentity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("match_key", models.CharField(editable=False, max_length=200, verbose_name="匹配键")),
                ("name", models.CharField(max_length=150, verbose_name="企业名称")),
                ("credit_code", models.CharField(blank=True, max_length=30, verbose_name="统一社会信用代码")),
                ("licence_no", models.CharField(blank=True, max_length=60, verbose_name="许可证号")),
                ("premises_address", models.CharField(max_length=200, verbose_name="经营场所")),
                (
                    "why",
                    models.CharField(
                        choices=[("changed", "登记变更"), ("merged", "并入其他主体")],
                        default="changed",
                        max_length=8,
                        verbose_name="原因",
                    ),
                ),
                ("valid_to", models.DateField(verbose_name="使用至")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("page", "页面录入"),
                            ("ledger", "台账导入"),
                            ("admin", "后台"),
                            ("api", "接口"),
                            ("demo", "演示数据"),
                        ],
                        default="page",
                        max_length=8,
                        verbose_name="来源",
                    ),
                ),
                ("batch_id", models.BigIntegerField(blank=True, null=True, verbose_name="批次")),
                ("recorded_at", models.DateTimeField(verbose_name="登记时间")),
            ],
            options={
                "verbose_name": "曾用名称和号码",
                "verbose_name_plural": "曾用名称和号码",
                "ordering": ["-valid_to", "-id"],
            },
        ),
        migrations.RemoveIndex(
            model_name="business",
            name="business_by_region_grade",
        ),
        migrations.RemoveIndex(
            model_name="business",
            name="business_ungraded_by_region",
        ),
        migrations.RemoveIndex(
            model_name="business",
            name="business_high_risk_by_region",
        ),
        migrations.AddField(
            model_name="business",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="absorbed",
                to="entities.business",
                verbose_name="并入",
            ),
        ),
        migrations.AddIndex(
            model_name="business",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", True)),
                fields=["region", "responsibility_grade", "status"],
                name="business_by_region_grade",
            ),
        ),
        migrations.AddIndex(
            model_name="business",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", True), ("responsibility_grade", "")),
                fields=["region"],
                name="business_ungraded_by_region",
            ),
        ),
        migrations.AddIndex(
            model_name="business",
            index=models.Index(
                condition=models.Q(("high_risk", True), ("merged_into__isnull", True)),
                fields=["region"],
                name="business_high_risk_by_region",
            ),
        ),
        migrations.AddField(
            model_name="businessmerger",
            name="business",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="mergers",
                to="entities.business",
                verbose_name="被并入的主体",
            ),
        ),
        migrations.AddField(
            model_name="businessmerger",
            name="merged_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="合并人",
            ),
        ),
        migrations.AddField(
            model_name="businessmerger",
            name="survivor",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="absorptions",
                to="entities.business",
                verbose_name="保留的主体",
            ),
        ),
        migrations.AddField(
            model_name="businessmerger",
            name="undone_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="撤销人",
            ),
        ),
        migrations.AddField(
            model_name="duplicatepair",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="核对人",
            ),
        ),
        migrations.AddField(
            model_name="duplicatepair",
            name="first",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="entities.business",
                verbose_name="主体一",
            ),
        ),
        migrations.AddField(
            model_name="duplicatepair",
            name="merger",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="pairs",
                to="entities.businessmerger",
                verbose_name="主体合并",
            ),
        ),
        migrations.AddField(
            model_name="duplicatepair",
            name="region",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.region",
                verbose_name="所在地区",
            ),
        ),
        migrations.AddField(
            model_name="duplicatepair",
            name="second",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="entities.business",
                verbose_name="主体二",
            ),
        ),
        migrations.AddField(
            model_name="formeridentity",
            name="business",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="former_identities",
                to="entities.business",
                verbose_name="经营主体",
            ),
        ),
        migrations.AddConstraint(
            model_name="businessmerger",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone_at__isnull", True)),
                fields=("business",),
                name="merger_one_standing_per_business",
            ),
        ),
        migrations.AddConstraint(
            model_name="businessmerger",
            constraint=models.CheckConstraint(
                condition=models.Q(("business", models.F("survivor")), _negated=True),
                name="merger_of_two_businesses",
            ),
        ),
        migrations.AddIndex(
            model_name="duplicatepair",
            index=models.Index(fields=["region", "state"], name="duplicate_pair_by_region_state"),
        ),
        migrations.AddConstraint(
            model_name="duplicatepair",
            constraint=models.UniqueConstraint(fields=("first", "second"), name="duplicate_pair_once"),
        ),
        migrations.AddConstraint(
            model_name="duplicatepair",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lt", models.F("second"))), name="duplicate_pair_smaller_key_first"
            ),
        ),
        migrations.AddConstraint(
            model_name="duplicatepair",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at__isnull", True), ("state", "waiting")),
                    models.Q(models.Q(("state", "waiting"), _negated=True), ("decided_at__isnull", False)),
                    _connector="OR",
                ),
                name="duplicate_pair_decided_at_and_state_together",
            ),
        ),
        migrations.AddIndex(
            model_name="formeridentity",
            index=models.Index(fields=["match_key"], name="former_by_match_key"),
        ),
        migrations.AddIndex(
            model_name="formeridentity",
            index=models.Index(fields=["licence_no"], name="former_by_licence_no"),
        ),
        migrations.AddIndex(
            model_name="formeridentity",
            index=models.Index(fields=["credit_code"], name="former_by_credit_code"),
        ),
        migrations.AddIndex(
            model_name="formeridentity",
            index=models.Index(fields=["name"], name="former_by_name"),
        ),
    ]
