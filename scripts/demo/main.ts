/** `npm run demo`: the main job. A task mends a repository while its clouds fail and its worker is killed. */
import { Command } from 'commander';
import { describeProblem } from '../../workers/describe-problem.ts';
import { MANAGED_PLAY } from './managed-play.ts';
import { OUTAGE_PLAY } from './outage-play.ts';
import { runDemo } from './run-demo.ts';

const flags = new Command('demo')
  .description('Runs a Codex-style task on a real repository through a cloud outage, all on this machine.')
  .option('--json', 'end with one JSON line')
  .option('--managed', "the loop runs in the clouds' own services of agents, and a session dies")
  .option('--keep', 'leave the stack up afterwards, to look at it')
  .parse()
  .opts<{ json?: true; managed?: true; keep?: true }>();

try {
  // In JSON mode the last line of standard output is for a program; the story goes where a person sees it.
  const say = flags.json === true ? console.error : console.log;
  const report = await runDemo({ say, keep: flags.keep === true, play: flags.managed === true ? MANAGED_PLAY : OUTAGE_PLAY });
  if (flags.json === true) console.log(JSON.stringify(report));
  const asPromised = report.state === 'completed' && report.testsAfter === 'passed';
  process.exitCode = asPromised && report.generationsPaidTwice === 0 && report.toolEffectsTwice === 0 ? 0 : 1;
} catch (error) {
  console.error(`demo: ${describeProblem(error)}`);
  process.exitCode = 1;
}
