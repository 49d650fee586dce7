"""The web example as a host: restarts, clients that do not read, the seed's own front end, and real documents."""

import socket
import struct
from pathlib import Path
from typing import Any

from tests.browser.hosts import EXAMPLE, Host, Meet

# The front end of the seed, word for word, but for the name of the host.
SEED_FRONT_END = """
// Create batch processing job
const response = await fetch('/api/v1/documents/batch-process', {
  method: 'POST',
  headers: {
    'Content-Type': 'application/json',
    'Authorization': `Bearer ${token}`
  },
  body: JSON.stringify({
    documentIds: selectedDocuments,
    type: 'FULL_ANALYSIS',
    options: {
      maxConcurrent: 5,
      timeout: 300000
    }
  })
});

const { data } = await response.json();
const jobId = data.jobId;

// Connect to WebSocket for progress updates
const ws = new WebSocket(`ws://localhost:3000/api/dashboard/stream?userId=${userId}`);

ws.onmessage = (event) => {
  const message = JSON.parse(event.data);

  if (message.type === 'batch.progress' && message.data.jobId === jobId) {
    updateProgressBar(message.data.progress);
    updateStatus(`Processing: ${message.data.processedDocuments}/${message.data.totalDocuments}`);
  }

  if (message.type === 'batch.completed' && message.data.jobId === jobId) {
    showSuccess('Batch processing completed!');
    refreshDocumentList();
  }

  if (message.type === 'batch.failed' && message.data.jobId === jobId) {
    showError(`Batch processing failed: ${message.data.error}`);
  }
};

// Poll for status updates (fallback if WebSocket not available)
const pollInterval = setInterval(async () => {
  const statusResponse = await fetch(`/api/v1/documents/batch-process/${jobId}`);
  const { data: job } = await statusResponse.json();

  updateProgressBar(job.progress);

  if (job.status === 'COMPLETED' || job.status === 'FAILED') {
    clearInterval(pollInterval);
  }
}, 2000);"""

AROUND_IT = """
async ([userId, selectedDocuments, host]) => {
    const calls = window.calls = [];
    const token = 'nobody asks for it';
    const updateProgressBar = (percent) => calls.push(['bar', percent]);
    const updateStatus = (words) => calls.push(['status', words]);
    const showSuccess = (words) => calls.push(['success', words]);
    const showError = (words) => calls.push(['error', words]);
    const refreshDocumentList = () => calls.push(['refresh']);
    const clear = window.clearInterval;
    window.clearInterval = (timer) => { calls.push(['cleared']); clear(timer); };
    %s
}
"""


def test_the_front_end_of_the_seed_works_as_it_is(meet: Meet, host: Host) -> None:
    anna = meet()
    anna.arrive()
    anna.page.goto(f"{host.url}/session")  # a page of the host that does nothing by itself
    snippet = SEED_FRONT_END.replace("localhost:3000", f"localhost:{host.port}")
    documents = ["good-1.txt", "slow-1.txt", "slow-2.txt", "wordy-1.txt"]
    anna.page.evaluate(AROUND_IT % snippet, ["anna", documents, host.url])
    calls: list[list[Any]] = []
    for _ in range(100):
        calls = anna.page.evaluate("calls")
        if ["cleared"] in calls:
            break
        anna.page.wait_for_timeout(100)
    assert ["success", "Batch processing completed!"] in calls
    assert ["refresh"] in calls
    assert any(call[0] == "status" and call[1].startswith("Processing: ") for call in calls)
    assert any(call[0] == "bar" and 0 < call[1] < 100 for call in calls)
    assert calls[-2:] == [["bar", 100], ["cleared"]]
    assert not any(call[0] == "error" for call in calls)


def test_a_page_goes_on_with_its_batch_when_the_server_has_restarted(meet: Meet, tmp_path: Path) -> None:
    with Host(tmp_path / "data") as host:
        anna = meet(at=host)
        anna.arrive()
        anna.wait_until_live()
        anna.start("good-1.txt", *(f"slow-{number}.txt" for number in range(1, 5)), options={"At once": "1"})
        anna.wait_for_a_row("done")
        assert host.stop() == 0
        anna.page.get_by_text("Polling every 2 s").wait_for()
        host.start()
        anna.wait_until_live()
        anna.wait_for("done")
        anna.wait_for_rows("done", 5)


def test_a_client_that_does_not_read_is_closed_and_disturbs_nobody(meet: Meet, host: Host) -> None:
    anna = meet()
    anna.arrive()
    anna.wait_until_live()
    with lazy_client(host, anna.context.cookies()[0]) as lazy:
        anna.start(*(f"wordy-{number}.txt" for number in range(1, 9)), options={"At once": "8"})
        anna.wait_for("done")
        anna.wait_for_rows("done", 8)
        assert anna.page.locator('#connection[data-state="live"]').is_visible()
        # The code only comes through if there is room for it; the connection ends in any case.
        assert close_code(lazy) in (4408, None)


def test_the_example_documents_are_analysed(meet: Meet, tmp_path: Path) -> None:
    names = [
        path.name for path in (EXAMPLE.parents[1] / "documents").iterdir() if path.suffix in {".docx", ".pdf", ".png"}
    ]
    with Host(tmp_path / "data", scripted=False) as host:
        anna = meet(at=host)
        anna.arrive()
        anna.page.locator("#choose-all").check()
        anna.page.locator("#start").click()
        anna.page.locator(".job-head").wait_for()
        anna.page.locator('.row[data-state="working"]').first.wait_for()
        anna.wait_for("done")
        anna.wait_for_rows("done", len(names) - 2)
        anna.wait_for_rows("failed", 2)
        assert "It needs a password" in anna.row("payslip-locked.pdf").inner_text()
        row = anna.row("wrong-total.pdf")
        row.get_by_role("button").click()
        row.get_by_text("but the gross total is 2920.80").wait_for()
        row.get_by_role("row", name="Invoice number").get_by_text("TW-0881").wait_for()
        row.get_by_role("heading", name="Quality").wait_for()
        assert host.stop() == 0


def lazy_client(host: Host, cookie: Any) -> socket.socket:
    """A WebSocket of which nothing is read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(10)
    client.connect(("127.0.0.1", host.port))
    lines = [
        "GET /api/dashboard/stream HTTP/1.1",
        f"Host: localhost:{host.port}",
        f"Cookie: {cookie['name']}={cookie['value']}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: c29tZXRoaW5nIHJhbmRvbQ==",
    ]
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    return client


def close_code(client: socket.socket) -> int | None:
    """Read all that is left; the code with which the server has closed, if it came through."""
    with client.makefile("rb") as stream:
        while stream.readline().strip():  # the head of the answer
            pass
        while head := stream.read(2):
            length = head[1] & 127
            if length > 125:
                length = int.from_bytes(stream.read(2 if length == 126 else 8))
            payload = stream.read(length)
            if head[0] & 15 == 8:
                return int(struct.unpack("!H", payload[:2])[0])
    return None
