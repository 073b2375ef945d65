/** One Temporal server in memory for all tests that need one and keep apart by their task ids: `inject('temporalAddress')`. */
import type { TestProject } from 'vitest/node';
import { findTemporalBinary } from '../../scripts/temporal-binary.mjs';
import { startTemporalServer } from '../../workers/dev/temporal-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** host:port of the shared server. */
    temporalAddress: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const binary = await findTemporalBinary();
  if (binary === undefined) {
    throw new Error('these tests need a Temporal server: run `node scripts/bootstrap.mjs`, which gets one');
  }
  const server = await startTemporalServer({ binary: binary.path, ports: { grpc: 0, ui: 0 } });
  project.provide('temporalAddress', server.address);
  return () => server.stop();
}
