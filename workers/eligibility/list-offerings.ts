/** `anyport catalog list`: one row for each offering, as it is on a day. */
import type { Catalog, Fact, Limits, Moment, Offering, Product, Retirement, Seller } from '../../workflows/domain/catalog.ts';
import { factAt } from '../../workflows/domain/fact-in-force.ts';
import type { Price } from '../../workflows/domain/price.ts';
import { toIdCell, toStageCell, toTable } from './layout.ts';

export interface ListFilter {
  readonly model?: string;
  readonly cloud?: Seller;
  readonly product?: Product;
}

const NOT_KNOWN = 'not known';

/** By their ids. */
export function selectOfferings(catalog: Catalog, { model, cloud, product }: ListFilter): readonly Offering[] {
  return [...catalog.offerings.values()]
    .flat()
    .filter((offering) => model === undefined || offering.model === model)
    .filter(({ surface }) => (cloud ?? surface.seller) === surface.seller && (product ?? surface.product) === surface.product)
    .toSorted((left, right) => (left.id < right.id ? -1 : 1));
}

export function describeOfferings(offerings: readonly Offering[], at: Moment): string {
  const head = ['offering', 'stage, since', 'entitlement', '$/million', 'tokens', 'retires'];
  return toTable(
    head,
    offerings.map((offering) => {
      const { stage, entitlement, price, limits, retirement } = inForce(offering, at);
      return [
        toIdCell(offering.id),
        stageCell(stage),
        `${entitlement?.value ?? NOT_KNOWN}${mark(entitlement)}`,
        `${price === undefined ? NOT_KNOWN : priceCell(price.value)}${mark(price)}`,
        `${limits === undefined ? NOT_KNOWN : limitsCell(limits.value)}${mark(limits)}`,
        `${retirement === undefined ? '' : retirementCell(retirement.value)}${mark(retirement)}`,
      ];
    }),
  );
}

/** The same for a program; what is not known is null. */
export function toListed(offering: Offering, at: Moment): object {
  const { id, model, wireModel, surface, place } = offering;
  const { product, seller } = surface;
  const facts = inForce(offering, at);
  const values = Object.entries(facts).map(([name, fact]) => [name, fact?.value ?? null] as const);
  const since = facts.stage?.from ?? null;
  return {
    id,
    model,
    wireModel,
    product,
    seller,
    scope: place.scope,
    processing: place.processing,
    since,
    ...Object.fromEntries(values),
    /** Which of these the operator says. */
    byOperator: Object.entries(facts).flatMap(([name, fact]) => (fact?.by === 'operator' ? [name] : [])),
  };
}

function inForce({ stage, entitlement, price, limits, retirement }: Offering, at: Moment) {
  return {
    stage: factAt(stage, at),
    entitlement: factAt(entitlement, at),
    price: factAt(price, at),
    limits: factAt(limits, at),
    retirement: factAt(retirement, at),
  };
}

function stageCell(fact: Fact<Offering['stage'][number]['value']> | undefined): string {
  if (fact === undefined) return NOT_KNOWN;
  return `${toStageCell(fact.value)}\n${fact.atLatest === true ? 'by ' : ''}${fact.from}${mark(fact)}`;
}

function priceCell({ inputUsdMicrosPerMillion, outputUsdMicrosPerMillion, longContext }: Price): string {
  const lines = [`${usd(inputUsdMicrosPerMillion)} in`, `${usd(outputUsdMicrosPerMillion)} out`];
  if (longContext === undefined) return lines.join('\n');
  const long = `${usd(longContext.inputUsdMicrosPerMillion)} / ${usd(longContext.outputUsdMicrosPerMillion)}`;
  return [...lines, long, `over ${count(longContext.aboveInputTokens)}`].join('\n');
}

function limitsCell({ contextTokens, maxOutputTokens }: Limits): string {
  const lines = [
    contextTokens === undefined ? [] : [`${count(contextTokens)}`],
    maxOutputTokens === undefined ? [] : [`out ${count(maxOutputTokens)}`],
  ].flat();
  return lines.length === 0 ? NOT_KNOWN : lines.join('\n');
}

function retirementCell({ notBefore, shutdown, newCustomersUntil, replacement }: Retirement): string {
  return [
    shutdown === undefined ? [] : [shutdown],
    notBefore === undefined ? [] : ['not before', notBefore],
    newCustomersUntil === undefined ? [] : ['closed from', newCustomersUntil],
    replacement === undefined ? [] : ['see', replacement],
  ]
    .flat()
    .join('\n');
}

function mark(fact: Fact<unknown> | undefined): string {
  return fact?.by === 'operator' ? '\n(operator)' : '';
}

function usd(micros: number): string {
  return `$${(micros / 1_000_000).toFixed(2)}`;
}

function count(tokens: number): string {
  return tokens.toLocaleString('en-US');
}
