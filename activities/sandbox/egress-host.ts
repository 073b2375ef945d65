/** Names of hosts, as rules, requests and TLS write them: one form for all, and nothing that some resolver takes for an address. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** Lower case, without a dot at the end, in ASCII. `address`: a literal of IPv4 or IPv6 in any of its forms. */
export type HostReading =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'address' }
  | { readonly kind: 'invalid' };

/** Where a request wants to go. */
export interface EgressTarget {
  readonly host: string;
  readonly port: number;
}

export type TargetReading =
  | { readonly kind: 'target'; readonly target: EgressTarget }
  | { readonly kind: 'address' }
  | { readonly kind: 'invalid' };

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** Resolvers read `127.1`, `2130706433` and `0x7f.1` as addresses: no name of a host ends so. */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/;
const LONGEST_NAME = 253;
const HIGHEST_PORT = 65_535;

export function readHost(text: string): HostReading {
  if (isAddress(text)) return { kind: 'address' };
  // It takes escapes and invisible characters for what they stand for; those are no form of a name that anybody means.
  if (/[\s%/\\@:?#[\]\p{Cf}]/u.test(text)) return { kind: 'invalid' };
  const name = domainToASCII(text).replace(/\.$/, '');
  if (name === '' || name.length > LONGEST_NAME) return { kind: 'invalid' };
  const labels = name.split('.');
  if (NUMBER.test(labels.at(-1) ?? '')) return { kind: 'address' };
  return labels.every((label) => LABEL.test(label)) ? { kind: 'name', name } : { kind: 'invalid' };
}

/** `host:port`; without a port the default one, where there is one. */
export function readTarget(authority: string, defaultPort?: number): TargetReading {
  if (isAddress(authority.replace(/:\d*$/, ''))) return { kind: 'address' };
  const [, hostText = authority, portText] = /^(.*):(\d*)$/.exec(authority) ?? [];
  const port = portText === undefined || portText === '' ? defaultPort : readPort(portText);
  const host = readHost(hostText);
  if (host.kind !== 'name') return host;
  return port === undefined ? { kind: 'invalid' } : { kind: 'target', target: { host: host.name, port } };
}

/** `undefined`: none that can be connected to. */
export function readPort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= HIGHEST_PORT ? port : undefined;
}

function isAddress(text: string): boolean {
  return isIP(text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '')) !== 0;
}
