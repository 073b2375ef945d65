/** What an operator's allow-list says of a host and a port. Pure: which addresses a name may have is decided by `egress-addresses.ts`. */
import type { EgressTarget } from './egress-host.ts';

/** One entry of the list. */
export interface EgressRule {
  /** A name in the form of `readHost`, or `*.` before one: every name below it, but not itself. */
  readonly host: string;
  /** At least one. */
  readonly ports: readonly number[];
  /** The name may lead into the operator's own network. */
  readonly privateAddresses?: true;
}

export type EgressVerdict =
  | { readonly kind: 'allowed'; readonly privateAddresses: boolean }
  | { readonly kind: 'refused'; readonly reason: string };

/** A longer list is no help to a model that looks for another way. */
const MOST_LISTED = 20;
const USUAL_PORT = 443;

/**
 * Whether every list has the target: what a task was opened with and what the operator allows now. Addresses of a private network only
 * when all of them say so.
 */
export function judgeTarget(lists: readonly (readonly EgressRule[])[], target: EgressTarget): EgressVerdict {
  const found = lists.map((rules) => rules.filter((rule) => coversHost(rule.host, target.host)));
  const matching = found.map((rules) => rules.filter(({ ports }) => ports.includes(target.port)));
  if (matching.length > 0 && matching.every((rules) => rules.length > 0)) {
    const privateAddresses = matching.every((rules) => rules.some((rule) => rule.privateAddresses === true));
    return { kind: 'allowed', privateAddresses };
  }
  const otherPorts = found.length > 0 && found.every((rules) => rules.length > 0) ? portsOf(found) : [];
  const where = otherPorts.length > 0 ? `: that host is allowed at port ${otherPorts.join(', ')} only` : ` (${tellLists(lists)})`;
  return {
    kind: 'refused',
    reason:
      `${target.host}:${target.port} is not in this host's allow-list${where}. ` +
      'Do without it, or say in your answer that the operator has to add it to network.allow',
  };
}

/** Whether a list allows all that the rule does. */
export function coversRule(rules: readonly EgressRule[], { host, ports, privateAddresses }: EgressRule): boolean {
  const above = rules.filter(
    (rule) => coversHost(rule.host, host) && (privateAddresses !== true || rule.privateAddresses === true),
  );
  return ports.every((port) => above.some((rule) => rule.ports.includes(port)));
}

/** As an operator would write it, without what every entry is without. */
export function describeRule({ host, ports }: EgressRule): string {
  return ports.length === 1 && ports[0] === USUAL_PORT ? host : ports.map((port) => `${host}:${port}`).join(', ');
}

/** `*.a` covers `x.a`, `x.y.a`, `*.x.a` and itself, but not `a`. */
function coversHost(pattern: string, host: string): boolean {
  return pattern === host || (pattern.startsWith('*.') && host.endsWith(pattern.slice(1)));
}

function portsOf(found: readonly (readonly EgressRule[])[]): readonly number[] {
  const [first = [], ...others] = found.map((rules) => rules.flatMap(({ ports }) => ports));
  return [...new Set(first)]
    .filter((port) => others.every((ports) => ports.includes(port)))
    .toSorted((left, right) => left - right);
}

function tellLists([first = []]: readonly (readonly EgressRule[])[]): string {
  if (first.length === 0) return 'it is empty';
  const more = first.length > MOST_LISTED ? ` and ${first.length - MOST_LISTED} more` : '';
  return `allowed: ${first.slice(0, MOST_LISTED).map(describeRule).join(', ')}${more}`;
}
