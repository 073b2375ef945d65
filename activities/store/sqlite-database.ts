/** A thin layer over `node:sqlite`: cached statements, transactions, and errors that name the file. Knows no table. */
import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { toTaskStoreError } from './sqlite-failure.ts';

/**
 * Waiting for another process blocks our event loop, and with it the heartbeats, whose timeout is 5 s. Transactions here take
 * milliseconds, so two seconds mean that something is wrong; Temporal tries the activity again.
 */
const BUSY_TIMEOUT_MS = 2_000;

export type Row = Readonly<Record<string, SQLOutputValue>>;

export class SqliteDatabase {
  readonly file: string;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @throws TaskStoreError when the file cannot be opened */
  constructor(file: string, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.file = file;
    try {
      this.#connection = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, readOnly });
    } catch (error) {
      throw toTaskStoreError(error, file);
    }
  }

  /** Several statements without parameters. Throws SQLite's own error: only for opening, which tells busy from broken. */
  execute(sql: string): void {
    this.#connection.exec(sql);
  }

  /** @throws TaskStoreError */
  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#guard(() => this.#prepare(sql).all(...values));
  }

  /** @throws TaskStoreError */
  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#guard(() => this.#prepare(sql).get(...values));
  }

  /** Gives the number of rows that changed. @throws TaskStoreError */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...values).changes));
  }

  /** All or nothing; takes the write lock first, so that what `work` reads cannot change under it. @throws TaskStoreError */
  transaction<Result>(work: () => Result): Result {
    return this.#guard(() => {
      this.#connection.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#connection.exec('COMMIT');
        return result;
      } catch (error) {
        // A full disk makes SQLite roll back by itself.
        if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    this.#statements.clear();
    if (this.#connection.isOpen) this.#connection.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #guard<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw toTaskStoreError(error, this.file);
    }
  }
}

/** A column that the schema declares as TEXT NOT NULL. */
export function textOf(row: Row, column: string): string {
  return String(row[column]);
}

/** A column that the schema declares as INTEGER NOT NULL. */
export function numberOf(row: Row, column: string): number {
  return Number(row[column]);
}
