/** Whether a request may leave, and the way there: the name is resolved once, here, and what is connected to is what was checked. */
import { lookup as lookUp } from 'node:dns/promises';
import type { LookupFunction, Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { classifyAddress } from './egress-addresses.ts';
import type { EgressTarget } from './egress-host.ts';
import type { EgressRule } from './egress-rules.ts';
import { judgeTarget } from './egress-rules.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** @throws Error when there is no answer */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

/** `status` is of HTTP: 403 by a rule, 502 when the way is broken, 503 when there is too much at once. */
export interface Refusal {
  readonly status: 403 | 502 | 503;
  readonly reason: string;
}

/** Connections that commands of one task have at once, over all its sockets. */
export interface EgressSlots {
  readonly most: number;
  used: number;
}

export type Route =
  | { readonly kind: 'open'; readonly target: EgressTarget; readonly lookup: LookupFunction; release(): void }
  | { readonly kind: 'refused'; readonly target: EgressTarget; readonly refusal: Refusal };

export interface RouteSettings {
  /** All of them must have a target. */
  readonly lists: readonly (readonly EgressRule[])[];
  readonly slots: EgressSlots;
  /** Default: the host's own resolver. */
  readonly resolve?: Resolve;
}

/** Resolvers give up after 5 to 10 s. */
const RESOLVE_TIMEOUT_MS = 10_000;
/** Three retransmissions of a SYN. */
const CONNECT_TIMEOUT_MS = 15_000;
/** Of several addresses the next one is tried after this; Node's 250 ms give up what is far away. */
const NEXT_ADDRESS_MS = 2_000;

const resolveBySystem: Resolve = (host) => lookUp(host, { all: true });

/** Never throws. An open route must be released. */
export async function openRoute(
  { lists, slots, resolve = resolveBySystem }: RouteSettings,
  target: EgressTarget,
): Promise<Route> {
  const refused = (status: Refusal['status'], reason: string): Route => ({
    kind: 'refused',
    target,
    refusal: { status, reason },
  });
  const verdict = judgeTarget(lists, target);
  if (verdict.kind === 'refused') return refused(403, verdict.reason);
  if (slots.used >= slots.most) {
    return refused(503, `this task has ${slots.most} connections open, the most there may be: do fewer things at once`);
  }
  const release = claim(slots);
  const found = await resolveInTime(resolve, target.host);
  const usable = found.filter(({ address }) => isUsable(address, verdict.privateAddresses));
  if (usable.length > 0) return { kind: 'open', target, lookup: lookupOf(usable), release };
  release();
  return found.length === 0
    ? refused(502, `${target.host} cannot be resolved`)
    : refused(403, describeAddresses(target.host, found, verdict.privateAddresses));
}

/** @throws Error when nobody answers there in time */
export async function connectRoute({ target, lookup }: Extract<Route, { kind: 'open' }>): Promise<Socket> {
  const socket = connect({ ...connectionOptions(lookup), host: target.host, port: target.port, allowHalfOpen: true });
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const timer = setTimeout(() => socket.destroy(new Error('nobody answers')), CONNECT_TIMEOUT_MS);
  socket.once('connect', () => resolve(socket));
  socket.once('error', reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off('error', reject);
  }
}

/** Each of the addresses is tried, and no other. */
export function connectionOptions(lookup: LookupFunction) {
  return { lookup, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS } as const;
}

function claim(slots: EgressSlots): () => void {
  slots.used += 1;
  let isReleased = false;
  return () => {
    if (isReleased) return;
    isReleased = true;
    slots.used -= 1;
  };
}

async function resolveInTime(resolve: Resolve, host: string): Promise<readonly ResolvedAddress[]> {
  const timer = new AbortController();
  const tooLate = delay(RESOLVE_TIMEOUT_MS, [], { signal: timer.signal }).catch(() => []);
  const found = await Promise.race([resolve(host).catch(() => []), tooLate]);
  timer.abort();
  return found;
}

function isUsable(address: string, privateAddresses: boolean): boolean {
  const kind = classifyAddress(address);
  return kind === 'public' || (kind === 'own' && privateAddresses);
}

/** The addresses themselves are the operator's affair. */
function describeAddresses(host: string, found: readonly ResolvedAddress[], privateAddresses: boolean): string {
  const isOwn = !privateAddresses && found.some(({ address }) => classifyAddress(address) === 'own');
  return isOwn
    ? `${host} leads to an address of a private network, or of this host, which its entry in network.allow does not say (privateAddresses)`
    : `${host} leads to an address that is never reached from here, such as a metadata service`;
}

function lookupOf(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_host, { all }, callback) => {
    if (all === true) callback(null, [...addresses]);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
  };
}
