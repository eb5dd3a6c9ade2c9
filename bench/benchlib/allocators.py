# SPDX-License-Identifier: MIT
"""Which allocators are compared, and where they are."""

import os
import re
import subprocess
from dataclasses import dataclass

OURS = "hakmem"

# The sonames under which Debian and others have the peers.
PEERS = {
    "mimalloc": ("libmimalloc.so.2", "libmimalloc.so.3"),
    "jemalloc": ("libjemalloc.so.2",),
    "tcmalloc": ("libtcmalloc_minimal.so.4",),
}

# Variables that change an allocator: the suite measures defaults.
FOREIGN = re.compile(
    r"LD_PRELOAD$|GLIBC_TUNABLES$|MALLOC_|MIMALLOC_|TCMALLOC_|JE_MALLOC_|"
    r"_RJEM_|HAKMEM_|PYTHONMALLOC$")


class Unusable(Exception):
    """The library cannot be measured."""


@dataclass(frozen=True)
class Allocator:
    name: str
    library: str = ""  # preloaded; "" is the C library's own malloc
    env: tuple = ()  # further NAME=VALUE
    peer: bool = True  # ours is compared with it


def clean_environment():
    return {k: v for k, v in os.environ.items() if not FOREIGN.match(k)}


def find_soname(names):
    """Where the dynamic linker has one of the names, or ""."""
    for tool in ("ldconfig", "/sbin/ldconfig", "/usr/sbin/ldconfig"):
        try:
            cache = subprocess.run([tool, "-p"], capture_output=True,
                                   text=True, timeout=60, check=True).stdout
            break
        except (OSError, subprocess.SubprocessError):
            cache = ""
    # The first of several is the one for this machine's own programs.
    for name in names:
        m = re.search(rf"^\s*{re.escape(name)} .*=> (/.*)$", cache, re.M)
        if m:
            return m.group(1)
    return ""


def discover(library):
    """All that are here: ours, if "library" is given, and the peers."""
    found = [Allocator(OURS, library, peer=False)] if library else []
    found.append(Allocator("glibc"))
    for name, sonames in PEERS.items():
        path = find_soname(sonames)
        if path:
            found.append(Allocator(name, path))
    return found


def choose(words, library):
    """The allocators of a list: names that are known, or NAME=FILE."""
    known = {a.name: a for a in discover(library)}
    chosen = []
    for word in words:
        name, equals, path = word.partition("=")
        if equals:
            if not os.path.isfile(path):
                raise Unusable(f"{name}: there is no file {path}")
            chosen.append(Allocator(name, os.path.abspath(path)))
        elif name in known:
            chosen.append(known[name])
        else:
            raise Unusable(f"{name} is not here; known are "
                           f"{', '.join(known)}, others by NAME=FILE")
    return chosen


def verify(allocator, launch, program):
    """Raises Unusable unless malloc of a program is the allocator's."""
    if not allocator.library:
        return
    if re.search(r"[\s:]", allocator.library):
        # The dynamic linker splits LD_PRELOAD at these.
        raise Unusable(f"{allocator.name}: blank or colon in the path "
                       f"{allocator.library}")
    command = [launch, "-p", allocator.library]
    for setting in allocator.env:
        command += ["-e", setting]
    env = clean_environment()
    env.update(LD_DEBUG="bindings", LD_BIND_NOW="1")
    try:
        run = subprocess.run(
            command + ["/dev/null", program, "ops=1000", "slots=16"],
            env=env, capture_output=True, text=True, errors="replace",
            timeout=60)
    except subprocess.TimeoutExpired:
        raise Unusable(f"{allocator.name}: hangs at start") from None
    bound = re.search(
        rf"binding file {re.escape(program)} \[0\] to (\S+) \[0\]: "
        r"normal symbol `malloc'", run.stderr)
    if not bound:
        raise Unusable(f"{allocator.name}: {allocator.library} does not "
                       "load")
    if not os.path.samefile(bound.group(1), allocator.library):
        raise Unusable(f"{allocator.name}: {allocator.library} leaves malloc "
                       f"to {bound.group(1)}")
