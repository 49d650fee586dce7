"""Do the checks notice when a rule is wrong? Each row changes one line of the core; every one has to be noticed.

A row whose old text is not there exactly once fails, so that the table cannot rot while the rules move on.
"""

import signal
from collections.abc import Callable

import pytest
from core_mutants import Mutant, is_killed

MUTANTS = [
    # Decisions.
    Mutant("job", "        first = not self.decided\n", "        first = True\n", "a second cancel is True"),
    Mutant("job", "if now >= self.deadline and not self.decided:", "if now >= self.deadline:", "decided twice"),
    Mutant(
        "job", "if now >= self.deadline and not self.decided:", "if now > self.deadline and not self.decided:", "late"
    ),
    Mutant(
        "job", "elif now >= self.deadline and (too_many", "elif now > self.deadline and (too_many", "COMPLETED too late"
    ),
    Mutant("job", "len(self.ledger.failed) > most", "len(self.ledger.failed) >= most", "one failure too early"),
    Mutant("job", "elif not self.left and self.ledger.ok:", "elif not self.left:", "COMPLETED without a result"),
    Mutant("job", "elif not self.left and self._finalizes:", "elif self._finalizes:", "a summary of half the batch"),
    Mutant(
        "job",
        "        self._finalizes = False\n        self._settled(now)",
        "        self._settled(now)",
        "summary for ever",
    ),
    Mutant(
        "job",
        "for waiting in [] if self._waiting is None else self._waiting.clear():",
        "for waiting in []:",
        "waiting documents never settle",
    ),
    Mutant("job", "self.drained = not self.running", "self.drained = True", "drained with attempts at work"),
    Mutant("job", "        self.before = self.mark()\n", "        self.before = None\n", "progress tells the decision"),
    Mutant(
        "job", "        self.decision = self.mark()\n", "        self.decision = None\n", "late results in the event"
    ),
    Mutant(
        "job",
        "        del self.gate.jobs[self]\n        self._drain()",
        "        self._drain()",
        "decided jobs stay in the gate",
    ),
    # Starting.
    Mutant("job", "self._at_work < self.limit", "self._at_work <= self.limit", "one attempt too many"),
    Mutant("job", "and self.gate.admits\n        if ready", "\n        if ready", "attempts behind a closed gate"),
    Mutant("job", "if self.decided or self._desk.paused or", "if self._desk.paused or", "attempts after the decision"),
    Mutant("job", "if self.decided or self._desk.paused or", "if self.decided or", "attempts while the store fails"),
    Mutant(
        "job",
        "            something = finalize\n",
        "            something = False\n",
        "no summary at the close",
    ),
    Mutant("job", "        if self._desk.halted:\n", "        if False:\n", "documents start while the queue closes"),
    Mutant(
        "job", "self.steady = something and not unsettled and", "self.steady = something and", "retries are overtaken"
    ),
    Mutant("job", "self.gate.entered(attempt)", "self.gate", "more than one probe"),
    Mutant(
        "job", "min(ledger.options.max_concurrent, max_workers)", "ledger.options.max_concurrent", "too many at once"
    ),
    Mutant(
        "job", "            self.fresh += 1\n", "            self.fresh += 2\n", "every second document is left out"
    ),
    # Going on at once.
    Mutant("job", "if self._turns.size > self._ready:", "if False:", "unfair"),
    Mutant("job", "if not self.steady or not calm or", "if not self.steady or", "going on though a circuit opened"),
    Mutant("job", "or not calm or now >= self.alarm or position", "or not calm or position", "past its time"),
    Mutant(
        "job", "or now >= self.alarm or position >= self.allowed:", "or now >= self.alarm:", "past the last document"
    ),
    Mutant("job", "if now + self.budget < self.alarm:", "if now + self.budget > self.alarm:", "no alarm for a budget"),
    Mutant(
        "job",
        "if self.left <= self.notable:\n            self._settled(now)\n        position",
        "if self.left < self.notable:\n            self._settled(now)\n        position",
        "a percent is told too late",
    ),
    Mutant("job", "if self._ready and self.fresh >= self.allowed:", "if False:", "a turn with nothing to start"),
    Mutant("job", "        self.notable = self.total\n        if self.trail", "        if self.trail", "untold"),
    Mutant("job", "self.notable = self.total if self.decided else 0", "self.notable = 0", "late results never drain"),
    # Attempts, retries, budgets.
    Mutant(
        "job", "attempt.attempt > options.retry_attempts:", "attempt.attempt >= options.retry_attempts:", "one too few"
    ),
    Mutant(
        "job",
        "attempt.attempt > options.retry_attempts:",
        "attempt.attempt > options.retry_attempts + 1:",
        "one too many",
    ),
    Mutant(
        "job",
        ">= attempt.budget_end:\n            return FailureCode.RETRY",
        "> attempt.budget_end:\n            return FailureCode.RETRY",
        "a wait up to the budget",
    ),
    Mutant(
        "job", "            return FailureCode.JOB_STOPPED\n", "            return None\n", "a retry after the decision"
    ),
    Mutant("job", "if code is None and verdict.pause is not None:", "if False:", "a pause within the budget"),
    Mutant("job", "if now >= attempt.budget_end:", "if now > attempt.budget_end:", "over the budget"),
    Mutant(
        "job",
        "attempt.attempt, attempt.first_started = waiting.attempts + 1, waiting.first_started",
        "attempt.attempt = waiting.attempts + 1",
        "a fresh budget for each retry",
    ),
    Mutant("job", "            attempt.attempt = attempts + 1\n", "", "a pause resets the attempts"),
    Mutant(
        "job",
        "verdict = stopped(attempt.stop, self.budget, self.gate.breaker)",
        "pass",
        "a stopped attempt is tried again",
    ),
    Mutant(
        "job",
        "        if attempt.stop is None:\n            attempt.stop = code\n",
        "        if True:\n            attempt.stop = code\n",
        "stopped twice",
    ),
    Mutant(
        "job", "self.gate.admits else self.gate.code", "True else self.gate.code", "circuit_open is called retry_budget"
    ),
    Mutant(
        "job",
        "        if late:\n            self._settled(now)",
        "        if late:\n            pass",
        "the last document in vain",
    ),
    Mutant("job", "self.arm(attempt.first_started + self.budget)", "attempt", "no alarm for the first budget"),
    Mutant("job", "        self.arm(self._next_alarm())\n", "        pass\n", "nobody wakes a second time"),
    Mutant(
        "job",
        "            moments += [self.deadline, self.herald.next_alarm]\n",
        "            moments += [self.deadline]\n",
        "untold",
    ),
    Mutant(
        "job",
        "            moments += [self.deadline, self.herald.next_alarm]\n",
        "            moments += [self.herald.next_alarm]\n",
        "no timeout",
    ),
    Mutant("job", "if self.ledger.options.jitter:", "if not self.ledger.options.jitter:", "jitter for everyone"),
    # Abandoned attempts and late results.
    Mutant("job", "        attempt.abandoned = True\n", "", "an abandoned attempt never comes back"),
    Mutant("job", "            attempt.abandoned = False\n", "", "it comes back more than once"),
    Mutant("job", "        self.gate.left_behind()\n", "", "abandoned attempts are not counted"),
    Mutant(
        "job",
        "attempt.fraction = max(fraction, attempt.fraction or 0.0)",
        "attempt.fraction = fraction",
        "reports go back",
    ),
    # Figures.
    Mutant(
        "job",
        "        self.busy += now - started\n",
        "        self.busy += now - attempt.started\n",
        "the mean without the waits",
    ),
    Mutant("estimate", "ceil(left / max_concurrent)", "left / max_concurrent", "half a round"),
    Mutant("estimate", "return 100 * settled // total", "return round(100 * settled / total)", "67 for 2 of 3"),
    Mutant("estimate", "min(estimate, deadline - now)", "estimate", "longer than the job may take"),
    Mutant("retries", "base=2", "base=3", "waits of 2, 6, 18"),
    Mutant("retries", "[attempt - 2]", "[attempt - 1]", "the wait of the attempt after"),
    # Waiting, alarms, turns.
    Mutant("waiting", "self._waits[0][0] <= now", "self._waits[0][0] < now", "a retry too late"),
    Mutant("waiting", "return self._due.popleft()", "return self._due.pop()", "who is due last goes first"),
    Mutant(
        "waiting",
        "if now >= waiting.first_started + self._budget",
        "if now > waiting.first_started + self._budget",
        "late",
    ),
    Mutant("agenda", "if when >= item.alarm:", "if when <= item.alarm:", "an alarm is put off"),
    Mutant(
        "agenda", "earlier = not self._heap or when < self._heap[0][0]", "earlier = False", "the watchdog sleeps on"
    ),
    Mutant(
        "agenda", "            if when == item.alarm:\n", "            if True:\n", "alarms that were overtaken go off"
    ),
    Mutant(
        "turns",
        "owners = self._waiting[max(self._waiting)]",
        "owners = self._waiting[min(self._waiting)]",
        "low goes first",
    ),
    Mutant("turns", "        owners.move_to_end(owner)\n", "", "one owner has all the turns"),
    Mutant("turns", "        jobs.move_to_end(job)\n", "", "one job has all the turns of its owner"),
    # Seats.
    Mutant("turns", "return self.taken < self.capacity", "return self.taken <= self.capacity", "a seat too many"),
    Mutant("turns", "taken=self.taken - 1", "taken=self.taken", "a seat is never free again"),
    Mutant(
        "turns",
        "self._turns.size += self.line.size if self.free else -self.line.size",
        "self._turns.size += self.line.size",
        "a full engine hides nobody",
    ),
    Mutant("turns", "if self.free != was_free and", "if self.free and", "jobs are counted twice"),
    Mutant("turns", "            self.size += seats.free\n", "            self.size += 1\n", "a turn without a seat"),
    Mutant("turns", "            self.size -= seats.free\n", "            self.size -= 1\n", "a turn is lost"),
    Mutant("turns", "place[1].size and (place[0] is None or place[0].free)", "place[1].size", "more than it has seats"),
    Mutant("turns", "first = max(ready, key=lambda place: place[1].priority)", "first = ready[0]", "low goes first"),
    Mutant(
        "turns", "        self._order.append(first)\n", "        self._order.insert(0, first)\n", "one line has it all"
    ),
    Mutant("turns", "if seats.line.size and not seats.free:", "if seats.line.size:", "called for nothing"),
    Mutant("turns", "return most", "return wanted", "more wanted than can be had"),
    Mutant("breaker", "            self.seats.take()\n", "            self.seats.leave()\n", "nobody sits"),
    Mutant("job", "            self.gate.released(attempt)\n", "", "a seat is lost at the close"),
    Mutant("breaker", "and not self.stuck and self.seats is None", "and not self.stuck", "going on without a seat"),
    Mutant("job", "max(1, self.left - len(self.running))", "self.left", "workers for nothing"),
    Mutant("scheduler", "not job.decided and obstacle is not None", "False", "runs what cannot run"),
    Mutant("job", "self._lives == ORDERLY or ", "", "an orderly close counts as a crash"),
    # Chunks.
    Mutant("job", "return len(self.running) - self._joined", "return len(self.running)", "a chunk counts as many"),
    Mutant("job", "odd = leader.attempt > 1 or leader.alone or", "odd = leader.alone or", "company for a retry"),
    Mutant("job", "leader.attempt > 1 or leader.alone or", "leader.attempt > 1 or", "company for a suspect"),
    Mutant("job", " or leader.stop is not None\n", "\n", "company for who was told to stop"),
    Mutant(
        "job", "if odd or self.decided or self._desk.halted", "if odd or self._desk.halted", "joins after the decision"
    ),
    Mutant("job", "self._desk.halted or self._desk.paused or not", "self._desk.paused or not", "joins at the close"),
    Mutant("job", "self._desk.halted or self._desk.paused or not", "self._desk.halted or not", "joins in a pause"),
    Mutant("job", "self._desk.paused or not self.gate.takes_many:", "self._desk.paused:", "company for a probe"),
    Mutant(
        "job",
        "min(most - len(positions), self.allowed - self.fresh)",
        "self.allowed - self.fresh",
        "more join than were asked for",
    ),
    Mutant(
        "job",
        "min(most - len(positions), self.allowed - self.fresh)",
        "most - len(positions)",
        "more join than there are",
    ),
    Mutant("job", "self._make(position, leader.first_started)", "self._make(position, 0.0)", "a start of its own"),
    Mutant("job", "            attempt.joined = True\n", "", "who joins takes a seat"),
    Mutant("job", "while len(positions) < most and self", "while self", "more of those given back than were asked for"),
    Mutant("job", "return not attempts and (self._apart", "return (self._apart", "who had an attempt joins"),
    Mutant("job", " or position not in self._apart)", " or True)", "who was lost joins"),
    Mutant("job", "        self.fresh += fresh\n", "", "who has joined starts again"),
    Mutant("job", "        self._joined += len(chunk)\n", "", "a chunk counts as less than one"),
    Mutant(
        "job",
        "        self._joined += len(chunk)\n        self.survey()\n",
        "        self._joined += len(chunk)\n",
        "a turn",
    ),
    Mutant("job", "        self._joined -= 1\n", "", "joined for ever"),
    Mutant("job", "        self._joined -= attempt.joined\n", "", "joined for ever, having failed"),
    Mutant(
        "job", "        self._joined -= attempt.joined\n", "        self._joined -= 1\n", "joined, though it never was"
    ),
    Mutant(
        "job",
        "        self._joined -= 1\n        self._tell_gate(attempt, data, now)\n",
        "        self._joined -= 1\n",
        "the gate hears nothing of who has joined",
    ),
    Mutant("job", "        self.busy += now - attempt.first_started\n", "", "who has joined takes no time"),
    Mutant(
        "job",
        "if self.left <= self.notable:\n            self._settled(now)\n\n",
        "if self.left < self.notable:\n            self._settled(now)\n\n",
        "the last one to settle may have joined",
    ),
    Mutant("job", "            self._apart.add(attempt.position)\n", "", "who was lost has company again"),
    Mutant("job", "            attempt.alone = True\n", "            pass\n", "who was lost is not alone"),
    Mutant("job", "        elif attempt.lost:\n", "        elif False:\n", "lost is the same as given back"),
    Mutant(
        "job", "min(attempt.attempt, self.ledger.options.retry_attempts)", "attempt.attempt", "the last one is lost"
    ),
    Mutant(
        "job", "self._return(attempt.position, attempt.attempt - 1)", "self._return(attempt.position, 0)", "a new count"
    ),
    Mutant(
        "job", "if any(now >= attempt.budget_end for", "if any(now > attempt.budget_end for", "a chunk over its budget"
    ),
    Mutant("breaker", "return self.state is State.CLOSED and not self.stuck", "return True", "many probes in a chunk"),
    Mutant("breaker", "State.CLOSED and not self.stuck\n\n", "State.CLOSED\n\n", "joins though it is stuck"),
    Mutant("breaker", "self.seats is not None and not attempt.joined:", "self.seats is not None:", "a seat for each"),
    Mutant(
        "breaker",
        "        self._leave(attempt)\n        if attempt is self._probe:\n            self._probe = None\n",
        "        self._leave(attempt)\n        if False:\n            pass\n",
        "a probe that is taken back stays",
    ),
    # Engines that are lost.
    Mutant("turns", "        if change > 0:\n", "        if change:\n", "fewer seats mend it"),
    Mutant("turns", "            self.broken = None\n", "            pass\n", "broken for ever"),
    Mutant("turns", "        self.broken = reason\n", "", "nobody hears that it has given up"),
    Mutant("scheduler", "if seats.broken is not None:", "if False:", "jobs wait for an engine that is lost"),
    Mutant("scheduler", "if job.gate.seats is seats:", "if True:", "jobs of other engines fail"),
    Mutant("scheduler", "JobErrorCode.ENGINE_LOST if lost else", "", "an engine that is lost is no processor"),
    # The trail.
    Mutant("trail", "fresh + self._ahead", "self._total", "everything is suspected"),
    Mutant("trail", "min(2 * self._ahead, MOST_AHEAD)", "self._ahead", "always held up"),
    Mutant("trail", "(convicted if mark.alone in blamed else blamed)", "convicted", "one crash convicts"),
    Mutant("trail", "if mark.alone is not None:", "if False:", "nobody is blamed"),
    Mutant("trail", "        self.suspects += self.blamed\n", "", "the blamed are lost"),
    Mutant("job", "            self.allowed = 0\n", "", "started before that is recorded"),
    Mutant(
        "job", "self.allowed = max(self.allowed, mark.reserved)", "self.allowed = mark.reserved + 1", "one too many"
    ),
    Mutant("job", "if self.trail is None or not self._lives:", "if True:", "no suspects"),
    Mutant("job", "self.running or (self._waiting and not trail.last) or", "", "suspects run together"),
    Mutant("job", "or self._desk.solo not in (None, self):", "or False:", "others run beside a suspect"),
    Mutant("job", "            trail.leaving = True\n", "", "others run before it is recorded that they may"),
    Mutant("job", "len(self.ledger.failed) > mark.failed", "False", "convictions are no failures"),
    Mutant(
        "scheduler",
        "elif waits and not any(other.running for other in self.jobs.values()):",
        "elif waits:",
        "not alone",
    ),
    Mutant("scheduler", "if (job.decided and waits) or desk.halted or", "if desk.halted or", "alone for ever"),
    # Results that leave the process.
    Mutant("data", "if len(data) > max_bytes:", "if len(data) >= max_bytes:", "one byte less than allowed"),
    Mutant("data", '":", ",", False, False, False)', '":", ",", False, False, True)', "NaN gets through"),
    Mutant("data", "(TypeError, ValueError, RecursionError)", "(TypeError, ValueError)", "too deep breaks it"),
    Mutant("data", "Verdict(code, reason, retry=False", "Verdict(code, reason, retry=True", "tried again for nothing"),
    # The gate.
    Mutant(
        "breaker", "return self.state is State.CLOSED or self._probe is None", "return True", "any number of probes"
    ),
    Mutant(
        "breaker",
        "if self._failures >= self.breaker.failures:",
        "if self._failures > self.breaker.failures:",
        "one late",
    ),
    Mutant(
        "breaker",
        "        if attempt is self._probe:\n            self._close(now)",
        "        if self.state is not State.CLOSED:\n            self._close(now)",
        "a late success closes",
    ),
    Mutant(
        "breaker",
        "            self._failures = 0\n        self._settle_calm()",
        "            pass\n        self._settle_calm()",
        "never reset",
    ),
    Mutant(
        "breaker",
        "        else:\n            self._probe = None\n            self._survey()",
        "",
        "the probe keeps its seat",
    ),
    Mutant(
        "breaker",
        "if verdict.counted or verdict.code is FailureCode.DOCUMENT_TIMEOUT:",
        "if verdict.counted:",
        "hung probe",
    ),
    Mutant(
        "breaker",
        "return self.abandoned >= self.max_abandoned",
        "return self.abandoned > self.max_abandoned",
        "one more",
    ),
    Mutant("breaker", "self.until if self.state is State.OPEN else now", "now", "a shorter pause ends a longer one"),
    Mutant(
        "breaker",
        "self.calm = self.state is State.CLOSED and not self._failures",
        "self.calm = self.state is State.CLOSED",
        "a success that resets is not asked",
    ),
    # Telling.
    Mutant("herald", "        if self.terminal is not None:\n            return\n", "", "a terminal event twice"),
    Mutant(
        "herald",
        "settled_mark = mark if mark.completed is None or job.before is None else job.before",
        "settled_mark = mark",
        "progress of the decision",
    ),
    Mutant(
        "herald",
        "return final or now >= self._next_progress or",
        "return now >= self._next_progress or",
        "no last word",
    ),
    Mutant("herald", "return final or now >= self._next_progress or", "return final or", "untold within a percent"),
    Mutant("herald", "        self._seq += 1\n", "", "events without a number"),
    Mutant("herald", "if self._asked:\n            return inf", "if False:\n            return inf", "the rules spin"),
    Mutant("herald", "if job.exact or self._quiet:", "if job.exact:", "a change after a quiet time is untold"),
    Mutant(
        "herald",
        "settled_at_percent(self._percent + 1, job.total)",
        "settled_at_percent(self._percent + 2, job.total)",
        "skips",
    ),
    # The queue as a whole.
    Mutant(
        "scheduler", "job is None or owner is None or job.ledger.owner == owner", "True", "another owner's job is seen"
    ),
    Mutant("scheduler", "self._keys.get((owner, key))", "self._keys.get((None, key))", "another owner's key"),
    Mutant(
        "scheduler", "now - job.shown.completed >= max_age", "now - job.shown.completed > max_age", "one kept too long"
    ),
    Mutant("scheduler", "            and job.shown.drained\n", "", "jobs at work are forgotten"),
    Mutant("scheduler", "if job.herald.terminal is not None\n", "if True\n", "jobs whose end is untold are forgotten"),
    Mutant(
        "scheduler", "            if now >= job.alarm:\n", "            if False:\n", "the lane is blind to the time"
    ),
    Mutant("scheduler", "            held.survey()\n", "            pass\n", "a seat that is never filled again"),
    Mutant("scheduler", "lives >= MAX_LIVES", "lives > MAX_LIVES", "a fifth crash"),
    Mutant(
        "verdict",
        "describe(shown), retry=False, counted=False)",
        "describe(shown), retry=True, counted=False)",
        "permanent is tried again",
    ),
    Mutant("verdict", "min(max(pauses), LONGEST_PAUSE)", "min(pauses)", "the shorter pause"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.module}: {mutant.breaks}")
def test_each_row_still_changes_exactly_one_place_of_the_core(mutant: Mutant) -> None:
    compile(mutant.source(), mutant.path.name, "exec")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="a mutant that spins is ended by SIGALRM")
def test_no_wrong_rule_goes_unnoticed(record_property: Callable[[str, object], None]) -> None:
    survivors = [
        f"{mutant.module}: {mutant.breaks}"
        for mutant in MUTANTS
        if is_killed(mutant, seeds=range(60), steps=40) is None
    ]

    record_property("mutants killed", f"{len(MUTANTS) - len(survivors)} of {len(MUTANTS)}")

    assert len(MUTANTS) >= 80
    assert not survivors


@pytest.mark.slow
def test_the_rules_as_they_are_pass_every_check_that_the_mutants_meet() -> None:
    """Or else every mutant would be killed, and nothing were proved."""
    untouched = Mutant("job", "class JobMachine:", "class JobMachine:", "nothing")

    assert is_killed(untouched, seeds=range(60), steps=40) is None
