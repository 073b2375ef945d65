/**
 * What the clouds' deployments can do, unless the configuration says otherwise. From their documentation as of 2026-11; what is
 * not documented is left out: a missing capability costs a detour, a wrong one a failed task.
 */
import type { Capability, Cloud } from '../../workflows/domain/route.ts';

type Surface = 'bedrock-mantle' | 'bedrock-runtime';

const EVERYTHING: readonly Capability[] = [
  'streaming',
  'tools',
  'custom-tools',
  'background',
  'encrypted-reasoning',
  'structured-output',
  'vision',
];

const AWS_CAPABILITIES = {
  // Image input is not documented for Bedrock's OpenAI models.
  'bedrock-mantle': EVERYTHING.filter((capability) => capability !== 'vision'),
  // Always synchronous; whether it gives encrypted reasoning is not documented.
  'bedrock-runtime': ['streaming', 'tools', 'custom-tools', 'structured-output'],
} as const satisfies Record<Surface, readonly Capability[]>;

/** Defaults for a cloud's deployments; without a surface, AWS means `bedrock-mantle`. */
export function capabilitiesOf(cloud: Cloud, surface: Surface = 'bedrock-mantle'): readonly Capability[] {
  switch (cloud) {
    case 'openai':
    case 'azure':
      return EVERYTHING;
    case 'aws':
      return AWS_CAPABILITIES[surface];
    case 'google':
      // The private preview documents text and image input, function tools and streaming; Codex sends it function tools only.
      return ['streaming', 'tools', 'vision'];
  }
}
