"""Which system calls a fenced program may not make, as a seccomp filter.

What the namespaces hide, this takes away a second time; and what namespaces do not cover (starting
programs, tracing others, asynchronous I/O that goes round filters) is only taken away here. Written
with the standard library alone: it is imported by the fenced process.
"""

import ctypes
import errno
import platform
import struct

_TABLES = {
    "x86_64": (
        0xC000003E,
        {
            "socket": 41, "connect": 42, "sendto": 44, "bind": 49, "listen": 50, "socketpair": 53,
            "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "ptrace": 101, "personality": 135,
            "pivot_root": 155, "chroot": 161, "mount": 165, "umount2": 166, "swapon": 167,
            "reboot": 169, "sethostname": 170, "init_module": 175, "quotactl": 179,
            "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272,
            "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308,
            "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313,
            "memfd_create": 319, "kexec_file_load": 320, "bpf": 321, "execveat": 322,
            "userfaultfd": 323, "io_uring_setup": 425, "pidfd_getfd": 438, "clone3": 435,
            "move_mount": 429, "fsopen": 430, "fsmount": 432, "open_tree": 428,
            "mount_setattr": 442,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "socket": 198, "socketpair": 199, "bind": 200, "listen": 201, "connect": 203,
            "sendto": 206, "clone": 220, "execve": 221, "ptrace": 117, "personality": 92,
            "pivot_root": 41, "chroot": 51, "mount": 40, "umount2": 39, "swapon": 224,
            "reboot": 142, "sethostname": 161, "init_module": 105, "quotactl": 60,
            "add_key": 217, "request_key": 218, "keyctl": 219, "unshare": 97,
            "perf_event_open": 241, "open_by_handle_at": 265, "setns": 268,
            "process_vm_readv": 270, "process_vm_writev": 271, "finit_module": 273,
            "memfd_create": 279, "kexec_file_load": 294, "bpf": 280, "execveat": 281,
            "userfaultfd": 282, "io_uring_setup": 425, "pidfd_getfd": 438, "clone3": 435,
            "move_mount": 429, "fsopen": 430, "fsmount": 432, "open_tree": 428,
            "mount_setattr": 442,
        },
    ),
}  # fmt: skip
"""Machine to the number that the kernel gives its ABI, and system calls by number."""
MACHINES = tuple(_TABLES)

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_CLONE_THREAD = 0x00010000
_OTHER_ABI = 0x40000000
"""x32 calls on x86_64 have this bit; they would go round every number below."""
_NUMBER_AT, _ABI_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_SET_SECCOMP, _FILTER_MODE = 22, 2


def pivot_root_number() -> int:
    """The C library has no function for this one."""
    return _TABLES[platform.machine()][1]["pivot_root"]


def _filter(machine: str) -> bytes:
    """The program: threads may be made, processes may not."""
    abi, numbers = _TABLES[machine]
    refused = sorted(set(numbers.values()) - {numbers["clone"], numbers["clone3"]})
    end = len(refused) + 8  # place of the first return
    allow, refuse, missing, kill = end, end + 1, end + 2, end + 3
    code = [(_LOAD, 0, 0, _ABI_AT)]

    def jump(kind: int, yes: int, no: int, value: int) -> None:
        at = len(code)
        code.append((kind, yes - at - 1, no - at - 1, value))

    jump(_EQUAL, 2, kill, abi)
    code.append((_LOAD, 0, 0, _NUMBER_AT))
    jump(_AT_LEAST, refuse, 4, _OTHER_ABI)
    jump(_EQUAL, missing, 5, numbers["clone3"])
    for number in refused:
        jump(_EQUAL, refuse, len(code) + 1, number)
    at = len(code)
    # Not clone: allowed. Clone: only with the flag of a thread.
    code.append((_EQUAL, 0, allow - at - 1, numbers["clone"]))
    code.append((_LOAD, 0, 0, _FIRST_ARGUMENT_AT))
    at = len(code)
    code.append((_ANY_BIT, 0, 1, _CLONE_THREAD))
    code += [
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE | errno.EPERM),
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
        (_RETURN, 0, 0, _KILL),
    ]
    assert code[end] == (_RETURN, 0, 0, _ALLOW), (end, at)
    return b"".join(struct.pack("HBBI", *each) for each in code)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def forbid(libc: ctypes.CDLL) -> None:
    """Install the filter in this process, for good.

    Raises:
        OSError: If the kernel refuses.
    """
    raw = _filter(platform.machine())
    held = ctypes.create_string_buffer(raw, len(raw))
    program = _Program(len(raw) // 8, ctypes.cast(held, ctypes.c_void_p))
    if libc.prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
