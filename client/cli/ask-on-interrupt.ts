/** Ctrl-C while a task is followed: the task is not ours to lose, so the person is asked. */
import { createInterface } from 'node:readline/promises';
import { note } from './terminal.ts';

export interface Interrupts {
  /** Aborted when the person leaves; the task goes on. */
  readonly left: AbortSignal;
  dispose(): void;
}

/**
 * Asks on the first Ctrl-C whether to cancel or leave; the second leaves. Without a person at the terminal it leaves at once.
 * `cancel` is called once, and following goes on until the task has ended.
 */
export function askOnInterrupt(cancel: () => Promise<void>): Interrupts {
  const leaving = new AbortController();
  const asking = new AbortController();
  let interrupts = 0;

  function onInterrupt(): void {
    interrupts += 1;
    if (interrupts > 1 || !process.stdin.isTTY || !process.stderr.isTTY) {
      asking.abort();
      leaving.abort();
      return;
    }
    void ask();
  }

  async function ask(): Promise<void> {
    const answer = await readAnswer(asking.signal, onInterrupt);
    if (answer === 'cancel' && !leaving.signal.aborted) {
      note('cancelling: the call in flight is stopped, what the task has is kept');
      await cancel().catch((error: unknown) => note(error instanceof Error ? error.message : String(error), 'red'));
    } else if (answer === 'go-on') {
      interrupts = 0;
    } else leaving.abort();
  }

  process.on('SIGINT', onInterrupt);
  return {
    left: leaving.signal,
    dispose() {
      process.off('SIGINT', onInterrupt);
      asking.abort();
    },
  };
}

type Answer = 'cancel' | 'leave' | 'go-on';

async function readAnswer(signal: AbortSignal, onInterrupt: () => void): Promise<Answer> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // With a prompt open, the terminal hands Ctrl-C to it instead of raising the signal.
  prompt.on('SIGINT', onInterrupt);
  try {
    const answer = await prompt.question('\n(c)ancel the task, (l)eave it running, or (g)o on following? [l] ', {
      signal,
    });
    const letter = answer.trim().toLowerCase().charAt(0);
    return letter === 'c' ? 'cancel' : letter === 'g' ? 'go-on' : 'leave';
  } catch {
    return 'leave';
  } finally {
    prompt.close();
  }
}
