/** The demo's clouds, the outage that they are told to have, and what their ledgers say afterwards. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EmulatedClouds } from '../../workers/dev/emulated-clouds.ts';
import { startEmulatedClouds } from '../../workers/dev/emulated-clouds.ts';

const SCRIPTS = fileURLToPath(new URL('scripts/', import.meta.url));
export const FIRST = 'azure-eastus2';
export const SECOND = 'aws-us-east-1';
export const THIRD = 'google-global';

/**
 * What goes wrong, in requests counted per endpoint. Azure answers twice, breaks in the middle of the third answer, and stays
 * down. AWS answers once, throttles once, and is slow in its third answer, so that the worker can be killed during it.
 */
export const OUTAGE = {
  [FIRST]: [
    { kind: 'stream-cut', afterEvents: 5, skip: 2, count: 1 },
    { kind: 'outage', skip: 3 },
  ],
  [SECOND]: [
    { kind: 'status', status: 429, headers: { 'retry-after': '2' }, skip: 1, count: 1 },
    { kind: 'slow-stream', eventDelayMs: 400, skip: 3, count: 1 },
  ],
} as const;

export interface DemoClouds {
  readonly clouds: EmulatedClouds;
  /** Path of a configuration with the demo's endpoints. */
  readonly config: string;
}

/** `configOf` makes their configuration of the path of what the emulators say of themselves. */
export async function startDemoClouds(dataDirectory: string, configOf: (emulated: string) => object): Promise<DemoClouds> {
  const clouds = await startEmulatedClouds({
    dataDirectory,
    scripts: SCRIPTS,
    environment: process.env,
    say: (line) => console.error(line),
  });
  const config = join(dataDirectory, 'anyport.yaml');
  writeFileSync(config, JSON.stringify(configOf(clouds.configFile), null, 2));
  return { clouds, config };
}

/** JSON is YAML, and the emulators' file is JSON. */
export function readConfig(emulated: string): { readonly endpoints: Readonly<Record<string, object>>; readonly catalog: object } {
  return JSON.parse(readFileSync(emulated, 'utf8')) as { endpoints: Record<string, object>; catalog: object }; // written by the emulators
}

export async function setFaults({ controls }: EmulatedClouds, endpoint: string, faults: readonly object[]): Promise<void> {
  const response = await fetch(`${controls[endpoint]}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ faults }),
  });
  if (!response.ok) throw new Error(`the emulated ${endpoint} refuses its faults: ${await response.text()}`);
}

/** One request as an emulator wrote it down. */
export interface LedgerEntry {
  readonly endpoint: string;
  readonly method: string;
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly responseId?: string | null;
  readonly background: boolean;
  readonly outcome: string;
  readonly billedUsage: { readonly inputTokens: number; readonly outputTokens: number } | null;
}

/** The requests that all clouds got, cloud by cloud in the order of arrival. */
export async function readLedgers({ controls }: EmulatedClouds): Promise<readonly LedgerEntry[]> {
  const ledgers = await Promise.all(
    [FIRST, SECOND, THIRD].map(async (endpoint) => {
      const response = await fetch(`${controls[endpoint]}/ledger`);
      const body = await response.json();
      const { requests }: { requests: readonly Omit<LedgerEntry, 'endpoint'>[] } = body as never; // our own emulator's shape
      return requests.map((request) => ({ ...request, endpoint }));
    }),
  );
  return ledgers.flat();
}

/** Generations billed beyond the first of their turn: what somebody paid for twice. */
export function countPaidTwice(requests: readonly LedgerEntry[]): number {
  const billed = requests.filter(({ method, billedUsage }) => method === 'POST' && billedUsage !== null);
  const turns = new Set(billed.map(({ metadata }) => `${metadata?.['task']}/${metadata?.['turn']}`));
  return billed.length - turns.size;
}
