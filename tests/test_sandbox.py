"""What a program that a model wrote may do behind the fences: compute, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.humaneval import sandbox
from training.humaneval.problems import Problem, problems
from training.humaneval.sandbox import Bounds, run_program, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"no fences here: {why_not()}")
SHORT = Bounds(wall_seconds=30.0, cpu_seconds=1, memory_bytes=256 << 20)
SAMPLE = 14
"""Every so-manieth problem is run here; all of them with: pytest -m whole tests/test_sandbox.py"""


def test_a_program_that_computes_passes() -> None:
    program = "import math, re, hashlib, collections\nassert math.gcd(12, 18) == 6\n"
    assert run_program(program).passed


def test_a_strict_umask_of_the_command_changes_nothing() -> None:
    before = os.umask(0o077)
    try:
        assert run_program("import math, socket").passed
    finally:
        os.umask(before)


def test_a_program_may_use_threads_and_its_own_empty_folder() -> None:
    program = """
import threading
worker = threading.Thread(target=lambda: open("/tmp/a", "w").write("x"))
worker.start(); worker.join()
assert open("/tmp/a").read() == "x"
"""
    assert run_program(program).passed


def test_a_wrong_program_fails_with_its_error() -> None:
    assert run_program("assert 1 == 2").why == "AssertionError"


@pytest.mark.parametrize("ending", ["import os; os._exit(0)", "raise SystemExit(0)", "exit()"])
def test_ending_early_is_not_passing(ending: str) -> None:
    assert not run_program(ending).passed


ESCAPES = {
    "network": (
        "import socket; socket.create_connection(('127.0.0.1', {port}))",
        "PermissionError",
    ),
    "name server": ("import socket; socket.getaddrinfo('example.org', 80)", ""),
    "fork bomb": ("import os\nwhile True: os.fork()", "PermissionError"),
    "a shell": ("import subprocess; subprocess.run(['/bin/sh', '-c', 'touch {mark}'])", ""),
    "shell through ctypes": (
        "import ctypes; assert ctypes.CDLL(None).system(b'touch {mark}') == 0",
        "AssertionError",
    ),
    "write outside": ("open({mark!r}, 'w').write('x')", ""),
    "change the standard library": (
        "import os; open(os.__file__, 'a').write('x = 1')",
        "",
    ),
    "read a file of this machine": ("open({secret!r}).read()", "FileNotFoundError"),
    "read the system's files": ("open('/etc/passwd').read()", "FileNotFoundError"),
    "read the environment": (
        "import os; assert 'INKLOOP_SECRET' in os.environ or os.listdir('/proc')",
        "FileNotFoundError",
    ),
    "too much memory": ("x = bytearray(1 << 30)", "MemoryError"),
    "too much disk": ("f = open('/tmp/a', 'wb')\nwhile True: f.write(bytes(1 << 20))", ""),
    "endless loop": ("while True: pass", ""),
    "trace another process": (
        "import ctypes, os\nassert ctypes.CDLL(None).ptrace(16, {pid}, 0, 0) == 0",
        "AssertionError",
    ),
    "kill another process": ("import os; os.kill({pid}, 9)", "ProcessLookupError"),
    "new namespaces": (
        "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
        "AssertionError",
    ),
    "mount over the tree": (
        "import ctypes; assert ctypes.CDLL(None).mount(b't', b'/tmp', b'tmpfs', 0, None) == 0",
        "AssertionError",
    ),
    "back to the old tree": ("import os; os.chroot('/tmp')", "PermissionError"),
    "become root": ("import os; os.setuid(0)", ""),
    "endless threads": (
        "import threading, time\nfor _ in range(9999):"
        " threading.Thread(target=time.sleep, args=[60], daemon=True).start()",
        "RuntimeError",
    ),
    "say too much": ("import os\nfor n in range(64):\n try: os.write(n, b'passed ' * 999)\n"
                     " except OSError: pass", ""),
}  # fmt: skip
"""What is tried, and the error that it ends with (empty: any end but passing)."""


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_is_contained(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLOOP_SECRET", "told to nobody")
    mark, secret = tmp_path / "mark", tmp_path / "secret"
    secret.write_text("told to nobody")
    tmp_path.chmod(0o777)
    program, why = ESCAPES[name]
    told = program.format(mark=str(mark), secret=str(secret), port=9, pid=os.getpid())
    found = run_program(told, SHORT)
    assert not found.passed
    assert found.why == why or not why
    assert not mark.exists()
    assert not os.path.realpath(os.__file__).startswith(str(tmp_path))


def test_what_runs_too_long_is_ended() -> None:
    bounds = Bounds(wall_seconds=2.0)
    assert run_program("import time; time.sleep(600)", bounds).why == "timed out"


def test_nothing_is_left_running() -> None:
    before = _cells()
    run_program("import time; time.sleep(600)", Bounds(wall_seconds=1.5))
    assert _cells() <= before


def _cells() -> set[str]:
    """Processes of cells; tests in parallel may have some."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"humaneval/cell.py" in path.read_bytes():
                found.add(path.parent.name)
        except OSError:
            continue
    return found


def test_an_ordinary_user_has_the_same_fences() -> None:
    program = (
        "from training.humaneval.sandbox import Bounds, _run\n"
        "assert _run('pass', Bounds()).passed\n"
        "for bad in ('open(\"/etc/passwd\")', 'import socket; socket.socket()', 'import os;"
        " os.fork()'):\n    assert not _run(bad, Bounds()).passed, bad\n"
    )
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip("no user namespaces for ordinary users here")
    assert done.returncode == 0, done.stderr


def test_without_fences_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "why_not", lambda: "the kernel is not Linux")
    with pytest.raises(sandbox.AbilityMissing, match="not Linux"):
        run_program("pass")


def solved(problem: Problem) -> bool:
    return run_program(problem.program(problem.prompt + problem.solution)).passed


def failed(problem: Problem) -> bool:
    return not run_program(problem.program(problem.prompt + "    return None\n")).passed


@pytest.mark.parametrize("problem", problems()[::SAMPLE], ids=lambda problem: problem.name)
def test_the_authors_solution_passes_and_none_does_not(problem: Problem) -> None:
    assert solved(problem)
    assert failed(problem)


@pytest.mark.whole
@pytest.mark.timeout(1800)
def test_all_164_solutions_pass_and_164_wrong_ones_do_not() -> None:
    every = problems()
    assert sum(map(solved, every)) == len(every) == 164
    assert sum(map(failed, every)) == 164


@pytest.mark.parametrize(
    "answer",
    [
        "Here:\n```python\ndef add(a, b):\n    return a + b\n```\nDone.",
        "```python\n    return a + b\n```",
        "return a + b",
        "```\nimport math\ndef add(a, b):\n    return math.fsum([a, b])",
    ],
)
def test_a_function_is_found_in_an_answer(answer: str) -> None:
    prompt = 'def add(a, b):\n    """Add."""\n'
    problem = Problem("t", prompt, "add", "", "def check(f):\n    assert f(1, 2) == 3")
    assert run_program(problem.program(problem.from_chat(answer))).passed
