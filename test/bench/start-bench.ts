/** The benchmark's stage: one Temporal server, one emulated OpenAI, our worker and the rival's, each a process of its own. */
import { Client, Connection } from '@temporalio/client';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TaskClient } from '../../client/index.ts';
import { startChild } from '../../workers/dev/child-process.ts';
import { startDevStack } from '../../workers/dev/dev-stack.ts';
import { startEmulatedClouds } from '../../workers/dev/emulated-clouds.ts';
import { READ_PATH, writeScripts } from './conversation.ts';

export interface Bench {
  readonly client: Client;
  readonly tasks: TaskClient;
  readonly repository: string;
  /** Model calls that the cloud has got so far. */
  countRequests(): Promise<number>;
  stop(): Promise<void>;
}

export async function startBench(directory: string): Promise<Bench> {
  const repository = layOutRepository(join(directory, 'repository'));
  const [scripts, dataDirectory] = [join(directory, 'scripts'), join(directory, 'data')];
  writeScripts(scripts);
  mkdirSync(dataDirectory, { recursive: true });
  const say = (line: string): void => console.error(line);
  const clouds = await startEmulatedClouds({ dataDirectory, scripts, environment: process.env, say });
  const { endpoints }: { endpoints: { openai: { baseUrl: string; auth: { apiKeyEnv: string } } } } = JSON.parse(
    readFileSync(clouds.configFile, 'utf8'),
  );
  const config = join(directory, 'anyport.yaml');
  writeFileSync(config, JSON.stringify({ endpoints: { openai: endpoints.openai }, sandbox: 'none' }));
  const stack = await startDevStack({
    dataDirectory,
    config,
    ports: { grpc: 0, ui: 0 },
    environment: { ...process.env, ...clouds.environment, TEMPORAL_ADDRESS: undefined },
    say: () => undefined,
  });
  const rival = await startChild({
    name: 'rival worker',
    command: process.execPath,
    args: [
      fileURLToPath(new URL('rival-worker.ts', import.meta.url)),
      stack.temporalAddress,
      endpoints.openai.baseUrl,
      clouds.environment[endpoints.openai.auth.apiKeyEnv] ?? '',
      join(repository, READ_PATH),
    ],
    environment: process.env,
    readyTimeoutMs: 60_000,
    onStderr: say,
  });
  const connection = await Connection.connect({ address: stack.temporalAddress });
  const tasks = await TaskClient.connect({ address: stack.temporalAddress, namespace: stack.namespace });
  return {
    client: new Client({ connection }),
    tasks,
    repository,
    async countRequests() {
      const response = await fetch(`${clouds.controls['openai']}/ledger`);
      const { requests }: { requests: { method: string }[] } = (await response.json()) as never; // our own emulator's shape
      return requests.filter(({ method }) => method === 'POST').length;
    },
    async stop() {
      await tasks.close();
      await connection.close();
      await rival.stop();
      await stack.stop();
      await clouds.process.stop();
    },
  };
}

function layOutRepository(repository: string): string {
  mkdirSync(repository, { recursive: true });
  writeFileSync(join(repository, READ_PATH), 'The tide comes in twice a day.\n'.repeat(5));
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...args], { cwd: repository });
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Begin');
  return repository;
}
