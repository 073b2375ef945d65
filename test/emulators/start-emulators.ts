/** Starts all emulated endpoints, each on a free port of this machine. */
import type { AddressInfo, Server } from 'node:net';
import type { ControlledEndpoint } from './controls.ts';
import { createControlServer } from './controls.ts';
import { parseScript, readScripts } from './conversation-script.ts';
import type { ConversationScript } from './conversation-script.ts';
import { emulatedCatalog } from './emulated-catalog.ts';
import type { EmulatedEndpoint } from './emulated-endpoints.ts';
import { EMULATED_CREDENTIALS, EMULATED_ENDPOINTS } from './emulated-endpoints.ts';
import { createEmulatorServer, createEndpointState } from './emulator-server.ts';
import { MANAGED_ENDPOINTS } from './managed-agents/managed-endpoints.ts';
import { PortGate } from './port-gate.ts';

export interface EmulatorsOptions {
  readonly scriptsDirectory?: string;
  /** A script as a value; wins over the folder. */
  readonly script?: unknown;
  /** 127.0.0.1 unless a container's network needs another. */
  readonly host?: string;
  /** As base URLs name it, when that is not the host. */
  readonly publicHost?: string;
  /** The first endpoint's port, the others and the controls' follow; default: free ones. */
  readonly firstPort?: number;
}

export interface Emulators {
  /** Entries of `endpoints` in `anyport.yaml`. */
  readonly endpoints: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** `catalog` in `anyport.yaml`. */
  readonly catalog: object;
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
  const portOf = (index: number): number => (options.firstPort === undefined ? 0 : options.firstPort + index);
  const started = await Promise.all(
    EMULATED_ENDPOINTS.map((endpoint, index) => startEndpoint(endpoint, script, { host, port: portOf(index) })),
  );
  // They have no fixed ports, and are of no use where those are needed.
  const managed = options.firstPort === undefined && host === '127.0.0.1' ? await startManaged(script) : [];
  const control = createControlServer(started.map(({ controlled }) => controlled));
  await control.listen({ host, port: portOf(EMULATED_ENDPOINTS.length) });
  const origin = (port: number): string => `http://${options.publicHost ?? host}:${port}`;
  const controlOrigin = origin(portAt(control.server.address()));
  return {
    endpoints: Object.fromEntries([
      ...started.map(({ endpoint, port }) => [
        endpoint.name,
        { ...endpoint.configuration, baseUrl: `${origin(port)}${endpoint.basePath}` },
      ]),
      ...managed.map(({ endpoint, service }) => [endpoint.name, endpoint.configuration(service.origin)]),
    ]),
    catalog: emulatedCatalog(new Date().toISOString().slice(0, 10)),
    environment: EMULATED_CREDENTIALS,
    controls: Object.fromEntries([
      ...started.map(({ endpoint }) => [endpoint.name, `${controlOrigin}/${endpoint.name}`]),
      ...managed.map(({ endpoint, service }) => [endpoint.name, service.control]),
    ]),
    async close() {
      await Promise.all([
        control.close(),
        ...started.map((one) => one.close()),
        ...managed.map(({ service }) => service.close()),
      ]);
    },
  };
}

async function startManaged(script: ConversationScript) {
  return Promise.all(MANAGED_ENDPOINTS.map(async (endpoint) => ({ endpoint, service: await endpoint.start(script) })));
}

interface StartedEndpoint {
  readonly endpoint: EmulatedEndpoint;
  readonly port: number;
  readonly controlled: ControlledEndpoint;
  close(): Promise<void>;
}

async function startEndpoint(
  endpoint: EmulatedEndpoint,
  script: ConversationScript,
  { host, port: wishedPort }: { host: string; port: number },
): Promise<StartedEndpoint> {
  const state = createEndpointState(endpoint, script);
  const server = createEmulatorServer(state);
  await server.listen({ host, port: wishedPort });
  const port = portAt(server.server.address());
  const gate = new PortGate(server.server, { host, port }, () => state.faults.refusesConnections(Date.now()));
  state.onCounted = () => gate.update();
  return {
    endpoint,
    port,
    controlled: { name: endpoint.name, faults: state.faults, ledger: state.ledger, gate },
    async close() {
      await gate.stop();
      await server.close();
    },
  };
}

function portAt(address: ReturnType<Server['address']>): number {
  return (address as AddressInfo).port; // it listens on TCP
}
