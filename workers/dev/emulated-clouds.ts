/** The emulated clouds as a process, and the configuration that leads to them. They are test code, so they are known by path alone. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunningChild } from './child-process.ts';
import { startChild } from './child-process.ts';

const EMULATORS = fileURLToPath(new URL('../../test/emulators/main.ts', import.meta.url));
/** They listen after half a second; this is for a busy machine. */
const READY_TIMEOUT_MS = 30_000;

export interface EmulatedCloudsOptions {
  /** Absolute. The configuration is written there. */
  readonly dataDirectory: string;
  /** A folder of conversations instead of the emulators' own. */
  readonly scripts?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}

export interface EmulatedClouds {
  readonly process: RunningChild;
  readonly configFile: string;
  /** The invented credentials that the configuration names. */
  readonly environment: Readonly<Record<string, string>>;
  /** Base URL of each endpoint's controls: faults, ledger. */
  readonly controls: Readonly<Record<string, string>>;
}

/** @throws ChildProcessError with what the emulators say, such as a script file that is not valid */
export async function startEmulatedClouds(options: EmulatedCloudsOptions): Promise<EmulatedClouds> {
  const child = await startChild({
    name: 'emulated clouds',
    command: process.execPath,
    args: [EMULATORS, '--exit-with-parent', ...(options.scripts === undefined ? [] : ['--scripts', options.scripts])],
    environment: options.environment,
    readyTimeoutMs: READY_TIMEOUT_MS,
    onStderr: (line) => options.say(`emulated clouds: ${line}`),
  });
  try {
    const { endpoints, catalog, environment, controls } = readReport(child.report);
    const configFile = join(options.dataDirectory, 'emulated-clouds.yaml');
    // JSON is YAML.
    writeFileSync(configFile, `${JSON.stringify({ endpoints, catalog }, null, 2)}\n`);
    return { process: child, configFile, environment, controls };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

interface EmulatorsReport {
  readonly endpoints: object;
  /** What they sell, which no real fact says. */
  readonly catalog: object;
  readonly environment: Readonly<Record<string, string>>;
  readonly controls: Readonly<Record<string, string>>;
}

function readReport(report: unknown): EmulatorsReport {
  const { endpoints, catalog, environment, controls } = isObject(report) ? report : {};
  if (isObject(endpoints) && isObject(catalog) && isStrings(environment) && isStrings(controls)) {
    return { endpoints, catalog, environment, controls };
  }
  throw new Error('the emulated clouds did not name their endpoints, catalog, environment and controls');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isStrings(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((entry) => typeof entry === 'string');
}
