/** Approvals on the command line. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { ApprovalMode, ApprovalPolicy } from '../../workflows/domain/approval.ts';
import { APPROVAL_MODES, toCommandRule } from '../../workflows/domain/approval.ts';
import { parseCount } from './parse-count.ts';
import { UsageError } from './usage-error.ts';

export interface ApprovalFlags {
  readonly approvals?: ApprovalMode;
  readonly allow?: readonly string[];
  readonly approvalMinutes?: number;
}

const MINUTE_MS = 60_000;

export function addApprovalOptions(command: Command): Command {
  return command
    .addOption(new Option('--approvals <mode>', 'what a person is asked about before it runs').choices(APPROVAL_MODES))
    .option('--allow <command>', 'with --approvals: commands that begin so are not asked about; may be repeated', collect)
    .option('--approval-minutes <n>', 'with --approvals: what nobody answers for so long is denied', parseCount);
}

/** `undefined`: no flag was given. */
export function toApprovals({ approvals: mode, allow = [], approvalMinutes }: ApprovalFlags): ApprovalPolicy | undefined {
  if (mode === undefined && (allow.length > 0 || approvalMinutes !== undefined)) {
    throw new UsageError('--allow and --approval-minutes go with --approvals, which says what is asked about');
  }
  if (mode === undefined) return undefined;
  const rules = allow.map((line) => {
    const rule = toCommandRule(line);
    if (rule === undefined) throw new UsageError(`--allow "${line}" is no plain command: write words such as "npm test"`);
    return rule;
  });
  const expiry = approvalMinutes === undefined ? {} : { expireMs: approvalMinutes * MINUTE_MS };
  return { mode, ...(rules.length === 0 ? {} : { rules }), ...expiry };
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
