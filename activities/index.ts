/** Puts the activities together from what they need, grouped by the queue that they run on. */
import type {
  EndpointActivities,
  HostActivities,
  OpenWorkspaceActivities,
  TaskActivities,
} from '../workflows/activity-interfaces.ts';
import { createCheckOutput } from './check-output.ts';
import { createCloseAgentSessions, createListAgentSessions } from './close-agent-sessions.ts';
import { createCloseWorkspace } from './close-workspace.ts';
import { createCollectDiff } from './collect-diff.ts';
import type { ExplainEndpointDependencies } from './explain-endpoint.ts';
import { createExplainEndpoint } from './explain-endpoint.ts';
import { createFinishTask } from './finish-task.ts';
import type { AttemptGate } from './health/attempt-gate.ts';
import { createInvokeModel } from './invoke-model.ts';
import type { InvokeModelDependencies } from './invoke-model.ts';
import { createMoveWorkspace } from './move-workspace.ts';
import type { MoveWorkspaceDependencies } from './move-workspace.ts';
import type { OpenTaskDependencies } from './open-task.ts';
import { createOpenTask } from './open-task.ts';
import { createOpenWorkspace } from './open-workspace.ts';
import type { OpenWorkspaceDependencies } from './open-workspace.ts';
import type { PlanRouteDependencies } from './plan-route.ts';
import { createPlanRoute } from './plan-route.ts';
import { createPutMessage } from './put-message.ts';
import { createReadAgentRequest } from './read-agent-request.ts';
import { createReadBatchLine } from './read-batch-line.ts';
import { createReopenTask } from './reopen-task.ts';
import { createReportEndpoints } from './report-endpoints.ts';
import { createReportWorkspace } from './report-workspace.ts';
import { createRollBack } from './roll-back.ts';
import { createRunCheck } from './run-check.ts';
import { createRunTool } from './run-tool.ts';
import type { RunToolDependencies } from './run-tool.ts';
import { createStopTask } from './stop-task.ts';
import { createStoreBatchLines } from './store-batch-lines.ts';
import type { TaskStore } from './store/task-store.ts';

export interface ActivityDependencies
  extends
    InvokeModelDependencies,
    RunToolDependencies,
    OpenTaskDependencies,
    MoveWorkspaceDependencies,
    OpenWorkspaceDependencies,
    PlanRouteDependencies,
    ExplainEndpointDependencies {
  readonly gate: AttemptGate;
  readonly store: TaskStore;
}

export interface ActivityGroups {
  /** On `agent-tasks`. `runTool` is here for tasks without a workspace, whose calls are refused wherever they run. */
  readonly tasks: TaskActivities & OpenWorkspaceActivities & Pick<HostActivities, 'runTool'>;
  /** On the queue of each endpoint. */
  readonly endpoint: EndpointActivities;
  /** On the queue of the host. */
  readonly host: HostActivities;
}

/** All activities over one set of dependencies. */
export function createActivities(dependencies: ActivityDependencies): ActivityGroups {
  const runTool = createRunTool(dependencies);
  const rollBack = createRollBack(dependencies);
  return {
    tasks: {
      planRoute: createPlanRoute(dependencies),
      openTask: createOpenTask(dependencies),
      checkOutput: createCheckOutput(dependencies),
      listAgentSessions: createListAgentSessions(dependencies),
      finishTask: createFinishTask(dependencies),
      storeBatchLines: createStoreBatchLines(dependencies),
      stopTask: createStopTask(dependencies),
      readBatchLine: createReadBatchLine(dependencies),
      reportEndpoints: createReportEndpoints(dependencies),
      explainEndpoint: createExplainEndpoint(dependencies),
      putMessage: createPutMessage(dependencies),
      reopenTask: createReopenTask(dependencies),
      readAgentRequest: createReadAgentRequest(dependencies),
      rollBack,
      reportWorkspace: createReportWorkspace(dependencies),
      openWorkspace: createOpenWorkspace(dependencies),
      moveWorkspace: createMoveWorkspace(dependencies),
      runTool,
    },
    endpoint: { invokeModel: createInvokeModel(dependencies), closeAgentSessions: createCloseAgentSessions(dependencies) },
    host: {
      runTool,
      runCheck: createRunCheck(dependencies),
      rollBack,
      collectDiff: createCollectDiff(dependencies),
      closeWorkspace: createCloseWorkspace(dependencies),
    },
  };
}
