/** Which headers a proxy passes on. RFC 9110 7.6.1. */

/** For the next hop alone, wherever they stand; bodies are framed anew, so what frames them is, too. */
const HOP_BY_HOP = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** As Node gives and takes them: name, value, name, value. */
export type RawHeaders = readonly string[];

/** Without those for one hop, and without those that `Connection` names. */
export function passedOn(raw: RawHeaders): string[] {
  const named = valuesOf(raw, 'connection').flatMap((value) => value.split(','));
  const dropped = new Set([...HOP_BY_HOP, ...named.map((name) => name.trim().toLowerCase())]);
  return pairs(raw).flatMap(([name, value]) => (dropped.has(name.toLowerCase()) ? [] : [name, value]));
}

/** Every one of a name, in order. */
export function valuesOf(raw: RawHeaders, name: string): readonly string[] {
  return pairs(raw).flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []));
}

function pairs(raw: RawHeaders): readonly (readonly [string, string])[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : []));
}
