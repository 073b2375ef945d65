/** `anyport/worker`: tools of one's own, and a worker that has them. */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SandboxPolicy } from '../activities/sandbox/choose-sandbox.ts';
import type { OwnTool } from '../activities/tools/define-tool.ts';
import type { Environment } from './read-secret.ts';

export { defineTool } from '../activities/tools/define-tool.ts';
export type { OwnTool, ToolAnswer, ToolCallContext, ToolDescription } from '../activities/tools/define-tool.ts';
export { ToolError } from '../activities/tools/tool-error.ts';

/** What is left out is as `anyport worker` has it by default. */
export interface RunWorkerOptions {
  /** Beside those of the configuration. */
  readonly tools?: readonly OwnTool[];
  /** The configuration. Default: `ANYPORT_CONFIG`, `./anyport.yaml`, then the clouds' own variables. */
  readonly config?: string;
  /** The folder of the task store and the workspaces. Default: `.anyport`. */
  readonly dataDirectory?: string;
  /** The file of the task store. Default: `anyport.db` in the data folder. */
  readonly store?: string;
  /** Wins over the configuration's. */
  readonly sandbox?: SandboxPolicy;
  /** Of Temporal, as host:port. */
  readonly temporal?: string;
  readonly namespace?: string;
  /** Default: that of the process. */
  readonly environment?: Environment;
  /** Stops the worker as SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal;
  /** It asks Temporal for work from here on. */
  readonly onReady?: () => void;
}

/**
 * Runs a worker in this process until it is told to stop; what runs then comes to its end first. Nobody starts it again when it dies:
 * `anyport worker`, with the tools named in `anyport.yaml`, has a supervisor for that.
 * @throws ConfigError, TaskStoreError, or an Error with words when Temporal does not answer
 */
export async function runWorker({
  signal,
  onReady,
  dataDirectory = '.anyport',
  ...options
}: RunWorkerOptions = {}): Promise<void> {
  // Later: a module of tools alone imports this file, too, and needs nothing of a worker.
  const { composeWorkers } = await import('./compose.ts');
  const directory = resolve(dataDirectory);
  await mkdir(directory, { recursive: true });
  const workers = await composeWorkers({ environment: process.env, ...options, dataDirectory: directory });
  const running = workers.run();
  const stop = (): void => workers.stop();
  if (signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop, { once: true });
  onReady?.();
  try {
    await running;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
