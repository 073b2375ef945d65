import { MockActivityEnvironment } from '@temporalio/testing';
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createOpenTask } from '../../activities/open-task.ts';
import { createOpenWorkspace } from '../../activities/open-workspace.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import { CommandSessions } from '../../activities/tools/command-sessions.ts';
import type { EgressRule } from '../../activities/sandbox/egress-rules.ts';
import type { OwnTool } from '../../activities/tools/define-tool.ts';
import { defineTool } from '../../activities/tools/define-tool.ts';
import { createOwnTools } from '../../activities/tools/own-tools.ts';
import { createBuiltInTools, createToolRegistry } from '../../activities/tools/tool-registry.ts';
import { toolsFor } from '../../activities/tools/tools-for-model.ts';
import { workspaceDirectory } from '../../activities/workspace/move-workspace.ts';
import { createWorkspaceKeeper } from '../../activities/workspace/workspace-keeper.ts';
import type { OpenTaskInput, OpenTaskResult, TaskRequest } from '../../workflows/activity-interfaces.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';
import { MODEL } from '../support/builders.ts';
import { layOutGitRepository } from '../support/git-repository.ts';

let directory: string;
let repository: string;
let store: TaskStore;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anyport-open-task-'));
  store = await openSqliteTaskStore(join(directory, 'a.db'));
  const files = { 'AGENTS.md': 'Use tabs.', 'packages/a/AGENTS.md': 'Use spaces.', 'packages/a/x.js': '', 'b/x.js': '' };
  repository = layOutGitRepository(join(directory, 'repository'), files);
});
afterAll(() => store.close());

const registry = createToolRegistry(createBuiltInTools({ sessions: new CommandSessions() }));
const LIMITS = { base: 'never', maxBaseBytes: 0, maxFileBytes: 1024, maxCheckpointBytes: 1024 ** 2 } as const;
const REQUEST: TaskRequest = { prompt: 'Mend it.', model: MODEL };

const ALLOWED: readonly EgressRule[] = [
  { host: 'registry.npmjs.org', ports: [443] },
  { host: '*.b.example', ports: [80] },
];

/** Opens the workspace, where there is one, and the task, as the workflow does. */
async function open(
  task: string,
  request: Partial<TaskRequest>,
  tools: readonly OwnTool[] = [],
): Promise<readonly TranscriptItem[]> {
  const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: `agent-task/${task}`, runId: 'run' } });
  const { workspace, folder, tenant, network, sandbox = 'none' } = request;
  if (workspace !== undefined) {
    const openWorkspace = createOpenWorkspace({
      store,
      hostId: 'h',
      dataDirectory: directory,
      sandboxPolicy: 'optional',
      sandboxProbe: { kind: 'usable', detail: '' },
      keeper: createWorkspaceKeeper({ store, hostId: 'h', dataDirectory: directory, limits: LIMITS }),
      setUp: async () => false,
      allowedFor: (tenant) => (tenant === 'acme' ? ALLOWED : []),
    });
    const named = Object.fromEntries(Object.entries({ folder, tenant, network }).filter(([, value]) => value !== undefined));
    await environment.run(openWorkspace, { repository: workspace, includeUncommitted: false, sandbox, ...named });
  }
  const openTask = createOpenTask({
    store,
    workspaceTools: (model) => toolsFor(model, registry.names),
    findTool: (name) => registry.find(name),
    addedTools: createOwnTools({ tools, alert: () => undefined }),
    tenants: [],
  });
  const input = { request: { ...REQUEST, ...request } };
  const { head } = await environment.run<[OpenTaskInput], OpenTaskResult, typeof openTask>(openTask, input);
  return store.readTranscript(toTaskId(task), head);
}

const settingsOf = (task: string) => store.getSettings(toTaskId(task));

describe('a task with a workspace', () => {
  test('begins with the instructions of the project, where it is, and what is asked', async () => {
    const items = await open('root', { workspace: repository });

    const tree = join(workspaceDirectory(directory, toTaskId('root')), 'tree');
    expect(items).toEqual([
      {
        kind: 'user-message',
        origin: 'context',
        text: `# AGENTS.md instructions for ${tree}\n\n<INSTRUCTIONS>\nUse tabs.\n</INSTRUCTIONS>`,
      },
      { kind: 'user-message', origin: 'context', text: expect.stringContaining(`<cwd>${tree}</cwd>\n  <approval_policy>never`) },
      { kind: 'user-message', text: 'Mend it.' },
    ]);
    expect(items[1]).not.toHaveProperty('text', expect.stringContaining('task_folder'));
  });

  test.each([
    ['says which', { folder: 'packages/a' }, ''],
    ['names it in place of the repository', {}, 'packages/a'],
  ])('is about a folder when it %s', async (_, named, below) => {
    const items = await open(below === '' ? 'named' : 'below', { workspace: join(repository, below), ...named });

    expect(items[0]).toMatchObject({ text: expect.stringMatching(/tree\n.*Use tabs.*tree\/packages\/a\n.*Use spaces/s) });
    expect(items[1]).toMatchObject({ text: expect.stringContaining('<task_folder>packages/a</task_folder>') });
  });

  test('is told which hosts its tenant may reach, and keeps the list', async () => {
    const confined = { workspace: repository, sandbox: 'bubblewrap' as const };

    const [[, allowed], [, without], [, unwanted]] = [
      await open('network', { ...confined, tenant: 'acme' }),
      await open('no-network', { ...confined, tenant: 'other' }),
      await open('unwanted', { ...confined, tenant: 'acme', network: 'none' }),
    ];

    expect(allowed).toMatchObject({
      text: expect.stringContaining(
        '<network_access>restricted</network_access>\n  <allowed_domains><domain>registry.npmjs.org</domain><domain>*.b.example:80</domain></allowed_domains>',
      ),
    });
    for (const item of [without, unwanted]) expect(item).not.toHaveProperty('text', expect.stringContaining('allowed_domains'));
    expect((await store.getWorkspace(toTaskId('network')))?.network).toEqual({ tenant: 'acme', allow: ALLOWED });
    for (const task of ['no-network', 'unwanted']) expect(await store.getWorkspace(toTaskId(task))).not.toHaveProperty('network');
  });

  test('begins with nothing but where it is when the project says nothing', async () => {
    const bare = layOutGitRepository(join(directory, 'bare'), { 'a.txt': 'a' });

    expect(await open('bare', { workspace: bare })).toHaveLength(2);
  });

  test('begins alike when it is opened again after a crash', async () => {
    expect(await open('again', { workspace: repository })).toEqual(await open('again', { workspace: repository }));
  });

  test.each([
    ['is not there', 'packages/c', 'has no folder "packages/c": name one that is committed'],
    ['is a file', 'b/x.js', 'has no folder "b/x.js"'],
    ['is out of the workspace', '../..', 'the folder of the task cannot be used: "../.." leaves the workspace'],
  ])('is refused when its folder %s', async (_, folder, words) => {
    await expect(open('refused', { workspace: repository, folder })).rejects.toThrow(words);
    expect(existsSync(workspaceDirectory(directory, toTaskId('refused')))).toBe(false);
  });

  test('that only looks has no tool to change files, and is told so', async () => {
    await open('changes', { workspace: repository });
    await open('looks', { workspace: repository, readOnly: true });

    expect((await settingsOf('changes')).tools).toContain('apply_patch');
    expect((await settingsOf('looks')).tools).toEqual([
      'exec_command',
      'write_stdin',
      'read_file',
      'list_files',
      'search_files',
      'update_plan',
      'view_image',
    ]);
    expect((await settingsOf('looks')).instructions).toContain('to look and to answer, not to change anything');
  });
});

test('a task without a workspace begins with what is asked alone', async () => {
  expect(await open('plain', {})).toEqual([{ kind: 'user-message', text: 'Mend it.' }]);
});

describe('of tools that are not built in', () => {
  const own = (name: string, more: Pick<Parameters<typeof defineTool>[0], 'risk' | 'retryClass'>): OwnTool =>
    defineTool({ name, description: 'd', parameters: z.object({}), run: () => '', ...more });
  const tools = [
    own('look', { risk: 'external', retryClass: 'read-only' }),
    own('tidy', { risk: 'workspace', retryClass: 'workspace' }),
    own('send', {}),
  ];

  test('a task without a workspace has what needs none, and is told that it has tools', async () => {
    await open('plain-with-tools', {}, tools);

    const { tools: names, offered, instructions } = await settingsOf('plain-with-tools');
    expect(names).toEqual(['look', 'send']);
    expect(offered?.map(({ definition, retryClass }) => [definition.name, retryClass])).toEqual([
      ['look', 'read-only'],
      ['send', 'external'],
    ]);
    expect(instructions).toContain('by means of the tools you are given');
  });

  test('a task that only looks has what only looks, and one that does more has all of them', async () => {
    await open('looks-with-tools', { workspace: repository, readOnly: true }, tools);
    await open('changes-with-tools', { workspace: repository }, tools);

    expect((await settingsOf('looks-with-tools')).offered).toMatchObject([{ definition: { name: 'look' } }]);
    expect((await settingsOf('changes-with-tools')).tools.slice(-3)).toEqual(['look', 'tidy', 'send']);
  });
});

test('a task with an output schema is told of it in words, after what its caller says', async () => {
  const outputSchema = { type: 'object', required: ['a'] };
  await open('schema', { outputSchema, instructions: 'Be brief.' });

  const settings = await settingsOf('schema');
  expect(settings.outputSchema).toEqual(outputSchema);
  expect(settings.instructions).toMatch(
    /Be brief\.\n\nYour last message must be JSON alone.*\n\{"type":"object","required":\["a"\]\}$/s,
  );
});
