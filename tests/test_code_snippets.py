"""Code in answers: found with its indentation, checked without being run, kept as files."""

import sys

import pytest

from apps.code.snippets import files, python_problem, remarks, snippets


def block(code: str, language: str = "python") -> str:
    return f"Here it is:\n\n```{language}\n{code}\n```\n\nDone."


def test_a_block_keeps_its_indentation() -> None:
    code = "def f():\n    if True:\n\t\treturn 2\n"
    assert [snippet.code for snippet in snippets(block(code.rstrip("\n")))] == [code]


def test_a_block_inside_a_list_loses_only_the_lists_indentation() -> None:
    answer = "1. Do this:\n   ```python\n   def f():\n       pass\n   ```\n"
    assert [snippet.code for snippet in snippets(answer)] == ["def f():\n    pass\n"]


def test_a_block_that_was_cut_off_is_left_alone() -> None:
    answer = "```python\ndef f(:\n"
    assert snippets(answer) == []
    assert remarks(answer) == ""


def test_fences_of_other_kinds_are_found() -> None:
    answer = "~~~js\nlet a = 1\n~~~\n\n````\n```\ninner\n```\n````\n"
    assert [(s.language, s.code) for s in snippets(answer)] == [
        ("js", "let a = 1\n"),
        ("", "```\ninner\n```\n"),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "def f():\n    return 2",
        "print('\\d')",
        ">>> 1 + 1\n2",
        "",
        "match x:\n    case 1:\n        pass",
    ],
)
def test_python_that_parses_is_not_remarked_on(code: str) -> None:
    assert remarks(block(code)) == ""


def test_python_that_does_not_parse_is_named_with_its_line() -> None:
    remark = remarks(block("def f():\n    return (1"))
    assert "Block 1" in remark
    assert "line 2" in remark
    assert "``` return (1 ```" in remark


def test_other_languages_are_not_judged() -> None:
    assert remarks(block("def f(:", "javascript") + block("def f(:", "")) == ""


def test_blocks_are_counted_as_the_reader_counts_them() -> None:
    assert "Block 2" in remarks(block("echo hi", "sh") + block("def f(:"))


def test_a_remark_cannot_break_out_of_its_code_span() -> None:
    remark = remarks(block("x = `` <img src=x onerror=alert(1)> ``` ("))
    assert remark.count("````") == 2


@pytest.mark.parametrize(
    "code", ["(" * 5000, "-" * 20_000 + "1", "a" + ".b" * 20_000, "x = 1\0", "f(" * 300]
)
def test_hostile_code_never_brings_the_server_down(code: str) -> None:
    python_problem(code)


def test_checking_runs_nothing() -> None:
    python_problem("import sys; sys.was_run = True")
    assert not hasattr(sys, "was_run")


def test_blocks_of_one_language_become_one_file() -> None:
    answer = block("a = 1") + block("b = 2") + block("echo", "sh")
    assert [(file.name, file.text) for file in files(answer)] == [
        ("inkloop.py", "a = 1\n\nb = 2\n"),
        ("inkloop.sh", "echo\n"),
    ]
