# Without pathlib: less code between the fences.
# ruff: noqa: PTH102, PTH103, PTH112, PTH114, PTH120, PTH123, PTH211, S108
"""The fences round a program: namespaces, a file system of its own, limits, no rights.

Everything is set up in the process that is to be fenced, before it reads a line of the program. A
fence that cannot be put up raises: nothing is ever run with fewer. Standard library only.

Inside: no network devices, no other processes, no environment, Python's standard library and the
system's shared libraries read-only, an empty /tmp in memory, nothing else of this machine's files.
"""

import ctypes
import os
import resource
import sys

from system_calls import forbid, pivot_root_number  # type: ignore[import-not-found]

NOBODY = 65534
TMP_BYTES = 16 << 20
OPEN_FILES = 32
THREADS = 64
_NEW_MOUNTS, _NEW_HOST, _NEW_IPC = 0x00020000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PIDS, _NEW_NET = 0x10000000, 0x20000000, 0x40000000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXEC = 1, 2, 4, 8
_REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 32, 4096, 16384, 1 << 18
_DETACH = 2
_DEATH_SIGNAL, _DUMPABLE, _DROP_BOUND, _NO_NEW_RIGHTS = 1, 4, 24, 38
_CARRIED = {2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}
"""Flags of a file system as `statvfs` shows them, to those of `mount`: a remount must keep them."""
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")

libc = ctypes.CDLL(None, use_errno=True)


def _done(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def leave(*, as_root: bool) -> None:
    """Leave this machine's network, processes, mounts and (as an ordinary user) users behind."""
    wanted = _NEW_MOUNTS | _NEW_HOST | _NEW_IPC | _NEW_PIDS | _NEW_NET
    uid, gid = os.getuid(), os.getgid()
    _done(libc.unshare(wanted if as_root else wanted | _NEW_USER), "unshare")
    if as_root:
        return
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {uid} 1"),
        ("gid_map", f"{NOBODY} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def own_files(root: str) -> None:
    """See only the standard library, the shared libraries and an empty /tmp; all else is gone.

    Args:
        root: An empty folder, used as the place to build the new tree.
    """
    # The command's own umask would hide the new tree from nobody, as whom the program runs.
    os.umask(0o022)
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)
    _mount("tmpfs", root, "tmpfs", _NO_SUID | _NO_DEVICES, "size=1m,mode=755")
    for path in dict.fromkeys((sys.base_prefix, *_LIBRARIES)):
        if os.path.isdir(path):
            _show(os.path.realpath(path), root)
        if os.path.islink(path):
            os.makedirs(os.path.dirname(root + path), exist_ok=True)
            os.symlink(os.path.realpath(path), root + path)
    os.mkdir(root + "/tmp")
    options = f"size={TMP_BYTES},nr_inodes=1k,mode=1777"
    flags = _NO_SUID | _NO_DEVICES | _NO_EXEC
    _mount("tmpfs", root + "/tmp", "tmpfs", flags, options)
    _mount(None, root, None, _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEVICES)
    os.chdir(root)
    _done(libc.syscall(pivot_root_number(), b".", b"."), "pivot_root")
    _done(libc.umount2(b".", _DETACH), "umount")
    os.chdir("/tmp")


def _show(path: str, root: str) -> None:
    """Bind one folder into the new tree, read-only."""
    target = root + path
    if os.path.ismount(target) or os.path.isdir(target):
        return
    os.makedirs(target)
    _mount(path, target, None, _BIND)
    carried = sum(flag for seen, flag in _CARRIED.items() if os.statvfs(target).f_flag & seen)
    flags = _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEVICES
    _mount(None, target, None, flags | carried)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    raw = [None if text is None else text.encode() for text in (source, target, kind)]
    _done(libc.mount(*raw, ctypes.c_ulong(flags), data.encode()), f"mount {target}")


def limit(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Bound what the process may use."""
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, TMP_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, THREADS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def give_up_rights(*, as_root: bool) -> None:
    """Become nobody, for good, and forbid what `system_calls` lists."""
    for right in range(64):
        libc.prctl(_DROP_BOUND, right, 0, 0, 0)
    if as_root:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    _drop_capabilities()
    _done(libc.prctl(_NO_NEW_RIGHTS, 1, 0, 0, 0), "no_new_privs")
    forbid(libc)


def _drop_capabilities() -> None:
    """In a namespace of its own an ordinary user holds all of them until they are given up."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _done(libc.capset(ctypes.byref(header), ctypes.byref(nothing)), "capset")


def die_with_parent() -> None:
    """Be killed when the process that started this one ends."""
    _done(libc.prctl(_DEATH_SIGNAL, 9, 0, 0, 0), "pdeathsig")
