import { describe, expect, test } from 'vitest';
import { createSessionApprovals, SESSION_APPROVAL } from '../../activities/managed-agents/session-approvals.ts';
import { placeTool } from '../../activities/place-tool.ts';
import type { ApprovalRule, Verdict } from '../../workflows/domain/approval.ts';
import { judge } from '../../activities/judge-tool-call.ts';
import type { ToolCall } from '../../workflows/domain/transcript.ts';

function question(asked: unknown): ToolCall {
  return { kind: 'tool-call', callId: 'c-1', name: 'mcp_approval', input: { kind: 'json', text: JSON.stringify(asked) } };
}

function verdictOf(call: ToolCall, ...rules: readonly ApprovalRule[]): Verdict {
  const tool = createSessionApprovals().find(SESSION_APPROVAL, 'default');
  if (tool === undefined) throw new Error('it has no tool');
  const { callClass } = placeTool({ kind: 'added', tool, offered: SESSION_APPROVAL }, call, undefined);
  return judge(call, callClass, { policy: { mode: 'on-request', rules } });
}

function remembered(call: ToolCall): ApprovalRule {
  const verdict = verdictOf(call);
  if (verdict.kind !== 'ask' || verdict.rule === undefined) throw new Error('nothing can be remembered');
  return verdict.rule;
}

const SEARCH = question({ server: 'docs', tool: 'search', arguments: { q: 'x' } });

describe('an approval of a tool of an MCP server that is remembered', () => {
  const rule = remembered(SEARCH);

  test('lets the same tool of the same server pass, whatever it is asked', () => {
    expect(rule).toEqual({ kind: 'tool', tool: 'mcp_approval docs/search' });
    expect(verdictOf(question({ server: 'docs', tool: 'search', arguments: { q: 'y' } }), rule)).toEqual({ kind: 'run' });
  });

  test.each([
    { server: 'docs', tool: 'delete' },
    { server: 'prod', tool: 'search' },
    { server: 'docs/search', tool: '' },
    { server: 'docs' },
    'search',
  ])('lets no other one pass: %j', (asked) => {
    expect(verdictOf(question(asked), rule).kind).toBe('ask');
  });

  test('of names that no rule can be read by is of these alone', () => {
    const odd = question({ server: 'do cs', tool: '' });

    expect(verdictOf(odd, remembered(odd))).toEqual({ kind: 'run' });
    expect(verdictOf(question({ server: 'do', tool: 'cs' }), remembered(odd)).kind).toBe('ask');
  });
});

test('an operator may let all of them pass', () => {
  expect(verdictOf(SEARCH, { kind: 'tool', tool: 'mcp_approval' })).toEqual({ kind: 'run' });
});
