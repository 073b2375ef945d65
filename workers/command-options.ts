/** Options that the worker, the local stack and the doctor share, and the variables that stand for them. */
import { Option } from 'commander';
import type { SandboxPolicy } from '../activities/sandbox/choose-sandbox.ts';

export interface SharedFlags {
  readonly config?: string;
  readonly data: string;
  /** The file of the task store. */
  readonly store?: string;
  readonly sandbox?: SandboxPolicy;
}

/** `loadConfig` itself looks into ANYPORT_CONFIG. */
export function configOption(): Option {
  return new Option(
    '--config <file>',
    'the configuration; default: ANYPORT_CONFIG, ./anyport.yaml, then the clouds’ own variables',
  );
}

export function dataOption(): Option {
  return orVariable(new Option('--data <dir>', 'store and workspaces').default('.anyport'), 'ANYPORT_DATA');
}

export function storeOption(): Option {
  const option = new Option(
    '--store <file>',
    'the task store, which workers of one machine may share; default: anyport.db in --data',
  );
  return orVariable(option, 'ANYPORT_STORE');
}

export function sandboxOption(): Option {
  const option = new Option('--sandbox <policy>', 'what confines commands').choices(['required', 'optional', 'none']);
  return orVariable(option, 'ANYPORT_SANDBOX');
}

/** A variable that is set to nothing is none: shells and compose files hand on what they do not have. */
export function orVariable(option: Option, variable: string): Option {
  return process.env[variable] === '' ? option : option.env(variable);
}
