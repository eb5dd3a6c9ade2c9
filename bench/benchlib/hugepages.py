# SPDX-License-Identifier: MIT
"""The system's mode of transparent huge pages, for as long as it is needed.

A small process waits for the end of this one and sets the mode as it was,
whatever the end is: an error, a signal, SIGKILL too.  One run at a time: the
lock is held until the mode is back.
"""

import ctypes
import fcntl
import os
import re
import subprocess

from .allocators import Unusable

ENABLED = "/sys/kernel/mm/transparent_hugepage/enabled"
MODES = ("never", "madvise", "always")
PR_SET_THP_DISABLE = 41
RESTORE = 'trap "" HUP INT TERM; cat >/dev/null; echo "$1" >"$2"'
# What the programs say of themselves at the end, and later: see bench.h.
FIGURES = tuple(f"{when}_{what}_kib" for when in ("end", "late")
                for what in ("rss", "dirty", "huge"))


def current():
    """The mode, or "" where the kernel has none."""
    try:
        with open(ENABLED, encoding="ascii") as f:
            text = f.read()
    except OSError:
        return ""
    m = re.search(r"\[(\w+)\]", text)
    return m[1] if m else text.strip()


def write(mode):
    with open(ENABLED, "w", encoding="ascii") as f:
        f.write(mode + "\n")


def disable(yes):
    """No huge pages for this process and those that it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_THP_DISABLE, int(yes), 0, 0, 0):
        raise Unusable("PR_SET_THP_DISABLE: " +
                       os.strerror(ctypes.get_errno()))


class HugePages:
    """with HugePages(modes) as h: h.use(mode) ..."""

    def __init__(self, modes):
        if not current():
            raise Unusable(f"--thp: there is no {ENABLED}")
        self.guard = None
        self.writable = True
        self.lock = open(ENABLED, encoding="ascii")
        try:
            self.take(modes)
        except Unusable:
            self.lock.close()
            raise

    def take(self, modes):
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable(f"--thp: another run has {ENABLED}") from None
        self.before = self.now = current()
        try:
            write(self.before)
        except OSError as e:
            # "never" is to be had all the same.
            self.writable = False
            for mode in modes:
                if mode not in ("never", self.before):
                    raise Unusable(
                        f"--thp {mode}: {ENABLED}: {e.strerror}; only root "
                        f"may change it; without, there are never and "
                        f"{self.before}") from None

    @property
    def how(self):
        return ENABLED if self.writable else "PR_SET_THP_DISABLE"

    def __enter__(self):
        if self.writable:
            self.guard = subprocess.Popen(
                ["sh", "-c", RESTORE, "sh", self.before, ENABLED],
                stdin=subprocess.PIPE, start_new_session=True,
                pass_fds=(self.lock.fileno(),))
        return self

    def use(self, mode):
        if mode == self.now:
            return
        if self.writable:
            write(mode)
        else:
            disable(mode != self.before)
        self.now = mode

    def __exit__(self, *_):
        self.lock.close()
        if not self.writable:
            self.use(self.before)
            return
        self.guard.stdin.close()
        self.guard.wait()
        if current() != self.before:
            raise Unusable(f"{ENABLED} is {current()}, was {self.before}")
