/** What a scripted turn puts into a session, in order: thoughts, words, calls. */
import type { ScriptedTurn } from '../conversation-script.ts';

type Part = Readonly<Record<string, unknown>> & { readonly type: string };

/** What an agent of the Agents API did by itself. */
export function ownPart({ ownCommand: command }: ScriptedTurn): readonly Part[] {
  return command === undefined ? [] : [{ type: 'command_execution', command, exit_code: 0, status: 'completed' }];
}

export function selectPart({ text, toolCalls = [], mcpApproval }: ScriptedTurn): readonly Part[] {
  const isLast = toolCalls.length === 0 && mcpApproval === undefined;
  const thought: Part = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'I think.' }], status: 'completed' };
  const said: readonly Part[] =
    text === undefined
      ? []
      : [
          {
            type: 'message',
            role: 'assistant',
            status: 'completed',
            phase: isLast ? 'final_answer' : 'commentary',
            content: [{ type: 'output_text', text }],
          },
        ];
  const calls = toolCalls.map(({ name, input }): Part => ({
    type: 'function_call',
    name,
    // The type of the arguments is left open: a function's are told as an object here, a text's as the JSON that it is.
    arguments: typeof input === 'string' ? JSON.stringify({ input }) : input,
    status: 'in_progress',
  }));
  return [thought, ...said, ...calls];
}
