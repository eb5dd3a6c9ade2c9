# SPDX-License-Identifier: MIT
"""One run of one workload with one allocator, and the rounds of all."""

import os
import re
import shlex
import signal
import subprocess
import tempfile

from .allocators import clean_environment

LINE = re.compile(r"^([\w.+-]+) (\d+) ([0-9.]+) ([0-9.]+)((?: \w+=\S+)*)$")
UNSUPPORTED = 77
USAGE = ("status", "wall_s", "user_s", "system_s", "peak_kib",
         "minor_faults", "major_faults", "voluntary_switches",
         "involuntary_switches")


class Failed(Exception):
    """The run gave no figures; the text says why."""


class Skipped(Exception):
    """The machine lacks what the workload needs."""


def parse_line(text):
    """The figures of the last result line in the text, or {}."""
    for line in reversed(text.splitlines()):
        m = LINE.match(line)
        if m:
            figures = {"ops": int(m[2]), "seconds": float(m[3])}
            for word in m[5].split():
                key, _, value = word.partition("=")
                try:
                    figures[key] = float(value)
                except ValueError:
                    figures[key] = value
            return figures
    return {}


def parse_usage(path):
    with open(path, encoding="ascii") as f:
        words = f.read().split()
    return {k: float(v) if "." in v else int(v)
            for k, v in zip(USAGE, words, strict=True)}


def last_words(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return f": {lines[-1][:200]}" if lines else ""


def describe(status):
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit status {os.WEXITSTATUS(status)}"


class Bench:
    """Runs workloads: where the programs are, and how long they may take."""

    def __init__(self, source_dir, program_dir, full, late=0):
        self.source_dir = source_dir
        self.program_dir = program_dir
        self.full = full
        self.late = late  # seconds until memory is looked at once more
        self.huge_pages = None  # whoever can change their mode
        self.launch = os.path.join(program_dir, "launch")
        self.empty = os.path.join(program_dir, ".libs", "empty.so")
        # The first CPU takes most interrupts.
        self.cpu = max(os.sched_getaffinity(0))

    def command(self, workload, allocator, report):
        """The words that start the workload under launch."""
        words = [self.launch]
        if allocator.library:
            words += ["-p", allocator.library]
        if workload.pinned:
            words += ["-c", str(self.cpu)]
        for setting in allocator.env:
            words += ["-e", setting]
        return words + [report]

    def script_environment(self, allocator, start, tmp):
        """For programs/*: they call "$BENCH_LAUNCH" PROGRAM ARGUMENT..."""
        wrapper = os.path.join(tmp, "launch")
        with open(wrapper, "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\nexec {shlex.join(start)} "$@"\n')
        os.chmod(wrapper, 0o755)
        return {
            "BENCH_LAUNCH": wrapper,
            "BENCH_LIBRARY": allocator.library or self.empty,
            "BENCH_ENV": shlex.join(allocator.env),
            "BENCH_PROGRAMS": self.program_dir,
            "BENCH_SOURCES": self.source_dir,
            "BENCH_CPU": str(self.cpu),
            "BENCH_TMP": tmp,
        }

    def run(self, workload, allocator):
        """The figures of one run."""
        with tempfile.TemporaryDirectory(prefix="hakbench.") as tmp:
            report = os.path.join(tmp, "usage")
            start = self.command(workload, allocator, report)
            env = clean_environment()
            timeout = workload.timeout * (5 if self.full else 1)
            if workload.thp:
                self.huge_pages.use(workload.thp)
                env["BENCH_LATE"] = str(self.late)
                timeout += self.late
            if workload.script:
                env.update(self.script_environment(allocator, start, tmp))
                start = [os.path.join(self.source_dir, "programs",
                                      workload.program)]
            else:
                start.append(os.path.join(self.program_dir,
                                          workload.program))
            status, out, err = self.execute(
                start + workload.arguments(self.full), env, tmp, timeout)
            if workload.script and status == UNSUPPORTED << 8:
                raise Skipped(last_words(out)[2:] or "no reason given")
            if status:
                raise Failed(describe(status) + last_words(err))
            return self.collect(report, out, err)

    def execute(self, command, env, tmp, timeout):
        """(wait status, standard output, standard error)"""
        try:
            p = subprocess.Popen(command, env=env, cwd=tmp, text=True,
                                 errors="replace", stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE,
                                 start_new_session=True)
        except OSError as e:
            raise Failed(f"cannot be started: {e}") from None
        with p:
            try:
                out, err = p.communicate(timeout=timeout)
            except BaseException as e:
                # Its children too, and when we are interrupted ourselves.
                os.killpg(p.pid, signal.SIGKILL)
                p.communicate()
                if isinstance(e, subprocess.TimeoutExpired):
                    raise Failed(f"time-out after {timeout} s") from None
                raise
        code = p.returncode
        return (-code if code < 0 else code << 8), out, err

    def collect(self, report, out, err):
        """The program's own figures and what the kernel says of it."""
        figures = parse_line(out)
        if os.path.exists(report):
            usage = parse_usage(report)
            status = usage.pop("status")
            if status:
                raise Failed(describe(status) + last_words(err))
            figures.update(usage)
            figures.setdefault("seconds", usage["wall_s"])
        if "seconds" not in figures:
            raise Failed("no line of results" + last_words(err))
        figures.setdefault("ops", 1)
        return figures


def measure(bench, workload, allocators, rounds, progress):
    """A B C A B C ...: {allocator: {"runs": [...], "failures": [...]}}

    Raises Skipped if the workload cannot run here.
    """
    results = {a.name: {"peer": a.peer, "runs": [], "failures": []}
               for a in allocators}
    for number in range(1, rounds + 1):
        for allocator in allocators:
            result = results[allocator.name]
            if any("time-out" in f["reason"] for f in result["failures"]):
                continue  # once is long enough
            progress(workload, allocator, number, rounds)
            try:
                result["runs"].append(bench.run(workload, allocator))
            except Failed as e:
                result["failures"].append(
                    {"round": number, "reason": str(e)})
    return results
