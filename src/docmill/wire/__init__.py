"""The JSON of the seed's API and stream, to the letter, and what a stranger may ask for.

Python speaks seconds and snake_case, JSON milliseconds and camelCase. One table a message says how the two
belong together, and what is read, written and described as JSON Schema is made of it.
"""

from docmill.wire.asyncapi import asyncapi
from docmill.wire.encoding import encode
from docmill.wire.events import event_to_wire, hello_to_wire, ping_to_wire
from docmill.wire.jobs import encode_job, job_schema, job_to_wire, write_job, write_jobs
from docmill.wire.openapi import openapi
from docmill.wire.requests import (
    CreateRequest,
    InvalidRequestError,
    RequestLimits,
    create_request_schema,
    parse_create_request,
)
from docmill.wire.responses import cancel_response, create_response, error_response
from docmill.wire.shapes import Problem

__all__ = [
    "CreateRequest",
    "InvalidRequestError",
    "Problem",
    "RequestLimits",
    "asyncapi",
    "cancel_response",
    "create_request_schema",
    "create_response",
    "encode",
    "encode_job",
    "error_response",
    "event_to_wire",
    "hello_to_wire",
    "job_schema",
    "job_to_wire",
    "openapi",
    "parse_create_request",
    "ping_to_wire",
    "write_job",
    "write_jobs",
]
