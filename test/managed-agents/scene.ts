/** One emulated service with its script, and what every test of the contract has at hand. */
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { ManagedAgentClient } from '../../activities/managed-agents/managed-agent-client.ts';
import type { StartedAgentEmulator } from '../emulators/managed-agents/agent-controls.ts';
import { clearAgentFaults, readAgentLedger, setAgentFaults } from './conversation.ts';
import type { EmulatedService } from './emulated-services.ts';

/** Long enough for a busy machine; what is silent on purpose is waited for no longer than it takes to tell. */
export const PATIENT = { firstEventMs: 15_000, idleMs: 15_000, cancelMs: 15_000, pollMs: 20 };
export const IMPATIENT = { ...PATIENT, firstEventMs: 700, idleMs: 700 };
const SCRIPT = [
  { when: { inputContains: 'say hello' }, turns: [{ text: 'hello there' }] },
  { when: { inputContains: 'and once more' }, turns: [{ text: 'hello again' }] },
  {
    when: { inputContains: 'use the tool' },
    turns: [{ text: 'I look.', toolCalls: [{ name: 'read_file', input: { path: 'a.txt' } }] }, { text: 'It is done.' }],
  },
  {
    when: { inputContains: 'use two tools' },
    turns: [
      {
        toolCalls: [
          { name: 'read_file', input: { path: 'a.txt' } },
          { name: 'read_file', input: { path: 'b.txt' } },
        ],
      },
      { text: 'Both are read.' },
    ],
  },
  { when: { inputContains: 'patch it' }, turns: [{ toolCalls: [{ name: 'apply_patch', input: '*** Begin Patch' }] }] },
  { when: { inputContains: 'look it up' }, turns: [{ ownCommand: 'look up', text: 'It is found.' }] },
  {
    when: { inputContains: 'ask me first' },
    turns: [{ mcpApproval: { server: 'docs', tool: 'search', arguments: { q: 'x' } } }, { text: 'That is all.' }],
  },
];

export interface Scene {
  readonly emulator: () => StartedAgentEmulator;
  readonly client: () => ManagedAgentClient;
  fault(...faults: readonly object[]): Promise<void>;
  readonly ledger: () => ReturnType<typeof readAgentLedger>;
}

/** Starts the service for the tests of the `describe` that calls this, and stops it after them. */
export function aScene(service: EmulatedService): Scene {
  let emulator: StartedAgentEmulator;
  let client: ManagedAgentClient;
  beforeAll(async () => {
    emulator = await service.start(SCRIPT);
    client = service.createClient(emulator.origin, PATIENT);
  });
  afterEach(() => clearAgentFaults(emulator.control));
  afterAll(() => emulator.close());
  return {
    emulator: () => emulator,
    client: () => client,
    fault: (...faults) => setAgentFaults(emulator.control, faults),
    ledger: () => readAgentLedger(emulator.control),
  };
}
