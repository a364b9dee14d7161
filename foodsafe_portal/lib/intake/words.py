"""Words by which the workbooks this portal writes are recognised again when they come back."""

RESULT_HEADER = "检查结果"
"""Header of the column that a marked workbook adds; it is ignored when the mended workbook is uploaded."""

EXAMPLE_MARK = "示例行（不导入）"
"""First cell of a template's example row; such a row is skipped, never imported."""

OPTIONS_SHEET = "选项"
"""Hidden sheet of a template: the words its drop-downs offer."""

NOTE_MARK = "填表说明："
"""Beginning of a template's note row."""

TEMPLATE_SHEET = "模板信息"
"""Hidden sheet of a template: pairs of name and value in its first two columns."""
