/** How a worker reaches Temporal, and what to do when it does not. */
import { NativeConnection } from '@temporalio/worker';
import type { TemporalSettings } from './locate-temporal.ts';
import { locateTemporal } from './locate-temporal.ts';

export interface ConnectedTemporal {
  readonly connection: NativeConnection;
  readonly namespace: string;
}

/** The address that does not answer, and where it came from; the message says what to do, too. */
export class NoTemporalError extends Error {
  override readonly name = 'NoTemporalError';
  readonly where: string;

  constructor(where: string, options: ErrorOptions) {
    super(`${where}. Start one with "npm start", or set TEMPORAL_ADDRESS to yours.`, options);
    this.where = where;
  }
}

/** @throws NoTemporalError naming the address, where it came from, and what to do */
export async function connectTemporal(settings: TemporalSettings): Promise<ConnectedTemporal> {
  const { options, namespace, source } = locateTemporal(settings);
  try {
    return { connection: await NativeConnection.connect(options), namespace };
  } catch (error) {
    throw new NoTemporalError(`no Temporal server answers at ${options.address} (from ${source})`, { cause: error });
  }
}
