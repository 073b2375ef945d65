/** Reads an entry of the allow-list as an operator wrote it; what is wrong with it is told with the value and what to write instead. */
import { readHost, readPort } from './egress-host.ts';
import type { EgressRule } from './egress-rules.ts';

export type EgressEntry =
  | string
  | { readonly host: string; readonly ports?: readonly number[] | undefined; readonly privateAddresses?: boolean | undefined };

export type EntryReading =
  | { readonly kind: 'rule'; readonly rule: EgressRule }
  | { readonly kind: 'mistake'; readonly problem: string };

/** Plain HTTP is read by whoever is on the way: it has to be asked for. */
const USUAL_PORTS: readonly number[] = [443];
const HOST_AND_PORT = /^([^:]*):(\d+)$/;

/** Under which anybody gets a name of their own: a wildcard there would let data out to strangers. */
const ANYBODYS = new Set([
  ...['amazonaws.com', 'appspot.com', 'azureedge.net', 'azurewebsites.net', 'blob.core.windows.net', 'cloudapp.azure.com'],
  ...[
    'cloudapp.net',
    'cloudfront.net',
    'core.windows.net',
    'firebaseapp.com',
    'fly.dev',
    'github.io',
    'gitlab.io',
    'herokuapp.com',
  ],
  ...[
    'netlify.app',
    'ngrok.app',
    'ngrok.io',
    'onrender.com',
    'pages.dev',
    'r2.dev',
    'run.app',
    'vercel.app',
    'web.app',
    'windows.net',
  ],
  ...['workers.dev'],
]);
/** Of no public registry: whoever runs the network gives them out. */
const INTERNAL = new Set(['corp', 'home', 'internal', 'intranet', 'lan', 'local', 'localhost', 'private', 'test']);
/** As `co.uk` and `com.au`. */
const NATIONAL = /^(?:ac|co|com|edu|gob|gov|gouv|go|ne|net|nom|or|org)\.[a-z]{2}$/;

export function readEntry(entry: EgressEntry): EntryReading {
  const written = typeof entry === 'string' ? splitEntry(entry) : { text: entry.host, ...entry };
  const { text, host, ports = USUAL_PORTS } = written;
  const isPrivate = written.privateAddresses === true;
  const problem =
    problemOfText(text) ?? problemOfKeys(entry) ?? problemOfHost(host, text, isPrivate) ?? problemOfPorts(ports, text);
  if (problem !== undefined) return { kind: 'mistake', problem };
  const rule = { host: nameOf(host), ports: [...new Set(ports)] };
  return { kind: 'rule', rule: isPrivate ? { ...rule, privateAddresses: true } : rule };
}

type Written = Exclude<EgressEntry, string> & { readonly text: string };

function splitEntry(text: string): Written {
  const [, host, port] = HOST_AND_PORT.exec(text) ?? [];
  return host === undefined ? { text, host: text } : { text, host, ports: [Number(port)] };
}

/** What stands where a name belongs. A password in it is not quoted. */
function problemOfText(text: string): string | undefined {
  if (text.includes('@')) return 'an entry has a user name in it ("@"): write the host alone';
  const [, scheme, rest = text] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? [];
  const host = rest.replace(/[/?#].*$/, '');
  if (scheme !== undefined) return `"${text}" is a URL: write the host alone, ${suggestion(host, scheme)}`;
  if (host !== text) return `"${text}" has a path: hosts are allowed as a whole, write ${host === '' ? 'one' : host}`;
  if (/^[*.]*(?::\d*)?$/.test(text) && text.includes('*')) return `"${text}" would allow every host: name those that tasks need`;
  if (text.replace(/^\*\./, '').includes('*')) {
    return `"${text}" has a * in the middle of a name: it stands for whole labels in front, as in *.example.com`;
  }
  return undefined;
}

function suggestion(host: string, scheme: string): string {
  return scheme.toLowerCase() === 'http' && !host.includes(':') ? `${host}:80` : host;
}

function problemOfKeys(entry: EgressEntry): string | undefined {
  if (typeof entry === 'string') return undefined;
  const [, host, port] = HOST_AND_PORT.exec(entry.host) ?? [];
  return host === undefined
    ? undefined
    : `"${entry.host}" has a port: write it under ports, as in { host: ${host}, ports: [${port ?? ''}] }`;
}

function problemOfHost(host: string, text: string, isPrivate: boolean): string | undefined {
  const isWildcard = host.startsWith('*.');
  const read = readHost(isWildcard ? host.slice(2) : host);
  switch (read.kind) {
    case 'address':
      return `"${text}" is an address: write the name of the host, which its certificate is for`;
    case 'invalid':
      return `"${text}" is no name of a host: write one such as registry.npmjs.org`;
    case 'name': {
      const tooWide = isWildcard ? problemOfWildcard(read.name, isPrivate) : problemOfName(read.name, isPrivate);
      return tooWide === undefined ? undefined : `"${text}" ${tooWide}`;
    }
  }
}

function problemOfWildcard(name: string, isPrivate: boolean): string | undefined {
  if (isPrivate && INTERNAL.has(name)) return undefined;
  const isAnybodys = ANYBODYS.has(name) || NATIONAL.test(name) || name.endsWith('.amazonaws.com');
  if (name.includes('.') && !isAnybodys) return undefined;
  return `would allow names that anybody can have, since everyone gets one under ${name}: name the host itself`;
}

function problemOfName(name: string, isPrivate: boolean): string | undefined {
  if (name.includes('.') || isPrivate) return undefined;
  return `is no full name: for a host of your own network write { host: ${name}, privateAddresses: true }`;
}

function problemOfPorts(ports: readonly number[], text: string): string | undefined {
  if (ports.length === 0) return `"${text}" has no port: name at least one, or remove the key for port 443`;
  const wrong = ports.find((port) => readPort(String(port)) === undefined);
  return wrong === undefined ? undefined : `"${text}" has the port ${wrong}: a port is a whole number from 1 to 65535`;
}

/** In the form of a rule, of what is one. */
function nameOf(host: string): string {
  const isWildcard = host.startsWith('*.');
  const read = readHost(isWildcard ? host.slice(2) : host);
  return `${isWildcard ? '*.' : ''}${read.kind === 'name' ? read.name : host}`;
}
