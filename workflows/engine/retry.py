"""What follows a failed attempt: another one, now or later, or the end.

Called by the state machine with plain values; the order of the questions is Argo's (processNodeRetries).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.engine.duration import LONGEST, parse_duration, spoken
from workflows.engine.expression import decide as holds
from workflows.engine.expression import expand
from workflows.engine.model import Backoff, RetryStrategy
from workflows.engine.nodes import NodePhase, NodeStatus
from workflows.engine.variables import retry_expression_scope
from workflows.errors import DocumentError

# What Argo takes for a fault of the network or the API server rather than of the work (util/errors/errors.go).
TRANSIENT = re.compile(
    "etcdserver: (leader changed|request timed out|too many requests)|unexpected error when reading response body"
    "|stream error when reading response body|Connection closed by foreign host|net/http: TLS handshake timeout"
    "|i/o timeout|connection timed out|connection reset by peer|http2: client connection lost|connection refused"
    "|client rate limiter Wait returned an error"
)


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts so far: how many, when the first began, and the last one, which is finished."""

    count: int
    first_started_at: datetime
    last: NodeStatus


@dataclass(frozen=True, slots=True)
class Again:
    """Try again now; `deadline` (from maxDuration) ends the next attempt."""

    deadline: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Try again, but not before `until`."""

    until: datetime
    message: str


@dataclass(frozen=True, slots=True)
class End:
    """No further attempt: the Retry node ends with the last one's phase and this message."""

    message: str


def decide(strategy: RetryStrategy, attempts: Attempts, now: datetime) -> Again | Wait | End:
    """Say what follows the failed last attempt.

    Raises DocumentError for a strategy that cannot be read and what `expression.decide` raises for its expression;
    either makes the Retry node an Error.
    """
    limit = _integer("limit", strategy.limit)
    deadline = None
    if strategy.backoff is not None:
        answer = _backoff(strategy.backoff, limit, attempts, now)
        if isinstance(answer, Wait | End):
            return answer
        deadline = answer
    if not _policy(strategy, attempts):
        return End(attempts.last.message or "")
    if limit is not None and attempts.count > limit:
        return End("No more retries left")
    if strategy.expression and not holds(strategy.expression, _variables(attempts)):
        return End("retryStrategy.expression evaluated to false")
    return Again(deadline)


def _backoff(backoff: Backoff, limit: int | None, attempts: Attempts, now: datetime) -> datetime | Wait | End | None:
    deadline = None
    if backoff.max_duration:
        deadline = attempts.first_started_at + parse_duration(backoff.max_duration)
        if now > deadline:
            return End("Max duration limit exceeded")
    if not backoff.duration:
        raise DocumentError("no base duration specified for retryStrategy")
    pause = _pause(backoff, attempts.count)
    until = (attempts.last.finished_at or now) + pause
    if deadline is not None and until > deadline:
        return End("Backoff would exceed max duration limit")
    # Argo waits only if there is a limit, and not after the last attempt that it allows.
    if now < until and limit is not None and attempts.count <= limit:
        return Wait(until, f"Backoff for {spoken(pause)}")
    return deadline


def _pause(backoff: Backoff, count: int) -> timedelta:
    pause = parse_duration(backoff.duration or "")
    factor = _integer("factor", backoff.factor) or 0
    if factor > 0:
        times = factor ** (count - 1)
        pause = LONGEST if pause and times > LONGEST / pause else pause * times
    return min(pause, parse_duration(backoff.cap)) if backoff.cap else pause


def policy_of(strategy: RetryStrategy) -> str:
    """The policy, which is Always if none is said but there is an expression."""
    return strategy.retry_policy or ("Always" if strategy.expression else "OnFailure")


def _policy(strategy: RetryStrategy, attempts: Attempts) -> bool:
    policy = policy_of(strategy)
    if policy == "OnTransientError":
        return TRANSIENT.search(attempts.last.message or "") is not None
    return policy == "Always" or policy == ("OnFailure" if attempts.last.phase is NodePhase.FAILED else "OnError")


def _variables(attempts: Attempts) -> dict[str, object]:
    return expand(retry_expression_scope(attempts.count, attempts.last))


def _integer(field: str, value: int | str | None) -> int | None:
    if value is None or isinstance(value, int):
        return value
    try:
        return int(value)
    except ValueError:
        raise DocumentError(f"retryStrategy.{field} {value!r} is not a number") from None
