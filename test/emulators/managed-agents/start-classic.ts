/** Starts an emulated Agents Classic, with one saved agent. */
import { parseScript } from '../conversation-script.ts';
import { EMULATED_CREDENTIALS } from '../emulated-endpoints.ts';
import type { ListeningAt, StartedAgentEmulator } from './agent-controls.ts';
import { startAgentEmulator } from './agent-controls.ts';
import { AgentFaultPlan } from './agent-faults.ts';
import { AgentLedger } from './agent-ledger.ts';
import { createClassicServer } from './classic-server.ts';

export const CLASSIC_REGION = 'us-east-1';
/** What the real service has of OpenAI's. */
export const CLASSIC_MODEL = 'openai.gpt-oss-120b-1:0';
/** What every emulated cloud sells: the real service gets no new models. */
export const CLASSIC_NEW_MODEL = 'openai.gpt-6.1-sol';
export const CLASSIC_AGENT = 'AGENT12345/ALIAS12345';

const [id = '', alias = ''] = CLASSIC_AGENT.split('/');
const SAVED_AGENT = {
  id,
  alias,
  groups: [
    {
      actionGroupName: 'repo',
      actionGroupExecutor: { customControl: 'RETURN_CONTROL' as const },
      functionSchema: { functions: [{ name: 'read_file', parameters: { path: { type: 'string' as const, required: true } } }] },
    },
  ],
};

/** @throws ScriptError */
export function startClassic(script: unknown, at?: ListeningAt): Promise<StartedAgentEmulator> {
  const state = {
    auth: {
      sigV4: {
        service: 'bedrock',
        region: CLASSIC_REGION,
        accessKeyId: EMULATED_CREDENTIALS.EMULATED_AWS_ACCESS_KEY_ID,
        secretAccessKey: EMULATED_CREDENTIALS.EMULATED_AWS_SECRET_ACCESS_KEY,
        sessionTokens: [EMULATED_CREDENTIALS.EMULATED_AWS_SESSION_TOKEN, EMULATED_CREDENTIALS.EMULATED_AWS_RENEWED_SESSION_TOKEN],
      },
    },
    models: [CLASSIC_MODEL, CLASSIC_NEW_MODEL],
    savedAgent: SAVED_AGENT,
    script: parseScript(script, 'the script'),
    faults: new AgentFaultPlan(),
    ledger: new AgentLedger(),
    sessions: new Map(),
    gone: new Set<string>(),
  };
  return startAgentEmulator(state, createClassicServer(state), at);
}
