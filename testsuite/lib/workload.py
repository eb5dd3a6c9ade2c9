# SPDX-License-Identifier: MIT
"""A repeatable load for the allocator of a Python interpreter.

Threads work on JSON, regular expressions, zlib and sqlite3 at the same time,
and pass objects to each other, so that memory is freed where it was not
allocated; then children are run by subprocess and by fork.  The output is
the same in each run: digests of the results.

    workload.py [ROUNDS]
"""
import hashlib
import json
import os
import queue
import re
import sqlite3
import subprocess
import sys
import threading
import zlib

THREADS = 4


def numbers(seed, count):
    x = seed
    for _ in range(count):
        x = x * 16807 % 2147483647
        yield x


def work_json(seed, count=800):
    tree = {"list": [], "seed": seed}
    for n in numbers(seed, count):
        tree["list"].append({"n": n, "text": "x%d" % n * (n % 9),
                             "deep": [[n % 7], {"k%d" % (n % 50): None}]})
    for _ in range(3):
        tree = json.loads(json.dumps(tree, indent=1))
    return json.dumps(tree, sort_keys=True)


def work_regex(seed):
    text = " ".join("user%d@host%d.example" % (n % 9999, n % 77)
                    for n in numbers(seed, 2500))
    found = re.findall(r"(\w+?)(\d+)@(\w+)\.example", text)
    # Many patterns, so that compiling them counts, too.
    for n in numbers(seed, 60):
        found += re.findall(r"u\w+%d@h(?:ost)+\d+" % (n % 10), text)
    return re.sub(r"\d{3,}", lambda m: m.group()[::-1], repr(found))


def work_zlib(seed):
    data = b"".join(b"%d," % (n % 1000) for n in numbers(seed, 15000))
    packed = zlib.compress(data, 9)
    assert zlib.decompress(packed) == data
    return packed.hex()


def work_sqlite(seed):
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, s TEXT)")
    db.executemany("INSERT INTO t (n, s) VALUES (?, ?)",
                   ((n % 1000, "s%d" % n * (n % 5))
                    for n in numbers(seed, 5000)))
    db.execute("CREATE INDEX i ON t (n, s)")
    db.execute("UPDATE t SET s = s || 'x' WHERE n % 3 = 0")
    db.execute("DELETE FROM t WHERE n % 7 = 0")
    rows = db.execute("SELECT a.n, count(*), group_concat(b.s) FROM t a"
                      " JOIN t b ON a.n = b.n AND a.id < b.id"
                      " GROUP BY a.n ORDER BY a.n").fetchall()
    check = db.execute("PRAGMA integrity_check").fetchall()
    db.close()
    return repr((rows, check))


WORK = (work_json, work_regex, work_zlib, work_sqlite)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def worker(number, rounds, results, out):
    for turn in range(rounds):
        # Each thread starts with another kind.
        for i in range(len(WORK)):
            work = WORK[(number + i) % len(WORK)]
            text = work(number * 100 + turn + 1)
            out.put((work.__name__, number, turn, text))
    results.append(number)
    out.put(None)


def run_threads(rounds):
    out = queue.Queue()
    ended = []
    threads = [threading.Thread(target=worker, args=(n, rounds, ended, out))
               for n in range(THREADS)]
    for thread in threads:
        thread.start()
    lines = []
    left = THREADS
    while left:
        item = out.get()
        if item is None:
            left -= 1
            continue
        name, number, turn, text = item
        lines.append("%s %d %d %s" % (name, number, turn, digest(text)))
    for thread in threads:
        thread.join()
    print("\n".join(sorted(lines)))
    print("threads ended:", sorted(ended))


def run_short_threads():
    """Threads that leave blocks behind for the main thread."""
    left = []
    for n in range(200):
        thread = threading.Thread(
            target=lambda n=n: left.append(["%d" % i * 20 for i in range(n)]))
        thread.start()
        thread.join()
    print("short threads:", digest(repr(left)))


# The observation switches of hakmem(7).
DEBUG = re.compile(r"^hakmem: (superslab|pool|remote): .*\n", re.M)


def run_children():
    for n in range(5):
        done = subprocess.run(
            [sys.executable, "-c",
             "import json,sys;"
             "d=json.load(sys.stdin);"
             "print(sum(d));"
             "print('to stderr', file=sys.stderr);"
             "sys.exit(%d)" % n],
            input=json.dumps(list(range(n * 1000))), text=True,
            capture_output=True)
        print("child:", done.returncode, done.stdout.strip(),
              DEBUG.sub("", done.stderr).strip())
    # Two at once, each with a pipe to be read to its end.
    both = [subprocess.Popen(["sort", "-n"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE) for _ in range(2)]
    for number, child in enumerate(both):
        text = "\n".join(map(str, numbers(number + 1, 20000)))
        print("sort:", digest(child.communicate(text.encode())[0].decode()),
              child.returncode)
    print("shell:", subprocess.check_output("echo $((6 * 7))", shell=True))


def run_fork():
    """fork while threads allocate; the child works and leaves."""
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            json.loads(json.dumps([{"a": "b" * 100}] * 50))
            stop.wait(0.001)

    threads = [threading.Thread(target=churn) for _ in range(2)]
    for thread in threads:
        thread.start()
    sys.stdout.flush()
    states = []
    for n in range(10):
        pid = os.fork()
        if pid == 0:
            os._exit(len(work_json(n + 1, 100)) % 100)
        states.append(os.waitpid(pid, 0)[1])
    stop.set()
    for thread in threads:
        thread.join()
    print("forked:", states)


def main():
    run_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    run_short_threads()
    run_children()
    run_fork()
    print("all done")


main()
