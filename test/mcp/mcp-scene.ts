/** A server as a task uses it, with what its operator is told. */
import { onTestFinished } from 'vitest';
import { McpServer } from '../../activities/mcp/mcp-server.ts';
import type { McpServerSettings } from '../../activities/mcp/mcp-server-settings.ts';
import { createMcpTools } from '../../activities/mcp/mcp-tools.ts';
import type { ToolReturn } from '../../activities/tools/tool.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';

export interface McpScene {
  readonly server: McpServer;
  readonly alerts: readonly string[];
  names(): Promise<readonly string[]>;
  /** By the server's name of the tool. */
  call(tool: string, args?: object, signal?: AbortSignal): Promise<ToolReturn>;
}

export const LOOKS = [{ pattern: '*', risk: 'none', retryClass: 'read-only' }] as const;

export function anMcpScene(settings: Pick<McpServerSettings, 'address'> & Partial<McpServerSettings>): McpScene {
  const alerts: string[] = [];
  const alert = (message: string): void => void alerts.push(message);
  const usual = { name: 'trial', startMs: 20_000, callMs: 20_000, deny: [], classes: [], isRequired: false };
  const server = new McpServer({ ...usual, ...settings }, alert);
  onTestFinished(() => server.close());
  const tools = createMcpTools({ servers: [server], alert });
  return {
    ...{ server, alerts },
    names: async () => (await tools.offer('default')).map(({ definition }) => definition.name),
    async call(tool, given = {}, signal = new AbortController().signal) {
      const offered = (await tools.offer('default')).find(({ server: origin }) => origin?.tool === tool);
      const found = offered === undefined ? undefined : tools.find(offered, 'default');
      if (found === undefined) throw new Error(`${tool} is not offered`);
      const context = { taskId: toTaskId('t'), callId: 'c', idempotencyKey: 't/1/c', signal };
      return found.run({ kind: 'json', text: JSON.stringify(given) }, context);
    },
  };
}
