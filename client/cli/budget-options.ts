/** Budgets on the command line: dollars and minutes, as people say them. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { TaskBudget } from '../../workflows/domain/budget.ts';
import { BUDGET_RANGES } from '../../workflows/domain/budget.ts';

export interface BudgetFlags {
  readonly usd?: number;
  readonly tokens?: number;
  readonly turns?: number;
  readonly toolCalls?: number;
  readonly minutes?: number;
}

const MINUTE_MS = 60_000;

/** Of `anyport tasks raise-budget`. */
export function addRaiseOptions(command: Command): Command {
  return command
    .option('--usd <n>', 'dollars', parseUsd)
    .option('--tokens <n>', 'tokens in and out', parseWhole)
    .option('--turns <n>', 'turns', parseWhole)
    .option('--tool-calls <n>', 'tool calls', parseWhole)
    .option('--minutes <n>', 'minutes of its own work', parseMinutes);
}

/** Of `anyport run`. */
export function addBudgetOptions(command: Command): Command {
  const pauses = 'pause and ask for more after so many';
  return command
    .option('--budget-usd <n>', `${pauses} dollars`, parseUsd)
    .option('--budget-tokens <n>', `${pauses} tokens in and out`, parseWhole)
    .option('--budget-turns <n>', `${pauses} turns`, parseWhole)
    .option('--budget-tool-calls <n>', `${pauses} tool calls`, parseWhole)
    .option('--budget-minutes <n>', `${pauses} minutes of its own work`, parseMinutes);
}

/** `undefined`: no flag was given. */
export function toBudget({ usd, tokens, turns, toolCalls, minutes }: BudgetFlags): TaskBudget | undefined {
  const wallClockMs = minutes === undefined ? undefined : Math.round(minutes * MINUTE_MS);
  const given = Object.entries({ costUsd: usd, tokens, turns, toolCalls, wallClockMs }).filter(
    ([, value]) => value !== undefined,
  );
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function parseUsd(text: string): number {
  return parseWithin(text, BUDGET_RANGES.costUsd);
}

function parseMinutes(text: string): number {
  const { least, most } = BUDGET_RANGES.wallClockMs;
  return parseWithin(text, { least: least / MINUTE_MS, most: most / MINUTE_MS });
}

function parseWhole(text: string): number {
  if (!/^[1-9][0-9]{0,11}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number of 1 or more.`);
  return Number(text);
}

function parseWithin(text: string, { least, most }: { readonly least: number; readonly most: number }): number {
  const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(`"${text}" is not a number from ${least.toFixed(3)} to ${most}.`);
}
