/** Days and times as they are given to a command, and the moment that is asked about. */
import { InvalidArgumentError, Option } from 'commander';
import type { LoadedCatalog } from '../../activities/catalog/load-catalog.ts';
import { momentOf } from '../../activities/eligibility/tenant-eligibility.ts';
import type { IsoDate, IsoTime, Moment } from '../../workflows/domain/catalog.ts';

export interface MomentFlags {
  readonly asOf?: IsoDate;
  readonly knownAt?: IsoTime;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

export function asOfOption(): Option {
  return new Option('--as-of <day>', 'the day that is asked about, such as 2026-08-04; default: today, in UTC').argParser(
    parseDay,
  );
}

export function knownAtOption(): Option {
  const description = 'what was known at this time, such as 2026-10-01T00:00:00Z; default: now';
  return new Option('--known-at <time>', description).argParser(parseTime);
}

export function toMoment({ asOf, knownAt }: MomentFlags, loaded: LoadedCatalog, nowMs: number): Moment {
  const now = momentOf({ loaded }, nowMs);
  return { asOf: asOf ?? now.asOf, knownAt: knownAt ?? now.knownAt };
}

export function parseDay(text: string): IsoDate {
  if (isDay(text)) return text;
  throw new InvalidArgumentError('It must be a day that the calendar has, such as 2026-08-04.');
}

export function parseTime(text: string): IsoTime {
  const day = TIME.exec(text)?.[1] ?? '';
  const ms = Date.parse(text);
  if (isDay(day) && !Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError('It must be a time with its zone, such as 2026-10-01T00:00:00Z.');
}

/** `Date.parse` takes February 30 for March 2. */
function isDay(text: string): boolean {
  const ms = DAY.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
