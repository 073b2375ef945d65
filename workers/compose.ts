/** Puts a worker process together: configuration, secrets, store, sandbox, Temporal, and one Temporal worker per task queue. */
import { Runtime, Worker, DefaultLogger } from '@temporalio/worker';
import { ApplicationFailure } from '@temporalio/common';
import type { LogEntry, WorkerOptions } from '@temporalio/worker';
import { randomBytes } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { createActivityWatch } from '../activities/activity-watch.ts';
import type { ActivityGroups } from '../activities/index.ts';
import { createActivities } from '../activities/index.ts';
import type { EndpointConnection } from '../activities/clouds/cloud-client.ts';
import { createRenewingClient } from '../activities/clouds/renewing-client.ts';
import { createCircuitBoard } from '../activities/health/circuit-board.ts';
import { createDrains, withDrains } from '../activities/health/drains.ts';
import type { HostBeats } from '../activities/health/host-beats.ts';
import { startHostBeats } from '../activities/health/host-beats.ts';
import { McpServer } from '../activities/mcp/mcp-server.ts';
import { createSessionCaller } from '../activities/managed-agents/call-session.ts';
import { createManagedAgentClient } from '../activities/managed-agents/create-managed-client.ts';
import type { ManagedAgentClient } from '../activities/managed-agents/managed-agent-client.ts';
import { createRenewingAgents } from '../activities/managed-agents/renewing-agents.ts';
import { createSessionApprovals } from '../activities/managed-agents/session-approvals.ts';
import { createMcpTools } from '../activities/mcp/mcp-tools.ts';
import type { SandboxPolicy } from '../activities/sandbox/choose-sandbox.ts';
import { createEgress } from '../activities/sandbox/egress.ts';
import { probeBubblewrap } from '../activities/sandbox/probe-sandbox.ts';
import type { SandboxProbe } from '../activities/sandbox/sandbox.ts';
import { createTaskSandboxes } from '../activities/sandbox/task-sandboxes.ts';
import type { ServedDeployment } from '../activities/served-deployment.ts';
import { openSqliteTaskStore } from '../activities/store/sqlite.ts';
import type { TaskStore } from '../activities/store/task-store.ts';
import { createSetUp } from '../activities/workspace/set-up.ts';
import { createWorkspaceKeeper } from '../activities/workspace/workspace-keeper.ts';
import { joinAddedTools } from '../activities/tools/added-tools.ts';
import { createAgentTools } from '../activities/tools/agent-tools.ts';
import { CommandSessions } from '../activities/tools/command-sessions.ts';
import type { OwnTool } from '../activities/tools/define-tool.ts';
import { createOwnTools } from '../activities/tools/own-tools.ts';
import { createBuiltInTools, createToolRegistry } from '../activities/tools/tool-registry.ts';
import { toolsFor } from '../activities/tools/tools-for-model.ts';
import type { DeploymentId } from '../workflows/domain/ids.ts';
import { endpointQueue, hostQueue, TASKS_QUEUE } from '../workflows/domain/task-queues.ts';
import { announceSandbox } from './announce-sandbox.ts';
import type { AnyportConfig } from './anyport-config.ts';
import { bundleWorkflows } from './bundle-workflows.ts';
import { loadConfig } from './config.ts';
import { messageOf } from './describe-problem.ts';
import type { ResolvedDeployment, ResolvedEndpoint, ResolvedEndpoints } from './endpoints.ts';
import { resolveEndpoints } from './endpoints.ts';
import { readHostId } from './host-id.ts';
import type { TemporalSettings } from './locate-temporal.ts';
import { loadTools } from './load-tools.ts';
import { createHoldReader } from './queue-holds.ts';
import { storeFile } from './store-file.ts';
import { toServerSettings } from './to-mcp-servers.ts';
import { connectTemporal } from './temporal-connection.ts';

export interface WorkerSettings extends TemporalSettings {
  readonly config?: string;
  /** Absolute. */
  readonly dataDirectory: string;
  readonly store?: string;
  /** Wins over the configuration's. */
  readonly sandbox?: SandboxPolicy;
  /** Beside those of the configuration. */
  readonly tools?: readonly OwnTool[];
}

export interface ComposedWorkers {
  /** Names this process and no other that ever was; Temporal knows its workers by it. */
  readonly owner: string;
  /** Asks Temporal for work; settles when the last worker has stopped, rejects when one broke. */
  run(): Promise<void>;
  /** Takes no further work and lets what runs come to an end. */
  stop(): void;
}

type SharedOptions = typeof WORKER_OPTIONS & Pick<WorkerOptions, 'connection' | 'namespace' | 'identity' | 'interceptors'>;

const WORKER_OPTIONS = {
  // Every heartbeat reaches the server: a lost worker is seen within the heartbeat timeout of 5 s, and a cancel within a beat.
  maxHeartbeatThrottleInterval: '1s',
  // A task whose worker is gone is taken up by another after this, not after the usual 10 s.
  stickyQueueScheduleToStartTimeout: '2s',
  // A deploy lets model calls and commands of ordinary length come to their end.
  shutdownGraceTime: '30s',
  // Model calls wait for a cloud nearly all the time.
  maxConcurrentActivityTaskExecutions: 200,
  // One worker process polls a queue per endpoint: few polls each keep the server's load down.
  maxConcurrentActivityTaskPolls: 2,
  maxConcurrentWorkflowTaskPolls: 4,
} as const satisfies Partial<WorkerOptions>;
/**
 * Commands use the host's processors, unlike model calls; but most of them wait, and a call that waits for a session holds its place for up
 * to five minutes. With two for each processor, four such waits would stop every other task's tools.
 */
const TOOLS_AT_ONCE = 16 * availableParallelism();

/** Everything but running. @throws ConfigError, TaskStoreError, or an Error with words when Temporal does not answer */
export async function composeWorkers(settings: WorkerSettings): Promise<ComposedWorkers> {
  Runtime.install({ logger: new DefaultLogger('WARN', logEntry) });
  const { environment } = settings;
  const config = loadConfig({ file: settings.config, environment, workingDirectory: process.cwd() });
  const endpoints = resolveEndpoints(config, environment);
  const ownTools = await loadTools(config.tools, settings.tools);
  const mcpServers = config.mcpServers.map((server) => new McpServer(toServerSettings(server, environment), alert));
  tellUnserved(endpoints);
  const { connection, namespace } = await connectTemporal(settings);
  const store = await openSqliteTaskStore(storeFile(settings));
  const hostId = await readHostId(settings.dataDirectory);
  const readHold = createHoldReader(connection, namespace);
  const sessions = new CommandSessions();
  const hostBeats = startHostBeats({ store, hostId, now: () => Date.now() });
  const owner = nameThisProcess();
  const sandboxProbe = await probeBubblewrap();
  const groups = await composeActivities({
    ...{ settings, config, endpoints, ownTools, mcpServers, store, hostId, readHold, sessions, hostBeats, sandboxProbe },
  });
  const said = { namespace, queue: hostQueue(hostId), identity: owner, policy: policyOf(settings, config), probe: sandboxProbe };
  await announceSandbox(connection, said).catch((error: unknown) =>
    alert(`the host's queue is not told of its sandbox: ${messageOf(error)}`),
  );
  const watch = createActivityWatch(store, owner);
  const interceptors = { activity: [watch.interceptor] };
  const shared: SharedOptions = { ...WORKER_OPTIONS, connection, namespace, identity: owner, interceptors };
  const workers = await Promise.all([
    Worker.create({ ...shared, taskQueue: TASKS_QUEUE, activities: groups.tasks, workflowBundle: await bundleWorkflows() }),
    Worker.create({
      ...shared,
      taskQueue: hostQueue(hostId),
      activities: groups.host,
      maxConcurrentActivityTaskExecutions: TOOLS_AT_ONCE,
    }),
    ...endpoints.served.map(({ name }) =>
      Worker.create({ ...shared, taskQueue: endpointQueue(name), activities: groups.endpoint }),
    ),
  ]);
  const close = async (): Promise<void> => {
    hostBeats.stop();
    await Promise.all([watch.flush(), sessions.close(), ...mcpServers.map((server) => server.close())]);
    await Promise.all([connection.close(), store.close()]);
  };
  return { owner, run: () => runAll(workers, close), stop: () => stopAll(workers) };
}

/**
 * No process before or beside it has the name. It stands in eight events of every turn, so it is short: 500 turns of a task would
 * otherwise carry 100 KB of it.
 */
function nameThisProcess(): string {
  return `${process.pid}@${hostname().slice(0, 12)}/${randomBytes(3).toString('base64url')}`;
}

/** When one worker breaks the others stop too: half a worker would leave queues without anyone to say so. */
async function runAll(workers: readonly Worker[], close: () => Promise<unknown>): Promise<void> {
  try {
    await Promise.all(workers.map((worker) => worker.run()));
  } finally {
    stopAll(workers);
    await close();
  }
}

interface Parts {
  readonly settings: WorkerSettings;
  readonly config: AnyportConfig;
  readonly endpoints: ResolvedEndpoints;
  readonly store: TaskStore;
  readonly hostId: string;
  readonly readHold: ReturnType<typeof createHoldReader>;
  readonly sessions: CommandSessions;
  readonly hostBeats: HostBeats;
  readonly ownTools: readonly OwnTool[];
  readonly mcpServers: readonly McpServer[];
  readonly sandboxProbe: SandboxProbe;
}

async function composeActivities(parts: Parts): Promise<ActivityGroups> {
  const { settings, config, endpoints, ownTools, mcpServers, store, hostId, readHold, sessions, hostBeats, sandboxProbe } = parts;
  const served = new Map<DeploymentId, ServedDeployment>();
  for (const endpoint of endpoints.served) {
    const client = createRenewingClient(endpoint.connect, endpoint.timeouts);
    const agents = managedAgentsOf(endpoint);
    for (const deployment of endpoint.deployments) {
      served.set(deployment.deployment.id, { ...deployment, client, ...servedSessions(store, agents, deployment) });
    }
  }
  const { dataDirectory } = settings;
  const { limits, setUp } = config.workspaces;
  const keeper = createWorkspaceKeeper({ store, hostId, dataDirectory, limits });
  const registry = createToolRegistry([...createBuiltInTools({ sessions }), ...createAgentTools({ store, keeper })]);
  const allowedFor = (tenant: string) => config.tenants.find(({ name }) => name === tenant)?.network ?? config.network;
  const sandboxOf = createTaskSandboxes({ limits: config.commands, egress: createEgress({ alert }), allowedFor });
  const now = (): number => Date.now();
  const drains = createDrains({ endpoints: endpoints.deployments.map(({ endpoint }) => endpoint), readHold, now });
  const board = createCircuitBoard({
    store,
    deployments: [...served.values()],
    workerId: `${hostId}/${process.pid}/${Date.now()}`,
    now,
    chance: () => Math.random(),
    alert,
  });
  return createActivities({
    store,
    hostId,
    setUp: createSetUp({ settings: setUp, dataDirectory, sandboxOf, alert }),
    served,
    readHold: drains.look,
    gate: withDrains(board, { drains, deployments: endpoints.deployments, now }),
    dataDirectory,
    deployments: endpoints.deployments,
    prices: endpoints.prices,
    tenants: config.tenants,
    eligibility: { loaded: config.catalog, placed: endpoints.placed, policies: config.tenants.map(({ policy }) => policy) },
    sessions,
    hostBeats,
    keeper,
    workspaceTools: (model) => toolsFor(model, registry.names),
    isSideBySide: (name) => registry.find(name)?.retryClass === 'read-only',
    toolDefinitions: (names) => registry.definitions(names),
    findTool: (name) => registry.find(name),
    addedTools: joinAddedTools([
      createOwnTools({ tools: ownTools, alert }),
      createMcpTools({ servers: mcpServers, alert }),
      createSessionApprovals(),
    ]),
    sandboxOf,
    allowedFor,
    sandboxPolicy: policyOf(settings, config),
    allowsEscalation: policyOf(settings, config) !== 'required',
    sandboxProbe,
  });
}

/** The client of an endpoint that is a service of managed agents, for all its deployments. */
function managedAgentsOf({ connect, runtime, timeouts, deployments }: ResolvedEndpoint): ManagedAgentClient | undefined {
  const service = deployments.find(({ deployment }) => deployment.service !== undefined)?.deployment.service;
  if (service === undefined) return undefined;
  const create = (connection: EndpointConnection) =>
    createManagedAgentClient({ service, connection, ...(runtime === undefined ? {} : { runtime }) }, timeouts);
  return createRenewingAgents({ connect, create });
}

/** A session goes on by itself; where it can be asked what it came to, it is as good as a background response. */
function servedSessions(store: TaskStore, client: ManagedAgentClient | undefined, { wireModel, agent }: ResolvedDeployment) {
  if (client === undefined) return {};
  const sessions = createSessionCaller(store, { client, wireModel, ...(agent === undefined ? {} : { agentId: agent }) });
  return { sessions, background: sessions.isReadable };
}

function policyOf(settings: WorkerSettings, config: AnyportConfig): SandboxPolicy {
  return settings.sandbox ?? config.sandbox;
}

function alert(message: string): void {
  console.error(`WARN ${message}`);
}

/** Loudly: where no other worker has these secrets, every task that is led there waits for nothing before it goes elsewhere. */
function tellUnserved({ unserved }: ResolvedEndpoints): void {
  for (const { name, problems } of unserved)
    console.error(`WARN endpoint ${name} is not served from here, but left to other workers:\n  ${problems.join('\n  ')}`);
}

/** To standard error: the first line of standard output belongs to whoever started us. */
function logEntry({ level, message, meta }: LogEntry): void {
  const error: unknown = meta?.['error'];
  // Most of our workers have activities alone, on purpose; a classified failure is told by the task's story and the Temporal UI.
  if (message.startsWith('No workflows registered') || (error instanceof ApplicationFailure && error.nonRetryable === true))
    return;
  console.error(error instanceof Error ? `${level} ${message}: ${error.message}` : `${level} ${message}`);
}

function stopAll(workers: readonly Worker[]): void {
  for (const worker of workers) {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  }
}
