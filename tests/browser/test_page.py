"""The page of the web example, as people use it."""

import json
from typing import Any

import pytest

from tests.browser.hosts import Host, Meet
from tests.browser.names import HOSTILE

GOOD = [f"good-{number}.txt" for number in range(1, 7)]
SLOW = [f"slow-{number}.txt" for number in range(1, 5)]

WATCH_BAR = """
    const seen = window.seen = [];
    new MutationObserver(() => {
        const bar = document.querySelector('.bar');
        if (bar) seen.push(Number(bar.getAttribute('aria-valuenow')));
    }).observe(document.getElementById('job'), {subtree: true, childList: true, attributes: true});
"""

NO_SOCKETS = """
    window.WebSocket = class {
        constructor() { setTimeout(() => this.onclose?.(), 0); }
        close() {}
    };
"""


def test_a_batch_is_watched_live_from_its_first_document_to_its_last(meet: Meet) -> None:
    anna = meet()
    anna.arrive()
    anna.wait_until_live()
    anna.page.evaluate(WATCH_BAR)
    anna.start(*GOOD, *SLOW, options={"At once": "2"})
    anna.page.locator('.row[data-state="working"] .row-bar').first.wait_for()
    anna.wait_for("done")
    anna.wait_for_rows("done", 10)
    seen = anna.page.evaluate("seen")
    assert seen == sorted(seen)
    assert seen[-1] == 100
    assert any(0 < value < 100 for value in seen)
    assert anna.page.get_by_role("progressbar", name="Progress").get_attribute("aria-valuetext") == "10 of 10 documents"


def test_a_result_can_be_opened_as_soon_as_its_document_is_done(meet: Meet) -> None:
    anna = meet()
    anna.arrive()
    anna.start("good-1.txt", "hang-1.txt")
    row = anna.row("good-1.txt")
    row.get_by_text("Invoice · Quay House · 1,234.50 GBP").wait_for()
    row.get_by_role("button").click()
    row.get_by_role("row", name="Gross total").get_by_text("1,234.50").wait_for()
    assert row.get_by_role("button").get_attribute("aria-expanded") == "true"
    anna.wait_for("working")
    assert anna.page.locator(".remaining").inner_text()
    anna.page.get_by_role("button", name="Cancel").click()
    anna.page.get_by_role("button", name="Stop at once").click()
    anna.wait_for_rows("failed", 1)
    assert row.get_by_text("Quay House", exact=True).is_visible()


def test_what_documents_say_is_shown_as_text_and_never_as_markup(meet: Meet) -> None:
    anna = meet()
    anna.arrive()
    anna.start("img src", "good-1.txt")
    anna.wait_for("done")
    failed = anna.row(HOSTILE)
    assert "<script>hacked=1</script> cannot be read" in failed.inner_text()
    failed.get_by_role("button").click()
    assert "1 attempt · permanent" in failed.inner_text()
    anna.row("good-1.txt").get_by_role("button").click()
    anna.page.get_by_text("<b>N-1</b>", exact=True).wait_for()
    assert anna.page.evaluate("[window.hacked, document.images.length]") == [None, 0]
    assert anna.page.locator(".counts").inner_text() == "2 of 2 documents, 1 failed"


def test_cancelling_lets_documents_at_work_finish_and_stopping_at_once_does_not(meet: Meet) -> None:
    anna = meet()
    anna.arrive()
    anna.start("hang-1.txt", "hang-2.txt", *SLOW[:2], options={"At once": "2"})
    anna.wait_for_rows("working", 2)
    anna.page.get_by_role("button", name="Cancel").click()
    anna.wait_for("stopped")
    assert "finishing what is at work" in anna.page.locator(".status").inner_text()
    anna.page.get_by_role("button", name="Stop at once").click()
    anna.page.get_by_role("button", name="Do the rest").wait_for()
    anna.wait_for_rows("failed", 2)
    anna.wait_for_rows("stopped", 2)
    assert "Cancelled while it was running" in anna.row("hang-1.txt").inner_text()


def test_failed_documents_can_be_tried_again_as_a_new_batch(meet: Meet) -> None:
    anna = meet()
    anna.arrive()
    anna.start("flaky.txt", "good-1.txt")
    anna.wait_for("done")
    assert "It is torn" in anna.row("flaky.txt").inner_text()
    first = anna.page.url
    anna.page.get_by_role("button", name="Retry failed").click()
    anna.wait_for_batch_other_than(first)
    anna.page.get_by_text("1 of 1 document", exact=True).wait_for()
    anna.wait_for("done")
    assert anna.rows("done") == 1
    assert anna.page.get_by_role("button", name="Retry failed").count() == 0


def test_a_page_whose_socket_breaks_comes_back_and_goes_on_where_it_was(meet: Meet) -> None:
    anna = meet()
    sockets: list[Any] = []
    hellos: list[dict[str, Any]] = []

    def pass_on(socket: Any) -> None:
        server = socket.connect_to_server()
        sockets.append(socket)

        def tell(text: str) -> None:
            message = json.loads(text)
            if message["type"] == "stream.hello":
                hellos.append(message["data"])
            socket.send(text)

        server.on_message(tell)

    anna.page.route_web_socket("**/api/dashboard/stream*", pass_on)
    anna.arrive()
    anna.wait_until_live()
    anna.start(*SLOW, options={"At once": "1"})
    anna.wait_for_a_row("done")
    sockets[0].close(code=1012)
    anna.page.get_by_text("Polling every 2 s").wait_for()
    anna.wait_until_live()
    anna.wait_for("done")
    assert "after=" not in sockets[0].url
    assert f"epoch={hellos[0]['epoch']}" in sockets[1].url
    assert [hello["resumed"] for hello in hellos] == [False, True]
    assert anna.rows("done") == 4


def test_a_page_without_sockets_asks_every_two_seconds(meet: Meet) -> None:
    anna = meet(viewport={"width": 390, "height": 844})
    anna.page.add_init_script(NO_SOCKETS)
    anna.arrive()
    anna.page.get_by_text("Polling").wait_for()
    anna.start(*SLOW[:2], "bad.txt")
    assert anna.too_wide_by() == 0
    anna.wait_for("done")
    assert anna.page.locator(".counts").inner_text() == "3 of 3 documents, 1 failed"
    assert anna.rows("done") == 2


def test_nobody_sees_what_another_user_does(meet: Meet, host: Host) -> None:
    anna, ben = meet(), meet("Ben")
    heard: list[str] = []
    ben.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    ben.arrive()
    ben.wait_until_live()
    anna.arrive()
    file = {"name": "anna's secret.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    anna.page.locator("#files").set_input_files([file])
    anna.page.locator("#documents").get_by_text("anna_s secret.pdf").wait_for()
    job_id = anna.start("good-1.txt", "good-2.txt")
    anna.wait_for("done")
    ben.page.goto(f"{host.url}/#{job_id}")
    ben.page.reload()
    ben.page.get_by_text("There is no such batch").wait_for()
    ben.wait_until_live()
    assert ben.page.locator("#documents").get_by_text("secret").count() == 0
    assert ben.page.locator("#jobs li").count() == 0
    assert heard
    assert not any(job_id in frame for frame in heard)


def test_files_get_safe_names_and_those_not_taken_say_why(meet: Meet) -> None:
    ben = meet("Ben")
    ben.arrive()
    files = [
        {"name": "..\\..\\<b>March?.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"},
        {"name": "nothing.pdf", "mimeType": "application/pdf", "buffer": b""},
    ]
    ben.page.locator("#files").set_input_files(files)
    ben.page.get_by_text("nothing.pdf: The file is empty.").wait_for()
    box = ben.page.locator("#documents input:checked")
    assert box.get_attribute("value").endswith("/_b_March_.pdf")
    assert ben.page.locator("#start").inner_text() == "Start with 1 document"


def test_all_that_is_wrong_with_a_request_is_said_beside_the_button(meet: Meet) -> None:
    anna = meet()
    anna.arrive()
    anna.page.locator("#start").click()
    anna.page.get_by_role("alert").get_by_text("Choose at least one document.").wait_for()
    anna.page.locator("#documents").get_by_role("checkbox", name="good-1").check()
    anna.page.get_by_text("Options").click()
    anna.page.get_by_label("At once").fill("0")
    anna.page.get_by_label("Retries").fill("99")
    anna.page.locator("#start").click()
    problem = anna.page.locator("#picker-problem")
    problem.get_by_text("At once: ").wait_for()
    assert "Retries: " in problem.inner_text()


def test_the_keyboard_is_enough(meet: Meet) -> None:
    anna = meet()
    anna.arrive()
    keys = anna.page.keyboard
    anna.page.locator("#documents").get_by_role("checkbox", name="good-1").focus()
    keys.press("Space")
    keys.press("Enter")
    anna.page.locator("#job:focus").wait_for()
    anna.wait_for("done")
    anna.wait_for_rows("done", 1)
    for _ in range(4):
        keys.press("Tab")
        if anna.page.evaluate("document.activeElement.className") == "row-button":
            break
    keys.press("Enter")
    anna.page.get_by_role("row", name="Gross total").wait_for()


def test_a_page_of_another_origin_can_upload_nothing(meet: Meet, host: Host) -> None:
    anna = meet()
    anna.arrive()
    cookie = anna.context.cookies()[0]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    credential = {"Cookie": f"{cookie['name']}={cookie['value']}", "Origin": "https://example.org"}
    assert host.ask("POST", "/upload?name=a.pdf", b"%PDF", **credential)[0] == 403
    assert host.ask("GET", "/", Host="example.org")[0] == 400


@pytest.mark.parametrize("name", ["anna", "anna.", "anna." + "0" * 32, "eve.0"])
def test_a_cookie_that_the_server_has_not_signed_is_worth_nothing(host: Host, name: str) -> None:
    assert json.loads(host.ask("GET", "/session", Cookie=f"docmill-user={name}")[1])["user"] is None
    assert host.ask("GET", "/documents", Cookie=f"docmill-user={name}")[0] == 401
