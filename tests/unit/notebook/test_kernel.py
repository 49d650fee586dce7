"""In the kernel of a real notebook: cards, interrupts, and blocking calls beside the loop that runs there."""

import asyncio
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

manager = pytest.importorskip("jupyter_client.manager", reason="jupyter_client is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="interrupts are sent in another way there"),
    # Warnings of Jupyter's own packages are not ours.
    pytest.mark.filterwarnings("ignore"),
]

SET_UP = """
import anyio
from docmill import DocumentProcessingQueue, blocking
from docmill.notebook import watch

async def never(document_id):
    if document_id == "fast":
        return document_id
    await anyio.sleep_forever()
"""


class Notebook:
    """A kernel, and what it has shown."""

    def __init__(self, kernel: Any, client: Any) -> None:
        self._kernel = kernel
        self._client = client

    def run(self, code: str, interrupt_at: str | None = None) -> str:
        """Run a cell, interrupting it as soon as it has shown some words, and return all that it has shown."""
        request = self._client.execute(code)
        shown = ""
        while True:
            message = self._client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            shown += content.get("text", "") + str(content.get("data", "")) + "\n".join(content.get("traceback", []))
            if interrupt_at is not None and interrupt_at in shown:
                interrupt_at = None
                self._kernel.interrupt_kernel()
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return shown


@pytest.fixture(scope="module")
def notebook() -> Iterator[Notebook]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kernel, client = manager.start_new_kernel(kernel_name="python3")
        notebook = Notebook(kernel, client)
        assert "Error" not in notebook.run(SET_UP)
        yield notebook
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
        asyncio.set_event_loop(None)


def test_an_awaited_watch_that_is_interrupted_cancels_its_job(notebook: Notebook) -> None:
    notebook.run("queue = DocumentProcessingQueue({'NEVER': never}); await queue.start()")
    notebook.run("job_id = await queue.create_job(['fast', 'slow'], 'NEVER')")
    shown = notebook.run("await watch(queue, job_id)", interrupt_at="PROCESSING")

    assert "Traceback" in shown or "Cancelled" in shown or "KeyboardInterrupt" in shown
    assert "CANCELLED" in shown
    assert "CANCELLED fast" in notebook.run("j = queue.get_job_status(job_id); print(j.status, j.results[0].data)")
    notebook.run("await queue.aclose()")


def test_it_leaves_the_job_running_if_that_is_wanted(notebook: Notebook) -> None:
    notebook.run("queue = DocumentProcessingQueue({'NEVER': never}); await queue.start()")
    notebook.run("job_id = await queue.create_job(['fast', 'slow'], 'NEVER')")
    notebook.run("await watch(queue, job_id, on_interrupt='leave')", interrupt_at="PROCESSING")

    assert "'PROCESSING'" in notebook.run("str(queue.get_job_status(job_id).status)")
    notebook.run("await queue.aclose(0)")


def test_a_blocking_queue_works_and_returns_what_it_has_when_it_is_interrupted(notebook: Notebook) -> None:
    notebook.run("queue = blocking.DocumentProcessingQueue({'NEVER': never})")
    shown = notebook.run("job = watch(queue, queue.create_job(['fast', 'slow'], 'NEVER'))", interrupt_at="PROCESSING")

    assert "CANCELLED" in shown
    assert "Traceback" not in shown
    assert "CANCELLED fast" in notebook.run("print(job.status, job.results[0].data)")
    notebook.run("queue.close()")


def test_a_job_as_the_value_of_a_cell_is_its_card(notebook: Notebook) -> None:
    shown = notebook.run("blocking.process_documents(['a', 'b'], str.upper)")

    assert "text/html" in shown
    assert "2 of 2 documents" in shown
