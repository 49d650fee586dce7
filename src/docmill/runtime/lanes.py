"""The loop: lanes that take documents and run them, and the crew that they make up."""

import logging
from collections.abc import Awaitable, Callable
from threading import get_ident
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from anyio import CancelScope, Event
from anyio.lowlevel import checkpoint

from docmill.core import Attempt, JobMachine, Scheduler
from docmill.core.verdict import rogue_cancel
from docmill.loops import Loop

if TYPE_CHECKING:
    from docmill.runtime.bindings import Binding

__all__ = ["Crew", "Lane"]

Call = Callable[[str, Any], Awaitable[Any]]

SLICE: Final = 0.005
"""Seconds of work after which the crew as a whole lets the rest of the program have a turn."""

logger = logging.getLogger("docmill")


class TooLateError(Exception):
    """A job was decided between taking its next document and beginning with it."""


class Lane:
    """A task that runs one document after another, of whatever job has its turn.

    It has one cancel scope, and makes a new one only after that has fired.

    Attributes:
        attempt: what it is running, or is to run as soon as it has a new scope.
        retired: whether it must not take another document: its task or its scope may be spoilt.
    """

    def __init__(self, crew: "Crew") -> None:
        self.attempt: Attempt | None = None
        self.retired = False
        self._crew = crew
        self._leaving = False
        self._scope = CancelScope()
        self._wake = Event()

    async def run(self) -> None:
        """Serve until retired, or until the crew goes home. No exception gets out."""
        crew = self._crew
        try:
            while not self.retired and not crew.going_home:
                self._leaving = False
                with CancelScope() as self._scope:
                    await self._serve()
        except BaseException as error:
            # A processor may spoil the task that it runs in: cancel it for later, or leave a scope of its own open.
            if not crew.is_torn_down():
                logger.warning("a lane broke and is replaced; a processor has spoilt its task", exc_info=error)
        finally:
            crew.left(self)

    async def _serve(self) -> None:  # noqa: C901 - the one loop of the library; calls cost more than lines here
        crew = self._crew
        desk, take, clock = crew.scheduler.desk, crew.scheduler.take, crew.clock
        now = turn = clock()
        held: JobMachine | None = None
        attempt = self.attempt
        if attempt is not None:
            job, call, keep = crew.look_up(attempt)
        rest = False
        crew.looks(self)
        while True:
            if attempt is None:
                attempt = take(now, held)
                if attempt is None:
                    held = job = call = keep = data = None  # type: ignore[assignment]  # an idle lane keeps no job alive
                    if not await self._pause():
                        return
                    now = turn = clock()
                    continue
                job, call, keep = crew.look_up(attempt)
                held = job
            if desk.stir:
                crew.attend()
            self.attempt = attempt
            crew.current = self
            try:
                if rest:
                    await checkpoint()
                    if job.decided:  # by somebody else in this turn: its processor must not be called any more
                        attempt.released = True
                        raise TooLateError
                data = await call(attempt.document_id, attempt)
                if keep is not None:
                    data = keep(data)
            except BaseException as error:  # noqa: BLE001 - whatever a processor raises, its document settles
                now = clock()
                self._raised(attempt, error, now)
                attempt = None
            else:
                now = clock()
                attempt = job.succeeded(attempt, data, now)
            if self._leaving:
                self._let_go(attempt, job)
                return
            # If another lane has run meanwhile, the processor has let the loop go round by itself.
            if crew.current is not self:
                turn = now
                rest = False
            elif rest := now - turn > crew.slice:
                turn = now

    @classmethod
    def on_stack(cls, frame: FrameType | None) -> "Lane | None":
        """The lane whose loop is on a stack of frames, called from the innermost one."""
        while frame is not None:
            if frame.f_code is cls._serve.__code__:
                lane: Lane = frame.f_locals["self"]
                return lane
            frame = frame.f_back
        return None

    def stop(self) -> None:
        """Cancel the attempt that is running, or the pause."""
        self._leaving = True
        self._scope.cancel()

    def retire(self) -> None:
        """Take no other document."""
        self.retired = self._leaving = True

    def wake(self) -> None:
        """End the pause of a parked lane."""
        self._wake.set()

    async def _pause(self) -> bool:
        """Wait for work; False if there will be none."""
        crew = self._crew
        self.attempt = None
        crew.attend()
        if crew.going_home:
            return False
        self._wake = Event()
        crew.parked.append(self)
        crew.notice_quiet()
        await self._wake.wait()
        crew.looks(self)
        return True

    def _raised(self, attempt: Attempt, error: BaseException, now: float) -> None:
        crew, job = self._crew, attempt.job
        if attempt.stop is None and isinstance(error, crew.loop.cancelled) and crew.is_torn_down():
            attempt.released = True
            job.failed(attempt, rogue_cancel(error), now)
            raise error
        if _has_interrupt(error):
            attempt.released = True
            crew.on_interrupt(error)
        verdict = job.processor.judge(error)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("attempt %d of document %r failed", attempt.attempt, attempt.document_id, exc_info=error)
        if attempt.left_behind and attempt.stop is not None:
            job.abandon(attempt, now)
        else:
            job.failed(attempt, verdict, now)
        # A cancellation from elsewhere stays pending in the task, so the task must not go on.
        if not self._leaving and not isinstance(error, Exception):
            self.retired = self._leaving = True

    def _let_go(self, attempt: Attempt | None, job: JobMachine) -> None:
        """Leave the scope that has fired. A document that was started already goes on in the next one."""
        self.attempt = attempt
        if attempt is None:
            job.survey()
        self._crew.attend()


class Crew:
    """The lanes of a queue: as many as there is work for, up to ``max_workers``.

    Attributes:
        clock: the loop's monotonic clock.
        current: the lane that started a document last.
        parked: the lanes with nothing to do, the last one first to be woken.
        slice: seconds that one lane may work before it lets the others and the rest of the program go on.
        going_home: whether the lanes are to end.
        leaving: called when they are; perhaps twice.
    """

    def __init__(self, scheduler: Scheduler, loop: Loop, max_workers: int) -> None:
        self.scheduler = scheduler
        self.loop = loop
        self.thread = get_ident()
        self.clock = loop.time
        self.current: Lane | None = None
        self.parked: list[Lane] = []
        self.lanes: dict[Lane, None] = {}
        self.slice = SLICE
        self.going_home = False
        self.leaving: list[Callable[[], None]] = []
        self._max_workers = max_workers
        self._soon: Callable[[], None] = lambda: None
        self._alert: Callable[[list[Attempt]], None] = lambda _: None
        self._wake: Callable[[], None] = lambda: None
        self._quiet: Event | None = None
        self._looking: Lane | None = None

    def open(
        self,
        *,
        soon: Callable[[], None],
        alert: Callable[[list[Attempt]], None],
        wake: Callable[[], None],
        on_interrupt: Callable[[BaseException], None],
    ) -> None:
        """Begin to work.

        Args:
            soon: has what has changed recorded and told.
            alert: lets the watchdog see whether it has to wake earlier, and which attempts were told to stop.
            wake: has the watchdog attend to what is on the desk; for what happens outside of any task.
            on_interrupt: takes a KeyboardInterrupt.
        """
        self._soon, self._alert, self._wake, self.on_interrupt = soon, alert, wake, on_interrupt

    @property
    def busy(self) -> bool:
        """Whether an attempt is running that was not abandoned."""
        return any(lane.attempt is not None for lane in self.lanes)

    def attend(self) -> None:
        """Do what the rules have left on the desk."""
        desk = self.scheduler.desk
        desk.stir = False
        self._soon()
        stops, desk.stops = desk.stops, []
        if stops:
            lanes = {lane.attempt: lane for lane in self.lanes}
            for attempt in stops:
                if attempt in lanes:
                    lanes[attempt].stop()
        self._alert(stops)
        if desk.solo is not None or desk.solo_ended:
            self.scheduler.see_to_solo()
        desk.turns.call()
        if desk.turns.size and self._looking is None:
            self._rouse()

    def look_up(self, attempt: Attempt) -> tuple[JobMachine, Call, Callable[[Any], Any] | None]:
        """The job of an attempt, what to call for all of its documents or for its summary, and how to keep results."""
        binding: Binding = attempt.job.processor
        return attempt.job, binding.call_for(attempt), binding.keep

    def lane_of(self, attempt: Attempt) -> Lane | None:
        """The lane that runs an attempt."""
        return next((lane for lane in self.lanes if lane.attempt is attempt), None)

    def give_up(self, attempt: Attempt, now: float) -> None:
        """Settle the document of an attempt that does not stop, and give its seat to another lane."""
        lane = self.lane_of(attempt)
        if lane is not None:
            lane.retire()
            del self.lanes[lane]
        attempt.job.abandon(attempt, now)
        self.notice_quiet()
        self.attend()

    def left(self, lane: Lane) -> None:
        """A lane has ended."""
        self.lanes.pop(lane, None)
        if lane in self.parked:
            self.parked.remove(lane)
        self.notice_quiet()
        self.looks(lane)
        if self.scheduler.desk.turns.size:
            self._rouse()

    def notice_seats(self) -> None:
        """An engine has more seats than before, or fewer."""
        self._wake()

    def reported(self, attempt: Attempt, fraction: float, message: str) -> None:
        """A processor has said how far it is."""
        attempt.job.report(attempt, fraction, message, self.clock())
        self._wake()

    def came_back(self, attempt: Attempt) -> None:
        """An attempt that was left behind has ended after all."""
        attempt.job.came_back(attempt)
        self._wake()

    def notice_quiet(self) -> None:
        """End the wait for quiet if nothing runs any more."""
        if self._quiet is not None and not self.busy:
            self._quiet.set()

    async def quiet(self) -> None:
        """Wait until no attempt is running."""
        while self.busy:
            self._quiet = Event()
            await self._quiet.wait()

    def go_home(self) -> None:
        """Let every lane end."""
        self._leave()
        for lane in self.parked:
            lane.wake()
        self.parked.clear()

    def tear_down(self) -> None:
        """Cancel every lane, whatever it does."""
        self._leave()
        self.scheduler.halt()  # what a lane lets go of now must not be taken by the next one
        for lane in self.lanes:
            lane.stop()

    def _leave(self) -> None:
        self.going_home = True
        for function in self.leaving:
            function()

    def is_torn_down(self) -> bool:
        """Whether the lanes end, or are being ended from outside."""
        return self.going_home or self.loop.is_ending()

    def looks(self, lane: Lane) -> None:
        """A lane that was roused takes its look now. Whether there is work for more will be seen after it."""
        if self._looking is lane:
            self._looking = None
            self.scheduler.desk.stir = True

    def _rouse(self) -> None:
        """Get one more lane to look for work, unless one is on its way."""
        if self.parked:
            self._looking = self.parked.pop()
            self._looking.wake()
        elif len(self.lanes) < self._max_workers and not self.is_torn_down():
            lane = self._looking = Lane(self)
            self.lanes[lane] = None
            # No virtual time passes while a lane works: there, every document is a slice of its own.
            self.slice = -1.0 if self.loop.virtual else SLICE / len(self.lanes)
            self.loop.spawn(lane.run, "docmill lane")


def _has_interrupt(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(KeyboardInterrupt) is not None
    return isinstance(error, KeyboardInterrupt)
