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
import type { ListeningAt } from './managed-agents/agent-controls.ts';
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
  /** The first endpoint's port; the others', the controls', and of each managed service its own and its controls' follow. Default: free ones. */
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
  const publicHost = options.publicHost ?? host;
  const managed = await startManaged(script, (index) => {
    const first = EMULATED_ENDPOINTS.length + 1 + 2 * index;
    return { host, publicHost, port: portOf(first), controlPort: portOf(first + 1) };
  });
  const control = createControlServer(started.map(({ controlled }) => controlled));
  await control.listen({ host, port: portOf(EMULATED_ENDPOINTS.length) });
  const origin = (port: number): string => `http://${publicHost}:${port}`;
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

async function startManaged(script: ConversationScript, placeOf: (index: number) => ListeningAt) {
  return Promise.all(
    MANAGED_ENDPOINTS.map(async (endpoint, index) => ({ endpoint, service: await endpoint.start(script, placeOf(index)) })),
  );
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
