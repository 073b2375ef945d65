/** The door that every request passes: what comes from a person, a file or a program becomes a `TaskRequest` or a clear error. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { TaskRequest } from '../workflows/activity-interfaces.ts';
import type { BudgetKind, TaskBudget } from '../workflows/domain/budget.ts';
import { BUDGET_RANGES } from '../workflows/domain/budget.ts';
import type { TaskCheck } from '../workflows/domain/task-check.ts';
import { CHECK_TIMEOUT_MS, LONGEST_CHECK_CHARACTERS } from '../workflows/domain/task-check.ts';
import { CAPABILITIES } from '../workflows/domain/route.ts';
import { APPROVALS_SHOULD_BE, approvalsSchema } from './approval-schema.ts';
import { OUTPUT_SCHEMA_SHOULD_BE, outputSchemaSchema } from './output-schema.ts';
import { POLICY_SHOULD_BE, taskPolicySchema } from './task-policy.ts';
import { toPrintable } from '../workflows/domain/tool-call.ts';

/** Temporal refuses payloads of 2 MB; the rest of the request and its encoding need room. */
const LONGEST_TEXT_BYTES = 1_000_000;
/** A task of so many turns has gone astray; the worker's own default is far lower. */
const MOST_TURNS = 10_000;
/** Far above what any model can write in one answer. */
const MOST_OUTPUT_TOKENS = 1_000_000;
/** As of the file systems. */
const LONGEST_PATH_CHARACTERS = 4_096;
const SHOWN_VALUE_CHARACTERS = 60;

const MODEL = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}$/;
/** Ids, ARNs and resource names of the services. */
const AGENT = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$/;
const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A request that is none. One line per mistake, each saying which field, what is wrong with it, and what to write. */
export class TaskRequestError extends Error {
  override readonly name = 'TaskRequestError';
}

const SHOULD_BE = {
  prompt: 'a text that says what to do',
  model: 'the name of a model, such as "gpt-6.1-sol"',
  tenant: 'a tenant of the configuration: letters, digits, ".", "_" or "-"',
  managed: 'true, or leave it out: the loop runs here then',
  agent: 'the id of an agent that is saved at the service, of 1 to 200 characters',
  instructions: 'a text',
  workspace: "the absolute path of a git repository on the worker's host",
  includeUncommitted: 'true or false',
  sandbox: '"bubblewrap" or "none"',
  network: '"none", or leave it out: hosts are allowed by the operator (network.allow)',
  needs: `a list of ${CAPABILITIES.join(', ')}`,
  policy: `an object with any of ${Object.keys(POLICY_SHOULD_BE).join(', ')}`,
  maxTurns: `a whole number from 1 to ${MOST_TURNS}`,
  budget: 'an object with any of costUsd (dollars), tokens, turns, toolCalls (whole numbers) and wallClockMs (milliseconds)',
  maxOutputTokens: `a whole number from 1 to ${MOST_OUTPUT_TOKENS}`,
  approvals: APPROVALS_SHOULD_BE,
  folder: 'a folder of the repository from its root, such as "packages/parser"',
  readOnly: 'true or false',
  subAgents: 'true or false',
  outputSchema: OUTPUT_SCHEMA_SHOULD_BE,
  check:
    `an object with "command", a shell command line that ends with 0 when the work is good, and maybe "timeoutMs", from ` +
    `${CHECK_TIMEOUT_MS.least} to ${CHECK_TIMEOUT_MS.most}`,
} satisfies Record<keyof TaskRequest, string>;

const text = z.string().refine((value) => Buffer.byteLength(value) <= LONGEST_TEXT_BYTES, {
  error: `is longer than ${LONGEST_TEXT_BYTES} bytes: put long material into the workspace and name the file`,
});

function within(kind: BudgetKind) {
  const { least, most, isWhole } = BUDGET_RANGES[kind];
  const number = z.number().min(least).max(most);
  return (isWhole ? number.int() : number).exactOptional();
}

/** A workspace's own check comes later and looks at links, too. */
function isFolderPath(path: string): boolean {
  if (path.length > LONGEST_PATH_CHARACTERS || path.includes('\0')) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git');
}

const budget = z.strictObject({
  costUsd: within('costUsd'),
  tokens: within('tokens'),
  turns: within('turns'),
  toolCalls: within('toolCalls'),
  wallClockMs: within('wallClockMs'),
}) satisfies z.ZodType<TaskBudget>;

const check = z.strictObject({
  command: z
    .string()
    .max(LONGEST_CHECK_CHARACTERS)
    .refine((command) => command.trim() !== '' && !command.includes('\0')),
  timeoutMs: z.int().min(CHECK_TIMEOUT_MS.least).max(CHECK_TIMEOUT_MS.most).exactOptional(),
}) satisfies z.ZodType<TaskCheck>;

const taskRequestFields = z.strictObject({
  prompt: text.refine((value) => value.trim() !== ''),
  model: z.string().regex(MODEL),
  tenant: z.string().regex(TENANT).exactOptional(),
  managed: z.literal(true).exactOptional(),
  agent: z.string().regex(AGENT).exactOptional(),
  instructions: text.exactOptional(),
  workspace: z
    .string()
    .refine((path) => isAbsolute(path) && !path.includes('\0'))
    .exactOptional(),
  includeUncommitted: z.boolean().exactOptional(),
  sandbox: z.enum(['bubblewrap', 'none']).exactOptional(),
  network: z.literal('none').exactOptional(),
  needs: z.array(z.enum(CAPABILITIES)).exactOptional(),
  policy: taskPolicySchema.exactOptional(),
  maxTurns: z.int().min(1).max(MOST_TURNS).exactOptional(),
  budget: budget.exactOptional(),
  maxOutputTokens: z.int().min(1).max(MOST_OUTPUT_TOKENS).exactOptional(),
  approvals: approvalsSchema.exactOptional(),
  folder: z.string().refine(isFolderPath).exactOptional(),
  readOnly: z.boolean().exactOptional(),
  subAgents: z.boolean().exactOptional(),
  outputSchema: outputSchemaSchema.exactOptional(),
  check: check.exactOptional(),
}) satisfies z.ZodType<TaskRequest>;

const taskRequestSchema = taskRequestFields
  .refine((request) => request.check === undefined || request.workspace !== undefined, {
    path: ['check'],
    error: 'is of use with a workspace alone: name one, or leave it out',
  })
  .refine((request) => request.agent === undefined || request.managed === true, {
    path: ['agent'],
    error: 'is of use with managed agents alone: add "managed": true, or leave it out',
  })
  .refine((request) => request.maxOutputTokens === undefined || request.managed !== true, {
    path: ['maxOutputTokens'],
    error: 'is nothing that services of managed agents can be told: leave it out, or set a budget of tokens',
  });

/** @throws TaskRequestError naming every mistake */
export function parseTaskRequest(value: unknown): TaskRequest {
  const parsed = taskRequestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TaskRequestError(parsed.error.issues.map((issue) => describeIssue(issue, value)).join('\n'));
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    const names = issue.keys.map((key) => `"${toPrintable(key, SHOWN_VALUE_CHARACTERS)}"`).join(', ');
    return `unknown field ${names}: a task request has ${Object.keys(SHOULD_BE).join(', ')}`;
  }
  const field = String(issue.path[0] ?? '');
  if (!isField(field)) return `a task request is an object with "prompt" and "model", not ${show(value)}`;
  const found = partOf(value, field);
  if (found === undefined) return `${field} is missing: write ${SHOULD_BE[field]}`;
  if (field === 'policy') return describePolicyIssue(issue, found);
  const own = issue.message.startsWith('is ') ? issue.message : `is ${show(found)}: write ${SHOULD_BE[field]}`;
  return `${field} ${own}`;
}

/** Says which part of the policy it is, since each has its own form. */
function describePolicyIssue(issue: z.core.$ZodIssue, policy: unknown): string {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 1) {
    const names = issue.keys.map((key) => `"${toPrintable(key, SHOWN_VALUE_CHARACTERS)}"`).join(', ');
    return `unknown part ${names} of policy: it has ${Object.keys(POLICY_SHOULD_BE).join(', ')}`;
  }
  const part = String(issue.path[1] ?? '');
  if (!isPolicyPart(part)) return `policy is ${show(policy)}: write ${SHOULD_BE.policy}`;
  return `policy.${part} is ${show(partOf(policy, part))}: write ${POLICY_SHOULD_BE[part]}`;
}

function isPolicyPart(name: string): name is keyof typeof POLICY_SHOULD_BE {
  return Object.hasOwn(POLICY_SHOULD_BE, name);
}

function partOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function isField(name: string): name is keyof TaskRequest {
  return Object.hasOwn(SHOULD_BE, name);
}

function show(value: unknown): string {
  return toPrintable(JSON.stringify(value) ?? typeof value, SHOWN_VALUE_CHARACTERS);
}
