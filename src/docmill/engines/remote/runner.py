"""The way of one processor's documents to a cluster and back: a chunk is made, sent, and settled."""

import hashlib
import logging
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Final

from docmill.core import Verdict
from docmill.core.verdict import describe
from docmill.engines.calls import JobFacts
from docmill.engines.remote.chunks import Answer, Chunk, ChunkDocument, pack_chunk, read_answer
from docmill.engines.remote.dispatcher import Dispatcher, End, RemoteCall, log_records
from docmill.engines.remote.sizes import OVERTIME, ChunkSize
from docmill.engines.travel import TravelError
from docmill.model import FailureCode
from docmill.ports import EngineContext, JudgedError

__all__ = ["ChunkRunner"]

STOPPED: Final = Verdict(FailureCode.CANCELLED, "cancelled while it was running", retry=False, counted=False)
"""The rules know better why a document was stopped."""


class ChunkRunner:
    """The way of one processor's documents to the cluster and back.

    Args:
        dispatcher: what is out there.
        processor: the processor as bytes.
        chunk_seconds: seconds of work in a chunk.
        max_result_bytes: how large a result may be as JSON.
    """

    def __init__(self, dispatcher: Dispatcher, processor: bytes, chunk_seconds: float, max_result_bytes: int) -> None:
        self._dispatcher = dispatcher
        self._processor = processor
        self._digest = hashlib.sha256(processor).hexdigest()
        self._slice = OVERTIME * chunk_seconds
        self._sizes = ChunkSize(chunk_seconds)
        self._max_result_bytes = max_result_bytes

    async def submit(self, _: str, context: EngineContext) -> Any:
        """Run a document, with as many of the same job as make a chunk."""
        members = [context]
        if context.waiting and not context.alone:
            members += context.join(self._sizes.of(context.waiting, max(1, self._dispatcher.slots), context.budget) - 1)
        return await self._run(members, None)

    async def finalize(self, outcomes: Sequence[Any], context: EngineContext) -> Any:
        """Make the summary of a batch."""
        return await self._run([context], list(outcomes))

    async def _run(self, members: Sequence[EngineContext], outcomes: list[Any] | None) -> Any:
        dispatcher = self._dispatcher
        call = dispatcher.open_call(members)
        try:
            dispatcher.send(call, self._pack(call, outcomes))
            await call.done.wait()
        except BaseException:
            if call.end is None:
                self._cut_off(call)
                raise
        finally:
            dispatcher.close_call(call)
        if call.end is not End.ANSWERED:
            raise self._settle_without_answer(call, is_summary=outcomes is not None)
        try:
            answer = read_answer(call.answer, len(members))
        except Exception as error:
            call.end, call.reason = End.LOST, f"gave an answer that cannot be read ({describe(error)})"
            raise self._settle_without_answer(call, is_summary=outcomes is not None) from error
        if outcomes is None:
            self._sizes.measured(len(answer.outcomes), answer.seconds)
        return self._settle(call, answer)

    def _pack(self, call: RemoteCall, outcomes: list[Any] | None) -> bytes:
        leader = call.members[0]
        chunk = Chunk(
            call.number,
            self._digest,
            self._processor,
            JobFacts(leader.job_id, leader.job_type, leader.owner, dict(leader.metadata)),
            [ChunkDocument(member.document_id, member.attempt, member.remaining()) for member in call.members],
            outcomes,
            self._slice,
            self._max_result_bytes,
            logging.getLogger().getEffectiveLevel(),
        )
        try:
            return pack_chunk(chunk)
        except TravelError as error:
            problem = f"what a worker needs cannot be sent: {error}"
            raise JudgedError(Verdict(FailureCode.PERMANENT, problem, retry=False, counted=False)) from error

    def _settle(self, call: RemoteCall, answer: Answer) -> Any:
        """Settle every document of a chunk; that of the leader by what this returns or raises."""
        log_records(answer.logs)
        for member, outcome in zip_longest(call.members[1:], answer.outcomes[1:]):
            if outcome is None:
                member.give_back()  # its worker had no time left for it
            elif isinstance(outcome, Verdict):
                member.failed(outcome)
            else:
                member.succeeded(outcome[0])
        first = answer.outcomes[0]
        if isinstance(first, Verdict):
            raise JudgedError(first)
        return first[0]

    def _settle_without_answer(self, call: RemoteCall, *, is_summary: bool) -> JudgedError:
        """Settle every document of a chunk; that of the leader by raising what this returns."""
        verdict = Verdict(FailureCode.WORKER_DIED, f"the worker {call.reason}", retry=True, counted=False)
        leader, *others = call.members
        blamed = not others and (leader.alone or self._dispatcher.cluster.exact)
        if call.end in (End.GONE, End.LEFT) or not (is_summary or blamed or call.end is End.BROKEN):
            for member in call.members:
                member.give_back(lost=call.end is not End.GONE)
        else:
            for member in others:
                member.failed(verdict)
        return JudgedError(verdict)

    def _cut_off(self, call: RemoteCall) -> None:
        """The lane was told to stop: at the end of the budget, by a cancellation, or because the queue ends.

        All documents of a chunk have the same budget. At its end, the one that is running has used it up. The
        others have not had their turn, or have had it and their results are not here yet: they start again.
        """
        leader, *others = call.members
        culprit = None
        if call.begun and (call.at is not None or not others):
            culprit = call.members[call.at or 0]
        if call.begun and not self._dispatcher.cluster.kills:
            call.culprit = culprit or leader
            call.culprit.left_behind = True
        late = leader.stop is FailureCode.DOCUMENT_TIMEOUT
        for member in call.members:
            if late and member is not culprit:
                member.give_back(lost=call.begun and culprit is None)
            elif member is leader:
                pass
            elif member.stop is None:
                member.give_back()
            else:
                member.failed(STOPPED)
        self._dispatcher.stop(call)
