import { InvalidArgumentError } from 'commander';

/** A whole number of 1 or more, as commander's argument parser. */
export function parseCount(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number of 1 or more.`);
  return Number(text);
}
