/** Starts all emulated endpoints, each on a free port of this machine. */
import type { AddressInfo } from 'node:net';
import { parseScript, readScripts } from './conversation-script.ts';
import { EMULATED_CREDENTIALS, EMULATED_ENDPOINTS } from './emulated-endpoints.ts';
import { createEmulatorServer } from './emulator-server.ts';

export interface EmulatorsOptions {
  readonly scriptsDirectory?: string;
  /** A script as a value; wins over the folder. */
  readonly script?: unknown;
  /** 127.0.0.1 unless a container's network needs another. */
  readonly host?: string;
  /** As base URLs name it, when that is not the host. */
  readonly publicHost?: string;
  /** The first endpoint's port, the others follow; default: free ones. */
  readonly firstPort?: number;
}

export interface Emulators {
  /** Entries of `endpoints` in `anyport.yaml`. */
  readonly endpoints: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The invented credentials that those entries name. */
  readonly environment: Readonly<Record<string, string>>;
  /** Base URL of each endpoint's controls: faults, ledger. */
  readonly controls: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** @throws ScriptError */
export async function startEmulators(options: EmulatorsOptions = {}): Promise<Emulators> {
  const script =
    options.script !== undefined
      ? parseScript(options.script, 'the script')
      : options.scriptsDirectory === undefined
        ? []
        : readScripts(options.scriptsDirectory);
  const host = options.host ?? '127.0.0.1';
  const started = await Promise.all(
    EMULATED_ENDPOINTS.map(async (endpoint, index) => {
      const server = createEmulatorServer(endpoint, script);
      await server.listen({ host, port: options.firstPort === undefined ? 0 : options.firstPort + index });
      const { port } = server.server.address() as AddressInfo; // it listens on TCP
      return { endpoint, server, origin: `http://${options.publicHost ?? host}:${port}` };
    }),
  );
  return {
    endpoints: Object.fromEntries(
      started.map(({ endpoint, origin }) => [
        endpoint.name,
        { ...endpoint.configuration, baseUrl: `${origin}${endpoint.basePath}` },
      ]),
    ),
    environment: EMULATED_CREDENTIALS,
    controls: Object.fromEntries(started.map(({ endpoint, origin }) => [endpoint.name, `${origin}/_emulator`])),
    async close() {
      await Promise.all(started.map(({ server }) => server.close()));
    },
  };
}
