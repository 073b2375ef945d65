/** The schema, step by step. A step that was released is never changed: what comes later is a further step. */

/** Marks a file as ours in its header: `ANYP` in ASCII. */
export const APPLICATION_ID = 0x41_4e_59_50;

/** `MIGRATIONS[n]` takes the schema from version n to n + 1. Call ids are JSON strings: a model may write any character. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE items (
    task_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (task_id, item_id)
  ) STRICT;
  CREATE TABLE transcript_entries (
    task_id TEXT NOT NULL,
    head TEXT NOT NULL,
    parent TEXT NOT NULL,
    item_id TEXT NOT NULL,
    PRIMARY KEY (task_id, head)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE task_settings (task_id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
  CREATE TABLE workspaces (task_id TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
  CREATE TABLE attempts (
    task_id TEXT NOT NULL,
    turn INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    deployment TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (task_id, turn, attempt)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE tool_calls (
    sequence INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL,
    turn INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    tool TEXT NOT NULL,
    retry_class TEXT NOT NULL,
    starts INTEGER NOT NULL,
    result TEXT,
    UNIQUE (task_id, turn, call_id)
  ) STRICT;
  CREATE TABLE batch_lines (
    batch_id TEXT NOT NULL,
    line INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (batch_id, line)
  ) STRICT;
  `,
  `
  CREATE TABLE shared_records (key TEXT PRIMARY KEY, epoch INTEGER NOT NULL, json TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE open_activities (
    workflow_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    activity_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    stop_requested INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (workflow_id, run_id, activity_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX open_activities_by_owner ON open_activities (owner, stop_requested);
  `,
  // What an attempt may cost at most, and at which cloud. NULL in attempts that were journalled before.
  `
  ALTER TABLE attempts ADD COLUMN cloud TEXT;
  ALTER TABLE attempts ADD COLUMN reserved_usd_micros INTEGER;
  `,
  // What was said to a task, under the sender's own id. `run` is the chain of runs that it was said to.
  `
  CREATE TABLE messages (
    task_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    run TEXT NOT NULL,
    PRIMARY KEY (task_id, request_id)
  ) STRICT, WITHOUT ROWID;
  `,
  // The files of a task after each step that changed some, as packs of what they add to the step before.
  `
  CREATE TABLE packs (
    pack_id TEXT NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (pack_id, part)
  ) STRICT;
  CREATE TABLE checkpoints (
    task_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (task_id, sequence)
  ) STRICT;
  CREATE INDEX checkpoints_by_step ON checkpoints (task_id, turn, call_id);
  `,
  // Sessions of managed agents, each with what it knows of its task.
  `
  CREATE TABLE agent_sessions (
    task_id TEXT NOT NULL,
    deployment TEXT NOT NULL,
    generation INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (task_id, deployment, generation)
  ) STRICT, WITHOUT ROWID;
  `,
];
