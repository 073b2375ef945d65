/** A Temporal server that can be killed as a machine's loss does, and comes back with its database under the same address. */
import { findTemporalBinary } from '../../scripts/temporal-binary.mjs';
import type { TemporalServer, TemporalServerOptions } from '../../workers/dev/temporal-server.ts';
import { startTemporalServer } from '../../workers/dev/temporal-server.ts';
import { eventually } from './eventually.ts';

export interface KillableServer {
  /** host:port of gRPC; the same for its whole life. */
  readonly address: string;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it answers again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Without a `dataDirectory` what it knew dies with it. */
export async function startKillableServer(options: Omit<TemporalServerOptions, 'binary' | 'ports'>): Promise<KillableServer> {
  const binary = await findTemporalBinary();
  if (binary === undefined) throw new Error('there is no Temporal server here: run node scripts/bootstrap.mjs');
  const start = (grpc: number): Promise<TemporalServer> =>
    startTemporalServer({ ...options, binary: binary.path, ports: { grpc, ui: 0 } });
  let server = await start(0);
  const { address, ports } = server;
  return {
    address,
    async kill() {
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
    async restart() {
      server = await eventually('its port is free again', async () => {
        const next = await start(ports.grpc);
        if (next.address === address) return next;
        await next.stop();
        return undefined;
      });
    },
    stop: () => server.stop(),
  };
}
