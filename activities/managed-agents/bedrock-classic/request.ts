/** What is said to an agent of Agents Classic: to a saved one by InvokeAgent, to one that is defined with each call by InvokeInlineAgent. */
import type { InvocationResultMember } from '@aws-sdk/client-bedrock-agent-runtime';
import { InvokeAgentCommand, InvokeInlineAgentCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import type { SessionInput, SessionPlan, SessionResult } from '../managed-agent-client.ts';
import { MCP_APPROVAL } from '../managed-agent-client.ts';
import type { PendingCall } from './continuation.ts';
import { readContinuation } from './continuation.ts';
import { describeJsonTools, toWireTools } from './function-schema.ts';
import { parseSavedAgent } from './saved-agent.ts';

/** How long a session may be left alone: approvals take their time. Of a saved agent it is the most that it may be set to. */
const INLINE_IDLE_SECONDS = 3_600;
const SAVED_IDLE_SECONDS = 5_400;
/** Shorter instructions are refused. */
const LEAST_INSTRUCTION_CHARACTERS = 40;
const USUAL_INSTRUCTION = 'Do what the user asks, with the tools at hand where they help.';
const ACTION_GROUP = 'anyport';
/** Of the service, for sessions. */
const SESSION_ID = /^[0-9a-zA-Z._:-]{2,100}$/;

export type AgentCommand =
  | { readonly kind: 'saved'; readonly command: InvokeAgentCommand }
  | { readonly kind: 'inline'; readonly command: InvokeInlineAgentCommand };

export function idleMsOf({ agentId }: SessionPlan): number {
  return (agentId === undefined ? INLINE_IDLE_SECONDS : SAVED_IDLE_SECONDS) * 1_000;
}

/** What differs from call to call. */
interface Said {
  readonly inputText?: string;
  readonly endSession?: true;
  readonly state?: { readonly invocationId: string; readonly returnControlInvocationResults: InvocationResultMember[] };
}

/** A saved agent keeps its own instructions: those of the task come in front of what is said first. @throws ModelFailureError */
export function renderOpening(plan: SessionPlan, input: SessionInput): AgentCommand {
  const isSaved = plan.agentId !== undefined;
  const inputText = joined([...(isSaved ? [plan.instructions] : []), ...input.messages]);
  return toCommand(plan, plan.key, { inputText });
}

/** @throws ModelFailureError when results are not those of all calls that wait, since they are only taken together */
export function renderInput(sessionId: string, plan: SessionPlan, input: SessionInput): AgentCommand {
  if (input.results.length === 0) return toCommand(plan, sessionId, { inputText: joined(input.messages) });
  const { invocationId, calls } = readContinuation(input.continuation);
  const results = calls.map((call) => {
    const result = input.results.find(({ callId }) => callId === call.callId);
    if (result === undefined) throw notSent('invalid-request', 'results of some calls alone');
    return { call, result };
  });
  if (results.length !== input.results.length) throw notSent('invalid-request', 'results of unknown calls');
  const returnControlInvocationResults = results.map(({ call, result }, index) =>
    // With results, the text of an input is ignored: what users said meanwhile goes with the last one.
    renderResult(call, result, index === results.length - 1 ? input.messages : []),
  );
  return toCommand(plan, sessionId, { state: { invocationId, returnControlInvocationResults } });
}

export function renderEnd(sessionId: string, plan: SessionPlan): AgentCommand {
  return toCommand(plan, sessionId, { endSession: true });
}

function toCommand(plan: SessionPlan, sessionId: string, { inputText, endSession, state }: Said): AgentCommand {
  if (!SESSION_ID.test(sessionId)) throw notSent('invalid-request', 'session id of another form');
  // The traces tell the tokens, and that something is going on.
  const said = {
    sessionId,
    enableTrace: true,
    ...(inputText === undefined ? {} : { inputText }),
    ...(endSession === undefined ? {} : { endSession }),
  };
  if (plan.agentId === undefined) {
    const inline = { ...said, ...renderInlineAgent(plan), ...(state === undefined ? {} : { inlineSessionState: state }) };
    return { kind: 'inline', command: new InvokeInlineAgentCommand(inline) };
  }
  const agent = parseSavedAgent(plan.agentId);
  if (agent === undefined) throw notSent('invalid-request', 'agent id is not AGENTID/ALIASID');
  const saved = { ...said, ...agent, ...(state === undefined ? {} : { sessionState: state }) };
  return { kind: 'saved', command: new InvokeAgentCommand(saved) };
}

/** Said anew with every call: an inline agent is not remembered, its session is. */
function renderInlineAgent({ wireModel, instructions, tools }: SessionPlan) {
  if (wireModel === undefined) throw notSent('invalid-request', 'neither a saved agent nor a model');
  const wireTools = toWireTools(tools);
  const text = joined([instructions, ...describeJsonTools(wireTools)]);
  const functions = wireTools.map(({ definition }) => definition);
  return {
    foundationModel: wireModel,
    instruction: text.length < LEAST_INSTRUCTION_CHARACTERS ? joined([text, USUAL_INSTRUCTION]) : text,
    idleSessionTTLInSeconds: INLINE_IDLE_SECONDS,
    ...(functions.length === 0
      ? {}
      : {
          actionGroups: [
            {
              actionGroupName: ACTION_GROUP,
              actionGroupExecutor: { customControl: 'RETURN_CONTROL' as const },
              functionSchema: { functions },
            },
          ],
        }),
  };
}

function renderResult(call: PendingCall, result: SessionResult, messages: readonly string[]): InvocationResultMember {
  const { actionGroup, agentId } = call;
  const of = { actionGroup, ...(agentId === undefined ? {} : { agentId }), ...renderOutcome(call, result) };
  const isAnswer = call.asks !== 'confirmation';
  const body = joined([...(isAnswer ? [result.output] : []), ...messages.map((text) => `(Meanwhile, the user says: ${text})`)]);
  const hasBody = isAnswer || messages.length > 0;
  if (call.kind === 'function') {
    const responseBody = hasBody ? { responseBody: { TEXT: { body } } } : {};
    return { functionResult: { ...of, function: call.function, ...responseBody } };
  }
  const { apiPath, httpMethod } = call;
  const answer = { httpStatusCode: result.outcome === 'ok' ? 200 : 500, responseBody: { 'application/json': { body } } };
  return { apiResult: { ...of, apiPath, httpMethod, ...(hasBody ? answer : {}) } };
}

/** `FAILURE` would end the turn with an exception: a call that failed is told to the model instead. */
function renderOutcome({ asks }: PendingCall, { name, outcome }: SessionResult) {
  const isRefused = outcome === 'refused' || (name === MCP_APPROVAL && outcome !== 'ok');
  const confirmation = asks === 'result' ? {} : { confirmationState: isRefused ? ('DENY' as const) : ('CONFIRM' as const) };
  const isAnswer = asks !== 'confirmation';
  return { ...confirmation, ...(isAnswer && outcome !== 'ok' ? { responseState: 'REPROMPT' as const } : {}) };
}

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Refused here, before anything is sent. */
export function notSent(kind: 'invalid-request' | 'unsupported' | 'not-found', code: string): ModelFailureError {
  const scope = kind === 'unsupported' ? 'deployment' : 'request';
  return new ModelFailureError({ kind, phase: 'resolve', acceptance: 'not-accepted', scope, code });
}
