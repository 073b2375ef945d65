import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { ScratchProject } from './scratch-project.ts';
import { createScratchProject } from './scratch-project.ts';

/** File, what it imports, and the beginning of what the linter then says. */
const FORBIDDEN: readonly (readonly [file: string, specifier: string, message: string])[] = [
  ['workflows/domain/planted.ts', '../activity-interfaces.ts', 'workflows/domain/ is pure'],
  ['workflows/domain/planted.ts', '../../activities/failures.ts', 'workflows/domain/ is pure'],
  ['workflows/domain/planted.ts', '@temporalio/workflow', 'workflows/domain/ is pure'],
  ['workflows/domain/planted.ts', 'zod', 'workflows/domain/ is pure'],
  ['workflows/domain/planted.ts', 'node:crypto', 'workflows/domain/ is pure'],
  ['workflows/agent-loop.ts', '@temporalio/workflow', 'the loop and its turn take their effects as parameters'],
  ['workflows/agent-loop.ts', './task-effects.ts', 'the loop and its turn take their effects as parameters'],
  ['workflows/agent-loop.ts', './activity-interfaces.ts', 'the loop and its turn take their effects as parameters'],
  ['workflows/model-turn.ts', '../activities/failures.ts', 'the loop and its turn take their effects as parameters'],
  ['workflows/model-turn.ts', './messages.ts', 'the loop and its turn take their effects as parameters'],
  ['workflows/planted.ts', '../activities/index.ts', 'workflows/ is what Temporal replays'],
  ['workflows/planted.ts', '../workers/main.ts', 'workflows/ is what Temporal replays'],
  ['workflows/planted.ts', '../client/index.ts', 'workflows/ is what Temporal replays'],
  ['workflows/planted.ts', '../test/support/builders.ts', 'workflows/ is what Temporal replays'],
  ['workflows/planted.ts', 'openai', 'workflows/ runs in the sandbox of Temporal'],
  ['workflows/planted.ts', 'zod', 'workflows/ runs in the sandbox of Temporal'],
  ['workflows/planted.ts', 'node:fs', 'workflows/ runs in the sandbox of Temporal'],
  ['workflows/planted.ts', '@aws-sdk/credential-provider-node', 'workflows/ runs in the sandbox of Temporal'],
  ['workflows/planted.ts', '@temporalio/client', 'workflows/ may use @temporalio/workflow'],
  ['activities/planted.ts', '../workflows/agent-task.ts', 'activities/ may import workflows/domain/'],
  ['activities/tools/planted.ts', '../../workflows/agent-loop.ts', 'activities/ may import workflows/domain/'],
  ['activities/planted.ts', '../workers/config.ts', 'activities/ knows the contract'],
  ['activities/planted.ts', '../client/index.ts', 'activities/ knows the contract'],
  ['activities/planted.ts', '../test/emulators/start-emulators.ts', 'activities/ knows the contract'],
  ['activities/planted.ts', '@temporalio/workflow', 'activities/ may use @temporalio/activity'],
  ['activities/planted.ts', '@temporalio/client', 'activities/ may use @temporalio/activity'],
  ['activities/planted.ts', 'openai', "a cloud's SDK is used in activities/clouds/ alone"],
  ['activities/tools/planted.ts', 'google-auth-library', "a cloud's SDK is used in activities/clouds/ alone"],
  ['activities/planted.ts', '@modelcontextprotocol/sdk/types.js', 'the SDK of MCP is used in activities/mcp/ alone'],
  ['activities/mcp/planted.ts', '@temporalio/activity', 'activities/mcp/ knows servers and nothing of Temporal'],
  ['activities/mcp/planted.ts', '../../client/index.ts', 'activities/ knows the contract'],
  ['activities/mcp/planted.ts', '../../workers/config.ts', 'activities/ knows the contract'],
  ['activities/mcp/planted.ts', '../../workflows/agent-task.ts', 'activities/ may import workflows/domain/'],
  ['workers/planted.ts', '@modelcontextprotocol/sdk/types.js', 'the SDK of MCP is used in activities/mcp/ alone'],
  ['activities/clouds/planted.ts', '@temporalio/common', 'activities/clouds/ throws failures of the domain'],
  ['activities/clouds/planted.ts', '../../workflows/agent-task.ts', 'activities/ may import workflows/domain/'],
  ['activities/clouds/planted.ts', '../../workers/config.ts', 'activities/ knows the contract'],
  ['activities/clouds/azure/planted.ts', '@temporalio/activity', 'activities/clouds/ throws failures of the domain'],
  ['activities/clouds/openai/planted.ts', '../azure/request.ts', 'a cloud does not know another'],
  ['activities/clouds/azure/planted.ts', '../aws/failure.ts', 'a cloud does not know another'],
  ['activities/clouds/aws/planted.ts', '../google/client.ts', 'a cloud does not know another'],
  ['activities/clouds/google/planted.ts', '../openai/response.ts', 'a cloud does not know another'],
  ['activities/clouds/google/planted.ts', '../../clouds/openai/response.ts', 'a cloud does not know another'],
  ['activities/clouds/azure/planted.ts', '@smithy/signature-v4', 'the SDK of one cloud'],
  ['activities/clouds/openai/planted.ts', '@aws-sdk/credential-provider-node', 'the SDK of one cloud'],
  ['activities/clouds/aws/planted.ts', 'google-auth-library', 'the SDK of one cloud'],
  ['activities/clouds/google/planted.ts', 'openai/providers/bedrock/aws', 'the SDK of one cloud'],
  [
    'activities/clouds/responses-api/planted.ts',
    '../aws/request.ts',
    'activities/clouds/responses-api/ is what the clouds share',
  ],
  ['activities/clouds/responses-api/planted.ts', 'google-auth-library', 'the SDK of one cloud'],
  ['activities/clouds/responses-api/planted.ts', '@temporalio/common', 'activities/clouds/ throws failures of the domain'],
  ['activities/managed-agents/planted.ts', '@temporalio/common', 'activities/managed-agents/ throws failures of the domain'],
  ['activities/managed-agents/planted.ts', '../../workers/config.ts', 'activities/ knows the contract'],
  ['activities/managed-agents/bedrock-managed/planted.ts', '../openai-agents/client.ts', 'a service does not know another'],
  ['activities/managed-agents/agents-api/planted.ts', '../bedrock-managed/client.ts', 'a service does not know another'],
  ['activities/managed-agents/openai-agents/planted.ts', '../agent-engine/client.ts', 'a service does not know another'],
  ['workers/planted.ts', '../workflows/agent-task.ts', 'workers/ names workflows by path alone'],
  ['workers/dev/planted.ts', '../../workflows/index.ts', 'workers/ names workflows by path alone'],
  ['workers/planted.ts', '../client/index.ts', 'workers/ runs activities and workflows'],
  ['workers/dev/planted.ts', '../../test/emulators/start-emulators.ts', 'workers/ runs activities and workflows'],
  ['workers/planted.ts', 'openai', "a cloud's SDK is used in activities/clouds/ alone"],
  ['workers/planted.ts', '@temporalio/workflow', 'workers/ runs workflows and activities and is neither'],
  ['workers/planted.ts', '@temporalio/client', 'workers/supervisor/ alone speaks for others'],
  ['workers/supervisor/planted.ts', '@temporalio/worker', 'workers/supervisor/ is no worker'],
  ['workers/supervisor/planted.ts', '../../client/index.ts', 'workers/ runs activities and workflows'],
  ['workers/supervisor/planted.ts', '../../workflows/agent-task.ts', 'workers/ names workflows by path alone'],
  ['client/planted.ts', '../activities/index.ts', 'client/ talks to Temporal'],
  ['client/cli/planted.ts', '../../workers/config.ts', 'client/ talks to Temporal'],
  ['client/planted.ts', '../test/support/builders.ts', 'client/ talks to Temporal'],
  ['client/planted.ts', '../workflows/agent-task.ts', 'client/ may import workflows/domain/'],
  ['client/planted.ts', 'openai', "a cloud's SDK is used in activities/clouds/ alone"],
  ['client/planted.ts', '@aws-sdk/credential-provider-node', "a cloud's SDK is used in activities/clouds/ alone"],
  ['client/planted.ts', '@temporalio/worker', 'client/ may use @temporalio/client'],
  ['scripts/planted.ts', '../test/emulators/start-emulators.ts', 'nothing imports test/'],
  ['scripts/demo/planted.ts', '../../workflows/agent-task.ts', 'scripts/ may import types of the workflows'],
];

const ALLOWED: readonly (readonly [file: string, specifier: string])[] = [
  ['activities/mcp/planted.ts', '@modelcontextprotocol/sdk/client/index.js'],
  ['workflows/domain/planted.ts', './ids.ts'],
  ['workflows/agent-loop.ts', './domain/turn.ts'],
  ['workflows/agent-loop.ts', './model-turn.ts'],
  ['workflows/planted.ts', './agent-loop.ts'],
  ['workflows/planted.ts', './domain/ids.ts'],
  ['workflows/planted.ts', '@temporalio/workflow'],
  ['activities/planted.ts', '../workflows/domain/ids.ts'],
  ['activities/planted.ts', '../workflows/activity-interfaces.ts'],
  ['activities/planted.ts', './clouds/openai/client.ts'],
  ['activities/planted.ts', '@temporalio/activity'],
  ['activities/clouds/planted.ts', './openai/client.ts'],
  ['activities/clouds/azure/planted.ts', 'openai'],
  ['activities/clouds/azure/planted.ts', '../responses-api/cloud-dialect.ts'],
  ['activities/clouds/aws/planted.ts', 'openai/providers/bedrock/aws'],
  ['activities/clouds/google/planted.ts', 'google-auth-library'],
  ['activities/managed-agents/planted.ts', './openai-agents/client.ts'],
  ['activities/managed-agents/openai-agents/planted.ts', 'openai'],
  ['activities/managed-agents/openai-agents/planted.ts', '../agents-api/agents-dialect.ts'],
  ['activities/managed-agents/bedrock-managed/planted.ts', '../../clouds/aws/client.ts'],
  ['activities/managed-agents/agent-engine/planted.ts', '@google-cloud/vertexai'],
  ['workers/planted.ts', '../activities/index.ts'],
  ['workers/planted.ts', '../workflows/domain/ids.ts'],
  ['workers/planted.ts', '@temporalio/worker'],
  ['workers/supervisor/planted.ts', '@temporalio/client'],
  ['workers/supervisor/planted.ts', '../../activities/store/sqlite.ts'],
  ['client/planted.ts', '../workflows/messages.ts'],
  ['client/planted.ts', '../workflows/domain/ids.ts'],
  ['client/planted.ts', '@temporalio/client'],
  ['scripts/planted.ts', '../workers/dev/dev-stack.ts'],
  ['test/loop/planted.ts', '../../activities/index.ts'],
  ['test/loop/planted.ts', '../emulators/start-emulators.ts'],
];

const OUTPUT = z.object({
  diagnostics: z.array(
    z.object({
      message: z.string(),
      help: z.string().optional(),
      filename: z.string(),
      code: z.string().optional(),
      labels: z.array(z.object({ span: z.object({ line: z.number() }) })),
    }),
  ),
});

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

let project: ScratchProject;
let findings: readonly Finding[];

beforeAll(async () => {
  project = await createScratchProject(plantImports());
  const { diagnostics } = OUTPUT.parse(JSON.parse(await project.run('oxlint', ['--format=json'])));
  findings = diagnostics
    .filter(({ code }) => code?.includes('no-restricted-imports') === true)
    .map(({ filename, labels, message, help }) => ({
      file: filename,
      line: labels[0]?.span.line ?? 0,
      text: `${message} ${help ?? ''}`,
    }));
});

afterAll(() => project.remove());

describe('an import against the arrows', () => {
  test.each(FORBIDDEN)('is refused: %s may not import %s', (file, specifier, message) => {
    expect(findingsAt(file, specifier)).toEqual([expect.stringContaining(message)]);
  });

  test('is refused from everywhere in an import of types alone, too', () => {
    expect(findingsAt('activities/planted-type.ts', '../workers/config.ts')).toHaveLength(1);
    expect(findingsAt('client/planted-type.ts', '../activities/index.ts')).toHaveLength(1);
  });
});

describe('an import along the arrows', () => {
  test.each(ALLOWED)('is accepted: %s may import %s', (file, specifier) => {
    expect(findingsAt(file, specifier)).toEqual([]);
  });

  test('may be of types where it may not be of code: client/ and the workflows', () => {
    expect(findingsAt('client/planted-type.ts', '../workflows/agent-task.ts')).toEqual([]);
  });
});

/** One import a line, so that a finding is told by its line. */
function plantedLines(): ReadonlyMap<string, readonly string[]> {
  const lines = new Map<string, string[]>([
    ['activities/planted-type.ts', ['../workers/config.ts']],
    ['client/planted-type.ts', ['../activities/index.ts', '../workflows/agent-task.ts']],
  ]);
  for (const [file, specifier] of [...FORBIDDEN, ...ALLOWED]) lines.set(file, [...(lines.get(file) ?? []), specifier]);
  return lines;
}

function plantImports(): Record<string, string> {
  const files = [...plantedLines()].map(([file, specifiers]) => {
    const kind = file.endsWith('planted-type.ts') ? 'import type' : 'import';
    return [file, specifiers.map((specifier, index) => `${kind} { x${index} } from '${specifier}';\n`).join('')] as const;
  });
  return Object.fromEntries(files);
}

function findingsAt(file: string, specifier: string): readonly string[] {
  const line = (plantedLines().get(file) ?? []).indexOf(specifier) + 1;
  if (line === 0) throw new Error(`${specifier} was not planted in ${file}`);
  return findings.filter((finding) => finding.file === file && finding.line === line).map(({ text }) => text);
}
