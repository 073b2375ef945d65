/** The part of `anyport.yaml` about the files of tasks. */
import { z } from 'zod';
import type { WorkspacesConfig } from './anyport-config.ts';
import { text } from './tenant-schema.ts';

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;

const mebibytes = z.int().min(1, 'must be at least 1').max(4_096, 'must be at most 4096');

/** Of files in the tree: what leads out of it is a slip. */
const treePath = text.refine(
  (path) => !path.startsWith('/') && !path.split('/').includes('..'),
  'must be the path of a file in the repository, relative to its top',
);

export const workspacesSchema = z.strictObject({
  base: z.enum(['auto', 'always', 'never']).optional(),
  maxBaseMiB: mebibytes.optional(),
  maxFileMiB: mebibytes.optional(),
  maxCheckpointMiB: mebibytes.optional(),
  setUp: z.array(z.strictObject({ when: treePath.optional(), run: text })).optional(),
  maintenance: text.optional(),
  repositorySetUp: z.boolean().optional(),
  cacheMaxGiB: z.number().min(0, 'must be at least 0').max(10_000, 'must be at most 10000').optional(),
});

/** Fits a repository of some 100,000 files; beyond it the store is the wrong place. */
const MAX_BASE_MIB = 256;
/** Source files are smaller by far; models, dumps and videos are larger. */
const MAX_FILE_MIB = 64;
/** What a step of generated code, vendored packages included, adds at most. */
const MAX_CHECKPOINT_MIB = 256;
/** The installed packages of some 30 larger JavaScript repositories. */
const CACHE_MAX_GIB = 10;

/** With our defaults for what it does not say. */
export function toWorkspacesConfig(raw: z.infer<typeof workspacesSchema> = {}): WorkspacesConfig {
  return {
    limits: {
      base: raw.base ?? 'auto',
      maxBaseBytes: (raw.maxBaseMiB ?? MAX_BASE_MIB) * MEBIBYTE,
      maxFileBytes: (raw.maxFileMiB ?? MAX_FILE_MIB) * MEBIBYTE,
      maxCheckpointBytes: (raw.maxCheckpointMiB ?? MAX_CHECKPOINT_MIB) * MEBIBYTE,
    },
    setUp: {
      rules: (raw.setUp ?? []).map(({ when, run }) => ({ run, ...(when === undefined ? {} : { when }) })),
      repositoryScript: raw.repositorySetUp ?? false,
      ...(raw.maintenance === undefined ? {} : { maintenance: raw.maintenance }),
      cacheMaxBytes: (raw.cacheMaxGiB ?? CACHE_MAX_GIB) * GIBIBYTE,
    },
  };
}
