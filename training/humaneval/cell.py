# Without pathlib: less code between the fences.
# ruff: noqa: PTH100, PTH120, PTH123
"""The process in which a program runs: fences first, then the program, then one word.

    python -I -S cell.py  <  {"program", "secret", "root", "memory_bytes", "cpu_seconds"}

Three processes: this one leaves the machine's namespaces; the next is the first of its own process
tree (when it ends, the kernel ends all that is left in there); the last runs the program. What it
says is `passed` with a secret that the program was not given, or `failed` with the error's name.
Exit code 9 means that a fence could not be put up; then nothing was run.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import fences  # type: ignore[import-not-found]

NO_FENCE = 9


def main() -> None:
    """Put the fences up and run what standard input holds."""
    order = json.load(sys.stdin)
    as_root = _is_root()
    try:
        fences.leave(as_root=as_root)
        first = os.fork()
        if first:
            _wait(first)
        fences.die_with_parent()
        fences.own_files(order["root"])
        last = os.fork()
        if last:
            _wait(last)
        said = _only_one_way_out()
        fences.limit(memory_bytes=order["memory_bytes"], cpu_seconds=order["cpu_seconds"])
        fences.give_up_rights(as_root=as_root)
        fences.die_with_parent()
        os.dup2(0, 2)
    except BaseException as error:  # noqa: BLE001 - whatever went wrong, nothing may be run
        os.write(2, f"{error}\n".encode())
        os._exit(NO_FENCE)
    _run(order["program"], order["secret"], said)


def _is_root() -> bool:
    """Really, and not only inside somebody's namespace, where most rights are missing."""
    with open("/proc/self/uid_map") as file:
        everyone = file.readline().split() == ["0", "0", "4294967295"]
    return everyone and os.geteuid() == 0


def _wait(child: int) -> None:
    """End as the child did."""
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _only_one_way_out() -> int:
    """Close everything but one pipe; what the program prints goes nowhere."""
    said = os.dup(1)
    reading, writing = os.pipe()
    os.close(writing)
    os.dup2(reading, 0)  # empty
    os.dup2(reading, 1)  # cannot be written to
    os.closerange(3, said)
    os.closerange(said + 1, 256)
    return said


def _run(program: str, secret: str, said: int) -> None:
    sys.path[:] = [path for path in sys.path if path.startswith(sys.base_prefix)]
    import io

    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    try:
        exec(compile(program, "program.py", "exec"), {"__name__": "__main__"})  # noqa: S102
    except BaseException as error:  # noqa: BLE001 - whatever it was, the program failed
        word = f"failed {type(error).__name__}"
    else:
        word = f"passed {secret}"
    os.write(said, word.encode()[:200])
    os._exit(0)


if __name__ == "__main__":
    main()
