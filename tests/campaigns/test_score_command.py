"""``manage.py score`` answers one document and its exit code, without a database."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

RULEBOOK = {
    "title": "示例",
    "clauses": [
        {"no": "1", "title": "两个责任", "kind": "key", "points": "4", "children": [
            {"no": "1.1", "kind": "key", "points": "3", "method": "all_or_nothing"},
            {"no": "1.2", "kind": "key", "points": "1", "method": "per_shortfall",
             "params": {"required": "2", "each": "0.25"}}]},
        {"no": "2", "kind": "basic", "points": 2.5, "method": "proportional", "params": {"target": 100}},
    ],
    "pass": {"no_veto": True, "min_total": "6", "key_min_rate": "0.60"},
}  # fmt: skip


@pytest.fixture
def run(tmp_path, capsys):
    def run(rulebook, readings, *flags):
        paths = []
        for name, content in (("rulebook", rulebook), ("readings", readings)):
            paths.append(tmp_path / f"{name}.json")
            if content is not None:
                text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
                paths[-1].write_text(text, encoding="utf-8")
        code = 0
        try:
            call_command("score", *map(str, paths), *flags)
        except SystemExit as left:
            code = left.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_a_score_is_one_document_in_the_shape_of_the_contract(run):
    code, out, err = run(RULEBOOK, {"1.1": {"met": True}, "1.2": {"value": "1"}}, "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert {key: answer[key] for key in ("base_points", "total_low", "total_high", "result", "reasons")} == {
        "base_points": "6.50",
        "total_low": "3.75",
        "total_high": "6.25",
        "result": "open",
        "reasons": ["总分在 3.75 到 6.25 分之间，能否达到 6 分未定"],
    }
    assert [clause["no"] for clause in answer["clauses"]] == ["1.1", "1.2", "2"]


def test_without_json_the_score_reads_as_a_table(run):
    code, out, _err = run(RULEBOOK, {"1.1": {"met": True}, "1.2": {"value": "1"}})
    assert code == 0
    assert out.splitlines() == [
        "结果：未定",
        "  总分在 3.75 到 6.25 分之间，能否达到 6 分未定",
        "基础分 3.75–6.25（满分 6.50），加分 0.00，总分 3.75–6.25",
        "",
        "1.1\t3.00\t已评\t不扣分：已达到要求",
        "1.2\t0.75\t已评\t扣 0.25 分：要求 2 次，实际 1 次",
        "2\t0.00–2.50\t未评\t未评",
    ]


@pytest.mark.parametrize(
    ("rulebook", "readings", "clause", "sentence"),
    [
        pytest.param({"clauses": [RULEBOOK["clauses"][0] | {"points": "5"}]}, {}, "1",
                     "条款 1：下级条款分值之和是 4，本条分值是 5，两者应相等", id="a rulebook that does not add up"),
        pytest.param(RULEBOOK, {"9": {"met": True}}, "9", "条款 9：评价细则中没有这一条", id="an unknown clause"),
        pytest.param(RULEBOOK, '{"2": {"value": 1e400}}', "2", "条款 2：读数 value 应为数字", id="a number beyond reason"),
        pytest.param(RULEBOOK, f'{{"2": {{"value": {"9" * 5000}}}}}', "2", "条款 2：读数 value 应为数字",
                     id="thousands of digits"),
        pytest.param(RULEBOOK, '{"1.1": {"met": true}, "1.1": {"met": false}}', None, "“1.1”写了两次",
                     id="one clause read twice"),
        pytest.param(RULEBOOK, '{"2": {"value": NaN}}', None, "NaN 不是数字", id="not a number"),
        pytest.param(RULEBOOK, '{"1.1": ', None, "第 1 行第 9 列不是 JSON", id="half a file"),
        pytest.param(RULEBOOK, "[" * 100_000, None, "嵌套过深", id="a file too deep"),
        pytest.param(RULEBOOK, '{"\\ud800": {}}', None, "残缺的字符", id="half a character"),
        pytest.param(RULEBOOK, None, None, "找不到文件", id="no file"),
    ],
)  # fmt: skip
def test_what_cannot_be_scored_leaves_with_code_two_and_names_the_clause(
    run, rulebook, readings, clause, sentence
):
    code, out, _err = run(rulebook, readings, "--json")
    document = json.loads(out)
    assert (code, document.keys(), document["clause"]) == (2, {"reason", "clause"}, clause)
    assert sentence in document["reason"]
    code, out, err = run(rulebook, readings)
    assert (code, out) == (2, "")
    assert sentence in err


def test_a_file_that_is_no_text_is_refused(run, tmp_path):
    (tmp_path / "readings.json").write_bytes(b"\xff\xfe\x00PK")
    code, out, _err = run(RULEBOOK, None, "--json")
    assert code == 2
    assert "应为 UTF-8 编码的 JSON 文件" in json.loads(out)["reason"]
