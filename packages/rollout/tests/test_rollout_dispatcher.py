"""Attempts of many agents at once: each model in its own number, boxes in that of the cores, and what is finished is kept."""

import threading
from concurrent.futures import CancelledError, Future
from typing import Any

from agentllm.cost_limit import CostLimiter
from agentrollout.agents import AgentConfig
from agentrollout.dispatcher import Dispatcher
from agentrollout.embedded import embedded
from agentrollout.loop import Budget
from trajruntime.executor import ThreadExecutor
from trajschema.rollout import Rollout
from trajtests.rollouts import rollout_of

OURS = AgentConfig(embedded("noop"), 1, Budget(), "0")
MODEL = AgentConfig(embedded("random"), 1, Budget(), "0", concurrency=3)


class Meeting:
    """A place where attempts wait until so many are there."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size, timeout=20)

    def attend(self) -> Rollout:
        self.barrier.wait()
        return rollout_of()


def test_a_model_has_its_requests_and_the_cores_as_attempts_at_once_and_others_do_not_wait_for_it() -> None:
    with Dispatcher([OURS, MODEL], 2, CostLimiter()) as dispatcher:
        thinking, ours = Meeting(3 + 2), Meeting(2)
        models = [dispatcher.submit(MODEL, thinking.attend) for _ in range(4)]
        others = [dispatcher.submit(OURS, ours.attend) for _ in range(2)]
        assert [f.result(20) for f in others] == [rollout_of()] * 2
        models.append(dispatcher.submit(MODEL, thinking.attend))
        assert [f.result(20) for f in models] == [rollout_of()] * 5
    assert dispatcher.line() == "7 of 7 attempts done, 0 under way, 0.00 USD"


def test_boxes_work_in_the_number_of_the_cores() -> None:
    with Dispatcher([MODEL], 2, CostLimiter()) as dispatcher:
        most, now, lock = [0], [0], threading.Lock()

        def work() -> Rollout:
            with dispatcher.slots:
                with lock:
                    now[0] += 1
                    most[0] = max(most[0], now[0])
                threading.Event().wait(0.01)
                with lock:
                    now[0] -= 1
            return rollout_of()

        for future in [dispatcher.submit(MODEL, work) for _ in range(20)]:
            future.result(20)
    assert most[0] <= 2


def test_without_money_no_attempt_of_a_model_begins_and_others_do() -> None:
    cost_limiter = CostLimiter(1.0)
    with cost_limiter.call(0.0) as pay:
        pay(1.0)
    with Dispatcher([OURS, MODEL], 1, cost_limiter) as dispatcher:
        assert dispatcher.submit(MODEL, rollout_of).result(20) is None
        assert dispatcher.submit(OURS, rollout_of).result(20) == rollout_of()


def test_an_interrupted_run_begins_nothing_more_and_lets_no_model_go_on() -> None:
    cost_limiter = CostLimiter()
    with Dispatcher([OURS, MODEL], 1, cost_limiter) as dispatcher:
        begun, go_on = threading.Event(), threading.Event()

        def hold() -> Rollout:
            begun.set()
            assert go_on.wait(20)
            return rollout_of()

        futures: list[Future[Any]] = [dispatcher.submit(OURS, hold), dispatcher.submit(OURS, rollout_of)]

        def wait_for_both(_: int) -> None:
            [f.result(20) for f in futures]

        def leave() -> None:
            dispatcher.stop()
            go_on.set()

        results = ThreadExecutor(2, leave).map(wait_for_both, [0, 1])
        assert begun.wait(20)
        threading.Timer(0.1, leave).start()
        assert all(isinstance(result, CancelledError) for _, result in results)
    assert futures[0].result() == rollout_of()
    assert cost_limiter.refusal == "the run was stopped"
