import type { TemporalSettings } from '../locate-temporal.ts';
import { connectTemporal, NoTemporalError } from '../temporal-connection.ts';
import type { DevRecord } from '../dev/dev-record.ts';
import type { Check } from './check.ts';
import { messageOf } from '../describe-problem.ts';
import { probeAddress } from './probe-address.ts';

const USUAL_PORT = 7233;

/** Asks the server that a task would be started on: the one named by TEMPORAL_ADDRESS, else that of the running local stack. */
export async function checkTemporal(environment: TemporalSettings['environment'], stack: DevRecord | undefined): Promise<Check> {
  const named = environment['TEMPORAL_ADDRESS'];
  const isNamed = named !== undefined && named !== '';
  const remedy = isNamed
    ? 'check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the TLS settings beside them, or unset them and run "npm start"'
    : 'start a local server with "npm start", or set TEMPORAL_ADDRESS to yours';
  const own = isNamed ? undefined : stack;
  const address = own?.temporalAddress ?? named;
  // The native client tries for many seconds before it gives up; a closed port is known at once.
  const closed = address === undefined ? undefined : await probe(address);
  if (closed !== undefined) return { check: 'temporal', state: 'problem', detail: `${address}: ${closed}`, remedy };
  try {
    const namespace = await findNamespace(environment, own);
    const detail = `${address ?? 'the configured server'} answers, namespace ${namespace} is there`;
    return { check: 'temporal', state: 'ok', detail };
  } catch (error) {
    const detail = error instanceof NoTemporalError ? error.where : messageOf(error);
    return { check: 'temporal', state: 'problem', detail, remedy };
  }
}

/** @throws Error when the server does not answer or has no such namespace */
async function findNamespace(environment: TemporalSettings['environment'], own: DevRecord | undefined): Promise<string> {
  const target = own === undefined ? {} : { temporal: own.temporalAddress, namespace: own.namespace };
  const { connection, namespace } = await connectTemporal({ environment, ...target });
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return namespace;
  } finally {
    await connection.close();
  }
}

function probe(address: string): Promise<string | undefined> {
  const [, host = address, port] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  return probeAddress(host, port === undefined ? USUAL_PORT : Number(port));
}
