/** The demo's three clouds, the outage that they are told to have, and what their ledgers say afterwards. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EmulatedClouds } from '../../workers/dev/emulated-clouds.ts';
import { startEmulatedClouds } from '../../workers/dev/emulated-clouds.ts';

const SCRIPTS = fileURLToPath(new URL('scripts/', import.meta.url));
export const FIRST = 'azure-eastus2';
export const SECOND = 'aws-us-east-1';
const THIRD = 'google-global';

/**
 * What goes wrong, in requests counted per endpoint. Azure answers twice, breaks in the middle of the third answer, and stays
 * down. AWS answers once, throttles once, and is slow in its third answer, so that the worker can be killed during it.
 */
const OUTAGE = {
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
  /** Path of a configuration with the three endpoints. */
  readonly config: string;
}

export async function startDemoClouds(dataDirectory: string): Promise<DemoClouds> {
  const clouds = await startEmulatedClouds({
    dataDirectory,
    scripts: SCRIPTS,
    environment: process.env,
    say: (line) => console.error(line),
  });
  const config = join(dataDirectory, 'anyport.yaml');
  writeFileSync(config, JSON.stringify(demoConfig(clouds.configFile), null, 2));
  await Promise.all(Object.entries(OUTAGE).map(([endpoint, faults]) => setFaults(clouds, endpoint, faults)));
  return { clouds, config };
}

/** JSON is YAML, and the emulators' file is JSON. Azure first, then AWS in background mode, then Google. */
function demoConfig(emulatedConfig: string): object {
  const parsed: { endpoints: Record<string, object>; catalog: object } = JSON.parse(readFileSync(emulatedConfig, 'utf8'));
  const { [FIRST]: first, [SECOND]: second, [THIRD]: third } = parsed.endpoints;
  return {
    endpoints: { [FIRST]: { ...first, background: false }, [SECOND]: { ...second, background: true }, [THIRD]: third },
    catalog: parsed.catalog,
    tenants: { default: { order: ['azure', 'aws', 'google'] } },
  };
}

async function setFaults({ controls }: EmulatedClouds, endpoint: string, faults: readonly object[]): Promise<void> {
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
    Object.entries(controls).map(async ([endpoint, control]) => {
      const response = await fetch(`${control}/ledger`);
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
