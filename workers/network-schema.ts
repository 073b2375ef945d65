/** The part of `anyport.yaml` about what commands in the sandbox may reach. */
import { z } from 'zod';
import { readEntry } from '../activities/sandbox/egress-entry.ts';
import type { EgressRule } from '../activities/sandbox/egress-rules.ts';
import { coversRule, describeRule } from '../activities/sandbox/egress-rules.ts';
import type { Report } from './config-mistakes.ts';

/** What an entry says is read by `egress-entry.ts`, which has better words than a schema. */
const entry = z.union([
  z.string(),
  z.strictObject({
    host: z.string(),
    ports: z.array(z.number()).optional(),
    privateAddresses: z.boolean().optional(),
  }),
]);

export const networkSchema = z.strictObject({ allow: z.array(entry) });

type RawNetwork = z.infer<typeof networkSchema>;

/** None: no network. */
export function toAllowList({ allow }: RawNetwork = { allow: [] }, report: Report): readonly EgressRule[] {
  return allow.flatMap((raw, index) => {
    const read = readEntry(raw);
    if (read.kind === 'rule') return [read.rule];
    report(['network', 'allow', index], `network.allow: ${read.problem}`);
    return [];
  });
}

/** A tenant may have less than the installation, not more. `undefined`: it has the same. */
export function toTenantAllowList(
  raw: RawNetwork | undefined,
  whole: readonly EgressRule[],
  report: Report,
): readonly EgressRule[] | undefined {
  if (raw === undefined) return undefined;
  return raw.allow.flatMap((one, index) => {
    const [rule] = toAllowList({ allow: [one] }, (_path, problem) => report(['network', 'allow', index], problem));
    if (rule === undefined || coversRule(whole, rule)) return rule ?? [];
    report(['network', 'allow', index], `network.allow: ${describeMissing(rule)}`);
    return [];
  });
}

function describeMissing(rule: EgressRule): string {
  const how = rule.privateAddresses === true ? ' with privateAddresses' : '';
  return (
    `"${describeRule(rule)}"${how} is not in the network.allow of the whole installation, and a tenant may only have less: ` +
    'add it there, or remove it here'
  );
}
