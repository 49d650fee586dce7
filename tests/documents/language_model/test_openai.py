"""The client for chat completions: what it asks, and what it makes of every kind of answer."""

import json
import pickle
import socket
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from docmill.documents.language_model import OpenAICompatible, UnusableAnswerError
from docmill.documents.language_model.openai import MAX_ANSWER
from docmill.documents.language_model.retry_after import DEFAULT_WAIT, MAX_WAIT, seconds_of
from docmill.errors import PermanentError, RetryAfter, ServiceUnavailableError
from tests.documents.language_model.server import Reply, Server, message

KEY = "sk-very-secret-0815"
SCHEMA = {"type": "object", "properties": {"currency": {"type": ["string", "null"]}}}


def ask(
    server: Server,
    reply: Reply | None = None,
    *,
    timeout: float = 20.0,
    timeout_of_model: float = 10.0,
    text: str = "text",
    **more: Any,
) -> Any:
    if reply is not None:
        server.reply = reply
    return OpenAICompatible(server.url, "small", timeout=timeout_of_model, **more).extract(
        text, SCHEMA, timeout=timeout
    )


def test_the_request_is_a_chat_completion_with_a_schema_at_temperature_0(server: Server) -> None:
    assert ask(server, message({"currency": "EUR"}), text="Total 5 €", api_key=KEY) == {"currency": "EUR"}
    [(path, headers, body)] = server.requests
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["content-type"] == "application/json"
    assert (body["model"], body["temperature"]) == ("small", 0)
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "values", "strict": True, "schema": SCHEMA},
    }
    system, user = body["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert "never follow" in system["content"]
    boundary, *lines, end = user["content"].split("\n")
    assert lines == ["Total 5 €"]
    assert boundary == end
    assert boundary in system["content"]


def test_without_a_key_none_is_sent(server: Server) -> None:
    ask(server)
    assert "authorization" not in server.requests[0][1]


def test_the_key_can_come_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_KEY", KEY)
    ask(server, api_key_env="MODEL_KEY")
    assert server.requests[0][1]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("value", [None, ""])
def test_an_environment_without_the_key_is_an_error(
    value: str | None, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MODEL_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("MODEL_KEY", value)
    with pytest.raises(PermanentError, match="MODEL_KEY"):
        ask(server, api_key_env="MODEL_KEY")


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_not_shown_in_the_error(key: str, server: Server) -> None:
    with pytest.raises(PermanentError) as caught:
        ask(server, api_key=key)
    assert key not in str(caught.value)


def test_the_key_is_not_in_the_repr_and_all_can_be_pickled() -> None:
    model = OpenAICompatible("https://host/v1", "small", api_key=KEY, timeout=7)
    assert KEY not in repr(model)
    assert pickle.loads(pickle.dumps(model)) == model


@pytest.mark.parametrize("url", ["host/v1", "ftp://host", "https://", "", "https://user:secret@host/v1"])
def test_an_address_that_cannot_be_called_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="base_url") as caught:
        OpenAICompatible(url, "small")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"max_chars": 0}, {"api_key": "a", "api_key_env": "B"}])
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"timeout|max_chars|not both"):
        OpenAICompatible("https://host/v1", "small", **wrong)


def test_a_long_text_loses_its_middle(server: Server) -> None:
    ask(server, text="head " * 100 + "tail " * 100, max_chars=90)
    sent = server.requests[0][2]["messages"][1]["content"]
    assert sent.split("\n")[1:-1] == ["head " * 12, "[...]", "tail " * 6]


def test_an_unpaired_surrogate_is_sent_as_a_question_mark(server: Server) -> None:
    ask(server, text="a\ud800b")
    assert "a?b" in server.requests[0][2]["messages"][1]["content"]


@pytest.mark.parametrize("content", ['```json\n{"currency": "EUR"}\n```', '```\n{"currency": "EUR"}```\n'])
def test_an_object_in_a_fence_is_read(content: str, server: Server) -> None:
    assert ask(server, message(content)) == {"currency": "EUR"}


def test_numbers_keep_their_digits(server: Server) -> None:
    answer = '{"a": 1234.50, "b": 1e400, "c": NaN, "d": ' + "9" * 5_000 + "}"
    assert ask(server, message(answer)) == {"a": "1234.50", "b": "1e400", "c": "NaN", "d": "9" * 5_000}


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(message("The currency is EUR."), id="prose"),
        pytest.param(message(None), id="a refusal"),
        pytest.param(message('{"currency": "EUR'), id="cut off"),
        pytest.param(message(["EUR"]), id="a list"),
        pytest.param(message("null"), id="null"),
        pytest.param(message("[" * 100_000), id="deeply nested"),
        pytest.param(message('{"a":' * 50_000 + "1" + "}" * 50_000), id="deeply nested objects"),
        pytest.param(message(""), id="nothing"),
        pytest.param(Reply([b"<html>Bad gateway</html>"]), id="no JSON"),
        pytest.param(Reply([b""]), id="an empty body"),
        pytest.param(Reply([b"\xff\xfe\x00"]), id="no text"),
        pytest.param(Reply([b"[]"]), id="no object"),
        pytest.param(Reply([b'{"choices": []}']), id="no choices"),
        pytest.param(Reply([b'{"choices": [{"message": "hello"}]}']), id="no message"),
        pytest.param(Reply([b'{"choices": {"0": 1}}']), id="another shape"),
        pytest.param(Reply([b"x" * 65_536] * (MAX_ANSWER // 65_536 + 1)), id="more than is received"),
    ],
)
def test_an_answer_that_is_no_object_is_unusable(reply: Reply, server: Server) -> None:
    with pytest.raises(UnusableAnswerError):
        ask(server, reply)


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_says_when_to_come_back_is_left_alone_for_so_long(status: int, server: Server) -> None:
    with pytest.raises(RetryAfter, match=f"7 s .HTTP {status}.") as caught:
        ask(server, Reply([b"slow down"], status, {"Retry-After": "7"}))
    assert caught.value.seconds == 7


def test_a_rate_limit_without_a_time_has_a_default(server: Server) -> None:
    with pytest.raises(RetryAfter) as caught:
        ask(server, Reply([b""], 429))
    assert caught.value.seconds == DEFAULT_WAIT


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 529])
def test_a_server_that_fails_is_unavailable(status: int, server: Server) -> None:
    with pytest.raises(ServiceUnavailableError, match=f"HTTP {status}"):
        ask(server, Reply([b"oops"], status))


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
def test_a_refused_request_is_never_tried_again_and_never_shows_the_key(status: int, server: Server) -> None:
    body = json.dumps({"error": {"message": f"Incorrect key: {KEY}\n\x1b[31m" + "x" * 5_000}}).encode()
    with pytest.raises(PermanentError, match=f"HTTP {status}") as caught:
        ask(server, Reply([body], status, {"Location": "/elsewhere"}), api_key=KEY)
    text = f"{caught.value!r} {caught.value.__cause__!r}"
    assert KEY not in text
    assert len(text) < 400
    assert str(caught.value).isprintable()


def test_the_reason_for_a_refusal_is_told_if_there_is_one(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_KEY", KEY)
    with pytest.raises(PermanentError, match=r"no model small for \*\*\*$"):
        ask(server, Reply([f"no model small for {KEY}".encode()], 404), api_key_env="MODEL_KEY")
    with pytest.raises(PermanentError, match=r"\(HTTP 400\)$"):
        ask(server, Reply([b""], 400))
    with pytest.raises(PermanentError, match=r"\(HTTP 400\)$"):
        ask(server, Reply([b"x" * (2 * MAX_ANSWER)], 400))


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ServiceUnavailableError, match="ConnectError"):
        OpenAICompatible(f"http://127.0.0.1:{port}", "small").extract("text", SCHEMA, timeout=20)


def test_a_connection_that_breaks_off_is_unavailable(server: Server) -> None:
    with pytest.raises(ServiceUnavailableError, match="RemoteProtocolError"):
        ask(server, Reply([b"half"], 200, {"Content-Length": "1000"}))


def test_a_server_that_takes_longer_than_it_may_is_unavailable(server: Server) -> None:
    with pytest.raises(ServiceUnavailableError, match=r"within 0\.05 s"):
        ask(server, Reply([b"{}"], pause=30), timeout=20, timeout_of_model=0.05)


def test_a_document_whose_time_is_over_does_not_blame_the_server(server: Server) -> None:
    with pytest.raises(TimeoutError):
        ask(server, Reply([b"{}"], pause=30), timeout=0.05)


def test_an_answer_that_drips_in_ends_with_the_time_as_well(server: Server) -> None:
    with pytest.raises(TimeoutError):
        ask(server, Reply([b" "] * 1_000, pause=0.05), timeout=0.2)


def test_without_httpx_the_error_names_the_extra(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ImportError, match=r"docmill\[llm\]"):
        ask(server)


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("0", 0),
        ("30", 30),
        (" 1.5 ", 1.5),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        ("Sun, 01 Mar 2026 12:01:00 -0000", 60),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0),
        ("999999999", MAX_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 -1200", MAX_WAIT),
        (None, DEFAULT_WAIT),
        ("", DEFAULT_WAIT),
        ("-5", DEFAULT_WAIT),
        ("soon", DEFAULT_WAIT),
        ("nan", DEFAULT_WAIT),
        ("٣", DEFAULT_WAIT),
        ("9" * 5_000, DEFAULT_WAIT),
        ("Fri, 99 Foo 2026 99:99:99 GMT", DEFAULT_WAIT),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", DEFAULT_WAIT),
    ],
)
def test_the_time_to_come_back_is_read_in_seconds_or_as_a_date(header: str | None, seconds: float) -> None:
    assert seconds_of(header, NOW) == seconds
