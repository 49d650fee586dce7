"""Ctrl-C in a real program: a process of its own that gets a real SIGINT."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROCESSORS = """
import os
import sys
import time

import anyio

from docmill import JobOptions, processor
from docmill.blocking import DocumentProcessingQueue, process_documents

KIND, BACKEND = sys.argv[1:]


def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # in one piece, whatever other threads say


async def on_the_loop(document_id):
    if document_id == "slow":
        say("at work")
        await anyio.sleep_forever()
    return document_id


def in_a_thread(document_id):
    if document_id == "slow":
        say("at work")
        time.sleep(600)
    return document_id


@processor(isolation="process")
def in_a_process(document_id, context):
    if document_id == "slow":
        context.report(0.5, "at work")
        time.sleep(600)
    return document_id


PROCESSOR = {"loop": on_the_loop, "thread": in_a_thread, "process": in_a_process}[KIND]
DOCUMENTS = ["fast", "slow", "never started"]
OPTIONS = JobOptions(max_concurrent=1, timeout=None, document_timeout=600.0)


def saying(words, call):
    async def say_and_call(*args, **options):
        say(words)
        return await call(*args, **options)

    return say_and_call
"""

kinds = pytest.mark.parametrize("kind", ["loop", "thread", "process"])

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent SIGINT there")


class Program:
    """A running program."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def says(self, *words: str) -> None:
        """Wait until it has said all of this."""
        assert self._process.stdout is not None
        said = ""
        while not all(word in said for word in words):
            line = self._process.stdout.readline()
            said += line
            assert line, f"it has never said {words}, but {said}"

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def rest(self) -> list[str]:
        """Wait for its end, which is a good one, and return what else it has said."""
        out, _ = self._process.communicate(timeout=60)
        assert self._process.returncode == 0, out
        return out.splitlines()


@contextmanager
def running(tmp_path: Path, code: str, kind: str, backend: str) -> Iterator[Program]:
    script = tmp_path / "program.py"
    script.write_text(PROCESSORS + code)
    command = [sys.executable, "-W", "error", str(script), kind, backend]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


@kinds
def test_a_batch_is_cancelled_and_what_was_done_is_given_back(kind: str, backend: str, tmp_path: Path) -> None:
    code = """
job = process_documents(DOCUMENTS, PROCESSOR, OPTIONS, lambda event: say("at", event.progress), backend=BACKEND)
failed = [(row.document_id, str(row.code)) for row in job.errors]
say(job.status, job.drained, [row.data for row in job.results], failed)
"""
    with running(tmp_path, code, kind, backend) as program:
        program.says("at 33", *["at work"] * (kind != "process"))
        program.interrupt()
        said = program.rest()

    # A worker process may not have been handed the second document yet.
    failed = "[('slow', 'cancelled')]"
    assert said[-1] in {f"CANCELLED True ['fast'] {errors}" for errors in (failed, *["[]"] * (kind == "process"))}


def test_a_document_in_a_worker_process_is_cut_off(backend: str, tmp_path: Path) -> None:
    code = """
with DocumentProcessingQueue({"T": PROCESSOR}, backend=BACKEND) as queue:
    queue.on("documentProgress", lambda event: say(event.message))
    queue._queue.wait = saying("waits", queue._queue.wait)
    job = queue.wait(queue.create_job(DOCUMENTS, "T", OPTIONS), on_interrupt="cancel")
say(job.status, [row.data for row in job.results], [(row.document_id, str(row.code)) for row in job.errors])
"""
    with running(tmp_path, code, "process", backend) as program:
        program.says("at work", "waits")
        program.interrupt()
        assert program.rest()[-1:] == ["CANCELLED ['fast'] [('slow', 'cancelled')]"]


@kinds
def test_a_wait_that_is_interrupted_leaves_the_job_running(kind: str, backend: str, tmp_path: Path) -> None:
    code = """
with DocumentProcessingQueue({"T": PROCESSOR}, backend=BACKEND) as queue:
    job_id = queue.create_job(DOCUMENTS, "T", OPTIONS)
    next(iter(queue.outcomes(job_id)))
    try:
        say("waits")
        queue.wait(job_id)
    except KeyboardInterrupt:
        say("interrupted", queue.get_job_status(job_id).status)
        queue.cancel_job(job_id, force=True)
        say(queue.wait(job_id, drained=True).status)
"""
    with running(tmp_path, code, kind, backend) as program:
        program.says("waits")
        program.interrupt()
        assert [line for line in program.rest() if line != "at work"] == ["interrupted PROCESSING", "CANCELLED"]


def test_a_second_interrupt_is_raised(backend: str, tmp_path: Path) -> None:
    code = """
with DocumentProcessingQueue({"T": PROCESSOR}, backend=BACKEND) as queue:
    @queue.on("jobCancelled")
    def hold_up(event):
        say("cancelled")
        time.sleep(1)

    queue._queue.wait = saying("waits", queue._queue.wait)
    try:
        queue.wait(queue.create_job(DOCUMENTS, "T", OPTIONS), on_interrupt="cancel")
    except KeyboardInterrupt:
        say("raised")
"""
    with running(tmp_path, code, "loop", backend) as program:
        program.says("at work", "waits")
        program.interrupt()
        program.says("cancelled")
        program.interrupt()
        assert program.rest() == ["raised"]


@kinds
def test_an_interrupt_in_the_block_ends_the_program_at_once(kind: str, backend: str, tmp_path: Path) -> None:
    code = """
try:
    with DocumentProcessingQueue({"T": PROCESSOR}, backend=BACKEND) as queue:
        job_id = queue.create_job(DOCUMENTS, "T", OPTIONS)
        next(iter(queue.outcomes(job_id)))
        say("waits")
        queue.join()
except KeyboardInterrupt:
    say("raised", queue.get_job_status(job_id).status)
"""
    with running(tmp_path, code, kind, backend) as program:
        program.says("waits")
        program.interrupt()
        assert program.rest()[-1] == "raised CANCELLED"


def test_an_interrupt_of_a_patient_close_cancels_what_runs(backend: str, tmp_path: Path) -> None:
    code = """
queue = DocumentProcessingQueue({"T": PROCESSOR}, backend=BACKEND)
job_id = queue.create_job(DOCUMENTS, "T", OPTIONS)
next(iter(queue.outcomes(job_id)))
queue._queue.aclose = saying("closes", queue._queue.aclose)
try:
    queue.close(500.0)
except KeyboardInterrupt:
    say("raised")
queue.close()
say(queue.get_job_status(job_id).status)
"""
    with running(tmp_path, code, "thread", backend) as program:
        program.says("closes")
        program.interrupt()
        assert [line for line in program.rest() if line != "at work"] == ["raised", "closes", "CANCELLED"]


def test_no_event_is_lost_by_an_interrupt(backend: str, tmp_path: Path) -> None:
    code = """
with DocumentProcessingQueue({"T": PROCESSOR}, backend=BACKEND) as queue:
    job_id = queue.create_job(DOCUMENTS, "T", OPTIONS)
    outcomes = queue.outcomes(job_id)
    say(next(outcomes).document_id)
    try:
        say("listens")
        next(outcomes)
    except KeyboardInterrupt:
        queue.cancel_job(job_id, force=True)
        say([outcome.document_id for outcome in outcomes])
"""
    with running(tmp_path, code, "loop", backend) as program:
        program.says("listens")
        program.interrupt()
        assert [line for line in program.rest() if line != "at work"] == ["['slow']"]


@kinds
def test_a_queue_that_was_left_open_does_not_keep_the_program_alive(kind: str, backend: str, tmp_path: Path) -> None:
    code = """
queue = DocumentProcessingQueue({"T": PROCESSOR}, backend=BACKEND)
queue.on("jobCancelled", lambda event: say("cancelled with", event.processed_documents))
job_id = queue.create_job(DOCUMENTS, "T", OPTIONS)
next(iter(queue.outcomes(job_id)))
"""
    with running(tmp_path, code, kind, backend) as program:
        assert [line for line in program.rest() if line != "at work"] in (["cancelled with 2"], ["cancelled with 1"])


def test_not_even_if_its_loop_is_blocked(backend: str, tmp_path: Path) -> None:
    code = """
import docmill.blocking.bridge

docmill.blocking.bridge.AT_EXIT = 0.2


async def block(document_id):
    say("blocks")
    time.sleep(600)


queue = DocumentProcessingQueue({"T": block}, stall_after=None, backend=BACKEND)
queue.create_job(["a"], "T", OPTIONS)
"""
    with running(tmp_path, code, "loop", backend) as program:
        assert program.rest() == ["blocks"]
