import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApprovalMode, ApprovalPolicy, ApprovalRule, JudgedCall } from '../../workflows/domain/approval.ts';
import { APPROVAL_MODES, describeRule, judgeCall, toCommandRule, withChanges } from '../../workflows/domain/approval.ts';

const READ: JudgedCall = { tool: 'read_file', risk: 'none' };
const PATCH: JudgedCall = { tool: 'apply_patch', risk: 'workspace' };
const EXTERNAL: JudgedCall = { tool: 'mcp__github__create_issue', risk: 'external' };

function command(line: string, rest: Partial<JudgedCall> = {}): JudgedCall {
  return { tool: 'exec_command', risk: 'workspace', command: line, ...rest };
}

function escalated(line: string, rest: Partial<JudgedCall> = {}): JudgedCall {
  return command(line, { risk: 'external', escalation: { justification: 'needs the network' }, ...rest });
}

function policy(mode: ApprovalMode, ...rules: readonly ApprovalRule[]): ApprovalPolicy {
  return { mode, rules };
}

function rule(line: string): ApprovalRule {
  const made = toCommandRule(line);
  if (made === undefined) throw new Error(`no rule: ${line}`);
  return made;
}

describe('what each mode asks about', () => {
  const calls = {
    read: READ,
    look: command('git status'),
    build: command('npm test'),
    patch: PATCH,
    external: EXTERNAL,
    escalated: escalated('npm publish'),
  };

  test.each<[ApprovalMode, Record<keyof typeof calls, 'run' | 'ask' | 'refuse'>]>([
    ['never', { read: 'run', look: 'run', build: 'run', patch: 'run', external: 'run', escalated: 'refuse' }],
    ['on-request', { read: 'run', look: 'run', build: 'run', patch: 'run', external: 'ask', escalated: 'ask' }],
    ['untrusted', { read: 'run', look: 'run', build: 'ask', patch: 'ask', external: 'ask', escalated: 'ask' }],
    ['always', { read: 'run', look: 'ask', build: 'ask', patch: 'ask', external: 'ask', escalated: 'ask' }],
  ])('%s', (mode, expected) => {
    const verdicts = Object.entries(calls).map(([name, call]) => [name, judgeCall({ mode }, call).kind]);

    expect(Object.fromEntries(verdicts)).toEqual(expected);
  });
});

describe('rules', () => {
  test('let every command pass that begins with their words, and no other', () => {
    const given = policy('untrusted', rule('npm test'));

    expect(judgeCall(given, command('npm test -- --watch=false')).kind).toBe('run');
    expect(judgeCall(given, command('npm install')).kind).toBe('ask');
  });

  test('must cover every part of a line', () => {
    const given = policy('untrusted', rule('npm test'));

    expect(judgeCall(given, command('npm test && rm -rf .')).kind).toBe('ask');
    expect(judgeCall(given, command('npm test; npm test')).kind).toBe('run');
    expect(judgeCall(given, command('npm test $(rm -rf .)')).kind).toBe('ask');
  });

  test('for commands in the sandbox let none run without it', () => {
    const given = policy('on-request', rule('npm publish'));

    expect(judgeCall(given, escalated('npm publish')).kind).toBe('ask');
    const without = policy('on-request', { kind: 'command', prefix: ['npm', 'publish'], escalated: true });
    expect(judgeCall(without, escalated('npm publish')).kind).toBe('run');
  });

  test('for a tool let its calls pass, but none of its escalated commands', () => {
    const tool: ApprovalRule = { kind: 'tool', tool: EXTERNAL.tool };

    expect(judgeCall(policy('on-request', tool), EXTERNAL).kind).toBe('run');
    expect(judgeCall(policy('on-request', { kind: 'tool', tool: 'exec_command' }), escalated('x')).kind).toBe('ask');
  });

  test('do not count where everything is asked about', () => {
    expect(judgeCall(policy('always', rule('npm test')), command('npm test')).kind).toBe('ask');
  });

  test('that were remembered are added, and the mode of a change wins', () => {
    const changed = withChanges(policy('untrusted', rule('npm test')), { mode: 'on-request', rules: [rule('make')] });

    expect(changed).toEqual({ mode: 'on-request', rules: [rule('npm test'), rule('make')] });
  });

  test.each(['', 'a && b', 'echo $X', 'A=1 b'])('are not made of %j', (line) => {
    expect(toCommandRule(line)).toBeUndefined();
  });
});

describe('what an approver may have remembered', () => {
  test('is the very command', () => {
    expect(judgeCall(policy('untrusted'), command('npm run build'))).toMatchObject({
      rule: { kind: 'command', prefix: ['npm', 'run', 'build'] },
    });
  });

  test("is the model's proposal where the command begins with it", () => {
    const call = command('npm run build', { prefixRule: ['npm', 'run'] });

    expect(judgeCall(policy('untrusted'), call)).toMatchObject({ rule: { kind: 'command', prefix: ['npm', 'run'] } });
  });

  test('is no proposal that is about something else', () => {
    const call = command('npm run build', { prefixRule: ['rm'] });

    expect(judgeCall(policy('untrusted'), call)).toMatchObject({ rule: { prefix: ['npm', 'run', 'build'] } });
  });

  test('of an escalated command holds for escalated commands', () => {
    const verdict = judgeCall(policy('on-request'), escalated('npm publish'));

    expect(verdict).toMatchObject({ rule: { kind: 'command', prefix: ['npm', 'publish'], escalated: true } });
  });

  test('is nothing for a line of several commands', () => {
    expect(judgeCall(policy('untrusted'), command('a && b'))).not.toHaveProperty('rule');
  });

  test('lets the same call pass the next time, whatever it is', () => {
    const text = fc.constantFrom('npm test', 'rm -rf .', 'git push origin main', "echo 'a b'", 'make -j2');
    const call = fc.oneof(
      fc.constant(PATCH),
      fc.constant(EXTERNAL),
      text.map((line) => command(line)),
      text.map((line) => escalated(line)),
    );
    fc.assert(
      fc.property(fc.constantFrom('on-request', 'untrusted'), call, (mode: 'on-request' | 'untrusted', judged) => {
        const verdict = judgeCall({ mode }, judged);
        fc.pre(verdict.kind === 'ask');
        if (verdict.kind !== 'ask' || verdict.rule === undefined) throw new Error('nothing to remember');
        expect(judgeCall(withChanges({ mode }, { rules: [verdict.rule] }), judged)).toEqual({ kind: 'run' });
      }),
    );
  });

  test('is told in words', () => {
    expect(describeRule({ kind: 'command', prefix: ['npm', 'publish'], escalated: true })).toBe(
      'commands that begin with "npm publish", without the sandbox',
    );
    expect(describeRule({ kind: 'tool', tool: 'apply_patch' })).toBe('every call of apply_patch');
  });
});

test('a stricter mode never lets more run', () => {
  const order: readonly ApprovalMode[] = ['on-request', 'untrusted', 'always'];
  const anyCall = fc.constantFrom(READ, PATCH, EXTERNAL, command('ls'), command('npm test'), escalated('npm publish'));
  fc.assert(
    fc.property(anyCall, fc.nat(1), (call, index) => {
      const [looser, stricter] = [order[index], order[index + 1]];
      if (looser === undefined || stricter === undefined) throw new Error('no such mode');
      fc.pre(judgeCall({ mode: stricter }, call).kind === 'run');
      expect(judgeCall({ mode: looser }, call).kind).toBe('run');
    }),
  );
  expect(APPROVAL_MODES).toEqual(['never', ...order]);
});
