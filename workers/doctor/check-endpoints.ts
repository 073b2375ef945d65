/** Whether each endpoint could be called: its credentials are there and its host answers. Nothing is sent to it. */
import type { AnyportConfig, EndpointAuth, EndpointConfig } from '../anyport-config.ts';
import type { DevRecord } from '../dev/dev-record.ts';
import type { Environment } from '../read-secret.ts';
import { missingSecrets } from '../read-secret.ts';
import type { Check } from './check.ts';
import { probeAddress } from './probe-address.ts';
import { usualHost } from './usual-host.ts';

/** Why nobody opens there; `undefined`: somebody does. */
type Probe = typeof probeAddress;

/** A worker needs the secrets of one endpoint; the others may be left to other workers. */
export function checkEndpoints(
  { endpoints }: Pick<AnyportConfig, 'endpoints'>,
  environment: Environment,
  probe: Probe = probeAddress,
): Promise<readonly Check[]> {
  const missing = endpoints.map(({ auth }) => missingSecrets(auth, environment));
  const isAnyServed = missing.some((problems) => problems.length === 0);
  return Promise.all(
    endpoints.map(async (endpoint, index) => {
      const problems = missing[index] ?? [];
      return problems.length === 0 ? checkAddress(endpoint, probe) : notServed(endpoint, problems, isAnyServed);
    }),
  );
}

function notServed({ name, place }: EndpointConfig, problems: readonly string[], isAnyServed: boolean): Check {
  const where = place === undefined ? '' : ` (${place})`;
  return {
    check: `endpoint ${name}`,
    state: isAnyServed ? 'note' : 'problem',
    detail: `a worker started here would leave it to others: ${problems.join('; ')}${where}`,
    remedy: isAnyServed
      ? 'nothing, when a worker elsewhere has its secrets; else set them where the worker is started, or change the endpoint’s auth'
      : 'set the secrets of at least one endpoint where the worker is started, or change its auth',
  };
}

/** Of a machine without any cloud: whether the emulated ones of a running stack answer. */
export async function checkEmulatedClouds(stack: DevRecord | undefined): Promise<readonly Check[]> {
  if (stack?.emulated !== true) {
    const detail = 'no cloud is configured: "npm start" and "npm run demo" use emulated clouds';
    const remedy = 'to use a real one, set its usual variables (OPENAI_API_KEY, …) or write anyport.yaml';
    return [{ check: 'endpoints', state: 'note', detail, remedy }];
  }
  return Promise.all(
    Object.entries(stack.controls).map(async ([name, control]): Promise<Check> => {
      const problem = await probeUrl(control);
      const check = `endpoint ${name}`;
      if (problem === undefined) return { check, state: 'ok', detail: 'emulated, answers' };
      return { check, state: 'problem', detail: `emulated, ${problem}`, remedy: 'stop the local stack and start it again' };
    }),
  );
}

async function checkAddress(endpoint: EndpointConfig, probe: Probe): Promise<Check> {
  const check = `endpoint ${endpoint.name}`;
  const models = endpoint.deployments.map(({ model }) => model).join(', ');
  const url = endpoint.baseUrl ?? usualUrl(endpoint);
  const problem = url === undefined ? 'has no base URL' : await probeUrl(url, probe);
  if (problem !== undefined) {
    const remedy = 'check baseUrl and region, and whether this machine may reach that host (a proxy, a firewall, DNS)';
    return { check, state: 'problem', detail: `${url ?? endpoint.cloud}: ${problem}`, remedy };
  }
  const { cloud, service, auth } = endpoint;
  const who = service === undefined ? cloud : `${service} of ${cloud}`;
  return { check, state: 'ok', detail: `${who}, ${describeAuth(auth)}, host answers, serves ${models}` };
}

function usualUrl(endpoint: EndpointConfig): string | undefined {
  const host = usualHost(endpoint);
  return host === undefined ? undefined : `https://${host}`;
}

async function probeUrl(text: string, probe: Probe = probeAddress): Promise<string | undefined> {
  const url = URL.parse(text);
  if (url === null) return 'is no URL';
  const usualPort = url.protocol === 'http:' ? 80 : 443;
  return probe(url.hostname, url.port === '' ? usualPort : Number(url.port));
}

function describeAuth(auth: EndpointAuth): string {
  switch (auth.kind) {
    case 'api-key':
    case 'bearer-token':
    case 'access-key':
      return 'credentials are set';
    case 'profile':
      return `profile ${auth.profile} (not tried)`;
    case 'default-chain':
      return 'the cloud’s own credential chain (not tried)';
  }
}
