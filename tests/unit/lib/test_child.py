"""Reports of a child process: whole lines, however long, from however many threads."""

from __future__ import annotations

import json
import subprocess
import sys

REPORTING = """
import sys, threading
import msgspec
from nbmlops.lib.child import claim_output

class Message(msgspec.Struct):
    thread: int
    text: str

report = claim_output()
print("what a library prints")

def work(thread):
    for _ in range(5):
        report(Message(thread, str(thread) * 300_000))

threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_long_reports_of_several_threads_do_not_mix() -> None:
    ended = subprocess.run([sys.executable, "-c", REPORTING], capture_output=True, check=True, timeout=60)
    messages = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(messages) == 20
    assert all(message["text"] == str(message["thread"]) * 300_000 for message in messages)
    assert ended.stderr == b"what a library prints\n"
