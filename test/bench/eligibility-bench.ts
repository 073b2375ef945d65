/**
 * `npm run bench -- eligibility`: ten thousand decisions over the whole built-in catalog on one core, beside a router with a static
 * table, which answers far less. The goal is told, not asserted.
 */
import Table from 'cli-table3';
import { performance } from 'node:perf_hooks';
import { loadCatalog } from '../../activities/catalog/load-catalog.ts';
import { recordDecision } from '../../activities/eligibility/record-decision.ts';
import type { Question } from '../../workflows/domain/candidate.ts';
import { decideEligibility } from '../../workflows/domain/eligibility.ts';
import { CONFIGURED, createQuestions, TODAY } from './eligibility-questions.ts';
import { createStaticTable } from './static-table.ts';
import { quantile } from './statistics.ts';

const DECISIONS = 10_000;
const LOOPS = 3;
const GOAL_MS = 1_000;

const loaded = loadCatalog();
const questions = createQuestions(loaded, DECISIONS);
const { surfaces, offerings } = loaded.catalog;
let candidates = 0;
let nobody = 0;
// Ten thousand decisions that are kept would make the garbage collector a part of what is measured.
for (const question of questions) {
  const { eligible, excluded } = decideEligibility(question);
  candidates += eligible.length + excluded.length;
  if (eligible.length === 0) nobody += 1;
}
console.log(
  `${[...offerings.values()].flat().length} offerings of ${surfaces.size} surfaces; ${DECISIONS} decisions on one core, ` +
    `each over ${(candidates / DECISIONS).toFixed(0)} candidates by every rule; nobody may serve ${nobody} of them\n`,
);

const alone = questions.filter(({ deployments }) => deployments === null);
const configured = questions.filter(({ deployments }) => deployments !== null);
const rival = createStaticTable(loaded.catalog, { asOf: TODAY, knownAt: loaded.knownAt });
const record = ({ policy, need, at, deployments }: Question): unknown =>
  recordDecision(loaded, { policy, need, at, deployments });
const measured = [
  { what: 'decision, with every reason', run: decideEligibility, asked: questions },
  { what: '  of the catalog alone', run: decideEligibility, asked: alone },
  { what: `  with ${CONFIGURED} deployments configured`, run: decideEligibility, asked: configured },
  { what: 'decision, with its id and digests', run: record, asked: questions },
  { what: 'rival: a static table of today, no reasons', run: rival, asked: questions },
].map(measure);

const table = new Table({ head: ['', 'decisions', 'ms', 'per second', 'p50 µs', 'p99 µs'], style: { head: [], border: [] } });
for (const { what, count, ms, p50, p99 } of measured) {
  table.push([what, count, ms.toFixed(0), Math.round((count / ms) * 1000), p50.toFixed(1), p99.toFixed(1)]);
}
console.log(table.toString());
const [ours, naive] = [measured[0], measured.at(-1)];
if (ours !== undefined && naive !== undefined) {
  console.log(
    `\n${(ours.ms / naive.ms).toFixed(1)} times as long as the rival, which knows no days, stages, evidence or reasons`,
  );
  console.log(`the goal of ${GOAL_MS} ms for ${DECISIONS} is ${ours.ms < GOAL_MS ? 'met' : 'missed'}`);
}

interface Run {
  readonly what: string;
  readonly run: (question: Question) => unknown;
  readonly asked: readonly Question[];
}

/** Of the best of several loops, since the machine has others to serve; the clock is read for each decision in a loop of its own. */
function measure({ what, run, asked }: Run) {
  const loops = Array.from({ length: LOOPS }, () => {
    const begun = performance.now();
    for (const question of asked) run(question);
    return performance.now() - begun;
  });
  const each = asked.map((question) => {
    const started = performance.now();
    run(question);
    return (performance.now() - started) * 1000;
  });
  return { what, count: asked.length, ms: Math.min(...loops), p50: quantile(each, 0.5), p99: quantile(each, 0.99) };
}
