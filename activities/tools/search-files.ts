import { z } from 'zod';
import type { CommandResult } from '../sandbox/sandbox.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import type { Tool, ToolContext, ToolReturn } from './tool.ts';
import { truncateOutput } from './truncate-output.ts';
import { resolveInWorkspace } from './workspace-path.ts';

/** A search of a large repository takes a second; a regular expression that takes this long never ends. */
const TIMEOUT_MS = 30_000;
const DEFAULT_RESULTS = 200;
const MAX_RESULTS = 2_000;
const MAX_OUTPUT_TOKENS = 10_000;
/** In KiB: git reads every file as a whole, so that one of many gigabytes would take all of the host's memory. */
const MEMORY_KIB = 2 * 1024 * 1024;
const LIMITED = ['/bin/sh', '-c', `ulimit -v ${MEMORY_KIB} 2>/dev/null; exec "$@"`, 'sh'];
/** Minified code has its whole file on one line. */
const MAX_LINE_CHARACTERS = 400;

const ArgumentsSchema = z.strictObject({
  pattern: z.string().min(1).describe('Perl-compatible regular expression, matched line by line.'),
  path: z.string().min(1).optional().describe("File or folder to search, relative to the workspace's root. Default: everything."),
  glob: z.string().min(1).optional().describe('Only files whose path matches, for instance "*.ts" or "src/**/*.js".'),
  fixed: z.boolean().optional().describe('Take the pattern as plain text.'),
  ignore_case: z.boolean().optional(),
  max_results: z.int().min(1).max(MAX_RESULTS).optional().describe(`Default ${DEFAULT_RESULTS}.`),
});

type SearchArguments = z.infer<typeof ArgumentsSchema>;

export const searchFiles: Tool = {
  definition: {
    name: 'search_files',
    description:
      'Searches the text files of the workspace and returns "path:line:text" per match. Files that git ignores are left out.',
    form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
  },
  retryClass: 'read-only',
  risk: 'none',
  async run(input, context) {
    const parsed = readArguments('search_files', ArgumentsSchema, input);
    if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
    if (/[\n\0]/.test(parsed.value.pattern))
      return { outcome: 'refused', output: 'search_files: the pattern has a line break, but lines are matched one by one.' };
    const place = await resolveInWorkspace(context.workspace, parsed.value.path ?? '.');
    if (place.kind === 'refused') return { outcome: 'refused', output: `search_files: ${place.reason}.` };
    return describe(parsed.value, await search(parsed.value, place.path, context));
  },
};

/** As a child in the sandbox: the worker neither hangs in a regular expression nor follows a link. */
function search(parsed: SearchArguments, path: string, { workspace, sandbox, signal }: ToolContext): Promise<CommandResult> {
  const kind = parsed.fixed === true ? '-F' : '-P';
  const options = ['--untracked', '-n', '-I', '--no-color', '--full-name', kind, ...(parsed.ignore_case === true ? ['-i'] : [])];
  const inside = path === '.' ? '' : `${path}/`;
  // A glob is a pathspec of its own, below the folder; a pathspec without it is literal.
  const pathspec =
    parsed.glob === undefined
      ? `:(top,literal)${path === '.' ? '' : path}`
      : `:(top,glob)${escapeGlob(inside)}${anyDepth(parsed.glob)}`;
  const configuration = ['core.fsmonitor=false', 'core.quotePath=false', 'safe.directory=*'].flatMap((setting) => [
    '-c',
    setting,
  ]);
  return sandbox.run({
    isOffline: true,
    argv: [...LIMITED, 'git', ...configuration, 'grep', ...options, '-e', parsed.pattern, '--', pathspec],
    workspace,
    workingDirectory: workspace,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
}

/** "*.ts" means such files at any depth, as in .gitignore. */
function anyDepth(glob: string): string {
  const relative = glob.replace(/^(?:\.?\/)+/, '');
  return relative.includes('/') ? relative : `**/${relative}`;
}

function escapeGlob(path: string): string {
  return path.replaceAll(/[\\*?[\]]/g, String.raw`\$&`);
}

function describe(parsed: SearchArguments, { end, output }: CommandResult): ToolReturn {
  if (end.kind === 'timed-out')
    return {
      outcome: 'failed',
      output: `The search took longer than ${TIMEOUT_MS / 1000} s and was ended. Use a simpler pattern, a path or a glob.`,
    };
  if (end.kind !== 'exited') return { outcome: 'failed', output: 'The search was ended before it was done.' };
  if (end.code === 1 && output === '') return { outcome: 'ok', output: 'No match.' };
  if (end.code !== 0 && end.code !== 1) return { outcome: 'failed', output: explain(output) };
  const limit = parsed.max_results ?? DEFAULT_RESULTS;
  const lines = output.replace(/\n$/, '').split('\n');
  const shown = lines
    .slice(0, limit)
    .map((line) => (line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS)}…` : line));
  if (lines.length > limit) shown.push(`… ${lines.length - limit} more matches; narrow the search or raise max_results`);
  return { outcome: 'ok', output: truncateOutput(shown.join('\n'), MAX_OUTPUT_TOKENS) };
}

function explain(output: string): string {
  const said = output.trim().slice(0, MAX_LINE_CHARACTERS);
  if (/out of memory/i.test(output))
    return 'The search was ended, because a file is too large to be searched. Leave it out by a path or a glob, or use grep by exec_command.';
  if (said.includes('USE_LIBPCRE'))
    return 'The git of this host has no regular expressions of this kind. Search with "fixed": true, or with grep by exec_command.';
  if (/pcre2?_match failed|match limit/i.test(said)) return `The pattern is too costly to match (${said}). Use a simpler one.`;
  if (/command line, '|-e option, '/.test(said))
    return `The pattern is no valid regular expression: ${said}. Correct it, or set "fixed": true for plain text.`;
  return `The search failed: ${said}`;
}
