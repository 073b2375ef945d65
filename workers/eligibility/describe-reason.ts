/** Why an offering may not serve, or may with a warning: each reason in lines of its own, with all that it rests on. */
import type { Fact } from '../../workflows/domain/catalog.ts';
import type { Reason } from '../../workflows/domain/reason.ts';
import { isHard } from '../../workflows/domain/reason.ts';
import { describeSources } from './describe-fact.ts';
import { toParagraph } from './layout.ts';

const INDENT = '      ';

export function describeReason(reason: Reason, facts: ReadonlyMap<string, Fact<unknown>>): readonly string[] {
  const { code, expected, actual, clearsOn, remedy } = reason;
  const clears = clearsOn === undefined ? '' : `; clears on ${clearsOn}`;
  const grade = isHard(reason) ? '' : ' (a warning)';
  return [
    toParagraph(`  ${code}${grade}  `, `asked: ${expected}; is: ${actual}${clears}`),
    ...(remedy === undefined ? [] : [toParagraph(`${INDENT}do: `, remedy)]),
    ...describeGrounds(reason, facts),
  ];
}

/** Of a fact that this catalog does not have, its sources alone are told. */
function describeGrounds(
  { facts: ids = [], sources = [] }: Reason,
  facts: ReadonlyMap<string, Fact<unknown>>,
): readonly string[] {
  const found = ids.map((id) => facts.get(id)).filter((fact) => fact !== undefined);
  return found.length === 0
    ? sources.map((url) => toParagraph(`${INDENT}source: `, url))
    : found.flatMap((fact) => describeSources(fact, INDENT));
}
