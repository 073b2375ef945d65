/** `anyport endpoints`: list, drain, throttle and resume. */
import Table from 'cli-table3';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { describeHold } from '../../workflows/domain/queue-hold.ts';
import type { EndpointState, HoldRequest } from '../endpoints.ts';
import type { TaskClient } from '../task-client.ts';
import type { ConnectionFlags } from './connection-options.ts';
import { addConnectionOptions, withTaskClient } from './connection-options.ts';
import { note, print, printJson } from './terminal.ts';

interface HoldFlags extends ConnectionFlags {
  readonly reason?: string;
}

export function addEndpointsCommand(program: Command): void {
  const endpoints = program.command('endpoints').description('The accounts and regions of clouds that the workers call.');
  addConnectionOptions(
    endpoints
      .command('list')
      .description('what there is, what holds it, and what waits')
      .option('--json', 'one JSON object per line'),
  ).action((flags: ConnectionFlags & { json?: true }) =>
    withTaskClient(flags, async (client) => tellList(await client.listEndpoints(), flags.json === true)),
  );
  addHold(endpoints.command('drain'), 'hand out no more calls; tasks go on elsewhere, or park').action(
    (name: string, flags: HoldFlags) => hold(name, flags, { perSecond: 0 }),
  );
  addHold(endpoints.command('throttle'), 'hand out at most so many calls, over all workers')
    .requiredOption('--per-second <n>', 'calls per second, such as 0.5', parseRate)
    .action((name: string, flags: HoldFlags & { perSecond: number }) => hold(name, flags, { perSecond: flags.perSecond }));
  addHold(endpoints.command('resume'), 'lift what holds it').action((name: string, flags: HoldFlags) =>
    hold(name, flags, { perSecond: null }),
  );
}

function addHold(command: Command, description: string): Command {
  return addConnectionOptions(
    command
      .description(description)
      .argument('<endpoint>')
      .option('--reason <words>', 'for the tasks’ story and other operators'),
  );
}

function hold(name: string, flags: HoldFlags, request: HoldRequest): Promise<void> {
  const reason = flags.reason === undefined ? {} : { reason: flags.reason };
  return withTaskClient(flags, async (client: TaskClient) => {
    await client.holdEndpoint(name, { ...request, ...reason });
    print(`${name} is ${wordsFor(request)} for every worker, from now on`);
  });
}

function wordsFor({ perSecond }: HoldRequest): string {
  if (perSecond === null) return 'resumed';
  return perSecond === 0 ? 'drained' : `throttled to ${perSecond} calls per second`;
}

function tellList(states: readonly EndpointState[], json: boolean): void {
  if (json) {
    for (const state of states) printJson(state);
    return;
  }
  if (states.length === 0) return note('no endpoint is configured');
  // The table's own colours would be stripped with the untrusted ones.
  const table = new Table({
    head: ['endpoint', 'cloud', 'region', 'models', 'state', 'waiting calls', 'workers'],
    style: { head: [], border: [] },
  });
  for (const { name, cloud, region, models, hold: held, backlog, workers } of states) {
    const state = held === null ? (workers === 0 ? 'no worker polls it' : 'open') : describeHold(held);
    table.push([name, cloud, region ?? '', models.join('\n'), state, backlog, workers]);
  }
  print(table.toString());
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (text.trim() !== '' && Number.isFinite(rate) && rate > 0) return rate;
  throw new InvalidArgumentError('use a number above 0, such as 0.5; "drain" hands out none at all');
}
