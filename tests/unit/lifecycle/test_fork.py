"""A queue belongs to the process that opened it."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, os, sys, anyio
from docmill import DocumentProcessingQueue, JobOptions

async def slow(document_id, context):
    await anyio.sleep(600)

async def attempt(call):
    try:
        with anyio.fail_after(3):
            await call()
    except Exception as error:
        return type(error).__name__, str(error)
    return "nothing", ""

async def in_the_child(queue, job_id):
    calls = {
        "create_job": lambda: queue.create_job(["b"], "SLOW"),
        "wait": lambda: queue.wait(job_id),
        "join": queue.join,
        "cancel_job": lambda: queue.cancel_job(job_id),
        "start": queue.start,
        "own": own,
    }
    return {name: await attempt(call) for name, call in calls.items()}

async def own():
    async def quick(document_id):
        return document_id
    async with DocumentProcessingQueue({"QUICK": quick}) as queue:
        job = await queue.wait(await queue.create_job(["a"], "QUICK"))
        job.raise_for_status()

def fork(queue, job_id):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        import threading
        answer = {}
        def work():
            answer.update(anyio.run(in_the_child, queue, job_id, backend=sys.argv[1]))
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with open(reading) as pipe:
        return pipe.read()

async def main():
    queue = DocumentProcessingQueue({"SLOW": slow})
    job_id = await queue.create_job(["a"], "SLOW")
    await anyio.sleep(0.02)
    answers = fork(queue, job_id)
    parent = queue.get_job_status(job_id).status
    jobs = queue.stats().jobs
    await queue.aclose(0)
    print(json.dumps({"child": json.loads(answers), "parent": parent, "jobs": jobs}))

anyio.run(main, backend=sys.argv[1])
"""


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def story(request: pytest.FixtureRequest) -> dict[str, dict[str, list[str]]]:
    """What the calls in the fork came to, and what the parent says afterwards."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, request.param], capture_output=True, text=True, timeout=40, check=False
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("call", ["create_job", "wait", "join", "cancel_job", "start"])
def test_a_call_in_a_fork_is_refused(story: dict[str, dict[str, list[str]]], call: str) -> None:
    name, message = story["child"][call]

    assert name == "ForkedQueueError"
    assert "was opened in process" in message
    assert "make a queue of its own here" in message


def test_the_fork_may_have_a_queue_of_its_own(story: dict[str, dict[str, list[str]]]) -> None:
    assert story["child"]["own"] == ["nothing", ""]


def test_the_parent_goes_on_as_if_nothing_had_happened(story: dict[str, dict[str, list[str]]]) -> None:
    assert story["parent"] == "PROCESSING"
    assert story["jobs"] == 1
