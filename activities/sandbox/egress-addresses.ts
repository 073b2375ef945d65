/** Which addresses a name may lead to. A name is anybody's to point at this host, at its cloud's metadata, or into the operator's network. */
import { BlockList, isIP, isIPv6 } from 'node:net';

/** `own`: of this host or of a private network, for names whose entry says so. `never`: for none. */
export type AddressKind = 'public' | 'own' | 'never';

/** What hands out the credentials of a host, or is no host at all. */
const NEVER = blockList([
  // Link-local, with the metadata services of most clouds.
  '169.254.0.0/16',
  'fe80::/10',
  // Metadata of AWS by IPv6, of Alibaba and of Oracle, and Azure's own agent, which has a public address.
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
  '100.100.100.200/32',
  '192.0.0.192/32',
  '168.63.129.16/32',
  // "This" network, several hosts, none.
  '0.0.0.0/8',
  '224.0.0.0/4',
  '240.0.0.0/4',
  'ff00::/8',
  '::/128',
]);
const OWN = blockList([
  '10.0.0.0/8',
  // Between a provider and its customers.
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
  // For documentation and measurements: nobody is there, unless a network has put its own proxies there.
  ...['192.0.2.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'],
]);
/** Of protocols, among them relays to somewhere else. */
const PROTOCOLS = blockList(['192.0.0.0/24', '192.88.99.0/24', '2001::/23', '2002::/16']);
const GLOBAL_IPV6 = blockList(['2000::/3']);

/** An IPv4 address within an IPv6 one, the first 96 bits zero and more, `::ffff`, or what DNS64 makes for hosts without IPv4. */
const EMBEDDING = [
  { list: blockList(['::ffff:0:0/96']), kind: 'mapped' },
  { list: blockList(['64:ff9b::/96']), kind: 'translated' },
] as const;

export function classifyAddress(address: string): AddressKind {
  if (isIP(address) === 0 || address.includes('%')) return 'never';
  if (isIPv6(address)) return classifyIpv6(address);
  if (NEVER.check(address, 'ipv4') || PROTOCOLS.check(address, 'ipv4')) return 'never';
  return OWN.check(address, 'ipv4') ? 'own' : 'public';
}

function classifyIpv6(address: string): AddressKind {
  const embedding = EMBEDDING.find(({ list }) => list.check(address, 'ipv6'));
  // A resolver has no reason to answer so; the address would slip past lists of IPv4.
  if (embedding?.kind === 'mapped') return 'never';
  if (embedding !== undefined) return classifyAddress(lastFourBytes(address)) === 'public' ? 'public' : 'never';
  if (NEVER.check(address, 'ipv6') || PROTOCOLS.check(address, 'ipv6')) return 'never';
  if (OWN.check(address, 'ipv6')) return 'own';
  return GLOBAL_IPV6.check(address, 'ipv6') ? 'public' : 'never';
}

/** Node writes the last 32 bits in one way alone once they went through `URL`. */
function lastFourBytes(address: string): string {
  const words = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::').at(-1)?.split(':') ?? [];
  const [high = 0, low = 0] = ['0', '0', ...words].slice(-2).map((word) => (word === '' ? 0 : Number.parseInt(word, 16)));
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

function blockList(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [network = '', prefix] = subnet.split('/');
    list.addSubnet(network, Number(prefix), isIPv6(network) ? 'ipv6' : 'ipv4');
  }
  return list;
}
