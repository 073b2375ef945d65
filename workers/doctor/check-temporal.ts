import { connectTemporal } from '../temporal-connection.ts';
import type { DevRecord } from '../dev/dev-record.ts';
import type { Check } from './check.ts';
import { messageOf } from './check.ts';
import { probeAddress } from './probe-address.ts';

const USUAL_PORT = 7233;

/** Asks the server that a task would be started on: the one named by TEMPORAL_ADDRESS, else that of the running local stack. */
export async function checkTemporal(
  environment: Readonly<Record<string, string | undefined>>,
  stack: DevRecord | undefined,
): Promise<Check> {
  const isNamed = environment['TEMPORAL_ADDRESS'] !== undefined && environment['TEMPORAL_ADDRESS'] !== '';
  const remedy = isNamed
    ? 'check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the TLS settings beside them, or unset them and run "npm start"'
    : 'start a local server with "npm start", or set TEMPORAL_ADDRESS to yours';
  const problem = (detail: string): Check => ({ check: 'temporal', state: 'problem', detail, remedy });
  const own = isNamed || stack === undefined ? undefined : stack.temporalAddress;
  const address = own ?? environment['TEMPORAL_ADDRESS'];
  // The native client tries for many seconds before it gives up; a closed port is known at once.
  const closed = address === undefined ? undefined : await probe(address);
  if (closed !== undefined) return problem(`${address}: ${closed}`);
  try {
    const settings = own === undefined ? { environment } : { environment, temporal: own, namespace: stack?.namespace ?? 'default' };
    const { connection, namespace } = await connectTemporal(settings);
    try {
      await connection.workflowService.describeNamespace({ namespace });
    } finally {
      await connection.close();
    }
    return { check: 'temporal', state: 'ok', detail: `${address ?? 'configured server'} answers, namespace ${namespace} is there` };
  } catch (error) {
    return problem(messageOf(error));
  }
}

function probe(address: string): Promise<string | undefined> {
  const [, host = address, port] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  return probeAddress(host, port === undefined ? USUAL_PORT : Number(port));
}
