/** Error bodies as each cloud writes them. */
import type { EmulatedEndpoint } from './emulated-endpoints.ts';

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly param?: string;
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'invalid_request_error',
  429: 'rate_limit_error',
  500: 'server_error',
  503: 'service_unavailable_error',
  529: 'overloaded_error',
};
const CODES: Readonly<Record<number, string>> = {
  401: 'invalid_api_key',
  404: 'model_not_found',
  429: 'rate_limit_exceeded',
  500: 'server_error',
  502: 'server_error',
  503: 'server_is_overloaded',
  529: 'overloaded_error',
};

/** The body that this cloud gives for a status that a fault names without a body. */
export function usualRefusal(status: number): Refusal {
  return { status, code: CODES[status] ?? 'invalid_request_error', message: `emulated answer ${status}` };
}

export function toErrorBody({ cloud }: EmulatedEndpoint, refusal: Refusal): object {
  const { status, code, message } = refusal;
  switch (cloud) {
    case 'azure': {
      // Azure's gateway knows no `type` for what it refuses before the model.
      const isGateway = status === 401 || code === 'DeploymentNotFound';
      return isGateway ? { error: { code, message } } : openAiBody(refusal);
    }
    case 'aws':
      // Refused by AWS's front door, not by the model's API.
      return status === 401 || status === 403 ? { message } : openAiBody(refusal);
    case 'google':
      return { error: { code: status, message, status: GOOGLE_STATUSES[status] ?? 'INVALID_ARGUMENT' } };
    case 'openai':
      return openAiBody(refusal);
  }
}

const GOOGLE_STATUSES: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

function openAiBody({ status, code, message, param }: Refusal): object {
  return { error: { message, type: TYPES[status] ?? 'invalid_request_error', param: param ?? null, code } };
}
