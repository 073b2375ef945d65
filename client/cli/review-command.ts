/** `anyport review`: has a change reviewed by a task that looks and changes nothing, and tells what it found. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { TaskRequest, TaskResult } from '../../workflows/activity-interfaces.ts';
import { countOf } from '../count-of.ts';
import type { TaskClient } from '../task-client.ts';
import { parseTaskRequest } from '../task-request.ts';
import { checkWorkspace } from './check-workspace.ts';
import { withTaskClient } from './connection-options.ts';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.ts';
import { exitCodeOf, followToEnd, tellClosing, tellResult } from './follow-to-end.ts';
import type { Review, ReviewFinding } from './review-answer.ts';
import { isBlocking, readReview, reviewSchema } from './review-answer.ts';
import { reviewPrompt } from './review-prompt.ts';
import type { ReviewScope, ReviewTarget } from './review-scope.ts';
import { findReviewScope } from './review-scope.ts';
import type { TaskFlags } from './task-options.ts';
import { addTaskOptions, askedBy, onlyGiven, startTask } from './task-options.ts';
import { note, print, printJson } from './terminal.ts';

interface ReviewFlags extends TaskFlags {
  readonly workspace: string;
  readonly base?: string;
  readonly commit?: string;
  readonly uncommitted?: true;
}

export function addReviewCommand(program: Command): void {
  const command = program
    .command('review')
    .description(
      'Review a change in a workspace of its own; nothing is changed. Default: what the branch changes, committed or not.',
    )
    .argument('[prompt]', 'what to look at besides')
    .option('--workspace <dir>', "the git repository, on the worker's host", '.')
    .addOption(new Option('--base <ref>', 'since the merge base with this branch or commit').conflicts(['commit', 'uncommitted']))
    .addOption(new Option('--commit <ref>', 'what this commit changes').conflicts(['base', 'uncommitted']))
    .addOption(new Option('--uncommitted', 'what is not committed').conflicts(['base', 'commit']))
    .option('--json', 'one JSON object per line: the events, at last the review')
    .addHelpText('after', EXIT_CODES_HELP);
  addTaskOptions(command).action(async (prompt: string | undefined, flags: ReviewFlags) => {
    process.exitCode = await review(prompt, flags);
  });
}

async function review(prompt: string | undefined, flags: ReviewFlags): Promise<number> {
  const place = await checkWorkspace({ directory: flags.workspace, includeUncommitted: true });
  const scope = await findReviewScope(place.repository, targetOf(flags));
  const request: TaskRequest = parseTaskRequest({
    ...askedBy(flags),
    prompt: reviewPrompt(scope, prompt),
    workspace: place.repository,
    ...onlyGiven({ folder: place.folder }),
    includeUncommitted: true,
    readOnly: true,
    // It reads what others wrote, and needs nobody for that.
    network: 'none',
    outputSchema: reviewSchema(),
  });
  return withTaskClient(flags, async (client) => {
    const taskId = await startTask(client, request, flags);
    const result = await followToEnd(client, { taskId, json: flags.json === true });
    return result === null ? EXIT.leftRunning : tellReview(client, { result, scope, json: flags.json === true });
  });
}

function targetOf({ base, commit, uncommitted }: ReviewFlags): ReviewTarget {
  if (commit !== undefined) return { kind: 'commit', commit };
  return uncommitted === true ? { kind: 'uncommitted' } : { kind: 'base', base };
}

interface Ended {
  readonly result: TaskResult;
  readonly scope: ReviewScope;
  readonly json: boolean;
}

/** Prints what it came to, and gives the exit code. */
function tellReview(client: TaskClient, { result, scope, json }: Ended): number {
  const found = result.state === 'completed' ? readReview(result.output, scope.changed) : undefined;
  const uiLink = client.uiLink(result.taskId);
  if (found === undefined) {
    if (json) printJson(result);
    else tellResult({ ...result, diff: '' }, uiLink);
    if (result.state !== 'completed') return exitCodeOf(result);
    note(`task ${result.taskId} gave no review: its answer does not have the form that it was asked for`, 'red');
    return EXIT.failed;
  }
  const { taskId, usage, paid } = result;
  if (json) printJson({ kind: 'review', taskId, subject: scope.subject, ...found, usage, paid });
  else {
    tellFindings(found, scope);
    tellClosing(result, uiLink);
  }
  return found.blocked ? EXIT.blocked : EXIT.completed;
}

function tellFindings(found: Review, { subject, changed }: ReviewScope): void {
  print(`\nreview of ${subject} (${countOf(changed.size, 'file')})\n`);
  for (const finding of found.findings) {
    print(`${placeOf(finding)}  [P${finding.priority}] ${oneLine(finding.title)}`, isBlocking(finding) ? 'red' : 'yellow');
    print(`${indented(finding.body)}\n  confidence ${finding.confidence.toFixed(2)}\n`);
  }
  if (found.findings.length === 0) print('no findings\n');
  if (found.dropped > 0) print(`${countOf(found.dropped, 'finding')} left out: not about a place that was changed\n`, 'dim');
  print(`verdict: ${found.verdict} (confidence ${found.confidence.toFixed(2)})`, found.blocked ? 'red' : 'green');
  print(found.explanation);
}

function placeOf({ file, startLine, endLine }: ReviewFinding): string {
  return `${oneLine(file)}:${startLine}${endLine === startLine ? '' : `-${endLine}`}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function indented(text: string): string {
  return text.trim().replaceAll(/^/gm, '  ');
}
