"""rollouts: every agent's attempts at a task, each in a box of its own, recorded live."""

from collections.abc import Iterator

import dagster as dg
from agentllm.cost_limit import CostLimiter
from agentrollout.agents import build_agents
from agentrollout.attempts import Origin, RolloutConfig, reusable, run_attempts
from agentrollout.checkpoints import AttemptCheckpoints
from agentrollout.dispatcher import Dispatcher
from trajruntime.executor import ThreadExecutor
from trajschema.arrow import from_table, to_table
from trajschema.rollout import Rollout
from trajschema.task import Task

from resources.agent_code import agent_codes
from resources.agents import AgentsResource
from resources.asset_options import asset_options
from resources.imports import Imports
from resources.incremental.asset import Incremental
from resources.incremental.code import own_sources
from resources.incremental.run import Inputs, StageResult
from resources.origin import stored_attempts, with_origin
from resources.sandbox import SandboxResource
from resources.settings import Settings
from resources.storage import TaskStoreResource


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("rollouts", settings, kinds={"python", "docker"}, description=__doc__))
    def rollouts(
        context: dg.AssetExecutionContext,
        incremental: Incremental,
        sandbox: SandboxResource,
        agents: AgentsResource,
        store: TaskStoreResource,
    ) -> Iterator[dg.MaterializeResult]:
        asked, progress = agents.applied(sandbox.applied(incremental.settings)), incremental.progress
        cost_limiter = CostLimiter(asked.agents.money_limit_usd, lambda: progress.note("rollouts", dispatcher.line()))
        configs = build_agents(asked.agents, asked.root, agent_codes(asked, own_sources()), cost_limiter)
        config = RolloutConfig(asked.agents.seed, configs, sandbox.agent_limits, asked.logs_dir)
        checkpoints = AttemptCheckpoints(asked.checkpoints_dir)

        def compute(inputs: Inputs) -> StageResult:
            (task,) = from_table(Task, inputs["task_pool"])
            origin = Origin.of(task, config)
            stored = reusable(*stored_attempts(inputs.previous), origin)
            imported = Imports(asked.imports_dir).rollouts(task.task_id)
            found = run_attempts(task, lambda: store.opened.tree(task), config, dispatcher, checkpoints, sandbox.opened, stored, imported)
            submitted = sum(r.exit == "submitted" for r in found.rollouts)
            counts = {"rollouts": len(found.rollouts), "submitted": submitted, "of older versions": found.older}
            table = with_origin(to_table(Rollout, found.rollouts), origin)
            return StageResult(table, found.unfinished, counts, lambda: checkpoints.clear(task.task_id))

        workers = ThreadExecutor(incremental.workers).workers
        with Dispatcher(configs, workers, cost_limiter, lambda line: progress.note("rollouts", line)) as dispatcher:
            yield from incremental.materialise(context, "rollouts", compute, ThreadExecutor(dispatcher.tasks, dispatcher.stop), asked)

    return rollouts
